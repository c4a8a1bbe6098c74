"""The time that a training has taken in all its parts, without what lay between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlstudio.domain.events import SILENT, Note
from tlstudio.storage import clocks
from tlstudio.workflow.spent import KEEP_EVERY, NAME, Spent


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock: seconds, to be set."""
    now = [100.0]
    monkeypatch.setattr(clocks, "awake", lambda: now[0])
    return now


def test_the_parts_are_added_up_without_what_lies_between_them(tmp_path: Path, hands: list[float]) -> None:
    began = clocks.working()
    hands[0] += 2.0  # something was done before the run had a folder
    first = Spent(SILENT, tmp_path, started=began)
    assert first.before == 0.0
    hands[0] += 60.0
    first.keep()
    hands[0] += 9000.0
    second = Spent(SILENT, tmp_path, started=clocks.working())
    assert second.before == pytest.approx(62.0)
    hands[0] += 5.0
    second.keep()
    assert Spent(SILENT, tmp_path, started=clocks.working()).before == pytest.approx(67.0)


def test_pauses_are_not_counted(tmp_path: Path, hands: list[float]) -> None:
    spent = Spent(SILENT, tmp_path, started=clocks.working())
    hands[0] += 5.0
    with clocks.pause():
        hands[0] += 3600.0
    spent.keep()
    assert Spent(SILENT, tmp_path, started=clocks.working()).before == pytest.approx(5.0)


def test_a_killed_training_loses_no_more_than_a_moment(tmp_path: Path, hands: list[float]) -> None:
    began = clocks.working()
    spent = Spent(SILENT, tmp_path, started=began)
    hands[0] += KEEP_EVERY - 0.01
    spent.report(Note("a step"))
    assert not (tmp_path / NAME).exists()
    hands[0] += 0.02
    spent.report(Note("a step"))
    assert Spent(SILENT, tmp_path, started=began).before == pytest.approx(KEEP_EVERY + 0.01) == 10.01
    hands[0] += KEEP_EVERY - 0.02
    spent.report(Note("a step"))
    assert Spent(SILENT, tmp_path, started=began).before < KEEP_EVERY + 1, "and not at every step"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"seconds": "x"}', '{"seconds": null}', '{"seconds": -5}', '{"seconds": 1e999}']
)
def test_what_can_not_be_read_counts_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert Spent(SILENT, tmp_path, started=0.0).before == 0.0
    (tmp_path / NAME).write_bytes(b"\xff\xfe")
    assert Spent(SILENT, tmp_path, started=0.0).before == 0.0


def test_a_folder_that_is_gone_is_not_brought_back(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    spent = Spent(SILENT, gone, started=0.0)
    spent.keep()
    spent.remove()
    assert not gone.exists()
