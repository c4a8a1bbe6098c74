"""The proofs of the calibration error, small."""

from __future__ import annotations

from tests.proofs.calibration_error import prove
from tests.proofs.table import Trial

ERROR = 0.08  # that few draws add to a share of 0.05, at the worst of many cells


def test_right_models_are_not_said_to_be_off() -> None:
    alone, apart, together, sure = prove(Trial(scale=0.06))
    assert alone.at_most is not None and alone.measured <= alone.at_most + ERROR
    assert apart.at_most is not None and apart.measured <= apart.at_most + 0.02
    assert together.holds
    assert sure.holds
