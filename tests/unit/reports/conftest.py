"""Reports on models that were never trained: what is known and measured is made up, the figures are computed as ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tlstudio.domain.cards import ModelCard
from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.predictions import ImagePrediction, Predictions
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.results import Evaluation
from tlstudio.domain.runs import EpochRow, Mode, RunRow, RunState, TrainSettings
from tlstudio.domain.values import Interval, Split
from tlstudio.evaluation.calibration_error import chance_error
from tlstudio.evaluation.metrics import measure
from tlstudio.reports.material import Images, Known, Material, Training

CARD = ModelCard(
    "resnet18.a1_in1k", "ResNet-18", "ResNet", "Old and dependable.", 224, (0.5,) * 3, (0.2,) * 3, 11.7, 1.8, "fc", "apache-2.0",
    "timm/resnet18.a1_in1k", license_note="Free to use.", limits="Learned from everyday photographs.",
)  # fmt: skip


def evaluation(
    classes: tuple[str, ...],
    each: int = 20,
    *,
    split: Split = Split.TEST,
    wrong: float = 0.15,
    groups: int = 0,
    seed: int = 0,
) -> tuple[Evaluation, tuple[str, ...]]:
    """`each` images of every class, about a share `wrong` of them answered wrong; and what each image is grouped with."""
    rng = np.random.default_rng(seed)
    size = len(classes)
    truth = np.repeat(np.arange(size), each)
    answer = np.where(rng.random(len(truth)) < wrong, rng.integers(0, size, len(truth)), truth)
    logits = rng.normal(0, 0.5, (len(truth), size))
    logits[np.arange(len(truth)), answer] += 3 + rng.random(len(truth))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    units = tuple(str(i % groups) if groups else str(i) for i in range(len(truth)))
    found, chance = measure(truth, probabilities, units), chance_error(truth, probabilities, units)
    predictions = tuple(
        ImagePrediction(
            i, Path(f"/pictures/{i}.png"), f"{i:064x}", classes[t], classes[int(p.argmax())], tuple(map(float, p))
        )
        for i, (t, p) in enumerate(zip(truth, probabilities, strict=True))
    )
    measured = Evaluation(
        run="20260101-120000-quick-abcd",
        split=split,
        n=len(truth),
        accuracy=found.accuracy,
        balanced_accuracy=found.balanced_accuracy,
        auroc=found.auroc,
        ece=found.ece,
        ece_chance=chance.mean,
        ece_limit=chance.limit,
        per_class=dict(zip(classes, found.per_class, strict=True)),
        confusion=found.confusion,
        classes=classes,
        groups=len(set(units)),
        predictions=Predictions.of(predictions),
    )
    return measured, units


def known(classes: tuple[str, ...], *, each: int, split: Split, mode: Mode, groups: int, project: str) -> Known:
    counts = {name: {Split.TRAIN: 60, Split.VAL: 15, Split.TEST: each} for name in classes}
    epochs = 0 if mode is Mode.QUICK else 5
    run = RunRow(
        id="20260101-120000-quick-abcd",
        model=CARD.id,
        mode=mode,
        state=RunState.FINISHED,
        created_at=1.7e9,
        settings=TrainSettings(CARD.id, mode),
        classes=classes,
        epochs=epochs,
        accuracy=Interval(0.9, 0.8, 0.95),
        chosen="epoch 4" if epochs else "probe",
        reason="Best on the validation images.",
        seconds=130.0,
        history=tuple(EpochRow(k, 1.0 / k, 1.0 / k, 0.7 + 0.04 * k, 1e-3, 20.0) for k in range(1, epochs + 1)),
    )
    total = sum(sum(c.values()) for c in counts.values())
    return Known(
        project=project,
        made=1.75e9,
        images=Images(counts, unlabeled=0, refused=0, groups=groups, grouped=total if groups else 0, torn=0, seed="0"),
        training=Training(
            run, 60 * len(classes), 15 * len(classes), CARD, CARD.license, "ab" * 32, PreprocessSpec(), "cd" * 32
        ),
        measured_on=split,
        available=each * len(classes),
        versions={"Python": "3.11.7", "torch": "2.14.0"},
    )


@pytest.fixture
def make() -> Callable[..., Material]:
    """`make(("cat", "dog"), each=30)` gives the material of a report on a model of these classes."""

    def make_material(
        classes: tuple[str, ...] = ("cat", "dog"),
        each: int = 60,
        *,
        split: Split = Split.TEST,
        mode: Mode = Mode.QUICK,
        wrong: float = 0.15,
        groups: int = 0,
        project: str = "Pets",
        **changes: object,
    ) -> Material:
        measured, units = evaluation(classes, each, split=split, wrong=wrong, groups=groups)
        facts = known(classes, each=each, split=split, mode=mode, groups=groups, project=project)
        return replace(Material(facts, measured, units, ()), **changes)

    return make_material


@pytest.fixture
def leak() -> Finding:
    """A severe finding whose own words and files name a person."""
    files = ("/data/Muster_Max/1970-01-01.png",)
    return Finding(
        "leak", Severity.HIGH, 3, files, "3 images of Muster_Max are torn apart", "Figures come out too good."
    )
