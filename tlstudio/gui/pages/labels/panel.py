"""The right side of the Labels page: the classes, and making, renaming, merging and deleting them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.labels.class_question import ClassQuestion
from tlstudio.gui.pages.labels.menu import Changing, class_menu
from tlstudio.gui.widgets.class_buckets import ClassBuckets

WIDTH = 272


class Text:
    """Words of the class panel."""

    title = "Classes"
    compare = "Compare with another person's labels"
    new_class = "New class"
    add = "Add"
    rename = "Rename"
    delete = "Delete"
    rename_tip = "Rename the chosen class (F2)"
    delete_tip = "Delete the chosen class; what becomes of its images is asked first"
    buckets = (
        "Classes. Drop images or files on one, or press Return to give the selected images this class."
        " The menu key offers renaming and merging."
    )
    drop_here = "Drop them on the class that they show"


class ClassPanel(QFrame):
    """add_wanted: a name was typed. remove_wanted: the Delete button or key on a class. merge_wanted: (class, the one that takes
    its images). compare_wanted: the button in the heading.
    """

    add_wanted = Signal(str)
    remove_wanted = Signal(str)
    merge_wanted = Signal(str, str)
    compare_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setFixedWidth(WIDTH)
        self.changing: Changing = lambda *_: None
        self.buckets = named(ClassBuckets(self), "labels.buckets", Text.buckets)
        self.buckets.setProperty("role", "plain")
        self.question = ClassQuestion(self)
        self.drop_hint = named(QLabel(Text.drop_here, self), "labels.drop_hint", Text.drop_here)
        self.drop_hint.setProperty("role", "strong")
        self.drop_hint.setWordWrap(True)
        self.drop_hint.hide()
        self.name_edit = named(QLineEdit(self), "labels.new_class", "Name of a new class")
        self.name_edit.setPlaceholderText(Text.new_class)
        self.add_button = named(QPushButton(Text.add, self), "labels.add_class", "Add the new class")
        icons.set_icon(self.add_button, "plus")
        self.rename_button = self._button("rename_class", Text.rename, "edit", Text.rename_tip)
        self.delete_button = self._button("delete_class", Text.delete, "trash", Text.delete_tip)
        self.compare_button = self._compare()
        self._arrange()
        self._connect()
        self._update_buttons()

    def deeds(self) -> tuple[QWidget, ...]:
        """The controls that change classes."""
        mine = (self.name_edit, self.add_button, self.rename_button, self.delete_button)
        return (*mine, *self.question.buttons())

    def _connect(self) -> None:
        self.name_edit.textChanged.connect(self._update_buttons)
        self.name_edit.returnPressed.connect(self._add)
        self.add_button.clicked.connect(self._add)
        self.rename_button.clicked.connect(self.buckets.rename_current)
        self.delete_button.clicked.connect(lambda: self._remove(self.buckets.current_label()))
        self.compare_button.clicked.connect(self.compare_wanted)
        self.question.closed.connect(self._answered)
        self.buckets.remove_wanted.connect(self._remove)
        self.buckets.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.buckets.customContextMenuRequested.connect(self._menu)
        self.buckets.selectionModel().currentChanged.connect(lambda *_: self._update_buttons())
        self.buckets.classes.modelReset.connect(self._update_buttons)
        self.buckets.classes.dataChanged.connect(lambda *_: self._update_buttons())

    def _arrange(self) -> None:
        title = QLabel(Text.title, self)
        title.setProperty("role", "card-title")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.S, theme.S, theme.S, theme.M)
        outer.setSpacing(theme.S)
        heading = QHBoxLayout()
        heading.setContentsMargins(theme.S, 0, 0, 0)
        heading.addWidget(title, 1)
        heading.addWidget(self.compare_button)
        outer.addLayout(heading)
        hint = QHBoxLayout()
        hint.setContentsMargins(theme.S, 0, theme.S, 0)
        hint.addWidget(self.drop_hint)
        outer.addLayout(hint)
        outer.addWidget(self.buckets, 1)
        outer.addWidget(self.question)
        outer.addWidget(self._foot())

    def _foot(self) -> QWidget:
        """Renaming, deleting and making classes; away while the question about one stands in its place."""
        self.foot = QWidget(self)
        outer = QVBoxLayout(self.foot)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.S)
        deeds = QHBoxLayout()
        deeds.addWidget(self.rename_button)
        deeds.addWidget(self.delete_button)
        deeds.addStretch(1)
        outer.addLayout(deeds)
        adding = QHBoxLayout()
        adding.setContentsMargins(theme.S, 0, theme.S, 0)
        adding.setSpacing(theme.S)
        adding.addWidget(self.name_edit, 1)
        adding.addWidget(self.add_button)
        outer.addLayout(adding)
        return self.foot

    def ask(self, name: str, count: int, others: Sequence[str]) -> None:
        """What becomes of the images of a class that is to be deleted? See `ClassQuestion.ask`."""
        self.foot.hide()
        self.question.ask(name, count, others)

    def _answered(self) -> None:
        self.foot.show()
        self.buckets.setFocus()

    def _button(self, name: str, words: str, icon: str, tip: str) -> QPushButton:
        button = named(QPushButton(words, self), f"labels.{name}", tip)
        button.setProperty("role", "flat")
        button.setToolTip(tip)
        icons.set_icon(button, icon, "accent", 16)
        return button

    def _compare(self) -> QToolButton:
        button = named(QToolButton(self), "labels.compare", Text.compare)
        button.setToolTip(Text.compare)
        button.setFixedSize(theme.HIT, theme.HIT)
        icons.set_icon(button, "groups", "muted")
        return button

    def _menu(self, point: QPoint) -> None:
        index = self.buckets.indexAt(point)
        label = self.buckets.classes.label(index.row()) if index.isValid() else None
        if label is not None:
            self.buckets.make_current(index)
            others = [c.name for c in self.buckets.classes.classes() if c.name != label]
            menu = class_menu(
                self,
                others,
                self.buckets.rename_current,
                lambda target: self.merge_wanted.emit(label, target),
                lambda: self._remove(label),
                changing=self.changing,
            )
            menu.popup(self.buckets.viewport().mapToGlobal(point))

    def _add(self) -> None:
        name = self.name_edit.text().strip()
        if name:
            self.add_wanted.emit(name)

    def _remove(self, label: str | None) -> None:
        if label is not None:
            self.remove_wanted.emit(label)

    def _update_buttons(self) -> None:
        label = self.buckets.current_label()
        self.rename_button.setEnabled(label is not None)
        self.delete_button.setEnabled(label is not None)
        self.add_button.setEnabled(bool(self.name_edit.text().strip()))
