"""Something to be done in a later turn of the event loop, or never where its owner is gone by then."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


def later(owner: QObject, deed: Callable[[], object], milliseconds: int = 0) -> None:
    """Calls `deed` when whatever waits already is done, unless `owner` has been deleted before.

    QTimer.singleShot would keep a deed for ever whose owner goes first, and with it all that the deed knows: a whole window.
    """
    timer = QTimer(owner, singleShot=True, interval=milliseconds)
    timer.timeout.connect(deed)
    timer.timeout.connect(timer.deleteLater)
    timer.start()
