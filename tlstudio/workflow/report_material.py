"""What a report is made from, as far as the project and the run tell it without measuring. Imports nothing heavy."""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import tlstudio
from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import RunNotReady, StudioError, WrongUsage
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import RunRow
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import Split
from tlstudio.reports.material import Images, Known, Training
from tlstudio.storage import files, images, run_records
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project
from tlstudio.workflow.held_out import first_held_out
from tlstudio.workflow.run_data import fingerprint, read_samples
from tlstudio.workflow.torn import torn

LIBRARIES = ("torch", "timm", "numpy", "scikit-learn", "Pillow")
MEASURED = (Split.TEST, Split.VAL)  # a report judges; images that the model learned from would flatter it


def known(project: Project, run: RunRow) -> Known:
    """Everything that is known before measuring. Raises NotEnoughImages without test and validation images, RunNotReady."""
    split, rows = first_held_out(project, run, MEASURED)
    return Known(
        project=project.meta("name", project.folder.name),
        made=time.time(),
        images=_images(project),
        training=_training(project, run),
        measured_on=split,
        available=len(rows),
        versions={
            "Transfer Learning Studio": tlstudio.__version__,
            "Python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    )


def _images(project: Project) -> Images:
    counted: dict[str, dict[Split, int]] = {c.name: dict.fromkeys(Split, 0) for c in list_classes(project)}
    groups: dict[str, set[Split]] = defaultdict(set)
    unlabeled = grouped = 0
    excluded = dict.fromkeys(Split, 0)
    rows = images.list_images(project)
    for row in rows:
        if row.excluded:
            excluded[row.split] += 1
            continue
        if row.label is None:
            unlabeled += 1
        else:
            counted[row.label][row.split] += 1
        if row.group is not None:
            grouped += 1
            groups[row.group].add(row.split)
    return Images(
        classes={name: counts for name, counts in counted.items() if any(counts.values())},
        unlabeled=unlabeled,
        refused=len(images.list_refusals(project)),
        groups=len(groups),
        grouped=grouped,
        torn=sum(1 for splits in groups.values() if len(splits) > 1),
        seed=project.meta("seed"),
        excluded=excluded,
        torn_copies=torn([row for row in rows if row.label is not None]).sentence(),
    )


def _training(project: Project, run: RunRow) -> Training:
    samples = read_samples(project, run.id)
    saved = _saved(project, run)
    held = sum(1 for s in samples if s.part == "val")
    return Training(
        run=run,
        learned=len(samples) - held,
        held=held,
        card=_card(run.model),
        license=str(saved.get("license", "")),
        weights_hash=str(saved.get("weights_hash", "")),
        preprocess=PreprocessSpec.from_json(saved["preprocess"]),
        fingerprint=fingerprint(samples),
        elsewhere=run_records.read_elsewhere(project, run.id),
    )


def _saved(project: Project, run: RunRow) -> dict[str, Any]:
    """The description that lies beside the trained weights. Raises RunNotReady when it is missing or damaged."""
    path = project.run_folder(run.id) / "model" / "config.json"
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, WrongUsage):
        found: dict[str, Any] = parse_json(files.read_text(path))
        PreprocessSpec.from_json(found["preprocess"])
        return found
    raise RunNotReady("The trained model of this run is missing or damaged.", remedy="Train it again.", path=path)


def _card(model: str) -> ModelCard | None:
    """What is known of the pretrained model; its weights may have left this machine since."""
    with suppress(StudioError):
        return weights.describe(model)
    return None
