"""Pairs of pictures in parts: whatever is done where, the answers are the same and in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.unit.images.test_looks import saved, scene
from tlstudio.images import comparing
from tlstudio.images.agreeing import Likely
from tlstudio.images.comparing import Comparison, Part, agreements_of, laid_of
from tlstudio.images.joining import Known
from tlstudio.images.landmarks import landmarks_of
from tlstudio.images.proposals import FEW


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """Two scenes, each with two copies, and a third one."""
    a, b = scene(11), scene(12)
    return [a, b, saved(a, 60), ImageOps.mirror(b), scene(13), saved(b, 50), ImageOps.mirror(a)]


ALL = [(i, j) for i in range(7) for j in range(i + 1, 7)]
COPIES = {(0, 2), (0, 6), (2, 6), (1, 3), (1, 5), (3, 5)}


def marks(pictures: list[Image.Image]) -> np.ndarray:
    return np.stack([landmarks_of(p) for p in pictures])


def test_every_pair_that_agrees(pictures: list[Image.Image]) -> None:
    edges = Comparison([Known()] * 7, marks(pictures), pictures).every(ALL)
    assert {(e.first, e.second) for e in edges} == COPIES
    resaved = {(e.first, e.second) for e in edges if e.agreement.resaved}
    assert resaved == {(0, 2), (1, 5)}


def test_what_others_have_joined_is_passed_over(pictures: list[Image.Image]) -> None:
    edges = Comparison([Known()] * 7, marks(pictures), pictures).agreeing(ALL)
    found = {(e.first, e.second) for e in edges}
    assert found <= COPIES and len(found) == 4, "two pairs hold three together"


def test_parts_are_small_and_their_answers_in_order(
    pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "PAIRS_MARKED", 4)
    monkeypatch.setattr(comparing, "PAIRS_LAID", 2)
    asked: list[Part] = []
    told: list[tuple[int, int]] = []

    def run(function: Callable[[Part], Any], parts: Iterable[Part]) -> list[Any]:
        mine = list(parts)
        asked.extend(mine)
        return [function(part) for part in mine]

    comparison = Comparison(
        [Known()] * 7, marks(pictures), pictures, run, lambda done, total: told.append((done, total))
    )
    whole = {(e.first, e.second): e.agreement.score for e in comparison.every(ALL)}
    assert set(whole) == COPIES
    assert [len(part.pairs) for part in asked] == [2] * 10 + [1]
    assert told == [(done, 21) for done in (*range(2, 21, 2), 21)]
    assert all(len(part.pictures) == len(part.kept) == len(part.shown) <= 4 and not part.lying for part in asked)
    asked.clear()
    told.clear()
    found = {(e.first, e.second): e.agreement.score for e in comparison.agreeing(ALL)}
    assert found.items() <= whole.items() and len(found) >= 4
    assert [len(part.pairs) for part in asked if not part.lying] == [4] * 5 + [1]
    assert all(len(part.lying) == len(part.pairs) <= 2 for part in asked if part.lying)
    assert told == sorted(told) and told[5] == (21, 42) and told[-1] == (42, 42)


def test_files_are_read_where_they_are_needed(pictures: list[Image.Image], tmp_path: Path) -> None:
    files: list[Path | None] = []
    for n, picture in enumerate(pictures):
        picture.save(tmp_path / f"{n}.jpg", quality=95)
        files.append(tmp_path / f"{n}.jpg")
    files[2] = None
    (tmp_path / "5.jpg").write_bytes(b"nothing")
    edges = Comparison([Known()] * 7, marks(pictures), files).every(ALL)
    assert {(e.first, e.second) for e in edges} == {pair for pair in COPIES if not {2, 5} & set(pair)}


@pytest.mark.parametrize("known", [(Known(label="a"), Known(label="b")), (Known(group="1"), Known(group="1"))])
def test_what_was_moved_far_is_no_copy_of_what_somebody_told_of(known: tuple[Known, Known]) -> None:
    """A cut that leaves the middle: as far from its place as a mirrored one, and found where nobody said anything."""
    a = scene(14)
    b = a.crop((60, 40, a.width - 10, a.height - 10))
    kept = marks([a, b])
    (lying,) = laid_of(Part((Known(),) * 2, kept, (a, b), ((0, 1),)))
    assert lying is not None
    for pair, agrees in (((Known(), Known()), True), (known, False)):
        (found,) = agreements_of(Part(pair, kept, (a, b), ((0, 1),), (lying,)))
        assert (found is not None) is agrees
        (found,) = agreements_of(Part(pair, kept, (a, b), ((0, 1),)))
        assert found is not None, "asked whatever is said"


def test_few_landmarks_are_also_laid_as_they_are() -> None:
    assert FEW == 12
    kept = marks([scene(15)] * 2)
    kept[0, FEW - 1 :] = 0
    (lying,) = laid_of(Part((Known(),) * 2, kept, (None, None), ((0, 1),)))
    assert lying is not None and lying.few


def test_what_hangs_together_is_compared_one_after_the_other() -> None:
    sure, unsure = Likely(None, 6), Likely(None, 5)
    laid = {(0, 2): sure, (1, 3): sure, (2, 4): sure, (3, 5): sure, (0, 4): sure, (0, 1): unsure}
    order = comparing._by_neighbourhood(laid, 6)
    assert sorted(order) == sorted(laid)
    sets = [i % 2 for i, j in order if (i, j) != (0, 1)]
    assert sum(a != b for a, b in pairwise(sets)) == 1
    assert comparing.SURELY == 6
