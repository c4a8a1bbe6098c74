"""What belongs together: the guess from the file names as a sentence, and the choice what to do with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QLabel, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from tlstudio.domain.importing import GroupGuess
from tlstudio.gui import theme
from tlstudio.gui.messages import listing, number
from tlstudio.gui.pages.base import named

OWN = "own"


class Text:
    GUESSED = "{} belong to “{}”. The program found {} such groups by the file names."
    NO_GUESS = "The file names do not tell which images belong together, for example to one patient or part."
    KEEP = "Keep each group on one side"
    ALONE = "Treat every image on its own"
    OTHER = "Use another rule"
    RULE = "How the name tells the group"
    PATTERN = "Own pattern (a regular expression)"
    PATTERN_HINT = "For example ^(P\\d+)_"
    RULES = (
        ("Name up to the first “_”", "name:^([^_]+)_"),
        ("Name up to the last “_”", "name:^(.+)_[^_]*$"),
        ("Name up to the first “-”", "name:^([^-]+)-"),
        ("The folder inside the class folder", "folder"),
        (PATTERN, OWN),
    )
    EXAMPLE = "{} → group “{}”"
    EXAMPLE_ALONE = "{} → on its own"
    FOLDER_EXAMPLE = "Each folder inside a class folder is one group."
    BROKEN = "This pattern can't be read. Check its brackets."


class GroupChoice(QWidget):
    """`rule()` is a value for ImportRequest.group_from; `changed` when another one was chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._guess: GroupGuess | None = None
        self._names: tuple[str, ...] = ()
        self.sentence = named(QLabel(), "images.group_sentence", "")
        self.sentence.setWordWrap(True)
        self.keep = named(QRadioButton(Text.KEEP), "images.group_keep", Text.KEEP)
        self.alone = named(QRadioButton(Text.ALONE), "images.group_alone", Text.ALONE)
        self.other = named(QRadioButton(Text.OTHER), "images.group_other", Text.OTHER)
        self._group = QButtonGroup(self)
        self.rules = named(QComboBox(), "images.group_rule", Text.RULE)
        for caption, rule in Text.RULES:
            self.rules.addItem(caption, rule)
        self.pattern = named(QLineEdit(), "images.group_pattern", Text.PATTERN)
        self.pattern.setPlaceholderText(Text.PATTERN_HINT)
        self.example = named(QLabel(), "images.group_example", "")
        self.example.setProperty("role", "secondary")
        self.example.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self.sentence)
        for button in (self.keep, self.alone, self.other):
            self._group.addButton(button)
            column.addWidget(button)
            button.toggled.connect(self._refresh)
        for widget in (self.rules, self.pattern, self.example):
            column.addWidget(widget)
        self.rules.currentIndexChanged.connect(self._refresh)
        self.pattern.textChanged.connect(self._refresh)
        self.show_guess(None, ())

    def show_guess(self, guess: GroupGuess | None, names: Sequence[str]) -> None:
        """names: some file names of the folder, for the live example."""
        self._guess, self._names = guess, tuple(names)
        if guess is None:
            self.sentence.setText(Text.NO_GUESS)
        else:
            files = listing(list(guess.examples[:2]))
            self.sentence.setText(Text.GUESSED.format(files, guess.example_group, number(guess.groups)))
        self.sentence.setAccessibleName(self.sentence.text())
        self.keep.setVisible(guess is not None)
        (self.alone if guess is None else self.keep).setChecked(True)
        self._refresh()

    def rule(self) -> str | None:
        """What was chosen; None treats every image on its own."""
        if self.keep.isChecked() and self._guess is not None:
            return self._guess.rule
        if not self.other.isChecked():
            return None
        chosen = str(self.rules.currentData())
        return f"name:{self.pattern.text()}" if chosen == OWN else chosen

    def valid(self) -> bool:
        rule = self.rule()
        if rule is None or not rule.startswith("name:"):
            return True
        return bool(rule.removeprefix("name:")) and _compiled(rule) is not None

    def _refresh(self) -> None:
        other = self.other.isChecked()
        self.rules.setVisible(other)
        self.pattern.setVisible(other and self.rules.currentData() == OWN)
        self.example.setVisible(other)
        self.example.setText(self._in_words())
        self.example.setProperty("tone", "" if self.valid() else "bad")
        self.example.style().unpolish(self.example)
        self.example.style().polish(self.example)
        self.changed.emit()

    def _in_words(self) -> str:
        """The rule tried on the first names, so that a mistake is seen before the import."""
        rule = self.rule()
        if rule == "folder":
            return Text.FOLDER_EXAMPLE
        if rule is None or rule == "name:":
            return ""
        pattern = _compiled(rule)
        if pattern is None:
            return Text.BROKEN
        lines = []
        for name in self._names[:3]:
            found = pattern.search(name)
            group = found.group(1 if pattern.groups else 0) if found else None
            lines.append(Text.EXAMPLE.format(name, group) if group else Text.EXAMPLE_ALONE.format(name))
        return "\n".join(lines)


def _compiled(rule: str) -> re.Pattern[str] | None:
    try:
        return re.compile(rule.removeprefix("name:"))
    except re.error:
        return None
