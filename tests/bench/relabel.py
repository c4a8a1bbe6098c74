"""All images of a project get another class with one key, and back again: time, stalls of the window, and memory.

    python -m tests.bench.relabel [--images 100000]

Through the Labels page of a real window: one class gets another with a number key, and Ctrl+Z; then all images the same way, and
Ctrl+Shift+Z; then the class that holds all of them is renamed, merged into another, and deleted, each with Ctrl+Z. Printed as one
JSON line: for each step the milliseconds until the grid shows it, the longest gap between two ticks of a 5 ms timer meanwhile,
and the most processor time that the window's thread used between two of them, which other work on the machine lengthens less; at
the end the resident memory that came on top in the window's process, in megabytes. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.grid import CLASSES, make_project
from tests.bench.ticks import PATIENCE, Ticks


def measure(project: Path) -> None:
    import psutil
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from tlstudio.gui import application as studio
    from tlstudio.gui.main_window import MainWindow

    MainWindow._after_first_picture = lambda window: None  # no other pages, and one worker
    application = studio.make_application([])
    window = studio.show_window(application)
    studio.furnish(application, window)
    window.resize(1280, 800)
    window.session.open_project(project)
    window.go("labels")
    page = window.stack.page("labels")
    window.bridge.submit("view_deep", path=project / "none.png")  # the worker is there, as it is when a user comes here
    deadline = time.perf_counter() + PATIENCE
    while window.bridge.jobs():
        assert time.perf_counter() < deadline
        QTest.qWait(50)
    QTest.qWait(500)
    ticks = Ticks(window)
    process = psutil.Process()
    before = process.memory_info().rss
    figures: dict[str, object] = {"images": page.gallery.total}

    def step(name: str, deed: Callable[[], object], shown: Callable[[], bool]) -> None:
        figures[name] = ticks.during(deed, shown)

    def in_class(label: str | None) -> int:
        return next((s.count for s in page.grid.images.sections if s.label == label), 0)

    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    total, few = page.gallery.total, in_class(CLASSES[1])
    page.grid.setFocus()

    def undo() -> None:
        QTest.keyClick(page.grid, Qt.Key.Key_Z, control)

    page.grid.select_ids(page.grid.images.ids()[: in_class(CLASSES[0])])
    step("class", lambda: QTest.keyClicks(page.grid, "2"), lambda: in_class(CLASSES[0]) == 0)
    step("undo_class", undo, lambda: in_class(CLASSES[1]) == few)
    step(
        "select", lambda: QTest.keyClick(page.grid, Qt.Key.Key_A, control), lambda: page.grid.selected_count() == total
    )
    step("label", lambda: QTest.keyClicks(page.grid, "2"), lambda: in_class(CLASSES[1]) == total)
    step("undo", undo, lambda: in_class(CLASSES[1]) == few)
    step(
        "redo", lambda: QTest.keyClick(page.grid, Qt.Key.Key_Z, control | shift), lambda: in_class(CLASSES[1]) == total
    )

    def delete() -> None:
        page.panel.remove_wanted.emit(CLASSES[1])
        page.panel.question.let_go_button.click()

    rename = page.panel.buckets.classes.rename_wanted.emit
    step("rename", lambda: rename(CLASSES[1], "other"), lambda: in_class("other") == total)
    step("undo_rename", undo, lambda: in_class(CLASSES[1]) == total)
    step("merge", lambda: page.panel.merge_wanted.emit(*CLASSES[1::-1]), lambda: in_class(CLASSES[0]) == total)
    step("undo_merge", undo, lambda: in_class(CLASSES[1]) == total)
    step("delete", delete, lambda: in_class(None) == total)
    step("undo_delete", undo, lambda: in_class(CLASSES[1]) == total)
    figures["more_mb"] = round((process.memory_info().rss - before) / 1e6, 1)
    print(json.dumps({"bench": "relabel", **figures}))
    window.close()
    studio.end(window)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(options.measure)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        environment = {**os.environ, "TLSTUDIO_HOME": str(folder / "home")}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        command = [sys.executable, "-m", "tests.bench.relabel", "--measure", str(make_project(folder, options.images))]
        raise SystemExit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
