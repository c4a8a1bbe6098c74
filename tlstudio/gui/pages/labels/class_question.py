"""Deleting a class that has images: the question what becomes of them, asked where the class stands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.wording import isolated
from tlstudio.gui import messages, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import Chooser
from tlstudio.gui.widgets.message_bar import announce


class Text:
    """Words of the question."""

    what = "“{name}” has {images}. What becomes of them when it goes?"
    target = "Class that takes the images"
    move = "Move them to this class"
    let_go = "Leave them without a class"
    keep = "Keep the class"
    undo = "Every answer can be undone."


class ClassQuestion(QFrame):
    """move_wanted: (class, class that takes its images). let_go_wanted: the class. closed: it is answered or given up."""

    move_wanted = Signal(str, str)
    let_go_wanted = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "labels.question", "")
        self.setProperty("role", "message")
        self.setProperty("tone", "caution")
        self._name = ""
        self.words = named(QLabel(self), "labels.question_words", "")
        self.words.setWordWrap(True)
        self.words.setProperty("role", "strong")
        self.target = named(Chooser(self), "labels.question_target", Text.target)
        self.move_button = self._button("question_move", Text.move, self._move)
        self.let_go_button = self._button("question_let_go", Text.let_go, self._let_go)
        self.keep_button = self._button("question_keep", Text.keep, self.dismiss)
        hint = QLabel(Text.undo, self)
        hint.setProperty("role", "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        column.setSpacing(theme.S)
        for widget in (self.words, self.target, self.move_button, self.let_go_button, self.keep_button, hint):
            column.addWidget(widget)
        self.hide()

    def ask(self, name: str, count: int, others: Sequence[str]) -> None:
        """`others`: the classes that can take the images; without any, only letting them go is left."""
        self._name = name
        words = Text.what.format(name=isolated(name), images=messages.count(count, "image"))
        self.words.setText(words)
        self.setAccessibleName(words)
        self.target.clear()
        self.target.addItems(list(others))
        for widget in (self.target, self.move_button):
            widget.setVisible(bool(others))
        self.show()
        self.keep_button.setFocus()
        announce(self, words)

    def dismiss(self) -> None:
        if self.isVisible():
            self.hide()
            self.closed.emit()

    def buttons(self) -> tuple[QPushButton, ...]:
        """Those that change the project."""
        return self.move_button, self.let_go_button

    def _move(self) -> None:
        name, target = self._name, self.target.currentText()
        self.dismiss()
        self.move_wanted.emit(name, target)

    def _let_go(self) -> None:
        name = self._name
        self.dismiss()
        self.let_go_wanted.emit(name)

    def _button(self, key: str, words: str, do: object) -> QPushButton:
        button = named(QPushButton(words, self), f"labels.{key}", words)
        button.clicked.connect(do)
        return button
