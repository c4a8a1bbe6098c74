"""Of several files with fewer bits one is taken, or the reason is said with its figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlstudio.domain.certificate import Certificate, Decisions, FileKind, Nearness, Saving
from tlstudio.workflow.reducing import better, refused

NEAR = Nearness(3, 5, 0.004, -0.003, 0.011, 0.01, 1, 5)
SAVING = Saving(30, 100, 0.62, 0.6, 0.65, 41, 1)
SEAL = Certificate(
    100, 0.97, 0.1, True, precision="int8", accuracy=0.9, accuracy_trained=0.9, nearness=NEAR, saving=SAVING
)


def test_of_several_files_the_closest_that_may_be_handed_out_is_taken() -> None:
    close = replace(SEAL, agreement=0.99)
    assert better(SEAL, None)
    assert better(close, SEAL)
    assert not better(SEAL, close)
    assert not better(SEAL, SEAL)
    assert better(SEAL, replace(close, passed=False))
    assert not better(replace(close, passed=False), SEAL)


def test_what_saves_too_little_is_refused_with_both_figures() -> None:
    slow, slower = Saving(999, 1000, 1.04, 1.01, 1.07, 41, 1), Saving(300, 1000, 1.3, 1.2, 1.4, 41, 1)
    error = refused(FileKind.INT8, [slower, slow, slower], None)
    assert error.what == (
        "8-bit numbers: the file would have 1.00 times the size, and an image would take 1.04 times as long (1.01 to 1.07),"
        " one thread. It has to have at most 0.5 times the size, or take at most 0.7 times as long, and never more than 1 times"
        " as long. So it is not handed out."
    )
    assert "stored small" in error.remedy
    assert "It would not be smaller." in refused(FileKind.HALF, [slow], None).what
    assert "0.5 times the size, or take at most 0.7 times as long." in refused(FileKind.STORED_SMALL, [slow], None).what


def test_what_answers_too_differently_is_refused_with_its_loss_and_its_savings() -> None:
    error = refused(FileKind.INT8, [SAVING], replace(SEAL, nearness=replace(NEAR, loss=0.02, low=0.001, high=0.039)))
    assert error.what == (
        "8-bit numbers: the file would have 0.30 times the size, and an image would take 0.62 times as long (0.60 to 0.65),"
        " one thread. Of 100 images it gives 3 another class (up to 5 may) and changes the mark “unfamiliar” on 1 (up to 5 may);"
        " accuracy: 2.0 points lost (95 % interval 0.1 to 3.9), up to 1 may be. So it is not handed out."
    )


def test_decisions_at_a_threshold_are_a_reason_of_their_own() -> None:
    decisions = Decisions("crack", 0.1, 9, 5, 0, positives=50, found=40, found_trained=45, may_miss=0)
    what = refused(FileKind.STORED_SMALL, [SAVING], replace(SEAL, decisions=decisions)).what
    assert (
        "At the threshold for crack it decides 9 images differently, where 5 may be, and finds 40 of 50 instead of 45."
        in what
    )
    assert "another class" not in what
    assert "has to have" not in what


@pytest.mark.parametrize("kind", [FileKind.INT8, FileKind.STORED_SMALL, FileKind.HALF])
def test_a_model_that_can_not_be_written_so(kind: FileKind) -> None:
    assert refused(kind, [], None).what == f"{kind.caption}: this model can't be written so."
