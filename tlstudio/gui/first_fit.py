"""The first place of the window on the screen: whole, with its frame and title bar."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMainWindow

MS, LOOKS = 100, 50  # between two looks whether the desktop has drawn a frame, and how many are worth it


class FirstFit(QObject):
    """Made when the window has its first size, begun when it is shown; a size that the user has given it meanwhile stays.

    How thick the frame is, the desktop says only some time after it has drawn one.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._size = window.size()
        self._looks = 0
        self._timer = QTimer(self, interval=MS)
        self._timer.timeout.connect(self._look)

    def begin(self) -> None:
        if self._looks == 0:
            self._timer.start()

    def _look(self) -> None:
        window = self._window
        self._looks += 1
        edges = window.frameGeometry().size() - window.size()
        settled = window.isMaximized() or window.isFullScreen() or window.size() != self._size
        framed = edges.height() > 0
        if settled or framed or self._looks >= LOOKS:
            self._timer.stop()
        if framed and not settled:
            self._fit()

    def _fit(self) -> None:
        """Within what the desktop leaves free of the screen."""
        window = self._window
        free, frame = window.screen().availableGeometry(), window.frameGeometry()
        edges = frame.size() - window.size()
        size = window.size().boundedTo(free.size() - edges)
        frame.setSize(size + edges)
        window.resize(size)
        x = max(free.left(), min(frame.left(), free.right() + 1 - frame.width()))
        y = max(free.top(), min(frame.top(), free.bottom() + 1 - frame.height()))
        window.move(x, y)
