"""What the grid shows: text, class, split, mark, and how large."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.labels import ImageQuery, Mark
from tlstudio.domain.values import Split
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.widgets.fitting import Chooser, ElidedLabel
from tlstudio.gui.widgets.search_box import SearchBox

_TYPING_MS = 150
_BOX = 200  # the widest that a box becomes, whatever the classes are called


class Text:
    """Words of the filter bar."""

    search = "Find by name, group or note"
    all_classes = "All classes"
    unlabeled = "No class yet"
    all_splits = "All splits"
    clear = "Show all images"
    sizes = ("Small pictures", "Medium pictures", "Large pictures")
    marks = "All marks"
    of_mark: ClassVar = {
        Mark.SUGGESTED: "Suggested",
        Mark.UNSURE: "Unsure",
        Mark.LEFT_OUT: "Left out",
        Mark.NOTE: "With a note",
    }
    suspects = "Suspect labels"


_SUSPECTS = "suspects"


class FilterBar(QWidget):
    """changed: the filter is another one now. edge_changed: another thumbnail size in pixels."""

    changed = Signal()
    edge_changed = Signal(int)

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._only: tuple[int, ...] | None = None
        self._suspects: tuple[int, ...] = ()
        self.search = SearchBox(f"{page}.search", Text.search, self)
        self.class_box = _box(f"{page}.class", "Class to show", self)
        self.split_box = _box(f"{page}.split", "Split to show", self)
        self.split_box.addItem(Text.all_splits, None)
        for split in Split:
            self.split_box.addItem(split.caption, split.value)
        self.mark_box = _box(f"{page}.mark", "Mark to show", self)
        self.mark_box.addItem(Text.marks, None)
        for mark, words in Text.of_mark.items():
            self.mark_box.addItem(words, mark.value)
        self.count_label = QLabel(self)
        self.count_label.setObjectName(f"{page}.shown")
        self.count_label.setProperty("role", "muted")
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(self.search, 1)
        row.addWidget(self.class_box)
        row.addWidget(self.split_box)
        row.addWidget(self.mark_box)
        row.addSpacing(theme.S)
        row.addWidget(self.count_label)
        row.addSpacing(theme.S)
        self._sizes = self._size_buttons(page, row)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.S)
        outer.addLayout(row)
        outer.addWidget(self._wish_row(page))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self.search.textChanged.connect(self._restart_typing)
        self.class_box.currentIndexChanged.connect(self._choice_changed)
        self.split_box.currentIndexChanged.connect(self._choice_changed)
        self.mark_box.currentIndexChanged.connect(self._choice_changed)

    def _restart_typing(self, _: str) -> None:
        self._typing.start()

    def _choice_changed(self, _: int) -> None:
        self.changed.emit()

    def filter(self) -> ImageQuery:
        choice = self.class_box.currentData()
        split, mark = self.split_box.currentData(), self.mark_box.currentData()
        only = self._only
        if mark == _SUSPECTS:
            only = self._suspects if only is None else tuple(set(only) & set(self._suspects))
        return ImageQuery(
            text=self.search.text().strip(),
            label=choice if isinstance(choice, str) else None,
            unlabeled=choice is False,
            split=Split(split) if split else None,
            mark=Mark(mark) if mark and mark != _SUSPECTS else None,
            only=only,
        )

    def set_suspects(self, ids: tuple[int, ...]) -> None:
        """The images whose label the check doubts; can be chosen as a mark where there are any."""
        self._suspects = ids
        where = self.mark_box.findData(_SUSPECTS)
        if ids and where < 0:
            self.mark_box.addItem(Text.suspects, _SUSPECTS)
        elif not ids and where >= 0:
            if self.mark_box.currentIndex() == where:
                self.mark_box.setCurrentIndex(0)
            self.mark_box.removeItem(where)
        elif self.mark_box.currentIndex() == where >= 0:
            self.changed.emit()

    def set_classes(self, names: Sequence[str]) -> None:
        """Other class names; the one chosen stays chosen when it is still there."""
        if [self.class_box.itemText(n) for n in range(2, self.class_box.count())] == list(names):
            return
        chosen = self.class_box.currentData()
        self.class_box.blockSignals(True)
        self.class_box.clear()
        self.class_box.addItem(Text.all_classes, None)
        self.class_box.addItem(Text.unlabeled, False)
        for name in names:
            self.class_box.addItem(name, name)
        where = self.class_box.findData(chosen) if isinstance(chosen, str) else 1 if chosen is False else 0
        self.class_box.setCurrentIndex(max(0, where))
        self.class_box.blockSignals(False)

    def set_shown(self, shown: int, total: int) -> None:
        words = messages.count(total, "image")
        self.count_label.setText(words if shown == total else f"{messages.number(shown)} of {words}")

    def show_only(self, title: str, ids: tuple[int, ...]) -> None:
        """Shows what another page points at, with a way back to all images."""
        self._reset()
        self._only = ids
        self._wish.setVisible(True)
        self._wish_label.setText(title)
        self.changed.emit()

    def clear(self) -> None:
        """Shows all images again."""
        self._reset()
        self.changed.emit()

    def _reset(self) -> None:
        self._only = None
        self._wish.setVisible(False)
        for control in (self.search, self.class_box, self.split_box, self.mark_box):
            control.blockSignals(True)
        self.search.clear()
        for box in (self.class_box, self.split_box, self.mark_box):
            box.setCurrentIndex(0)
        for control in (self.search, self.class_box, self.split_box, self.mark_box):
            control.blockSignals(False)
        self._typing.stop()

    def _wish_row(self, page: str) -> QWidget:
        self._wish = QFrame(self)
        self._wish.setProperty("role", "card")
        row = QHBoxLayout(self._wish)
        row.setContentsMargins(theme.M, theme.XS, theme.XS, theme.XS)
        mark = QLabel(self._wish)
        icons.set_icon(mark, "filter", "accent")
        self._wish_label = ElidedLabel(parent=self._wish)
        self._wish_label.setObjectName(f"{page}.wish")
        back = QPushButton(Text.clear, self._wish)
        back.setObjectName(f"{page}.show_all")
        back.setAccessibleName(Text.clear)
        back.setProperty("role", "flat")
        back.clicked.connect(self.clear)
        row.addWidget(mark)
        row.addWidget(self._wish_label, 1)
        row.addWidget(back)
        self._wish.setVisible(False)
        return self._wish

    def _size_buttons(self, page: str, row: QHBoxLayout) -> QButtonGroup:
        group = QButtonGroup(self)
        for edge, name, drawn in zip(theme.THUMBNAILS, Text.sizes, (12, 16, 20), strict=True):
            button = QToolButton(self)
            button.setObjectName(f"{page}.size_{edge}")
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.setCheckable(True)
            button.setFixedSize(theme.HIT, theme.HIT)
            icons.set_icon(button, "images", "text", drawn)
            group.addButton(button, edge)
            row.addWidget(button)
        group.button(theme.THUMBNAILS[1]).setChecked(True)
        group.idClicked.connect(self.edge_changed)
        return group


def _box(name: str, accessible: str, parent: QWidget) -> QComboBox:
    box = Chooser(parent)
    box.setObjectName(name)
    box.setAccessibleName(accessible)
    box.setMaximumWidth(_BOX)
    return box
