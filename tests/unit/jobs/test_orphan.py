"""A worker whose window is killed ends by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.unit.jobs.conftest import PATIENCE

WINDOW = """
import sys, threading
from tlstudio.domain.events import Note
from tlstudio.domain.importing import ImportRequest
from tlstudio.jobs.messages import Done, Lane
from tlstudio.jobs.supervisor import Supervisor
from pathlib import Path
import psutil

def tell(job, message):
    if isinstance(message, (Done, Note)):
        workers = [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]
        print(workers[0].pid, flush=True)

if __name__ == "__main__":
    supervisor = Supervisor(Lane.LIGHT, tell)
    if sys.argv[1] == "busy":
        request = ImportRequest(Path(sys.argv[2]), Path(sys.argv[3]))
        supervisor.submit("import", {"request": request})
    else:
        supervisor.submit("preview_import", {"source": Path(sys.argv[2])})
    supervisor.serve()
"""


@pytest.mark.parametrize("state", ["busy", "idle"])
def test_the_worker_ends_when_its_window_is_killed(state: str, many_images: Path, tmp_path: Path) -> None:
    script = tmp_path / "window.py"
    script.write_text(WINDOW)
    command = [sys.executable, str(script), state, str(many_images), str(tmp_path / "project")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as window:
        assert window.stdout is not None
        worker = psutil.Process(int(window.stdout.readline()))
        window.kill()
    assert psutil.wait_procs([worker], timeout=PATIENCE)[1] == [], "the worker outlived its window"
