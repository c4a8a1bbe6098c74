"""The grid of the Labels page with a thousand and with a hundred thousand images: memory, stalls, and how long a label takes.

    python -m tests.bench.grid [--few 1000] [--many 100000] [--by-images]

Each number of images gets a window of its own in a process of its own. Printed as one JSON line: the unique set size of the whole
window process after scrolling through, in megabytes, and the ratio of both (to stay under 1.3); the longest gap between two ticks
of a 5 ms timer while scrolling; milliseconds to open the page, for one label, and for a search. --by-images goes through the
Images page first, as a user does. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TICK_MS = 5
CLASSES = ("crack", "inclusion", "pit", "scratch", "stain")
PICTURES = 48  # thumbnail files that stand for all contents
SCROLL_STEPS = 400


def make_project(folder: Path, count: int) -> Path:
    """A project of `count` images that exist in the database only, with thumbnails that share a few files."""
    import numpy as np
    from PIL import Image

    from tlstudio.domain.values import Split
    from tlstudio.storage.images import NewImage, add_images
    from tlstudio.storage.project import Project
    from tlstudio.workflow.browsing import thumbnail

    project = Project.create(folder / "project", "Bench")
    contents = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(count)]
    rows = []
    for i, content in enumerate(contents):
        path, group = f"/pictures/part{i // 12:05}_{i % 12:02}.png", f"part{i // 12}"
        split = (Split.VAL, Split.TEST, Split.TEST, *[Split.TRAIN] * 7)[i // 12 % 10]
        rows.append(NewImage(path, content, 640, 480, 10**5, CLASSES[i % 5], group, split))
    add_images(project, rows, [])
    rng = np.random.default_rng(0)
    originals = []
    for i in range(PICTURES):
        path = folder / f"{i}.jpg"
        Image.fromarray(rng.integers(0, 255, (156, 208, 3), dtype=np.uint8)).save(path, quality=88)
        originals.append(path)
    for i, content in enumerate(contents):
        path = thumbnail(project.folder, content)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(originals[i % PICTURES], path)
    return project.folder


def measure(project: Path, *, by_images: bool) -> None:
    """Opens the window on the project, scrolls through the grid, and prints the figures as JSON."""
    import psutil
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest

    from tlstudio.gui import application as studio
    from tlstudio.gui.main_window import MainWindow

    MainWindow._after_first_picture = lambda window: None  # no workers and no other pages: the grid is measured
    application = studio.make_application([])
    window = studio.show_window(application)
    studio.furnish(application, window)
    window.resize(1280, 800)
    if not by_images:
        window._settings.setValue(_place_of(window, project), "labels")
    started = time.perf_counter()
    window.session.open_project(project)
    window.go("labels")
    application.processEvents()
    opened = (time.perf_counter() - started) * 1000
    page = window.stack.page("labels")
    QTest.qWait(500)
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append((now - last) * 1000 - TICK_MS)
        last = now

    timer = QTimer(window, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    bar = page.grid.verticalScrollBar()
    last = time.perf_counter()
    timer.start()
    for step in range(SCROLL_STEPS + 1):
        bar.setValue(bar.maximum() * step // SCROLL_STEPS)
        QTest.qWait(15)
    timer.stop()
    memory = psutil.Process().memory_full_info().uss / 1e6

    def timed(deed: object) -> float:
        began = time.perf_counter()
        deed()  # type: ignore[operator]
        application.processEvents()
        return round((time.perf_counter() - began) * 1000, 1)

    page.grid.go_to_row(0)
    ids = page.grid.selected_ids()
    label = timed(lambda: page.assign(ids, CLASSES[1]))
    mark = timed(lambda: page.labeler.mark("u"))
    page.filter_bar.search.setText("part00001")
    page.filter_bar._typing.stop()
    search = timed(page.filter_bar.changed.emit)
    gaps.sort()
    figures = {
        "images": page.gallery.total,
        "uss_mb": round(memory, 1),
        "longest_stall_ms": round(gaps[-1], 1),
        "stall_99_9_ms": round(gaps[int(len(gaps) * 0.999)], 1),
        "open_ms": round(opened, 1),
        "label_ms": label,
        "mark_ms": mark,
        "search_ms": search,
    }
    window.close()
    studio.end(window)
    print(json.dumps(figures))


def _place_of(window: object, project: Path) -> str:
    """The key under which the window remembers that this project was last seen on a page."""
    return f"places/{hashlib.sha256(str(project).encode()).hexdigest()[:16]}"


def run(count: int, *, by_images: bool) -> dict[str, float]:
    """Makes a project and measures it in a fresh process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        project = make_project(folder, count)
        environment = {**os.environ, "TLSTUDIO_HOME": str(folder / "home")}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        command = [sys.executable, "-m", "tests.bench.grid", "--measure", str(project)]
        done = subprocess.run(
            [*command, *(["--by-images"] if by_images else [])],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--by-images", action="store_true")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(options.measure, by_images=options.by_images)
        return
    few = run(options.few, by_images=options.by_images)
    many = run(options.many, by_images=options.by_images)
    ratio = round(many["uss_mb"] / few["uss_mb"], 3)
    stalls = round(many["longest_stall_ms"] / max(1.0, few["longest_stall_ms"]), 2)
    print(json.dumps({"bench": "grid", "few": few, "many": many, "memory_ratio": ratio, "stall_ratio": stalls}))


if __name__ == "__main__":
    main()
