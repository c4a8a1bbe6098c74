"""The claims on encodings, with few tables: the bounds leave room for that."""

from __future__ import annotations

from tests.proofs.encodings import prove
from tests.proofs.table import Trial


def test_no_table_is_taken_for_another_in_silence() -> None:
    proofs = list(prove(Trial(scale=0.03, seed=3)))
    assert len(proofs) == 3
    assert all(proof.holds for proof in proofs), proofs
