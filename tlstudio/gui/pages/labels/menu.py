"""What the right mouse button and the menu key offer for the selected images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget


class Text:
    """Words of the menu."""

    look = "Look at it in large"
    move_to = "Move to"
    no_class = "Take the class away"


def image_menu(
    parent: QWidget, classes: Sequence[str], look: Callable[[], None], assign: Callable[[str | None], None]
) -> QMenu:
    """A menu that deletes itself when it is closed."""
    menu = QMenu(parent)
    menu.setObjectName("labels.menu")
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addAction(Text.look).triggered.connect(lambda _=False: look())
    moves = menu.addMenu(Text.move_to)
    for name in classes:
        moves.addAction(name).triggered.connect(lambda _=False, label=name: assign(label))
    menu.addAction(Text.no_class).triggered.connect(lambda _=False: assign(None))
    return menu
