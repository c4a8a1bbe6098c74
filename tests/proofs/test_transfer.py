"""The proofs on the pretrained model's help at a small scale."""

from __future__ import annotations

from tests.proofs import transfer
from tests.proofs.table import Trial


def test_what_is_worth_nothing_is_not_said_to_help_and_what_is_much_is() -> None:
    proofs = list(transfer.prove(Trial(scale=0.06)))
    assert len(proofs) == 8 + 4 + 10
    assert not [f"{p.claim}: {p.measured} ({p.bound})" for p in proofs if not p.holds]
