"""Which candidate becomes the model: the order in which they are believed, and what it takes to be preferred."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.training.candidates import AVERAGE, HALF_WAY, LAST, PROBE, SOUP, Candidate, score
from tlstudio.training.choosing import FEW, Evidence, choose, joined, likeliest_first

KINDS = (PROBE, AVERAGE, HALF_WAY, LAST, SOUP)
N = 60


def candidate(kind: str, wrong: range) -> Candidate:
    """Right on all images of two classes but these, and equally sure of all."""
    truth = np.arange(N) % 2
    chances = np.full((N, 2), 0.2)
    missed = np.isin(np.arange(N), wrong)
    chances[np.arange(N), np.where(missed, 1 - truth, truth)] = 0.8
    return Candidate(kind, {}, score(chances, truth, balanced=False))


@pytest.mark.parametrize(("images", "first"), [(15, HALF_WAY), (FEW - 1, HALF_WAY), (FEW, AVERAGE)])
def test_the_way_half_back_is_the_best_guess_where_images_are_few(images: int, first: str) -> None:
    order = likeliest_first(KINDS, images)
    assert order[0] == first
    assert set(order) == set(KINDS) - {PROBE}
    assert likeliest_first([SOUP, AVERAGE], images) == [AVERAGE, SOUP]


def test_the_first_stays_unless_another_convinces() -> None:
    probe, half = candidate(PROBE, range(30)), candidate(HALF_WAY, range(12))
    assert choose(probe, [half, candidate(AVERAGE, range(11))]) is half
    better = candidate(AVERAGE, range(6))
    assert choose(probe, [half, better]) is better


def test_nothing_takes_the_place_of_the_probe_by_luck() -> None:
    probe = candidate(PROBE, range(12))
    assert choose(probe, [candidate(HALF_WAY, range(11)), candidate(AVERAGE, range(20))]) is probe
    assert choose(probe, []) is probe


def test_what_is_no_number_is_passed_over() -> None:
    truth = np.arange(N) % 2
    lost = Candidate(HALF_WAY, {}, score(np.full((N, 2), np.nan), truth, balanced=False))
    sound = candidate(AVERAGE, range(2))
    assert choose(candidate(PROBE, range(30)), [lost, sound]) is sound


def test_evidence_is_joined_for_what_all_know_and_read_back() -> None:
    one = Evidence({PROBE: np.eye(2), SOUP: np.eye(2)}, np.array([0, 1]), np.array([3, 1]))
    other = Evidence({PROBE: np.eye(2)[:1]}, np.array([0]), np.array([2]))
    both = joined([one, other])
    assert list(both.said) == [PROBE] and both.said[PROBE].shape == (3, 2)
    back = Evidence.from_json(both.to_json())
    assert np.array_equal(back.said[PROBE], both.said[PROBE])
    assert back.rows.tolist() == [3, 1, 2] and back.truth.tolist() == [0, 1, 0]
