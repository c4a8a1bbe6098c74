"""Scores: what beats, and what convinces."""

from __future__ import annotations

import numpy as np

from tlstudio.training.candidates import score


def judged(right: list[bool], sure: float = 0.7, *, balanced: bool = False):  # type: ignore[no-untyped-def]
    """The score of a model for two classes that is right on these images, each with probability `sure`."""
    truth = np.arange(len(right)) % 2
    said = np.where(right, truth, 1 - truth)
    probabilities = np.full((len(right), 2), 1 - sure)
    probabilities[np.arange(len(right)), said] = sure
    return score(probabilities, truth, balanced=balanced)


def test_a_single_image_convinces_nobody() -> None:
    """Two of six instead of one of six is luck."""
    one, two = judged([True] + [False] * 5), judged([True, True] + [False] * 4)
    assert two.beats(one) and not two.convinces(one)


def test_what_is_often_right_where_the_other_is_wrong_convinces() -> None:
    worse, better = judged([True] * 60 + [False] * 40), judged([True] * 75 + [False] * 25)
    assert better.convinces(worse)
    assert not worse.convinces(better)


def test_nothing_less_accurate_convinces_however_low_its_loss() -> None:
    rough, sure = judged([True] * 70 + [False] * 30, 0.6), judged([True] * 69 + [False] * 31, 0.95)
    assert not sure.convinces(rough)


def test_the_same_answers_convince_by_a_loss_that_is_lower_throughout() -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(200) % 2
    vague, clear = (np.full((200, 2), 0.5), np.full((200, 2), 0.5))
    vague[np.arange(200), truth] += rng.uniform(0.0, 0.2, 200)
    clear[np.arange(200), truth] += rng.uniform(0.2, 0.4, 200)
    vague[np.arange(200), 1 - truth] = 1 - vague[np.arange(200), truth]
    clear[np.arange(200), 1 - truth] = 1 - clear[np.arange(200), truth]
    assert score(clear, truth, balanced=False).convinces(score(vague, truth, balanced=False))


def test_rare_classes_count_alike_where_asked() -> None:
    truth = np.array([0] * 9 + [1])
    always = np.tile([0.9, 0.1], (10, 1))
    assert score(always, truth, balanced=False).share == 0.9
    assert score(always, truth, balanced=True).share == 0.5


def test_what_is_no_number_is_not_sound() -> None:
    probabilities = np.full((4, 2), np.nan)
    assert not score(probabilities, np.array([0, 1, 0, 1]), balanced=False).sound
