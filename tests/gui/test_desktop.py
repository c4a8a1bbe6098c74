"""Progress in the task bar and notifications: what is told when, and what reaches each kind of desktop."""

from __future__ import annotations

import ast
import ctypes
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, c_long, c_uint, c_ulonglong, c_void_p
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from tlstudio.domain.errors import DiskFull
from tlstudio.domain.events import EpochDone, Note, Progress, StepDone
from tlstudio.domain.importing import ImportResult
from tlstudio.domain.runs import Mode, TrainResult
from tlstudio.domain.values import Interval
from tlstudio.gui import preferences
from tlstudio.gui.desktop import linux, windows
from tlstudio.gui.desktop.following import LEAST_SECONDS, Follower, Text, share_of
from tlstudio.gui.desktop.interface import NoDesktop, desktop_of
from tlstudio.gui.desktop.mac import MacDesktop
from tlstudio.gui.job_bridge import Job

SHARE = Interval(0.9, 0.8, 0.95)
TRAINED = TrainResult("run", "net", Mode.BALANCED, 3, SHARE, 0.9, "epoch 2", "It was best.", 12.0)
IMPORTED = ImportResult(1204, (), {"cat": 600, "dog": 604}, {}, 0, Path("pets"))


class Recorded:
    """A desktop that only remembers."""

    def __init__(self) -> None:
        self.shares: list[float | None] = []
        self.notes: list[tuple[str, str]] = []

    def progress(self, share: float | None) -> None:
        self.shares.append(share)

    def notify(self, title: str, text: str) -> None:
        self.notes.append((title, text))

    def end(self) -> None:
        self.progress(None)


class Scene:
    """A follower with everything that it asks."""

    def __init__(self) -> None:
        self.parent = QObject()
        self.desktop = Recorded()
        self.in_front, self.now = False, 100.0
        self.follower = Follower(self.parent, self.desktop, lambda: self.in_front, lambda: self.now)

    def job(self, task: str = "train") -> Job:
        job = Job(task, "Work", {}, None)  # type: ignore[arg-type]
        self.follower.follow(job)
        return job

    def end(self, job: Job, how: Callable[[], None], seconds: float = LEAST_SECONDS) -> None:
        self.now += seconds
        how()
        job.ended.emit()


@pytest.fixture
def scene(qapp: QApplication) -> Scene:
    return Scene()


def test_only_a_training_that_is_done_is_told_as_one(scene: Scene) -> None:
    job = scene.job("keep_first")
    scene.end(job, lambda: job.finished.emit(TRAINED))
    assert not scene.desktop.notes, "the training whose first result it is goes on"


def step(number: int) -> StepDone:
    return StepDone(1, 10, number, 100, 0.5, 10.0, None)


def test_shares_of_events() -> None:
    done = EpochDone(3, 10, 0.5, 0.6, SHARE, SHARE, 1e-3, 100.0, 40.0)
    assert [share_of(e) for e in (step(50), done, Progress("Reading", 3, 12))] == pytest.approx([0.05, 0.3, 0.25])
    assert [share_of(e) for e in (Note("."), Progress("Reading", 3, 0), Progress("Reading", 1, 1))] == [None] * 3


def test_progress_is_told_by_the_whole_per_cent_and_taken_back_at_the_end(scene: Scene) -> None:
    job = scene.job()
    for number in (1, 2, 20, 21, 22, 300):
        job.event.emit(step(number))
    scene.end(job, lambda: job.finished.emit(TRAINED))
    assert scene.desktop.shares == [pytest.approx(0.001), pytest.approx(0.02), pytest.approx(0.3), None]


def test_the_newest_job_whose_end_is_known_is_shown(scene: Scene) -> None:
    first, second = scene.job(), scene.job("import")
    first.event.emit(step(500))
    second.event.emit(Progress("Reading", 1, 10))
    first.event.emit(step(600))
    scene.end(second, second.cancelled.emit)
    assert scene.desktop.shares == [0.5, 0.1, 0.6]
    assert scene.desktop.notes == []


def test_a_long_training_or_import_is_told_to_who_looks_elsewhere(scene: Scene) -> None:
    training, reading = scene.job(), scene.job("import")
    scene.end(training, lambda: training.finished.emit(TRAINED))
    scene.end(reading, lambda: reading.finished.emit(IMPORTED))
    assert scene.desktop.notes == [
        (Text.trained, Text.trained_more.format(accuracy="90 % (80 to 95)")),
        (Text.imported, "1,204 images in 2 classes."),
    ]


def test_a_failure_is_told_too(scene: Scene) -> None:
    training, other = scene.job(), scene.job("export")
    scene.end(training, lambda: training.failed.emit(DiskFull("The disk is full.", remedy="Free some space.")))
    scene.end(other, lambda: other.failed.emit(DiskFull("The disk is full.")))
    assert scene.desktop.notes == [(Text.failed["train"], "The disk is full. Free some space.")]


def test_nothing_is_told_of_what_is_seen_short_cancelled_or_unwanted(scene: Scene) -> None:
    scene.in_front = True
    job = scene.job()
    scene.end(job, lambda: job.finished.emit(TRAINED))
    scene.in_front = False
    job = scene.job()
    scene.end(job, lambda: job.finished.emit(TRAINED), seconds=LEAST_SECONDS / 2)
    job = scene.job()
    scene.end(job, job.cancelled.emit)
    preferences.set_notifications(False)
    try:
        job = scene.job()
        scene.end(job, lambda: job.finished.emit(TRAINED))
    finally:
        preferences.set_notifications(True)
    assert scene.desktop.notes == []


