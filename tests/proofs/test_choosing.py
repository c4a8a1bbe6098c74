"""The proofs of choosing at a small scale."""

from __future__ import annotations

from itertools import islice

from tests.proofs import choosing
from tests.proofs.table import Trial


def test_luck_and_power_and_figures() -> None:
    trial = Trial(scale=0.03)
    proofs = [*islice(choosing.prove(trial), 4), *islice(choosing._figures(trial), 2)]
    assert not [f"{p.claim}: {p.measured}" for p in proofs if not p.holds]


def test_what_is_much_better_is_taken() -> None:
    assert choosing._taken(choosing.World(), 0, 200, 0.10, 10) >= 0.9
