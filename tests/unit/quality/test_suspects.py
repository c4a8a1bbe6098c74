"""Confident learning on probabilities made up: wrong labels are found, weak models accuse few, groups are not accused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.conftest import image_row
from tlstudio.domain.findings import Repair
from tlstudio.domain.values import ImageRow
from tlstudio.quality.suspects import (
    UNLIKELY,
    Suspect,
    calibrated,
    confident_classes,
    find_suspects,
    suspect_finding,
    without_crowds,
)

CLASSES = ("cat", "dog", "emu")


def said(truth: np.ndarray, strength: float, seed: int = 0) -> np.ndarray:
    """Probabilities (n, 3) of a model that sees the true class with so much strength over its noise."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (len(truth), len(CLASSES)))
    logits[np.arange(len(truth)), truth] += strength
    chances = np.exp(logits)
    return chances / chances.sum(axis=1, keepdims=True)


def mislabeled(truth: np.ndarray, count: int, seed: int = 1) -> tuple[np.ndarray, set[int]]:
    rng = np.random.default_rng(seed)
    wrong = rng.choice(len(truth), count, replace=False)
    labels = truth.copy()
    labels[wrong] = (truth[wrong] + rng.integers(1, len(CLASSES), count)) % len(CLASSES)
    return labels, set(wrong.tolist())


def test_wrong_labels_come_first() -> None:
    truth = np.arange(300) % 3
    labels, wrong = mislabeled(truth, 12)
    suspects = find_suspects(said(truth, 5.0), labels)
    first = {s.index for s in suspects[:18]}
    assert len(first & wrong) >= 10
    assert len(suspects) <= 18
    assert [s.self_confidence for s in suspects] == sorted(s.self_confidence for s in suspects)
    assert all(s.self_confidence < UNLIKELY and s.instead != labels[s.index] for s in suspects)
    assert all(s.instead == truth[s.index] for s in suspects if s.index in wrong)


@pytest.mark.parametrize("strength", [0.5, 1.5, 3.0])
def test_a_weak_model_accuses_few(strength: float) -> None:
    truth = np.arange(600) % 3
    chances = said(truth, strength)
    errors = int((chances.argmax(axis=1) != truth).sum())
    suspects = find_suspects(chances, truth)
    assert errors > 10
    assert len(suspects) <= 0.02 * len(truth)


def test_overconfidence_is_taken_back_first() -> None:
    truth = np.arange(600) % 3
    honest = said(truth, 1.5)
    boasting = honest**8 / (honest**8).sum(axis=1, keepdims=True)
    assert calibrated(boasting, truth) == pytest.approx(calibrated(honest, truth), abs=0.02)
    assert [s.index for s in find_suspects(boasting, truth)] == [s.index for s in find_suspects(honest, truth)]


def test_confident_classes_are_above_the_mean_of_their_own() -> None:
    chances = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.4, 0.6]])
    labels = np.array([0, 0, 1, 1])  # thresholds 0.7 and 0.7
    assert confident_classes(chances, labels).tolist() == [0, -1, 1, -1]


def test_images_that_nobody_left_out_are_passed_over() -> None:
    truth = np.arange(300) % 3
    labels, wrong = mislabeled(truth, 6)
    chances = said(truth, 5.0)
    unjudged = min(wrong)
    chances[unjudged] = np.nan
    found = {s.index for s in find_suspects(chances, labels)}
    assert unjudged not in found
    assert found & wrong
    assert find_suspects(np.full((50, 3), np.nan), truth[:50]) == []


@pytest.fixture
def rows() -> Callable[..., list[ImageRow]]:
    def make(n: int, **options: object) -> list[ImageRow]:
        return [replace(image_row(i, "cat"), **options) for i in range(n)]

    return make


def suspects_at(*places: int) -> list[Suspect]:
    return [Suspect(place, 0.001 * (n + 1), 1) for n, place in enumerate(places)]


def test_one_of_a_group_that_is_unlike_its_class_stands_for_all(rows: Callable[..., list[ImageRow]]) -> None:
    images = [*rows(10, group="part 1"), *[replace(r, id=r.id + 100, group="part 2") for r in rows(10)]]
    images = [replace(image, content=f"{i:064d}") for i, image in enumerate(images)]
    kept = without_crowds(suspects_at(3, 12, 4, 5, 13, 6), images)
    assert [s.index for s in kept] == [3, 12, 13], "four of part 1, but only two of part 2"


def test_another_label_than_its_group_is_no_crowd(rows: Callable[..., list[ImageRow]]) -> None:
    images = [replace(r, group="part 1", label="dog" if i in (2, 4) else "cat") for i, r in enumerate(rows(10))]
    assert [s.index for s in without_crowds(suspects_at(2, 4), images)] == [2, 4]


def test_copies_are_accused_once(rows: Callable[..., list[ImageRow]]) -> None:
    images = rows(40)
    images[7] = replace(images[7], content=images[5].content)
    assert [s.index for s in without_crowds(suspects_at(7, 5, 6), images)] == [7, 6]


def test_the_finding_names_the_worst_and_leaves_out_what_is_marked(rows: Callable[..., list[ImageRow]]) -> None:
    images = rows(40)
    images[3] = replace(images[3], unsure=True)
    finding = suspect_finding(images, suspects_at(3, 8, 9), CLASSES)
    assert finding is not None
    assert (finding.count, finding.files) == (2, (str(images[8].path), str(images[9].path)))
    assert finding.title == "2 labels may be wrong, first “cat” that looks like “dog”"
    assert (finding.repair, finding.single, finding.notes) == (Repair.LOOK_AGAIN, True, ("dog", "dog"))
    assert suspect_finding(images, suspects_at(3), CLASSES) is None
