"""What counts as equal, and what counts as close enough for 8-bit numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.export.certificate import compare, compare_int8


def table(best: list[int], lead: float = 0.5) -> np.ndarray:
    """Probabilities of three classes whose top class leads by `lead`."""
    rows = np.full((len(best), 3), (1 - lead) / 3)
    rows[np.arange(len(best)), best] += lead
    return rows


def test_equal_tables_pass() -> None:
    seal = compare(table([0, 1, 2]), table([0, 1, 2]), "test")
    assert (seal.passed, seal.agreement, seal.max_difference, seal.precision) == (True, 1.0, 0.0, "float32")


@pytest.mark.parametrize(
    ("differ", "lost", "passed"),
    [(0, 0, True), (5, 0, True), (6, 0, False), (2, 2, True), (3, 3, False)],
)
def test_int8_may_differ_a_little(differ: int, lost: int, passed: bool) -> None:
    """Of 100 images `differ` get another class than from the trained model; `lost` of them were right before."""
    trained = [0] * 100
    found = [1] * differ + [0] * (100 - differ)
    truth = np.array([0] * lost + [1] * (differ - lost) + [0] * (100 - differ))
    seal = compare_int8(table(found), table(trained), truth, "test")
    assert seal.passed is passed
    assert seal.agreement == pytest.approx(1 - differ / 100)
    assert seal.precision == "int8"
    assert seal.accuracy == pytest.approx(1 - lost / 100)
    assert seal.accuracy_trained == pytest.approx(1 - (differ - lost) / 100)


def test_one_of_few_images_may_change() -> None:
    truth = np.zeros(8, np.int64)
    assert compare_int8(table([1] + [0] * 7), table([0] * 8), truth, "test").passed
    assert not compare_int8(table([1, 1] + [0] * 6), table([0] * 8), truth, "test").passed


def test_nothing_compared_is_nothing_proven() -> None:
    nothing = np.empty((0, 3))
    assert not compare(nothing, nothing, "test").passed
    assert not compare_int8(nothing, nothing, np.empty(0, np.int64), "test").passed
