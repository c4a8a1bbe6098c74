"""The real window on the offscreen platform, in a home of its own, driven with real events.

A test fails when the window leaves a top-level widget, a thread, a child process or a line in the log behind.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
import pytest
from PIL import Image, ImageDraw
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from tests.conftest import TEST_MODEL, TEST_WEIGHTS
from tlstudio.catalog import weights
from tlstudio.gui import application
from tlstudio.gui.main_window import MainWindow
from tlstudio.gui.pages.base import Page
from tlstudio.gui.pages.labels import LabelsPage
from tlstudio.gui.pages.model import ModelPage
from tlstudio.images.guard import DECODERS
from tlstudio.jobs import supervisor
from tlstudio.storage.places import log_file
from tlstudio.workflow import labeling

W = TypeVar("W", bound=QWidget)
_STARTING = MainWindow._after_first_picture
# Said by the offscreen platform itself for every dialog and popup.
OFFSCREEN_NOISE = "This plugin does not support "
PATIENCE = 400.0  # seconds; only a test that fails waits that long
LITTLE_PATIENCE = 10.0  # and once one has waited in vain, the others that share its window wait no longer than this


def hit(target: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key on a control whose window is in front: Qt ignores shortcuts and arrow keys in any other."""
    window = target.window()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, round(1000 * PATIENCE)), (
        f"{window.objectName()} did not come to the front"
    )
    QTest.keyClick(target, key, modifier)


def wait_until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Lets the window live until the condition holds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        QTest.qWait(20)


class Studio:
    """A running window and the hands of its user."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.patience = PATIENCE
        self.there = Surroundings()
        self.application = application.make_application([])
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        self.window: MainWindow = application.show_window(self.application)
        application.furnish(self.application, self.window)
        self.window.resize(1280, 800)
        self.wait(lambda: all(self.window.stack.if_loaded(key) for key in ("start", *self.window.rail.steps)))

    # --- looking ---

    def page(self, key: str) -> Page:
        return self.window.stack.page(key)

    @property
    def shown(self) -> str:
        return self.window.stack.key

    def find(self, name: str, kind: type[W] = QWidget) -> W:
        """The visible control of that object name; a hidden one when none is visible."""
        found = list(self.window.findChildren(kind, name))
        assert found, f"there is no {name}"
        return next((w for w in found if w.isVisible()), found[0])

    def wait(self, condition: Callable[[], object]) -> None:
        """Lets the window live until the condition holds."""
        try:
            wait_until(condition, self.patience)
        except AssertionError:
            self.patience = LITTLE_PATIENCE
            raise

    def settled(self, measure: Callable[[], object], seconds: float = 0.6) -> object:
        """What a measure has come to, once it stood still for that long."""
        last, since = measure(), time.monotonic()

        def stands() -> bool:
            nonlocal last, since
            now = measure()
            if now != last:
                last, since = now, time.monotonic()
            return time.monotonic() - since > seconds

        self.wait(stands)
        return last

    # --- doing ---

    def click(self, target: str | QWidget, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """A real click in the middle of a control that the user could hit."""
        widget = self.find(target, QAbstractButton) if isinstance(target, str) else target
        assert widget.isVisible(), f"{widget.objectName()} is not visible"
        assert widget.isEnabled(), f"{widget.objectName()} is not enabled"
        QTest.mouseClick(widget, button, Qt.KeyboardModifier.NoModifier, widget.rect().center())
        QTest.qWait(1)

    def inspect(self) -> None:
        """Goes to the Inspect page, opens the test images where they are still closed, and waits for the figures."""
        self.window.go("inspect")
        page = self.page("inspect")
        if page.state.button.text() == "Open the test images" and page.stack.currentWidget() is page.state:
            page.state.button.click()
        self.wait(lambda: page._job is None)

    def keys(self, widget: QWidget | None, text: str) -> None:
        QTest.keyClicks(widget or self.window, text)

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        hit(QApplication.focusWidget() or self.window, key, modifier)
        QTest.qWait(1)

    def shortcut(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """A shortcut of the window, whatever has the focus."""
        hit(self.window, key, modifier)
        QTest.qWait(1)

    def drag_over(self, target: QWidget, paths: list[Path]) -> QMimeData | None:
        """Drags files over a widget; Qt offers them to its parents in turn. None when nobody takes them."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        event = QDragEnterEvent(target.rect().center(), Qt.DropAction.CopyAction, mime, *_HAND)
        event.ignore()
        QApplication.sendEvent(target, event)
        return mime if event.isAccepted() else None

    def drag_away(self, target: QWidget) -> None:
        QApplication.sendEvent(target, QDragLeaveEvent())

    def drop(self, target: QWidget, paths: list[Path]) -> None:
        """Drags files over a widget and lets go; whoever took the drag gets the drop."""
        mime = self.drag_over(target, paths)
        assert mime is not None, "nobody takes the drop"
        where = QPointF(target.rect().center())
        QApplication.sendEvent(target, QDropEvent(where, Qt.DropAction.CopyAction, mime, *_HAND))
        QTest.qWait(5)

    def choose_in_dialog(self, name: str, path: Path) -> None:
        """Types a path into the open file dialog and accepts it."""
        from PySide6.QtWidgets import QFileDialog, QLineEdit

        self.wait(lambda: self.window.findChildren(QFileDialog, name))
        dialog = self.window.findChild(QFileDialog, name)
        line = dialog.findChild(QLineEdit, "fileNameEdit")
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, str(path))
        hit(line, Qt.Key.Key_Return)
        QTest.qWait(5)
        if self.window.findChildren(QFileDialog, name):  # the list of files that begin like that took the key
            line.setText(str(path))
            hit(line, Qt.Key.Key_Return)
            QTest.qWait(5)

    def model_page(self, source: Path) -> ModelPage:
        """The Model page of a new project of these images, with a card for every model."""
        self.import_folder(source)
        self.window.go("model")
        shown = self.page("model")
        assert isinstance(shown, ModelPage)
        self.wait(lambda: len(shown.shelf.cards) == len(shown.shelf.statuses))
        return shown

    def import_folder(self, source: Path) -> Path:
        """Imports a folder through the Images page and returns the project."""
        self.window.go("images")
        self.drop(self.page("images"), [source])
        primary = self.find("images.primary", QAbstractButton)
        self.wait(lambda: primary.isVisible() and primary.text().startswith("Import") and primary.isEnabled())
        before = self.window.session.project
        self.click(primary)
        self.wait(lambda: self.window.session.project not in (before, None))
        self.wait(lambda: self.window.bridge.running("import") is None)
        project = self.window.session.project
        assert project is not None
        return project

    # --- leaving ---

    def close(self) -> None:
        """Closes the window and looks for what it left."""
        self.patience = PATIENCE
        for job in self.window.bridge.jobs():
            job.cancel()
        self.wait(lambda: not [job for job in self.window.bridge.jobs() if job.task in ("import", "export", "train")])
        self.window.close()
        assert not self.window.isVisible()
        application.end(self.window)
        QApplication.processEvents()
        self.there.assert_nothing_left()


