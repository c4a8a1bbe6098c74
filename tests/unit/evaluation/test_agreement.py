"""Agreement of two people: known values, honest intervals, groups, and the cases where nothing can be said."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tlstudio.evaluation.agreement import agreement, class_share, cohens_kappa, confusion, in_words


def test_kappa_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for classes in (2, 3, 6):
        mine = rng.integers(0, classes, 80)
        theirs = np.where(rng.random(80) < 0.6, mine, rng.integers(0, classes, 80))
        found = cohens_kappa(mine, theirs)
        assert found is not None
        assert found.value == pytest.approx(cohen_kappa_score(mine, theirs))
        assert -1 <= found.low < found.value < found.high <= 1


def test_a_worked_example() -> None:
    """Twenty grant proposals, read by two people: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no."""
    mine = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    theirs = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    found = cohens_kappa(mine, theirs)
    assert found is not None
    assert found.value == pytest.approx(0.4)
    assert agreement(mine, theirs).value == pytest.approx(0.7)
    assert confusion(mine, theirs, 2).tolist() == [[20, 5], [10, 15]]


def test_where_all_agree_the_interval_still_has_a_width() -> None:
    same = np.array([0, 1, 2] * 5)
    found = cohens_kappa(same, same)
    assert found is not None
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.5 < found.low < 0.9


def test_with_one_class_kappa_is_undefined() -> None:
    assert cohens_kappa(np.zeros(5, np.int64), np.zeros(5, np.int64)) is None
    assert cohens_kappa(np.array([], np.int64), np.array([], np.int64)) is None


def test_images_of_one_group_count_for_less() -> None:
    rng = np.random.default_rng(1)
    mine = np.repeat(rng.integers(0, 2, 12), 10)
    theirs = np.where(np.repeat(rng.random(12) < 0.8, 10), mine, 1 - mine)
    units = np.repeat(np.arange(12), 10).tolist()
    alone, grouped = cohens_kappa(mine, theirs), cohens_kappa(mine, theirs, units)
    assert alone is not None
    assert grouped is not None
    assert grouped.value == alone.value
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize(("kappa", "n"), [(0.4, 50), (0.8, 20), (0.8, 200), (0.95, 50), (0.95, 200)])
def test_the_interval_covers_the_true_kappa(kappa: float, n: int) -> None:
    """Two people who agree by `kappa` on a common and two rare classes."""
    rng = np.random.default_rng(2)
    shares = np.array([0.6, 0.2, 0.2])
    table = kappa * np.diag(shares) + (1 - kappa) * np.outer(shares, shares)
    hits, draws = 0, 600
    for _ in range(draws):
        cells = rng.choice(9, n, p=table.ravel())
        found = cohens_kappa(cells // 3, cells % 3)
        hits += found is not None and found.low <= kappa <= found.high
    assert hits / draws > 0.93


def test_one_class_between_two_people() -> None:
    mine = np.array([0, 0, 0, 1, 1, 2])
    theirs = np.array([0, 0, 1, 1, 0, 2])
    found = class_share(mine, theirs, 0)
    assert (found.mine, found.theirs, found.both) == (3, 3, 2)
    assert found.agreement.value == pytest.approx(0.5)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(cohen_kappa_score(mine == 0, theirs == 0))
    nobody = class_share(mine, theirs, 5)
    assert (nobody.both, nobody.kappa) == (0, None)
    assert (nobody.agreement.low, nobody.agreement.high) == (0.0, 1.0)


def test_words_for_a_kappa() -> None:
    assert [in_words(k) for k in (-0.2, 0.1, 0.3, 0.5, 0.7, 0.9)] == [
        "poor", "slight", "fair", "moderate", "substantial", "almost perfect",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("least", "word", "below"),
    [
        (0.81, "almost perfect", "substantial"),
        (0.61, "substantial", "moderate"),
        (0.41, "moderate", "fair"),
        (0.21, "fair", "slight"),
        (0.0, "slight", "poor"),
    ],
)
def test_where_one_word_ends_and_the_next_begins(least: float, word: str, below: str) -> None:
    assert (in_words(least), in_words(least - 0.001)) == (word, below)


def test_no_limit_lies_below_total_disagreement() -> None:
    found = cohens_kappa(np.array([0, 0, 1]), np.array([0, 0, 0]))
    assert found is not None
    assert (found.value, found.low) == (pytest.approx(0.0), -1.0)
    assert found.high <= 1.0


def test_people_who_nearly_always_say_the_same_can_still_be_judged() -> None:
    mine, theirs = np.zeros(100_000, np.int64), np.zeros(100_000, np.int64)
    mine[0] = theirs[0] = 1
    found = cohens_kappa(mine, theirs)
    assert found is not None and found.value == pytest.approx(1.0)


def test_what_was_counted_stays_as_it_is() -> None:
    found = class_share(np.array([0, 1]), np.array([0, 1]), 0)
    with pytest.raises(FrozenInstanceError):
        found.both = 2  # type: ignore[misc]
    assert not hasattr(found, "__dict__")
    assert found.kappa is not None
    assert found.kappa.value == 1.0
