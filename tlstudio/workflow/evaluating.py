"""What a run gets right and wrong on images it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.openings import Way
from tlstudio.domain.operating import OperatingPoint, Wish
from tlstudio.domain.predictions import ImagePrediction, Predictions
from tlstudio.domain.results import Evaluation
from tlstudio.domain.runs import RunRow
from tlstudio.domain.values import ImageRow, Split
from tlstudio.evaluation.calibration import tempered
from tlstudio.evaluation.calibration_error import chance_error, expected_calibration_error
from tlstudio.evaluation.metrics import measure
from tlstudio.evaluation.operating import measure_point
from tlstudio.images.cache import fill_cache
from tlstudio.storage import files, images, runs
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import logit_batches
from tlstudio.training.network import Network
from tlstudio.workflow import operating
from tlstudio.workflow.finding_images import FIND_THEM
from tlstudio.workflow.held_out import held_out
from tlstudio.workflow.left_out import calibration_of
from tlstudio.workflow.openings import open_test
from tlstudio.workflow.replaced import tell_changed
from tlstudio.workflow.run_data import units_of
from tlstudio.workflow.run_networks import network_of
from tlstudio.workflow.transfer import compare_split

FORGET = "none"  # in place of a wanted sensitivity: no operating point any more


def evaluate(
    project: Path,
    run: str | None = None,
    split: Split = Split.TEST,
    reporter: Reporter = SILENT,
    *,
    sensitivity: str | None = None,
    way: Way = Way.EVALUATE,
) -> Evaluation:
    """Figures with intervals and every prediction, for a finished run on one split; the predictions are kept with the run.

    Test images are opened by it, and that is entered before it looks: which run, when, who, and the `way` it came about. Safe
    beside an open window: it writes new files below runs/ and cache/, each complete before it gets its name, adds a line to the
    book of openings, and leaves the database alone. Only with `sensitivity` does it change what the run says, and then it is for
    who holds the project.

    sensitivity: `CLASS=VALUE` chooses an operating point on the validation images and keeps it with the run, `none` removes the
    one that is kept. Raises RunNotFound, RunNotReady, WrongUsage, or NotEnoughImages when the split holds no labeled image of
    the run's classes or there is none to choose on.
    """
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    wish = None if sensitivity in (None, FORGET) else Wish.parse(str(sensitivity))
    if wish is not None:
        operating.check_wish(opened, row, wish)
    rows = held_out(opened, row, split)
    if wish is not None and split is not Split.VAL and operating.unmeasured(opened, row):
        evaluate(project, row.id, Split.VAL, reporter)
    network = network_of(opened, row)
    tested = split is Split.TEST
    use = open_test(opened, row.id, way, [r.content for r in rows], reporter) if tested else None
    unknown = sum(1 for r in images.list_images(opened, split=split, labeled=True)) - len(rows)
    if unknown:
        reporter.report(Note(f"{unknown:,} images are of classes that this model does not know, and are left out."))
    tell_changed(opened, rows, reporter)
    predictions = predict_rows(opened, network, rows, row.classes, reporter=reporter)
    if wish is not None:
        fresh = {p.content: p.probabilities for p in predictions} if split is Split.VAL else None
        operating.keep_point(opened, row, operating.choose_point(opened, row, wish, fresh))
    elif sensitivity == FORGET:
        operating.keep_point(opened, row, None)
    units = {r.id: u for r, u in zip(rows, units_of(rows), strict=True)}
    point, temperature = operating.kept_point(opened, row), network.spec.temperature
    told = calibration_of(opened, row)
    evaluation = replace(
        figures(row, split, predictions, units, temperature=temperature, point=point),
        calibration="" if told is None else told.reason,
        test_use=use,
        transfer=compare_split(
            opened, row, split, predictions, units=[units[p.image] for p in predictions], reporter=reporter
        ),
    )
    if split is Split.VAL and row.measured == evaluation.accuracy:
        evaluation = replace(evaluation, corrected=row.accuracy)
    files.write_json(
        opened.run_folder(row.id) / f"predictions-{split.value}.json",
        {
            **evaluation.to_json(),
            "predictions": [
                {"image": p.image, "content": p.content, "label": p.label, "probabilities": list(p.probabilities)}
                for p in predictions
            ],
        },
    )
    return evaluation


def predict_rows(
    project: Project,
    network: Network,
    rows: Sequence[ImageRow],
    names: Sequence[str],
    *,
    device: str = "auto",
    reporter: Reporter,
) -> tuple[ImagePrediction, ...]:
    """What the network says of each image, calibrated, in full precision; images that can't be read any more are left out.

    names: of the classes as they are called now, in the order of the outputs.
    """
    pixels, refused = fill_cache(project, network.spec.preprocess, rows, reporter)
    if refused:
        reporter.report(Note(f"{len(refused)} images can't be read any more and are left out."))
    usable = [r for r in rows if r.content in pixels.keys]
    if not usable:
        raise NotEnoughImages(
            "None of the images can be found any more.",
            remedy=f"Connect the drive that holds them, or {FIND_THEM}.",
        )
    where = devices.choose(device)
    parts: list[npt.NDArray[np.float64]] = []
    done = 0
    for keys, logits in logit_batches(network, pixels, [r.content for r in usable], where):
        parts.append(network.chances(torch.from_numpy(logits).double()).numpy())
        done += len(keys)
        reporter.report(Progress("Looking at the held-out images", done, len(usable)))
    devices.release(where)
    probabilities = np.concatenate(parts)
    return tuple(
        ImagePrediction(
            image=row.id,
            path=row.path,
            content=row.content,
            label=str(row.label),
            predicted=names[int(p.argmax())],
            probabilities=tuple(float(v) for v in p),
        )
        for row, p in zip(usable, probabilities, strict=True)
    )


def figures(
    run: RunRow,
    split: Split,
    predictions: Sequence[ImagePrediction],
    units: dict[int, str],
    *,
    temperature: float = 1.0,
    point: OperatingPoint | None = None,
) -> Evaluation:
    """Figures of merit of these predictions; `units` tells what each image is grouped with.

    temperature: what the probabilities were calibrated with. point: the operating point to measure beside the rest.
    """
    number = {name: i for i, name in enumerate(run.classes)}
    truth = np.array([number[p.label] for p in predictions], dtype=np.int64)
    probabilities = np.array([p.probabilities for p in predictions])
    grouped = [units[p.image] for p in predictions]
    found, chance = measure(truth, probabilities, grouped), chance_error(truth, probabilities, grouped)
    decided = None
    if point is not None:
        decided = measure_point(point, number[point.name], truth, probabilities, split, units=grouped)
    return Evaluation(
        run=run.id,
        split=split,
        n=len(predictions),
        accuracy=found.accuracy,
        balanced_accuracy=found.balanced_accuracy,
        auroc=found.auroc,
        ece=found.ece,
        per_class=dict(zip(run.classes, found.per_class, strict=True)),
        confusion=found.confusion,
        classes=run.classes,
        groups=len(set(grouped)),
        temperature=temperature,
        ece_before=expected_calibration_error(truth, tempered(probabilities, 1 / temperature)),
        ece_chance=chance.mean,
        ece_limit=chance.limit,
        operating_point=decided,
        predictions=Predictions.of(predictions),
    )