_HAND = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)


class Surroundings:
    """What is there before a test begins, to tell what it left."""

    def __init__(self) -> None:
        DECODERS.close()  # other tests of this process keep theirs warm; a window never starts any
        self.widgets = set(QApplication.topLevelWidgets())
        self.threads = set(threading.enumerate())
        self.processes = set(_workers())

    def assert_nothing_left(self) -> None:
        """No top-level widget, thread, worker process or log line more than before."""
        DECODERS.close()  # of a test that prepared its project by itself
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        widgets = [w for w in QApplication.topLevelWidgets() if w not in self.widgets]
        assert not widgets, f"left widgets: {widgets}"
        # A QThread that ran Python code shows up as a dummy thread for a moment after it ended.
        dummy = threading._DummyThread
        threads = [t for t in threading.enumerate() if t not in self.threads and not isinstance(t, dummy)]
        assert not threads, f"left threads: {threads}"
        end = time.monotonic() + 60
        while (processes := [p for p in _workers() if p not in self.processes]) and time.monotonic() < end:
            time.sleep(0.05)  # one that was idle for long may be ending at this moment
        assert not processes, f"left processes: {processes}"
        log = log_file()
        text = log.read_text(encoding="utf-8") if log.exists() else ""
        lines = [line for line in text.splitlines() if OFFSCREEN_NOISE not in line]
        assert not lines, "unexpected log lines:\n" + "\n".join(lines)


def _workers() -> list[psutil.Process]:
    """Child processes; Python's own helper for spawned processes lives as long as the tests do."""
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.Error):
            if "resource_tracker" not in " ".join(process.cmdline()):
                found.append(process)
    return found