def test_offscreen_nothing_leaves_the_window(qapp: QApplication) -> None:
    desktop = desktop_of(QWidget())
    assert isinstance(desktop, NoDesktop)
    desktop.progress(0.5)
    desktop.notify("Title", "Text")
    desktop.end()


def test_nothing_of_it_is_loaded_before_a_job_needs_it() -> None:
    """Only inside functions, and only there, may the rest of the window import it."""
    room = Path(linux.__file__).parents[1]
    for path in room.rglob("*.py"):
        if path.parent.name != "desktop":
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    assert "gui.desktop" not in ast.unparse(node), path
                    assert "import desktop" not in ast.unparse(node), path


# --- Linux ---


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """The address of a bus of our own."""
    if not (shutil.which("dbus-daemon") and shutil.which("dbus-monitor")):
        pytest.skip("needs dbus-daemon and dbus-monitor")
    command = ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:path={tmp_path / 'bus'}"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert daemon.stdout is not None
    yield daemon.stdout.readline().strip()
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()


def test_what_a_launcher_and_a_notification_server_hear(bus: str, qapp: QApplication) -> None:
    """Types and all, as another program on the bus sees them."""
    watching = ["timeout", "30", "dbus-monitor", "--address", bus]
    monitor = subprocess.Popen(watching, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert monitor.stdout is not None
    while "NameLost" not in monitor.stdout.readline():
        pass  # from here on it listens
    desktop = linux.LinuxDesktop(bus)
    desktop.progress(0.25)
    desktop.notify("Training is done", "5 < 6 & “größer”")
    desktop.end()
    heard: list[str] = []
    while not heard or "boolean false" not in heard[-1]:
        heard.append(monitor.stdout.readline().strip())
        assert heard[-1] or monitor.poll() is None
    monitor.terminate()
    monitor.wait()
    monitor.stdout.close()
    entry = f'string "application://{qapp.desktopFileName()}.desktop"'
    update = next(n for n, line in enumerate(heard) if "member=Update" in line)
    assert linux.LAUNCHER in heard[update] and heard[update + 1] == entry
    assert any(line.endswith("double 0.25") for line in heard) and any(line.endswith("boolean true") for line in heard)
    call = next(n for n, line in enumerate(heard) if "member=Notify" in line)
    assert f"destination={linux.NOTIFICATIONS}" in heard[call]
    body = ['string "Training is done"', 'string "5 &lt; 6 &amp; “größer”"', "array [", "]", "array ["]
    assert heard[call + 2] == "uint32 0" and heard[call + 4 : call + 9] == body
    assert "int32 -1" in heard[call:]


def test_without_a_bus_it_is_silent(tmp_path: Path, qapp: QApplication, capfd: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    desktop = linux.LinuxDesktop(f"unix:path={tmp_path / 'nobody'}")
    desktop.progress(0.5)
    desktop.notify("Title", "Text")
    desktop.end()
    assert threading.active_count() == before
    assert capfd.readouterr() == ("", "")


def test_a_bus_is_looked_for_but_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert linux.session_bus() == ""
    (tmp_path / "bus").touch()
    assert linux.session_bus() == f"unix:path={tmp_path}/bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/tmp/x")
    assert linux.session_bus() == "unix:abstract=/tmp/x"


# --- Windows and macOS, as far as they can be tried elsewhere ---


def test_the_task_bar_is_called_through_its_table_of_functions(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A COM object made here, with the table that the header file prescribes."""
    calls: list[tuple[object, ...]] = []

    def entry(name: str, *kinds: type) -> object:
        def take(this: int, *rest: int) -> int:
            calls.append((name, *rest))
            return 0

        return CFUNCTYPE(c_long, c_void_p, *kinds)(take)

    functions = [entry(f"function {n}") for n in range(9)]
    functions += [entry("value", c_void_p, c_ulonglong, c_ulonglong), entry("state", c_void_p, c_uint)]
    table = (c_void_p * len(functions))(*(ctypes.cast(f, c_void_p).value for f in functions))  # type: ignore[arg-type]
    thing = (c_void_p * 1)(ctypes.addressof(table))

    def create(kind: object, outer: object, context: int, interface: object, found: object) -> int:
        found._obj.value = ctypes.addressof(thing)  # type: ignore[attr-defined]
        return 0

    monkeypatch.setattr(
        ctypes, "oledll", SimpleNamespace(ole32=SimpleNamespace(CoCreateInstance=create)), raising=False
    )
    monkeypatch.setattr(ctypes, "WINFUNCTYPE", CFUNCTYPE, raising=False)
    window = QWidget()
    desktop = windows.WindowsDesktop(window)
    handle = int(window.winId())
    desktop.progress(0.25)
    desktop.end()
    desktop.end()  # is not called twice once it is released
    assert calls == [
        ("function 3",),
        ("state", handle, windows.NORMAL),
        ("value", handle, 250, 1000),
        ("state", handle, windows.NO_PROGRESS),
        ("function 2",),
    ]
    assert bytes(windows._Guid.of(windows.CLASS).bytes)[:4] == bytes([0x44, 0xF3, 0xFD, 0x56])


def test_the_dock_wears_the_percentage(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    worn: list[int] = []
    monkeypatch.setattr(type(qapp), "setBadgeNumber", lambda self, number: worn.append(number), raising=False)
    desktop = MacDesktop(QWidget())
    desktop.progress(0.426)
    desktop.end()
    assert worn == [43, 0]
