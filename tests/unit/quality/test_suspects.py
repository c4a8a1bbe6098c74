"""Confident learning on probabilities made up: wrong labels are found, weak models accuse few, groups are not accused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tests.unit.conftest import image_row
from tlstudio.domain.findings import Repair, Severity
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
    half = max(wrong)
    chances[half, 0] = np.nan
    found = {s.index for s in find_suspects(chances, labels)}
    assert not {unjudged, half} & found
    assert found & wrong
    judged = np.setdiff1d(np.arange(300), [unjudged, half])
    alone = find_suspects(chances[judged], labels[judged])
    assert [(judged[s.index], s.self_confidence) for s in alone] == [
        (s.index, s.self_confidence) for s in find_suspects(chances, labels)
    ], "nor do they change what is said of the others"
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


@pytest.mark.parametrize(("severe", "count"), [(False, 2), (True, 3)])
def test_more_than_one_label_in_twenty_is_severe(rows: Callable[..., list[ImageRow]], severe: bool, count: int) -> None:
    finding = suspect_finding(rows(40), suspects_at(*range(count)), CLASSES)
    assert finding is not None
    assert finding.severity is (Severity.HIGH if severe else Severity.MEDIUM)


def test_one_label_in_the_singular_and_the_worst_first(rows: Callable[..., list[ImageRow]]) -> None:
    images = rows(40)
    finding = suspect_finding(images, [Suspect(4, 0.001, 2), Suspect(3, 0.01, 1)], CLASSES)
    assert finding is not None
    assert finding.title == "2 labels may be wrong, first “cat” that looks like “emu”"
    assert (finding.files[0], finding.notes) == (str(images[4].path), ("emu", "dog"))
    alone = suspect_finding(images, [Suspect(4, 0.001, 2)], CLASSES)
    assert alone is not None
    assert alone.title.startswith("1 label may be wrong")


@pytest.mark.parametrize(("images", "judged"), [(29, False), (30, True)])
def test_a_model_of_few_images_accuses_nobody(images: int, judged: bool) -> None:
    truth = np.arange(images) % 3
    labels, _ = mislabeled(truth, 2)
    assert bool(find_suspects(said(truth, 12.0), labels)) is judged


@pytest.fixture
def uncalibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probabilities are taken for what they are."""
    monkeypatch.setattr("tlstudio.quality.suspects.calibrated", lambda probabilities, labels: probabilities)


@pytest.mark.parametrize(("given", "accused"), [(0.0499, True), (0.05, False), (0.0501, False)])
@pytest.mark.usefixtures("uncalibrated")
def test_only_a_label_with_less_than_one_chance_in_twenty_is_accused(given: float, accused: bool) -> None:
    chances = np.tile([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]], (20, 1))
    labels = np.arange(60) % 3
    chances[7] = [0.95 - given, given, 0.05]
    found = find_suspects(chances, labels)
    assert [(s.index, s.instead) for s in found] == ([(7, 0)] if accused else [])
    if accused:
        assert found[0].self_confidence == pytest.approx(given)


@pytest.mark.usefixtures("uncalibrated")
def test_an_image_above_the_threshold_of_its_own_class_is_not_accused() -> None:
    """The first class is hardly ever seen: the mean of what it gets where it is the label is its threshold, below another's."""
    chances = np.tile([[0.02, 0.50, 0.48], [0.01, 0.9, 0.09], [0.01, 0.09, 0.9]], (20, 1))
    chances[0], chances[3] = [0.04, 0.50, 0.46], [0.03, 0.51, 0.46]
    found = {s.index: s.instead for s in find_suspects(chances, np.arange(60) % 3)}
    assert found == dict.fromkeys(range(6, 60, 3), 1), "above no threshold at all, the favourite speaks"


def test_a_class_without_images_is_no_threshold() -> None:
    chances = np.array([[0.2, 0.1, 0.7], [0.1, 0.2, 0.7]])
    assert confident_classes(chances, np.array([0, 1])).tolist() == [0, 1]


@pytest.mark.parametrize(("accused", "of", "crowd"), [(3, 10, True), (2, 6, False), (3, 11, False), (4, 11, True)])
def test_from_three_suspects_and_three_tenths_of_it_a_group_is_a_crowd(
    rows: Callable[..., list[ImageRow]], accused: int, of: int, crowd: bool
) -> None:
    images = [replace(r, group="part 1", content=f"{i:064d}") for i, r in enumerate(rows(of))]
    kept = without_crowds(suspects_at(*range(accused)), images)
    assert len(kept) == (1 if crowd else accused)


def test_near_duplicates_are_a_crowd_too(rows: Callable[..., list[ImageRow]]) -> None:
    """An image without near-duplicates is nobody's kin, also not that of another image without."""
    images = [replace(r, id=i + 1, content=f"{i:064d}") for i, r in enumerate(rows(8))]
    assert len(without_crowds(suspects_at(0, 1, 2, 3), images)) == 4
    alike = [replace(image, alike=1 if i < 4 else None) for i, image in enumerate(images)]
    assert [s.index for s in without_crowds(suspects_at(1, 2, 3, 5), alike)] == [1, 5]
    grouped = [replace(image, group=f"part {i}") for i, image in enumerate(alike)]
    assert len(without_crowds(suspects_at(1, 2, 3), grouped)) == 3, "a stated group goes before a likeness"


def test_the_temperature_that_makes_the_labels_likeliest() -> None:
    """Answers that are right in seven of ten cases come out at seven tenths, whatever was said."""
    labels = np.array([0] * 7 + [1] * 3)
    for boast in (0.99, 0.9, 0.6):
        chances = np.tile([boast, 1 - boast], (10, 1))
        assert calibrated(chances, labels)[0] == pytest.approx([0.7, 0.3], abs=1e-3)
    sure = calibrated(np.tile([1.0, 0.0], (10, 1)), np.array([0] * 10))
    assert np.isfinite(sure).all()


@pytest.mark.parametrize(("said", "right", "temperature"), [(0.51, 10, np.exp(-2.0)), (1.0, 7, np.exp(3.0))])
def test_the_temperature_stays_between_bounds(said: float, right: int, temperature: float) -> None:
    """However timid a model that is always right, and however sure one that is not."""
    labels = np.array([0] * right + [1] * (10 - right))
    odds = np.log(said / max(1 - said, 1e-12))
    found = calibrated(np.tile([said, 1 - said], (10, 1)), labels)[0, 0]
    assert found == pytest.approx(1 / (1 + np.exp(-odds / temperature)), abs=1e-4)


def test_a_suspect_stays_as_it_was_found() -> None:
    (suspect,) = suspects_at(3)
    with pytest.raises(FrozenInstanceError):
        suspect.index = 4  # type: ignore[misc]
    assert not hasattr(suspect, "__dict__")