def _close_log() -> None:
    root = logging.getLogger("tlstudio")
    for handler in list(root.handlers):
        if isinstance(handler, logging.FileHandler):
            root.removeHandler(handler)
            handler.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder for the program: settings, projects, log."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(folder))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TLSTUDIO_WEIGHTS", str(TEST_WEIGHTS))
        # The workers vet in processes of their own, in each home anew.
        weights.remember_vetted(TEST_WEIGHTS / TEST_MODEL, sound=True)
        # A worker that still loads its libraries has nothing to lose; waiting for it would only cost time.
        patch.setattr(supervisor, "CLOSING_SECONDS", 0.5)
        # Workers begin with their first job here: most windows of the tests never need the one that loads torch for seconds.
        patch.setattr(MainWindow, "_after_first_picture", lambda window: window.stack.load_when_idle())
        yield folder
    _close_log()


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Here the home belongs to the module, because its window lives that long."""


@pytest.fixture(autouse=True)
def _nothing_left_running() -> None:
    """Here the worker processes live as long as the module's window; `Surroundings` looks when it has closed."""


@pytest.fixture(scope="module")
def studio(home: Path, qapp: QApplication) -> Iterator[Studio]:
    """One window for the tests of a module; each test puts it where it needs it."""
    running = Studio(home)
    yield running
    running.close()


@pytest.fixture
def fresh(tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A window of its own, for tests about its beginning and end."""
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(supervisor, "CLOSING_SECONDS", 0.5)
    monkeypatch.setattr(MainWindow, "_after_first_picture", _STARTING)
    _close_log()
    running = Studio(tmp_path / "home")
    yield running
    running.close()
    _close_log()


def draw(path: Path, shape: str, seed: int, size: int = 64) -> None:
    """A tiny picture of a square, a disc or a cross somewhere on stained grey, told apart by any model, no two alike."""
    import random

    rng = random.Random(f"{shape}{seed}")
    stains = Image.frombytes("L", (16, 16), rng.randbytes(256)).resize((size, size), Image.Resampling.BICUBIC)
    image = Image.blend(Image.new("L", (size, size), rng.randint(90, 150)), stains, 0.2).convert("RGB")
    pen = ImageDraw.Draw(image)
    x, y, r = rng.randint(20, size - 20), rng.randint(20, size - 20), rng.randint(9, 15)
    box = (x - r, y - r, x + r, y + r)
    if shape == "disc":
        pen.ellipse(box, fill=(220, 60, 40))
    elif shape == "square":
        pen.rectangle(box, fill=(40, 90, 220))
    else:
        pen.line((x - r, y - r, x + r, y + r), fill=(250, 240, 90), width=5)
        pen.line((x - r, y + r, x + r, y - r), fill=(250, 240, 90), width=5)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def fill_folder(folder: Path, each: int = 12, shapes: tuple[str, ...] = ("disc", "square", "cross")) -> Path:
    """A folder with one sub-folder a class; file names tell a group: P003_1.png."""
    for shape in shapes:
        for i in range(each):
            draw(folder / shape / f"P{i // 3:03}_{i % 3}.png", shape, i)
    return folder


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of twelve tiny images, in groups of three, and two files that can't be read."""
    folder = fill_folder(tmp_path_factory.mktemp("data") / "shapes")
    whole = (folder / "disc" / "P000_0.png").read_bytes()
    (folder / "disc" / "P004_0.png").write_bytes(whole[: len(whole) // 2])
    (folder / "square" / "P004_0.png").write_text("just words", encoding="utf-8")
    return folder


@contextmanager
def labels_page(studio: Studio, project: Path) -> Iterator[LabelsPage]:
    """The Labels page with all images; what was changed on it is undone afterwards."""
    studio.window.go("labels")
    page = studio.page("labels")
    assert isinstance(page, LabelsPage)
    page.filter_bar.clear()
    yield page
    while labeling.can_undo(project):
        labeling.undo(project)
    studio.window.session.refresh()
    studio.window.toast.hide()


@pytest.fixture(scope="session")
def make_folder() -> Callable[..., Path]:
    """`make_folder(path, each=12, shapes=(…))` draws a folder of classes."""
    return fill_folder


@pytest.fixture(scope="module")
def nothing_left(home: Path, qapp: QApplication) -> Iterator[None]:
    """For tests without the whole window: what they leave behind fails the last of them."""
    there = Surroundings()
    yield
    there.assert_nothing_left()
