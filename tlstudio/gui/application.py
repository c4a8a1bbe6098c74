"""The window's `main`: makes the application, opens the window, and sees to it that nothing of it is left at the end.

Nothing heavy is imported here or by anything imported here: the window stands before the rest is loaded.
"""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from tlstudio.gui import commands, dropping, icons, messages, theme
from tlstudio.gui.job_bridge import JobBridge
from tlstudio.gui.main_window import MainWindow, settings
from tlstudio.storage import places

if TYPE_CHECKING:
    import logging

NAME = "tlstudio"
TITLE = "Transfer Learning Studio"


def main(argv: list[str] | None = None, project: Path | None = None) -> int:
    """Opens the window, with `project` in it if given, and returns the exit status when it is closed."""
    application = make_application(argv)
    window = open_window(application, project)
    interrupt = Interrupt(window)
    try:
        return application.exec()
    finally:
        interrupt.end()
        end(window)


def make_application(argv: list[str] | None = None) -> QApplication:
    """The one QApplication, named and coloured."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(argv or [NAME])
    application.setApplicationName(NAME)
    application.setApplicationDisplayName(TITLE)
    application.setDesktopFileName("org.tlstudio.TransferLearningStudio")
    application.setStyle("Fusion")
    application.setWindowIcon(QIcon(str(places.resources_dir() / "icons" / "tlstudio.svg")))
    theme.apply(application)
    return application


def open_window(application: QApplication, project: Path | None = None) -> MainWindow:
    """The window, shown, with defects of the program turned into a message and a line in the log."""
    bridge = JobBridge()
    window = MainWindow(bridge, settings())
    bridge.setParent(window)
    sys.excepthook = _Defects(window)
    qInstallMessageHandler(_qt_message)
    window.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose)
    window.show()
    if project is not None:
        QTimer.singleShot(0, window, lambda: window.take(dropping.look_at(project)))
    return window


def end(window: MainWindow) -> None:
    """Ends the workers if closing the window has not done so already, and gives the hooks back."""
    window.bridge.close()
    sys.excepthook = sys.__excepthook__
    qInstallMessageHandler(None)
    window.deleteLater()
    # Everything of Qt goes while the application is still there; what is left to the interpreter's end may crash it.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    icons.forget()


class _Defects:
    """The exception hook: what escapes everything else goes to the log, and the user gets a sentence instead."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        _log().error("defect in the window", exc_info=(kind, error, trace))
        with suppress(RuntimeError):  # the window may be gone already
            self._window.session.offer.emit(
                messages.Text.DEFECT, "bad", messages.Text.OPEN_LOG, commands.open_log_folder
            )


def _log() -> logging.Logger:
    import logging

    from tlstudio.storage.log import start_logging

    start_logging("window")
    return logging.getLogger("tlstudio.gui")


def _qt_message(kind: QtMsgType, context: object, text: str) -> None:
    """Qt's own warnings belong into the log, not into the user's terminal."""
    if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg):
        _log().warning("Qt: %s", text)


class Interrupt(QObject):
    """Ctrl+C in the terminal closes the window as its own button would; no timer is needed to notice it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._near, self._far = socket.socketpair()
        for end_of_pair in (self._near, self._far):
            end_of_pair.setblocking(False)
        self._notifier = QSocketNotifier(self._near.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)
        self._window = window
        self._old_handler = signal.signal(signal.SIGINT, self._interrupted)
        self._old_descriptor = signal.set_wakeup_fd(self._far.fileno())

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._near.recv(64)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        QTimer.singleShot(0, self._window, self._window.close)

    def end(self) -> None:
        signal.set_wakeup_fd(self._old_descriptor)
        signal.signal(signal.SIGINT, self._old_handler)
        self._notifier.setEnabled(False)
        self._near.close()
        self._far.close()
