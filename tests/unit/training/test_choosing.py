"""Which candidate becomes the model: the order in which they are believed, and what it takes to be preferred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tlstudio.training.candidates import AVERAGE, HALF_WAY, LAST, PROBE, SOUP, Candidate, score
from tlstudio.training.choosing import FEW, Choice, Course, Evidence, choose, joined, likeliest_first

KINDS = (PROBE, AVERAGE, HALF_WAY, LAST, SOUP)
N = 60
TRUTH = np.arange(N) % 2


def candidate(kind: str, wrong: Sequence[int], sure: float = 0.8) -> Candidate:
    """Right on all images of two classes but these, and equally sure of all."""
    chances = np.full((N, 2), 1 - sure)
    missed = np.isin(np.arange(N), wrong)
    chances[np.arange(N), np.where(missed, 1 - TRUTH, TRUTH)] = sure
    return Candidate(kind, {}, score(chances, TRUTH, balanced=False, sure=0.8))


def taken(probe: Candidate, *rivals: Candidate, **more: object) -> Candidate:
    return choose(probe, rivals, TRUTH, **more).taken  # type: ignore[arg-type]


@pytest.mark.parametrize(("images", "first"), [(15, HALF_WAY), (199, HALF_WAY), (200, AVERAGE)])
def test_the_way_half_back_is_the_best_guess_where_images_are_few(images: int, first: str) -> None:
    assert FEW == 200
    order = likeliest_first(KINDS, images)
    assert order[0] == first
    assert set(order) == set(KINDS) - {PROBE} and order[2:] == [LAST, SOUP]
    assert likeliest_first([SOUP, AVERAGE], images) == [AVERAGE, SOUP]


def test_the_first_stays_unless_another_convinces() -> None:
    probe, half = candidate(PROBE, range(30)), candidate(HALF_WAY, range(12))
    assert taken(probe, half, candidate(AVERAGE, range(11))) is half
    better = candidate(AVERAGE, range(4))
    assert taken(probe, half, better) is better


def test_nothing_takes_the_place_of_the_probe_by_luck() -> None:
    probe = candidate(PROBE, range(12))
    assert taken(probe, candidate(HALF_WAY, range(11)), candidate(AVERAGE, range(20))) is probe
    assert taken(probe) is probe
    # Right in four where the probe is wrong: one time in 16 by luck alone; in six: one in 64.
    assert taken(probe, candidate(HALF_WAY, range(8))) is probe
    assert taken(probe, half := candidate(HALF_WAY, range(6))) is half


def test_the_same_gain_of_one_group_is_luck() -> None:
    probe, half = candidate(PROBE, range(12)), candidate(HALF_WAY, [])
    assert taken(probe, half) is half
    units = ["one patient"] * 12 + [f"patient {i}" for i in range(N - 12)]
    assert taken(probe, half, units=units) is probe


def test_what_is_no_number_is_passed_over() -> None:
    lost = Candidate(HALF_WAY, {}, score(np.full((N, 2), np.nan), TRUTH, balanced=False))
    sound = candidate(AVERAGE, range(2))
    assert taken(candidate(PROBE, range(30)), lost, sound) is sound
    assert taken(lost, sound) is lost, "nothing can be said against what says nothing"


def epochs(*each: Sequence[int]) -> tuple[Course, list[Candidate]]:
    course, found = Course(), [candidate(f"epoch {i}", wrong) for i, wrong in enumerate(each, start=1)]
    for one in found:
        course.add(one.score)
    return course, found


def test_an_epoch_is_taken_where_it_convinces() -> None:
    course, (_, best, _) = epochs(range(10, 30), range(2), range(20))
    assert taken(candidate(PROBE, range(30)), course=course, best=best) is best
    probe = candidate(PROBE, range(1))
    assert taken(probe, course=course, best=probe) is probe, "none of them was better"


def test_the_more_epochs_were_looked_at_the_more_it_takes() -> None:
    """Six more that are right are no luck for one epoch, and are for the best of many that went their own ways."""
    probe = candidate(PROBE, range(20))
    better = [*range(6, 20)]
    course, (best,) = epochs(better)
    assert taken(probe, course=course, best=best) is best
    rng = np.random.default_rng(0)
    others = [rng.choice(N, 20, replace=False).tolist() for _ in range(60)]
    course, (best, *_) = epochs(better, *others)
    assert taken(probe, course=course, best=best) is probe


def test_the_figure_is_of_what_would_have_been_taken_without_the_image() -> None:
    found = choose(candidate(PROBE, range(30)), [candidate(HALF_WAY, range(12))], TRUTH)
    assert isinstance(found, Choice) and np.array_equal(found.said, np.array(found.taken.score.predicted))
    stays = choose(probe := candidate(PROBE, range(5)), [candidate(HALF_WAY, range(4))], TRUTH)
    assert np.array_equal(stays.said, np.array(probe.score.predicted))


def test_of_two_that_are_equally_good_the_figure_is_not_that_of_the_luckier() -> None:
    """Each is right where the other is wrong: which is taken depends on the images, and so the figure must not trust them."""
    rng = np.random.default_rng(1)
    figures, reached = [], []
    for _ in range(25):
        right = rng.random((9, N)) < np.array([0.4, *[0.75] * 8])[:, None]
        probe, *rivals = [candidate(str(i), np.flatnonzero(~row)) for i, row in enumerate(right)]
        found = choose(
            probe, [], TRUTH, course=(of := epochs(*[np.flatnonzero(~r) for r in right[1:]]))[0], best=_best(of[1])
        )
        figures.append((found.said == TRUTH).mean())
        reached.append(found.taken.score.share)
        assert rivals
    assert np.mean(reached) > 0.80, "the best of eight looks better than it is"
    assert abs(np.mean(figures) - 0.75) < 0.03


def _best(candidates: list[Candidate]) -> Candidate:
    return max(candidates, key=lambda c: (c.score.share, -c.score.loss))


def test_without_images_the_probe_stays() -> None:
    nothing = score(np.empty((0, 2)), np.empty(0, np.int64), balanced=False)
    probe = Candidate(PROBE, {}, nothing)
    found = choose(probe, [Candidate(AVERAGE, {}, nothing)], np.empty(0, np.int64))
    assert found.taken is probe and len(found.said) == 0


def test_evidence_is_joined_for_what_all_know_and_read_back() -> None:
    one = Evidence({PROBE: np.eye(2), SOUP: np.eye(2)}, np.array([0, 1]), np.array([3, 1]), ("a", "b"))
    other = Evidence({PROBE: np.eye(2)[:1]}, np.array([0]), np.array([2]), ("c",))
    both = joined([one, other])
    assert list(both.said) == [PROBE] and both.said[PROBE].shape == (3, 2)
    assert list(joined([one]).said) == [PROBE, SOUP] and joined([one]).rows.tolist() == [3, 1]
    back = Evidence.from_json(both.to_json())
    assert np.array_equal(back.said[PROBE], both.said[PROBE])
    assert back.rows.tolist() == [3, 1, 2] and back.truth.tolist() == [0, 1, 0] and back.units == ("a", "b", "c")
