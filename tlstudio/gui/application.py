"""The window's `main`: makes the application, opens the window, and sees to it that nothing of it is left at the end.

Nothing heavy is imported here or by anything imported here: the window stands before the rest is loaded.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from tlstudio.gui.main_window import MainWindow

if TYPE_CHECKING:
    import logging
    from types import TracebackType

    from PySide6.QtCore import QtMsgType

    from tlstudio.gui.job_bridge import Job

NAME = "tlstudio"
TITLE = "Transfer Learning Studio"


def main(argv: list[str] | None = None, project: Path | None = None) -> int:
    """Opens the window, with `project` in it if given, and returns the exit status when it is closed."""
    application = make_application(argv)
    window = show_window(application)
    furnish(application, window, project)
    from tlstudio.gui.interrupt import Interrupt

    interrupt = Interrupt(window)
    try:
        return application.exec()
    finally:
        interrupt.end()
        end(window)


def make_application(argv: list[str] | None = None) -> QApplication:
    """The one QApplication, named."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(argv or [NAME])
    application.setApplicationName(NAME)
    application.setApplicationDisplayName(TITLE)
    application.setDesktopFileName("org.tlstudio.TransferLearningStudio")
    application.setStyle("Fusion")
    return application


def show_window(application: QApplication) -> MainWindow:
    """The window, standing and still empty."""
    window = MainWindow()
    window.show()
    application.processEvents()
    return window


def furnish(application: QApplication, window: MainWindow, project: Path | None = None) -> None:
    """Colours and fills the window, and turns defects of the program into a message and a line in the log.

    project: a project, a folder of images or a model file to open.
    """
    from PySide6.QtCore import qInstallMessageHandler
    from PySide6.QtGui import QIcon

    from tlstudio.gui import theme
    from tlstudio.gui.later import later
    from tlstudio.gui.refusals_watch import RefusalsWatch
    from tlstudio.storage import places

    theme.apply(application)
    application.setWindowIcon(QIcon(str(places.resources_dir() / "icons" / "tlstudio.svg")))
    window.furnish()
    window.bridge.job_started.connect(partial(_show_outside, window))
    RefusalsWatch(window)
    sys.excepthook = _Defects(window)
    qInstallMessageHandler(_qt_message)
    if project is not None:
        later(window, lambda: window.open_path(project))


def _show_outside(window: MainWindow, job: Job) -> None:
    """Progress in the task bar and notifications: loaded by the first job that has something to show."""
    if job.title:
        from tlstudio.gui import desktop

        desktop.follow(window, job)


def end(window: MainWindow) -> None:
    """Ends the workers if closing the window has not done so already, and gives the hooks back."""
    from PySide6.QtCore import QCoreApplication, QEvent, qInstallMessageHandler

    from tlstudio.gui import icons

    window.bridge.close()
    window.session.end()
    sys.excepthook = sys.__excepthook__
    qInstallMessageHandler(None)
    window.collector.end()
    window.deleteLater()
    # Everything of Qt goes while the application is still there; what is left to the interpreter's end may crash it.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    icons.forget()


class _Defects:
    """The exception hook: what escapes everything else goes to the log, and the user gets a sentence instead."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        from tlstudio.gui import commands
        from tlstudio.gui.messages import Text

        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        _log().error("defect in the window", exc_info=(kind, error, trace))
        with suppress(RuntimeError):  # the window may be gone already
            self._window.session.offer.emit(Text.DEFECT, "bad", Text.OPEN_LOG, commands.open_log_folder)


def _log() -> logging.Logger:
    import logging

    from tlstudio.storage.log import start_logging

    start_logging("window")
    return logging.getLogger("tlstudio.gui")


def _qt_message(kind: QtMsgType, context: object, text: str) -> None:
    """Qt's own warnings belong into the log, not into the user's terminal."""
    if kind.name not in ("QtDebugMsg", "QtInfoMsg"):
        _log().warning("Qt: %s", text)
