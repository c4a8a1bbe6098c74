"""Killed at any moment, the program loses nothing that it has acknowledged. `python -m tests.bench.kills` does it at length."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

KILLS = 20


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a process that is killed leaves to the system what it has written."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL and no fork")
def test_every_acknowledged_change_survives_kill_9(quick_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.bench.kills import InThisProcess, Killer
    from tlstudio.workflow import importing

    monkeypatch.setattr(importing, "DECODERS", InThisProcess())
    found = Killer(quick_folder, seed=1).run(KILLS)
    assert found.lost == []
    assert found.left == []
    assert found.kills == KILLS
    assert sum(found.acknowledged.values()) > KILLS
    assert {"label", "undo", "import", "fields"} <= set(found.acknowledged)
