"""Tells the user when any process of the program wanted to reach the network and was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer

from tlstudio.storage import silence

if TYPE_CHECKING:
    from tlstudio.gui.main_window import MainWindow

LOOK_MS = 30_000  # a process may be refused while no job is under way


class RefusalsWatch(QObject):
    """Looks at the file of refusals whenever a job has ended, and now and then."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._place = silence.mark()
        window.bridge.job_ended.connect(self.look)
        timer = QTimer(self, interval=LOOK_MS, timerType=Qt.TimerType.VeryCoarseTimer)
        timer.timeout.connect(self.look)
        timer.start()

    def look(self) -> None:
        from tlstudio.gui import commands
        from tlstudio.gui.messages import Text

        hosts = silence.refused_since(self._place)
        if hosts:
            self._place = silence.mark()
            self._window.session.offer.emit(silence.sentence(hosts), "caution", Text.OPEN_LOG, commands.open_log_folder)
