"""A small fixed trial of what is claimed of copies."""

from __future__ import annotations

from tests.proofs.copies import FOUND, prove
from tests.proofs.table import Trial


def test_changed_copies_are_found_and_a_fixed_camera_takes_none() -> None:
    proofs = list(prove(Trial(scale=0.1)))
    copies = [proof for proof in proofs if proof.at_least == FOUND]
    assert len(copies) == 6
    # Of twelve pictures each, one may be lost.
    assert all(proof.measured >= 11 / 12 - 1e-9 for proof in copies), copies
    assert all(proof.holds for proof in proofs if "sets across classes" in proof.claim)
