"""Opening each page with a thousand and with a hundred thousand images: time, stalls of the window, and its memory.

    python -m tests.bench.pages [--few 1000] [--many 100000]

Each number of images gets a window of its own in a process of its own. It opens the project and goes from page to page; what the
workers would send (findings about every image, figures of a model on the test images) is made before and comes as they send it.
Then one image gets another class on the Labels page. Printed as one JSON line: for each step the milliseconds, the longest gap
between two ticks of a 5 ms timer, the most processor time that the window's thread used between two of them, and the resident
memory of the window's process afterwards in megabytes; and the ratio of that between both at the end (to stay under 1.3). The
machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.grid import CLASSES, make_project
from tests.bench.ticks import PATIENCE, Ticks

if TYPE_CHECKING:
    from tlstudio.domain.findings import Finding
    from tlstudio.domain.results import Evaluation

MODEL = "tf_efficientnet_lite0.in1k"
WRONG = 0.1  # share of wrong answers


def prepare(folder: Path, images: int) -> Path:
    """A project with a finished run, and beside it what the workers will send."""
    from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
    from tlstudio.domain.values import Interval
    from tlstudio.storage import runs
    from tlstudio.storage.project import Project

    place = make_project(folder, images)
    project = Project(place)
    run = runs.start_run(project, TrainSettings(MODEL, Mode.QUICK), CLASSES)
    share = Interval(0.9, 0.88, 0.92)
    runs.finish_run(project, TrainResult(run, MODEL, Mode.QUICK, 3, share, 0.9, "probe", "It was best.", 1.0))
    for task, result in (("check", _findings(project)), ("evaluate", _evaluation(project, run))):
        _sent(place, task).write_bytes(pickle.dumps(result))
    return place


def _sent(project: Path, task: str) -> Path:
    """The file with what the worker will send."""
    return project.parent / f"{task}.pickle"


def _findings(project: Any) -> Any:
    """One about every image, one about sets of a third of them, and one with words about each of some."""
    from tlstudio.domain.findings import CheckResult, Finding, Repair, Severity
    from tlstudio.storage import images

    files = tuple(str(row.path) for row in images.list_images(project))
    sets = tuple(files[i : i + 2] for i in range(0, len(files) // 3, 2))
    some = files[::20]

    def finding(kind: str, severity: Severity, about: tuple[str, ...], **more: Any) -> Finding:
        return Finding(kind, severity, len(about), about, f"{len(about)} images", "It may mislead.", **more)

    return CheckResult(
        (
            finding(
                "near_duplicate",
                Severity.HIGH,
                tuple(file for kin in sets for file in kin),
                sets=sets,
                repair=Repair.KEEP_TOGETHER,
            ),
            finding("label_suspect", Severity.MEDIUM, some, notes=tuple(CLASSES[0] for _ in some), single=True),
            finding("grey", Severity.LOW, files),
        )
    )


def _evaluation(project: Any, run: str) -> Evaluation:
    from tlstudio.domain.predictions import ImagePrediction, Predictions
    from tlstudio.domain.results import ClassFigures, Evaluation
    from tlstudio.domain.values import Interval, Split
    from tlstudio.storage import images

    rng, rows = random.Random(0), images.list_images(project, split=Split.TEST)
    said = []
    for row in rows:
        answer = rng.choice(CLASSES) if rng.random() < WRONG else str(row.label)
        high = rng.uniform(0.5, 1.0)
        chances = tuple(high if name == answer else (1 - high) / (len(CLASSES) - 1) for name in CLASSES)
        said.append(ImagePrediction(row.id, row.path, row.content, str(row.label), answer, chances))
    table = [[sum(p.label == a and p.predicted == b for p in said) for b in CLASSES] for a in CLASSES]
    share = Interval(0.9, 0.88, 0.92)
    figures = {name: ClassFigures(share, share, share, sum(table[n])) for n, name in enumerate(CLASSES)}
    return Evaluation(
        run, Split.TEST, len(said), share, share, None, 0.05, figures, tuple(map(tuple, table)), CLASSES,
        predictions=Predictions.of(said),
    )  # fmt: skip


def measure(project: Path) -> None:
    """Opens the window on the project, goes through its pages, and prints the figures as JSON."""
    import psutil
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from tlstudio.gui import application as studio
    from tlstudio.gui.job_bridge import Job, JobBridge
    from tlstudio.gui.main_window import MainWindow
    from tlstudio.gui.pages.check import CheckPage
    from tlstudio.gui.pages.inspect import InspectPage
    from tlstudio.gui.pages.labels import LabelsPage

    started: list[Job] = []

    def submit(bridge: JobBridge, task: str, title: str = "", **arguments: Any) -> Job:
        started.append(Job(task, title, arguments, bridge._lanes["light"]))
        return started[-1]

    def send(task: str) -> None:
        job = next(job for job in reversed(started) if job.task == task)
        job.finished.emit(pickle.loads(_sent(project, task).read_bytes()))

    MainWindow._after_first_picture = lambda window: window.stack.load_when_idle()  # type: ignore[method-assign]
    JobBridge.submit = submit  # type: ignore[method-assign]  # nobody works: what they would send is there
    application = studio.make_application([])
    window = studio.show_window(application)
    studio.furnish(application, window)
    window.resize(1280, 800)
    deadline = time.perf_counter() + PATIENCE
    while not all(window.stack.if_loaded(key) for key in window.rail.steps):
        assert time.perf_counter() < deadline
        QTest.qWait(50)
    ticks, process = Ticks(window), psutil.Process()
    labels, check, inspect = (window.stack.page(key) for key in ("labels", "check", "inspect"))
    assert isinstance(labels, LabelsPage) and isinstance(check, CheckPage) and isinstance(inspect, InspectPage)
    bar, figures = labels.filter_bar, dict[str, dict[str, float]]()

    def step(name: str, deed: Any, shown: Callable[[], bool] = lambda: True) -> None:
        figures[name] = {**ticks.during(deed, shown), "rss_mb": round(process.memory_info().rss / 1e6, 1)}

    def first_of(grid: Any) -> None:
        grid.setFocus()
        grid.go_to_row(0)

    step("open project, images", lambda: window.session.open_project(project))
    step("labels", lambda: window.go("labels"))
    first_of(labels.grid)
    step("label one", lambda: QTest.keyClicks(labels.grid, "2"))
    step("undo one", lambda: QTest.keyClick(labels.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier))
    for name, text in (("search", "a"), ("clear search", "")):
        step(name, lambda text=text: bar.search.setText(text), lambda: not bar._typing.isActive())
    step("check", lambda: window.go("check"))
    step("findings", lambda: send("check"))
    step("model", lambda: window.go("model"))
    step("train", lambda: window.go("train"))
    step("inspect", lambda: window.go("inspect"))
    step("figures", lambda: send("evaluate"))
    step("cell", lambda: inspect.summary.show_cell(0, 0))
    step("mistakes", lambda: inspect.tabs.setCurrentIndex(1))
    first_of(inspect.mistakes.grid)
    step("correct one", lambda: QTest.keyClicks(inspect.mistakes.grid, "2"))
    step("use", lambda: window.go("use"))
    step("images again", lambda: window.go("images"))
    window.close()
    studio.end(window)
    print(json.dumps(figures))


def run(count: int) -> dict[str, dict[str, float]]:
    """Makes a project and measures it in a fresh process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        project = prepare(folder, count)
        environment = {**os.environ, "TLSTUDIO_HOME": str(folder / "home")}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        command = [sys.executable, "-m", "tests.bench.pages", "--measure", str(project)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(options.measure)
        return
    few, many = run(options.few), run(options.many)
    end = list(few)[-1]
    print(
        json.dumps(
            {
                "bench": "pages",
                "few": few,
                "many": many,
                "memory_ratio": round(many[end]["rss_mb"] / few[end]["rss_mb"], 3),
                "longest_stall_ms": max(step["longest_stall_ms"] for step in many.values()),
            }
        )
    )


if __name__ == "__main__":
    main()
