"""The proofs on files with fewer bits, in small."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import COLOURS, paint
from tests.proofs.small_files import KINDS, prove
from tests.proofs.table import Trial


def test_the_claims_hold_in_small() -> None:
    proofs = list(prove(Trial(scale=0.1)))
    assert len(proofs) == 10
    for proof in proofs:
        if proof.claim.startswith("intervals"):
            assert proof.measured >= 0.88, proof  # 100 draws
        else:
            assert proof.holds, proof


def test_a_trained_model_in_every_kind(tmp_path: Path) -> None:
    for k, (name, colour) in enumerate(COLOURS.items()):
        for i in range(20):
            paint(tmp_path / "colours" / name, f"{i:02d}.png", colour, seed=100 * k + i)
    proofs = list(prove(Trial(scale=0.02, images=(tmp_path / "colours",))))[10:]
    assert [p.claim.partition(":")[0] for p in proofs] == [f"colours, {kind.caption}" for kind in KINDS]
    assert all(proof.holds for proof in proofs), [p for p in proofs if not p.holds]
