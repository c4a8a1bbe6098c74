"""What is left of a window that was opened, worked in and closed again and again: nothing. Linux only.

    python -m tests.bench.cycles [--cycles 1000] [--train-every 1] [--warm 50]

Each cycle opens the window on a project, begins a training (every n-th cycle), cancels it, and closes the window, at another
moment each time: at once, while the project is looked after, or when all is done. Afterwards there must be no thread, process,
open file or holder of the project more than after the first cycles, and at most 5 MB more memory than after `--warm` of them.
Prints one JSON line; status 1 where something is left.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import psutil
from PySide6.QtCore import QEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.conftest import BUNDLED
from tests.gui.conftest import fill_folder
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui import application
from tlstudio.gui.main_window import MainWindow
from tlstudio.jobs import supervisor
from tlstudio.workflow.importing import import_images

MOST_MB = 5.0
PATIENCE = 600.0


def wait(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("waited in vain")
        QTest.qWait(5)


def cycle(project: Path, number: int, *, train: bool) -> None:
    made = application.make_application([])
    window = application.show_window(made)
    application.furnish(made, window)
    assert window.session.open_project(project)
    if train:
        settings = TrainSettings(BUNDLED, Mode.THOROUGH, input_size=32, epochs=50, rehearse=False)
        job = window.bridge.submit("train", project=project, settings=settings)
        if number % 2:
            wait(lambda: window.bridge.running("train") is not None)
        job.cancel()
        wait(lambda: window.bridge.running("train") is None)
    elif number % 3 == 0:
        wait(lambda: not window.bridge.jobs())
    elif number % 3 == 1:
        QTest.qWait(20)
    window.close()
    application.end(window)
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def settle() -> None:
    """What is garbage goes, and what was freed goes back to the system: what is left then is held by somebody."""
    for _ in range(3):
        gc.collect()
    with suppress(OSError, AttributeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


def state(project: Path) -> dict[str, Any]:
    settle()
    me = psutil.Process()
    children = [c for c in me.children() if "resource_tracker" not in " ".join(c.cmdline())]
    return {
        "threads": sum(1 for t in threading.enumerate() if not isinstance(t, threading._DummyThread)),
        "processes": len(children),
        "descriptors": me.num_fds(),
        "holder": (project / ".holder.json").exists(),
        "widgets": len(QApplication.allWidgets()),
        "windows": sum(isinstance(each, MainWindow) for each in gc.get_objects()),
        "megabytes": round(me.memory_info().rss / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--train-every", type=int, default=1)
    parser.add_argument("--warm", type=int, default=50)
    asked = parser.parse_args()
    supervisor.CLOSING_SECONDS = 0.5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["TLSTUDIO_HOME"] = str(folder / "home")
        project = folder / "project"
        import_images(ImportRequest(fill_folder(folder / "shapes"), project, group_from="none"))
        after: dict[int, dict[str, Any]] = {}
        for number in range(1, asked.cycles + 1):
            cycle(project, number, train=number % asked.train_every == 0)
            if number in (3, asked.warm, asked.cycles) or number % 100 == 0:
                after[number] = state(project)
                print(f"{number:5} {after[number]}", file=sys.stderr, flush=True)
        first, warm, last = (after[min(n, asked.cycles)] for n in (3, asked.warm, asked.cycles))
        more = {
            name: last[name] - first[name] for name in ("threads", "processes", "descriptors", "widgets", "windows")
        }
        grown = last["megabytes"] - warm["megabytes"]
        print(
            json.dumps(
                {"cycles": asked.cycles, "more": more, "holder": last["holder"], "grown_mb": round(grown, 1), **last}
            )
        )
        if any(value > 0 for value in more.values()) or last["holder"] or grown > MOST_MB:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
