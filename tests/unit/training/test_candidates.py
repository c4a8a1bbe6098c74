"""Scores: what they count, and what beats what along a training."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.evaluation.contest import distances
from tlstudio.training.candidates import numbered, score


def judged(right: list[bool], sure: float = 0.7, *, balanced: bool = False):  # type: ignore[no-untyped-def]
    """The score of a model for two classes that is right on these images, each with probability `sure`."""
    truth = np.arange(len(right)) % 2
    said = np.where(right, truth, 1 - truth)
    probabilities = np.full((len(right), 2), 1 - sure)
    probabilities[np.arange(len(right)), said] = sure
    return score(probabilities, truth, balanced=balanced)


def test_more_that_are_right_beat_fewer_and_a_lower_loss_among_equals() -> None:
    one, two = judged([True] + [False] * 5), judged([True, True] + [False] * 4)
    assert two.beats(one) and not one.beats(two)
    # Half of them right: 70 % sure is surer than it may be, and that many images can't have its temperature fitted.
    vague, bold = judged([True, False] * 4, 0.55), judged([True, False] * 4, 0.9)
    assert vague.beats(bold) and not bold.beats(vague) and not bold.beats(bold)


def test_it_tells_what_is_right_and_how_near_it_is() -> None:
    found = judged([True, False, True, False], 0.75)
    assert found.hits == (True, False, True, False)
    assert found.predicted == (0, 0, 0, 0)
    assert found.weights == (1.0,) * 4
    probabilities = np.tile([0.75, 0.25], (4, 1))
    assert found.errors == tuple(distances(probabilities, np.array([0, 1, 0, 1]), 0.5))
    other = score(probabilities, np.array([0, 1, 0, 1]), balanced=False, sure=0.7)
    assert other.errors == pytest.approx((0.18, 0.98, 0.18, 0.98), abs=2e-3)
    assert found.loss == pytest.approx(-(np.log(0.75) + np.log(0.25)) / 2)


def test_rare_classes_count_alike_where_asked() -> None:
    truth = np.array([0] * 9 + [1])
    always = np.tile([0.9, 0.1], (10, 1))
    plain, alike = score(always, truth, balanced=False), score(always, truth, balanced=True)
    assert plain.share == 0.9
    assert alike.share == 0.5 and alike.accuracy == 0.9
    assert alike.weights[0] == pytest.approx(10 / 18) and alike.weights[-1] == pytest.approx(5.0)
    assert np.mean(alike.weights) == pytest.approx(1.0)


def test_a_class_that_does_not_occur_counts_nowhere() -> None:
    truth = np.array([0, 0, 1])
    found = score(np.tile([0.6, 0.3, 0.1], (3, 1)), truth, balanced=True)
    assert found.share == 0.5 and np.mean(found.weights) == pytest.approx(1.0)


def test_units_are_numbered_by_name() -> None:
    assert numbered(["b", "a", "b"], 3).tolist() == [1, 0, 1]
    assert numbered([], 3).tolist() == [0, 1, 2]


def test_what_is_no_number_is_not_sound() -> None:
    probabilities = np.full((4, 2), np.nan)
    assert not score(probabilities, np.array([0, 1, 0, 1]), balanced=False).sound


def test_without_images_nothing_is_said() -> None:
    found = score(np.empty((0, 3)), np.empty(0, np.int64), balanced=True)
    assert (found.share, found.loss, found.hits, found.errors) == (0.0, 0.0, (), ())
