"""The proofs on files with fewer bits, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint
from tests.proofs import small_files
from tests.proofs.small_files import prove
from tests.proofs.table import Trial
from tlstudio.domain.certificate import FileKind


def test_the_claims_hold_in_small() -> None:
    proofs = list(prove(Trial(scale=0.1)))
    assert len(proofs) == 10
    for proof in proofs:
        if proof.claim.startswith("intervals"):
            assert proof.measured >= 0.88, proof  # 100 draws
        else:
            assert proof.holds, proof


def test_a_trained_model_is_exported_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_files, "KINDS", (FileKind.STORED_SMALL,))
    for k, (name, colour) in enumerate(COLOURS.items()):
        for i in range(12):
            paint(tmp_path / "colours" / name, f"{i:02d}.png", colour, seed=100 * k + i)
    (proof,) = small_files._exports(Trial(), tmp_path / "colours")
    assert proof.claim.startswith("colours, Stored small: ")
    assert proof.holds, proof


def test_a_refusal_without_figures_is_no_proof() -> None:
    assert small_files._kept(FileKind.INT8, "It is 1.00 times the size and takes 1.04 times as long.") == 1
    assert small_files._kept(FileKind.INT8, "It is 1.00 times the size.") == 0
