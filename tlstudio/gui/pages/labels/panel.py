"""The right side of the Labels page: the classes, and making, renaming and deleting them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.class_buckets import ClassBuckets

WIDTH = 272


class Text:
    """Words of the class panel."""

    title = "Classes"
    new_class = "New class"
    add = "Add"
    rename = "Rename"
    delete = "Delete"
    rename_tip = "Rename the chosen class (F2)"
    delete_tip = "Delete the chosen class; it has to be empty"
    buckets = "Classes. Drop images on one, or press Return to give the selected images this class."


class ClassPanel(QFrame):
    """add_wanted: a name was typed. remove_wanted: the Delete button or key on a class."""

    add_wanted = Signal(str)
    remove_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setFixedWidth(WIDTH)
        title = QLabel(Text.title, self)
        title.setProperty("role", "card-title")
        self.buckets = named(ClassBuckets(self), "labels.buckets", Text.buckets)
        self.buckets.setProperty("role", "plain")
        self.name_edit = named(QLineEdit(self), "labels.new_class", "Name of a new class")
        self.name_edit.setPlaceholderText(Text.new_class)
        self.add_button = named(QPushButton(Text.add, self), "labels.add_class", "Add the new class")
        icons.set_icon(self.add_button, "plus")
        self.rename_button = self._button("rename_class", Text.rename, "edit", Text.rename_tip)
        self.delete_button = self._button("delete_class", Text.delete, "trash", Text.delete_tip)
        self._arrange(title)
        self.name_edit.textChanged.connect(self._update_buttons)
        self.name_edit.returnPressed.connect(self._add)
        self.add_button.clicked.connect(self._add)
        self.rename_button.clicked.connect(self.buckets.rename_current)
        self.delete_button.clicked.connect(lambda: self._remove(self.buckets.current_label()))
        self.buckets.remove_wanted.connect(self._remove)
        self.buckets.selectionModel().currentChanged.connect(lambda *_: self._update_buttons())
        self.buckets.classes.modelReset.connect(self._update_buttons)
        self.buckets.classes.dataChanged.connect(lambda *_: self._update_buttons())
        self._update_buttons()

    def _arrange(self, title: QLabel) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.S, theme.M, theme.S, theme.M)
        outer.setSpacing(theme.S)
        heading = QHBoxLayout()
        heading.setContentsMargins(theme.S, 0, theme.S, 0)
        heading.addWidget(title)
        outer.addLayout(heading)
        outer.addWidget(self.buckets, 1)
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

    def _button(self, name: str, words: str, icon: str, tip: str) -> QPushButton:
        button = named(QPushButton(words, self), f"labels.{name}", tip)
        button.setProperty("role", "flat")
        button.setToolTip(tip)
        icons.set_icon(button, icon, "accent", 16)
        return button

    def deeds(self) -> tuple[QWidget, ...]:
        """The controls that change classes."""
        return (self.name_edit, self.add_button, self.rename_button, self.delete_button)

    def _add(self) -> None:
        name = self.name_edit.text().strip()
        if name:
            self.add_wanted.emit(name)

    def _remove(self, label: str | None) -> None:
        if label is not None:
            self.remove_wanted.emit(label)

    def _update_buttons(self) -> None:
        label = self.buckets.current_label()
        empty = any(c.name == label and c.count == 0 for c in self.buckets.classes.classes())
        self.rename_button.setEnabled(label is not None)
        self.delete_button.setEnabled(empty)
        self.add_button.setEnabled(bool(self.name_edit.text().strip()))
