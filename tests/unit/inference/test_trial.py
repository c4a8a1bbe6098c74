"""The trial's pictures never change, and what passes it is what was recorded, within what computers differ by."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tlstudio.domain.bundle import Trial
from tlstudio.domain.certificate import FileKind
from tlstudio.inference.trial import MAY_DIFFER, passes, record, trial_pictures, usable

GOOD = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], np.float32)
NOVEL = np.array([0.0, 8.0], np.float32)


@pytest.mark.parametrize(
    ("size", "known"),
    [(8, "acdc1034eb291d6c"), (224, "3987cb8e0f19c342")],
)
def test_the_pictures_are_the_same_for_ever(size: int, known: str) -> None:
    found = trial_pictures(size)
    assert (found.shape, found.dtype) == ((2, size, size, 3), np.uint8)
    assert hashlib.sha256(found.tobytes()).hexdigest()[:16] == known


def test_the_pictures_show_something() -> None:
    blocks, slope = trial_pictures(96)
    assert len(np.unique(blocks)) > 100
    assert (slope.min(), slope.max()) == (0, 255)
    assert not np.array_equal(slope[..., 0], slope[..., 1])


def changed(row: int, *values: float) -> np.ndarray:
    table = GOOD.copy()
    table[row, : len(values)] = values
    return table


@pytest.mark.parametrize(
    ("row", "good"),
    [
        ((0.2, 0.3, 0.5009), True),
        ((0.2, 0.3, 0.5011), False),
        ((0.2, 0.3, 0.4991), True),
        ((0.2, 0.3, 0.4989), False),
        ((-0.0001, 0.5, 0.5), False),
        ((1.0001, 0.0, 0.0), False),
        ((np.nan, 0.5, 0.5), False),
        ((np.inf, 0.5, 0.5), False),
        ((1.0, 0.0, 0.0), True),
    ],
)
def test_what_is_an_answer(row: tuple[float, ...], good: bool) -> None:
    assert usable(changed(0, *row), NOVEL, 2, 3).tolist() == [good, True]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_novelty_that_is_no_number_is_no_answer(value: float) -> None:
    assert usable(GOOD, np.array([0.0, value], np.float32), 2, 3).tolist() == [True, False]


def test_answers_of_another_shape_are_none() -> None:
    assert not usable(GOOD[:, :2], NOVEL, 2, 3).any()
    assert not usable(GOOD[:1], NOVEL, 2, 3).any()
    assert not usable(GOOD, NOVEL[:1], 2, 3).any()
    assert not usable(GOOD[None], NOVEL, 2, 3).any()
    assert not usable(GOOD, NOVEL[:, None], 2, 3).any()


@pytest.mark.parametrize("kind", [*FileKind, None])
def test_it_passes_within_what_its_kind_may_differ_by(kind: FileKind | None) -> None:
    limit = 0.05 if kind is None else MAY_DIFFER[kind]
    told = record(GOOD, NOVEL)
    assert told.rule == 1
    assert passes(told, GOOD, NOVEL, kind)
    for factor, good in ((0.9, True), (1.1, False)):
        shift = factor * limit
        assert passes(told, changed(0, 0.2 + shift), NOVEL, kind) is good
        assert passes(told, changed(1, 1.0 - shift), NOVEL, kind) is good
        assert passes(told, GOOD, NOVEL + np.array([shift, 0], np.float32), kind) is good
        assert passes(told, GOOD, NOVEL - np.array([0, 9 * shift], np.float32), kind) is good


def test_limits_of_the_kinds() -> None:
    assert MAY_DIFFER == {FileKind.FULL: 1e-3, FileKind.STORED_SMALL: 1e-3, FileKind.INT8: 0.05, FileKind.HALF: 0.05}


def test_a_trial_of_other_classes_is_not_passed() -> None:
    assert not passes(Trial(1, ((0.5, 0.5), (0.5, 0.5)), (0.0, 8.0)), GOOD, NOVEL, FileKind.FULL)
    assert not passes(Trial(1, record(GOOD, NOVEL).probabilities, (0.0,)), GOOD, NOVEL, FileKind.FULL)


def test_six_digits_are_kept() -> None:
    told = record(np.array([[0.1234564, 0.8765436]], np.float64), np.array([1.2345678], np.float64))
    assert told.probabilities == ((0.123456, 0.876544),)
    assert told.novelty == (1.234568,)
