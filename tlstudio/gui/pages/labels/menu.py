"""What the right mouse button and the menu key offer, for images and for classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

Changing = Callable[..., None]  # hears of the actions that change the project: `ReadOnly.grey`


class Text:
    """Words of the menus. What stands behind a tab is the key that does the same."""

    look = "Look at it in large\tSpace"
    accept = "Accept the suggestion\tReturn"
    move_to = "Move to"
    no_class = "Take the class away"
    unsure, sure = "Mark as unsure\tU", "No longer unsure\tU"
    leave_out, take_back = "Leave out\tX", "Take back\tX"
    note = "Write a note\tN"
    rename = "Rename\tF2"
    merge_into = "Merge into"
    delete = "Delete\tDel"


@dataclass(frozen=True)
class ImageDeeds:
    """What can be done to the selected images; `accept` is None where nothing is suggested."""

    look: Callable[[], None]
    assign: Callable[[str | None], None]
    mark: Callable[[str], None]
    accept: Callable[[], None] | None
    unsure: bool
    left_out: bool


def image_menu(parent: QWidget, classes: Sequence[str], deeds: ImageDeeds, changing: Changing) -> QMenu:
    """A menu that deletes itself when it is closed."""
    menu = _menu(parent, "labels.menu")
    _add(menu, Text.look, deeds.look)
    if deeds.accept is not None:
        changing(_add(menu, Text.accept, deeds.accept))
    moves = menu.addMenu(Text.move_to)
    for name in classes:
        _add(moves, _plain(name), partial(deeds.assign, name))
    changing(moves.menuAction(), _add(menu, Text.no_class, lambda: deeds.assign(None)))
    menu.addSeparator()
    changing(
        _add(menu, Text.sure if deeds.unsure else Text.unsure, lambda: deeds.mark("u")),
        _add(menu, Text.take_back if deeds.left_out else Text.leave_out, lambda: deeds.mark("x")),
        _add(menu, Text.note, lambda: deeds.mark("n")),
    )
    return menu


def class_menu(
    parent: QWidget,
    others: Sequence[str],
    rename: Callable[[], None],
    merge: Callable[[str], None],
    delete: Callable[[], None],
    *,
    changing: Changing,
) -> QMenu:
    """For one class; `others`: those it can be merged into."""
    menu = _menu(parent, "labels.class_menu")
    renames = _add(menu, Text.rename, rename)
    into = menu.addMenu(Text.merge_into)
    into.setEnabled(bool(others))
    for name in others:
        _add(into, _plain(name), partial(merge, name))
    changing(renames, into.menuAction(), _add(menu, Text.delete, delete))
    return menu


def _menu(parent: QWidget, name: str) -> QMenu:
    menu = QMenu(parent)
    menu.setObjectName(name)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def _add(menu: QMenu, words: str, deed: Callable[[], None]) -> QAction:
    action = menu.addAction(words)
    action.triggered.connect(lambda _=False: deed())
    return action


def _plain(name: str) -> str:
    """A class name as it is: an ampersand in it is no sign for a key."""
    return name.replace("&", "&&")
