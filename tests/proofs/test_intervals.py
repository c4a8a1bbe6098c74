"""The proofs of the intervals, small: a few cells, few draws."""

from __future__ import annotations

import numpy as np
import pytest

from tests.proofs.intervals import FIGURES, JUMP, LEAST, PER_CLASS, SCORES, Cell, cells, coverage, narrowing

DRAWS = 60
ERROR = 0.075  # two and a half standard errors of so few draws


@pytest.mark.parametrize(
    "cell",
    [
        Cell(0.9, per_class=5),
        Cell(0.97, per_class=20),
        Cell(1.0, per_class=5),
        Cell(0.9, 5, equal=False, alike=0.7),
        Cell(0.9, 9, alike=0.3, pure=True),
        Cell(0.9, 20, equal=False, alike=0.3),
        Cell(0.9, 40, alike=0.7),
    ],
    ids=str,
)
def test_intervals_hold_the_truth(cell: Cell) -> None:
    counts = coverage(cell, DRAWS, 0)
    assert set(counts) == set(FIGURES)
    for name, count in counts.items():
        assert count.held / count.drawn > LEAST - ERROR, name
        assert cell.score < 1.0 or count.held == count.drawn


def test_every_cell_of_the_promise_is_there() -> None:
    grouped = {(c.groups, c.equal, c.alike) for c in cells(grouped=True)}
    assert grouped == {(g, e, a) for g in (5, 9, 20, 40) for e in (True, False) for a in (0.0, 0.3, 0.7)}
    assert (PER_CLASS, SCORES) == ((5, 20, 100), (0.6, 0.9, 0.97, 0.99, 1.0))
    assert LEAST == 0.93


@pytest.mark.parametrize(
    "cell",
    [
        Cell(0.9, 5, equal=False, pure=True),
        Cell(0.9, 9, equal=False),
        Cell(0.9, 9, equal=False, pure=True),
        Cell(0.9, 20, equal=False, pure=True),
        Cell(0.9, per_class=5),
    ],
    ids=str,
)
def test_no_worse_score_gives_a_narrower_interval_by_a_jump(cell: Cell) -> None:
    first, later = narrowing(cell, np.random.default_rng(0))
    assert first <= 0.0
    assert later <= JUMP == 0.15
