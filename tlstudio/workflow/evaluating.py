"""What a run gets right and wrong on images it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.results import Evaluation, ImagePrediction
from tlstudio.domain.runs import RunRow
from tlstudio.domain.values import ImageRow, Split
from tlstudio.evaluation.metrics import measure
from tlstudio.images.cache import fill_cache
from tlstudio.storage import files, images, runs
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import logit_batches
from tlstudio.training.network import Network, load_network
from tlstudio.workflow.held_out import held_out
from tlstudio.workflow.run_data import units_of


def evaluate(
    project: Path, run: str | None = None, split: Split = Split.TEST, reporter: Reporter = SILENT
) -> Evaluation:
    """Figures with intervals and every prediction, for a finished run on one split; the predictions are kept with the run.

    Raises RunNotFound, RunNotReady, or NotEnoughImages when the split holds no labeled image of the run's classes.
    """
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    rows = held_out(opened, row, split)
    network = load_network(opened.run_folder(row.id) / "model")
    unknown = sum(1 for r in images.list_images(opened, split=split, labeled=True)) - len(rows)
    if unknown:
        reporter.report(Note(f"{unknown:,} images are of classes that this model does not know, and are left out."))
    predictions = predict_rows(opened, network, rows, row.classes, reporter=reporter)
    evaluation = figures(row, split, predictions, {r.id: u for r, u in zip(rows, units_of(rows), strict=True)})
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
    """What the network says of each image, in full precision; images that can't be read any more are left out.

    names: of the classes as they are called now, in the order of the outputs.
    """
    pixels, refused = fill_cache(project, network.spec.preprocess, rows, reporter)
    if refused:
        reporter.report(Note(f"{len(refused)} images can't be read any more and are left out."))
    usable = [r for r in rows if r.content in pixels.keys]
    if not usable:
        raise NotEnoughImages(
            "None of the images can be found any more.",
            remedy="Connect the drive that holds them, or import them again.",
        )
    where = devices.choose(device)
    parts: list[npt.NDArray[np.float64]] = []
    done = 0
    for keys, logits in logit_batches(network, pixels, [r.content for r in usable], where):
        parts.append(torch.from_numpy(logits).double().softmax(dim=1).numpy())
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


def figures(run: RunRow, split: Split, predictions: Sequence[ImagePrediction], units: dict[int, str]) -> Evaluation:
    """Figures of merit of these predictions; `units` tells what each image is grouped with."""
    number = {name: i for i, name in enumerate(run.classes)}
    truth = np.array([number[p.label] for p in predictions], dtype=np.int64)
    probabilities = np.array([p.probabilities for p in predictions])
    grouped = [units[p.image] for p in predictions]
    found = measure(truth, probabilities, grouped)
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
        predictions=tuple(predictions),
    )
