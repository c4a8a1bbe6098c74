"""Which pictures are proposed as copies: those with landmarks in common, the most first, each with a few others."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.images import proposals as module
from tlstudio.images.landmarks import MOST, SHAPE, WIDTH
from tlstudio.images.proposals import CLOSEST, FEW, LIKE, NEAREST, SHARED, proposals

RNG = np.random.default_rng(0)
LOOKS = np.linalg.qr(RNG.normal(size=(WIDTH, WIDTH)))[0]  # like no other, (WIDTH, WIDTH)


def look(number: int, like: float = 1.0) -> np.ndarray:
    """One of the looks, or another that has this cosine with it."""
    value = like * LOOKS[number] + np.sqrt(1 - like**2) * LOOKS[(number + WIDTH // 2) % WIDTH]
    return np.round(100 * value / np.abs(value).max()).astype(np.int8)


def picture(*numbers: int | tuple[int, float]) -> np.ndarray:
    kept = np.zeros(SHAPE, np.int8)
    for n, each in enumerate(numbers):
        kept[n, :4] = n  # somewhere
        kept[n, 4:] = look(*each) if isinstance(each, tuple) else look(each)
    return kept


def asked(
    *pictures: np.ndarray, hashes: list[str] | None = None, compared: tuple[int, ...] = ()
) -> list[tuple[int, int]]:
    old = np.isin(np.arange(len(pictures)), compared)
    return proposals(np.stack(pictures), hashes or [""] * len(pictures), old)


def test_landmarks_in_common() -> None:
    """Each has a voice for every picture that has one like it; three are wanted."""
    assert SHARED == 3
    assert asked(picture(0, 1, 9), picture(0, 1, 8)) == [(0, 1)]
    assert asked(picture(0, 9), picture(0, 8)) == []
    assert asked(picture(0, 9), picture(0, 0)) == [(0, 1)]
    assert asked(picture(0, 9), picture((0, 0.9), (0, 0.7), 8)) == [], "one of the two is not like it"
    assert asked(np.zeros(SHAPE, np.int8), np.zeros(SHAPE, np.int8)) == []
    assert asked(picture(0)) == []


@pytest.mark.parametrize(("like", "there"), [(0.82, True), (0.78, False)])
def test_how_alike_they_must_be(like: float, there: bool) -> None:
    assert LIKE == 0.8
    assert (asked(picture(0, 1, 2), picture((0, like), (1, like), (2, like))) == [(0, 1)]) is there


def test_the_most_in_common_come_first() -> None:
    a, b, c = picture(0, 1, 2, 3, 4, 5), picture(0, 1, 2, 3), picture(0, 1, 2, 3, 4)
    assert asked(a, b, c, picture(20, 21, 22)) == [(0, 2), (0, 1), (1, 2)]


def test_what_was_compared_before_is_not_proposed_again() -> None:
    three = [picture(0, 1, 2)] * 3
    assert asked(*three, compared=(0, 1)) == [(0, 2), (1, 2)]
    assert asked(*three, compared=(0, 1, 2)) == []


def test_each_has_a_few_others() -> None:
    """A picture that all others resemble is compared with ten, and more where these have nobody else."""
    assert NEAREST == 10
    first = np.zeros(15, np.int64)
    chosen = module._nearest(first, np.arange(1, 16), 16)
    assert chosen == [(0, j) for j in range(1, 16)], "each of them has no other"
    every = [(i, j) for i in range(13) for j in range(i + 1, 13)]
    chosen = module._nearest(*np.array(every).T, 13)
    counts = np.bincount(np.array(chosen).ravel(), minlength=13)
    assert counts.min() >= NEAREST and len(chosen) < len(every)
    assert (11, 12) not in chosen
    for others, looked_at in (
        (9, True),
        (10, False),
    ):  # two pictures that have so many others each, and then each other
        stars = [(0, j) for j in range(2, 2 + others)] + [(1, j) for j in range(20, 20 + others)]
        assert ((0, 1) in module._nearest(*np.array([*stars, (0, 1)]).T, 40)) is looked_at
    assert module._nearest(np.array([0, 0, 1]), np.array([1, 1, 2]), 3) == [(0, 1), (1, 2)]


def test_pictures_with_few_landmarks_are_proposed_by_their_look() -> None:
    assert FEW == 12
    full = [picture(*range(n, n + FEW)) for n in (0, 20)]
    hashes = ["0123456789abcdef", "0123456789abcdee", "fedcba9876543210"]
    few = picture(*range(40, 40 + FEW - 1))
    assert asked(full[0], full[1], few, hashes=hashes) == []
    assert asked(full[0], few, full[1], hashes=hashes) == [(0, 1)]
    assert asked(few, full[0], full[1], hashes=hashes) == [(0, 1)]
    assert asked(few, full[0], full[1], hashes=hashes, compared=(0, 1)) == []
    assert asked(few, full[0], full[1], hashes=hashes, compared=(0,)) == [(0, 1)]
    nothing = np.zeros(SHAPE, np.int8)
    assert asked(nothing, nothing, hashes=hashes[:2]) == [(0, 1)]


def test_an_equal_look_counts_as_much_as_landmarks_and_one_far_off_less() -> None:
    few = [picture(n) for n in range(4)]
    hashes = ["0000000000ffffff", "0000000000fffffc", "0000000000fffff8", "0000000000fffffe"]
    order = asked(*few, hashes=hashes)
    apart = [(int(hashes[i], 16) ^ int(hashes[j], 16)).bit_count() for i, j in order]
    assert apart == sorted(apart) and len(order) == 6
    both = asked(
        picture(0, 1, 2, 3), picture(0, 1, 2, 3), picture(9), picture(10), hashes=["", "", hashes[0], hashes[0]]
    )
    assert both == [(0, 1), (2, 3)]


def test_a_landmark_stands_for_no_more_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CLOSEST == 12
    like = np.array([[0.9, 0.95, 0.85, 0.99, 0.1], [0.9, 0.2, 0.1, 0.81, 0.1]], np.float32)
    monkeypatch.setattr(module, "CLOSEST", 2)
    rows, columns = module._closest(like.copy())
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (0, 3), (1, 0), (1, 3)]
    monkeypatch.setattr(module, "CLOSEST", 3)
    assert module._closest(like.copy())[1].tolist() == [0, 1, 3, 0, 3]
    monkeypatch.setattr(module, "CLOSEST", 12)
    assert module._closest(like.copy())[1].tolist() == [0, 1, 2, 3, 0, 3]
    many = np.random.default_rng(1).uniform(0.7, 1.0, (3, 400)).astype(np.float32)
    rows, columns = module._closest(many.copy())
    for row in range(3):
        assert set(columns[rows == row]) == set(np.argsort(many[row])[-12:])


def test_many_cells_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty pairs of copies with a little noise: in one cell, in many, and in small pieces."""
    rng = np.random.default_rng(3)
    pictures = []
    for _ in range(40):
        kept = np.zeros(SHAPE, np.int8)
        kept[:, 4:] = rng.integers(-100, 101, (MOST, WIDTH))
        again = kept.copy()
        again[:, 4:] = np.clip(kept[:, 4:].astype(int) + rng.integers(-20, 21, (MOST, WIDTH)), -127, 127)
        pictures += [kept, again[rng.permutation(MOST)]]
    expected = [(2 * n, 2 * n + 1) for n in range(40)]
    assert sorted(asked(*pictures)) == expected
    monkeypatch.setattr(module, "CELL", 100)
    monkeypatch.setattr(module, "CHUNK", 50)
    assert sorted(asked(*pictures)) == expected
    monkeypatch.setattr(module, "MOST_CELLS", 1)
    assert sorted(asked(*pictures)) == expected


def test_cells_are_about_as_full_as_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = np.random.default_rng(4).integers(-100, 101, (1_999, WIDTH)).astype(np.int8)
    assert (module.CELL, module.MOST_CELLS) == (400, 2048)
    assert len(module._middles(looks)) == 4
    monkeypatch.setattr(module, "MOST_CELLS", 3)
    middles = module._middles(looks)
    assert len(middles) == 3
    assert np.linalg.norm(middles, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert len(module._middles(looks[:399])) == 1
    own, following = module._cells(looks, middles)
    like = module.unit(looks) @ middles.T
    order = np.argsort(-like, axis=1)
    assert (own == order[:, 0]).all() and (following == order[:, 1]).all()
    own, following = module._cells(looks, middles[:2])
    assert (own + following == 1).all(), "of two the next one is the other"
    assert set(module._cells(looks, middles[:1])[1]) == {-1}


def test_changes_of_a_sorted_list() -> None:
    values = np.array([3, 1, 3, 2, 1])
    assert module._distinct(values).tolist() == [1, 2, 3]
    assert module._changes(np.sort(values)).tolist() == [True, False, True, True, False]
