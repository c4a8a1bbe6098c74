"""This program, through the functions that its commands call; and the yardstick of quick training, a bare forward pass."""

from __future__ import annotations

import hashlib
import shutil
from functools import partial
from pathlib import Path

import torch

from tests.bench.peers.data import Cell, Part
from tests.bench.peers.method import BATCH, Outcome, backbone, batch_of, watch
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.storage.project import Project
from tlstudio.workflow import evaluating, training

PACKAGE = Path(training.__file__).parents[1]
RECIPE = (
    "training/*.py",
    *(f"workflow/{name}.py" for name in ("training", "preparing", "fitting", "tuning", "rehearsing")),
    "domain/runs.py",
    "domain/planning.py",
)


def recipe_hash() -> str:
    """Eight hex digits of the code that decides a training: its rows are measured again once it has changed."""
    files = [path for pattern in RECIPE for path in sorted(PACKAGE.glob(pattern))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def train(cell: Cell, mode: Mode) -> Outcome:
    """One mode at its defaults, on a project that knows no features yet."""
    shutil.rmtree(Project(cell.project).cache / "features", ignore_errors=True)
    epochs = 0 if mode is Mode.QUICK else cell.epochs_limit
    settings = TrainSettings(cell.weights.name, mode, device=cell.device, seed=cell.seed, epochs=epochs)
    with watch(cell) as spent:
        result = training.train(cell.project, settings)
    found = evaluating.evaluate(cell.project, result.run, Split.TEST)
    details = {"epochs": result.epochs, "chosen": result.chosen, "validation_accuracy": result.accuracy.value}
    return Outcome(spent.seconds, found.accuracy.value, found.balanced_accuracy.value, details)


quick, balanced, thorough = (partial(train, mode=mode) for mode in Mode)


def forward(cell: Cell) -> Outcome:
    """The network once over the images that quick training looks at, decoded already, and nothing else."""
    train_part, val = cell.parts["train"], cell.parts["val"]
    model = backbone(cell, 0).eval()
    both = Part((*train_part.keys, *val.keys), train_part.labels)
    with torch.inference_mode():
        model(batch_of(cell, both, 0, BATCH))  # warms up
        with watch(cell) as spent:
            for start in range(0, len(both.keys), BATCH):
                model(batch_of(cell, both, start, BATCH)).cpu()
    return Outcome(spent.seconds)
