"""Unfamiliar images: each set in turn is home, all others and pictures of nothing are strangers.

The backbone is frozen, as in quick training. 70 % of each home's groups make the score, the others are new images from home.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import roc_auc_score

from tests.conftest import BUNDLED
from tests.proofs.sets import ImageSet, drawn_sets, halves, read_set
from tests.proofs.table import Proof, Trial
from tlstudio.catalog import weights
from tlstudio.export.novelty import UNFAMILIAR, fit_novelty
from tlstudio.export.strangers import drawn
from tlstudio.images.prepare import shows_something
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.network import Network
from tlstudio.training.stages import Stages

MOST_IMAGES = 500  # of each set
REPEATS = 6  # cuts of each home
SHARE = 0.7

Blocks = list[npt.NDArray[np.float32]]


@dataclass
class _Home:
    """What was measured of one set as home."""

    auroc: dict[str, list[float]] = field(default_factory=dict)
    flagged: dict[str, list[float]] = field(default_factory=dict)
    alarms: int = 0
    asked: int = 0

    def worst(self, told: dict[str, list[float]]) -> tuple[float, str]:
        return min((float(np.mean(values)), name) for name, values in told.items())


def prove(trial: Trial) -> Iterator[Proof]:
    network = backbone(trial)
    with tempfile.TemporaryDirectory() as folder:
        sets = [
            read_set(f, network.spec.preprocess, trial.draws(MOST_IMAGES), trial.seed)
            for f in (*trial.images, *drawn_sets(Path(folder)))
        ]
    yield from measure(network, sets, trial.draws(REPEATS))


def backbone(trial: Trial) -> Network:
    """The pretrained network of the trial, or the one that comes with the program."""
    if trial.weights is not None:
        os.environ["TLSTUDIO_WEIGHTS"] = str(trial.weights.resolve().parent)
    model = BUNDLED if trial.weights is None else trial.weights.name
    card, folder = weights.describe(model), weights.require(model)
    return load_pretrained(folder, card, preprocess_for(card), ("a", "b"), weights.weights_hash(folder)).eval()


def measure(network: Network, sets: Sequence[ImageSet], repeats: int) -> Iterator[Proof]:
    stages = Stages(network)
    seen = {s.name: look(stages, s.pixels) for s in sets}
    nothing = drawn(network.spec.preprocess.size)
    seen |= {kind: look(stages, pixels) for kind, pixels in nothing.items()}
    for home in sets:
        found = _as_home(home, seen, stages.count, repeats)
        made = f"{network.spec.model}, {len(home.pixels)} images, {repeats} cuts"
        low, name = found.worst(found.auroc)
        yield Proof(
            f"{home.name} at home: AUROC of the least strange strangers ({name})", low, at_least=0.99, note=made
        )
        low, name = found.worst(found.flagged)
        yield Proof(
            f"{home.name} at home: share of them called unfamiliar, least ({name})", low, at_least=0.95, note=made
        )
        alarms = found.alarms / found.asked
        yield Proof(f"{home.name} at home: share of its new images called unfamiliar", alarms, at_most=0.02, note=made)
    flat = nothing["single colours, black and white"]
    refused = float(1 - np.mean(shows_something(flat)))
    yield Proof("pictures of one colour refused", refused, at_least=1.0, note=f"{len(flat)} pictures")


def look(stages: Stages, pixels: npt.NDArray[np.uint8]) -> Blocks:
    with torch.inference_mode():
        batches = np.array_split(pixels, -(-len(pixels) // 32))
        rows = [stages.flat(torch.from_numpy(np.ascontiguousarray(b))).numpy() for b in batches]
    return stages.split(np.concatenate(rows))


def _as_home(home: ImageSet, seen: dict[str, Blocks], stages: int, repeats: int) -> _Home:
    found = _Home()
    own = seen[home.name]
    for seed in range(repeats):
        inside, outside = halves(home.groups, SHARE, seed)
        spec = fit_novelty([b[inside] for b in own], stages, [home.groups[i] for i in inside])
        fresh = spec.score([b[outside] for b in own])
        found.alarms, found.asked = found.alarms + int((fresh > UNFAMILIAR).sum()), found.asked + len(fresh)
        for name, blocks in seen.items():
            if name == home.name:
                continue
            strange = spec.score(blocks)
            truth = np.r_[np.zeros(len(fresh)), np.ones(len(strange))]
            found.auroc.setdefault(name, []).append(float(roc_auc_score(truth, np.r_[fresh, strange])))
            found.flagged.setdefault(name, []).append(float((strange > UNFAMILIAR).mean()))
    return found
