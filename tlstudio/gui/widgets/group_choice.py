"""What belongs together: what the source says or the names suggest as a sentence, and the choice what to do with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from tlstudio.domain.importing import ImportPreview
from tlstudio.domain.wording import isolated
from tlstudio.gui import theme
from tlstudio.gui.messages import count, listing, number
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import Chooser

OWN = "own"
ALONE = "none"


class Text:
    GUESSED = "{} belong to “{}”. The program found {} such groups by the file names."
    SAID = "“{}” says what belongs together: {}."
    SAID_PLAIN = "The source itself says what belongs together: {}."
    GROUP = "group", "groups"
    TAGGED = (
        "These are DICOM files, and each says whose it is. Images of one patient are kept together; only a coded form of "
        "the number is kept, never the number itself."
    )
    NO_GUESS = "The file names do not tell which images belong together, for example to one patient or part."
    KEEP = "Keep each group on one side"
    ALONE = "Treat every image on its own"
    OTHER = "Use another rule"
    RULE = "How the group is told"
    PATTERN = "Own pattern (a regular expression)"
    PATTERN_HINT = "For example ^(P\\d+)_"
    COLUMN = "The column “{}”"
    TAGS = {  # noqa: RUF012 - read only
        "PatientID": "The patient in the DICOM file",
        "StudyInstanceUID": "The study in the DICOM file",
        "SeriesInstanceUID": "The series in the DICOM file",
    }
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
    COLUMN_EXAMPLE = "Images with the same text in this column are one group."
    TAG_EXAMPLE = "Only a coded form is kept in the project, never the value itself."
    BROKEN = "This pattern can't be read. Check its brackets."


class GroupChoice(QWidget):
    """`rule()` is a value for ImportRequest.group_from; `changed` when another one was chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._kept: str | None = None  # the rule behind “keep”; None for what the source itself says
        self._keepable = self._said = False
        self._names: tuple[str, ...] = ()
        self.sentence = named(QLabel(), "images.group_sentence", "")
        self.sentence.setWordWrap(True)
        self.keep = named(QRadioButton(Text.KEEP), "images.group_keep", Text.KEEP)
        self.alone = named(QRadioButton(Text.ALONE), "images.group_alone", Text.ALONE)
        self.other = named(QRadioButton(Text.OTHER), "images.group_other", Text.OTHER)
        self._group = QButtonGroup(self)
        self.rules = named(Chooser(), "images.group_rule", Text.RULE)
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

    # --- showing ---

    def show_preview(self, preview: ImportPreview, names: Sequence[str]) -> None:
        """names: some file names of the source, for the live example."""
        self._names = tuple(names)
        self._said = preview.groups > 0
        guess = preview.guess
        if self._said:
            groups = count(preview.groups, *Text.GROUP)
            column = preview.table.mapping.get("group") if preview.table else None
            text = Text.SAID.format(isolated(column), groups) if column else Text.SAID_PLAIN.format(groups)
            self._kept = None
        elif preview.tags:
            text, self._kept = Text.TAGGED, f"dicom:{preview.tags[0]}"
        elif guess is not None:
            files = listing(list(guess.examples[:2]))
            text, self._kept = (
                Text.GUESSED.format(files, isolated(guess.example_group), number(guess.groups)),
                guess.rule,
            )
        else:
            text, self._kept = Text.NO_GUESS, None
        self._keepable = self._said or self._kept is not None
        self.sentence.setText(text)
        self.sentence.setAccessibleName(text)
        self._fill_rules(preview)
        self.pattern.setText(guess.rule.removeprefix("name:") if guess and guess.rule.startswith("name:") else "")
        self.keep.setVisible(self._keepable)
        (self.keep if self._keepable else self.alone).setChecked(True)
        self._refresh()

    def _fill_rules(self, preview: ImportPreview) -> None:
        self.rules.blockSignals(True)
        self.rules.clear()
        for name in preview.columns:
            self.rules.addItem(Text.COLUMN.format(isolated(name)), f"column:{name}")
        for tag in preview.tags:
            self.rules.addItem(Text.TAGS[tag], f"dicom:{tag}")
        for caption, rule in Text.RULES:
            self.rules.addItem(caption, rule)
        self.rules.blockSignals(False)

    # --- reading ---

    def rule(self) -> str | None:
        """What was chosen; None leaves it to the source, which says nothing in most cases."""
        if self.keep.isChecked() and self._keepable:
            return self._kept
        if not self.other.isChecked():
            return ALONE if self._said else None
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
        if rule is None or rule in ("name:", ALONE):
            return ""
        for start, sentence in (
            ("folder", Text.FOLDER_EXAMPLE),
            ("column:", Text.COLUMN_EXAMPLE),
            ("dicom:", Text.TAG_EXAMPLE),
        ):
            if rule.startswith(start):
                return sentence
        pattern = _compiled(rule)
        if pattern is None:
            return Text.BROKEN
        lines = []
        for name in self._names[:3]:
            found = pattern.search(name)
            group = found.group(1 if pattern.groups else 0) if found else None
            lines.append(
                Text.EXAMPLE.format(isolated(name), isolated(group))
                if group
                else Text.EXAMPLE_ALONE.format(isolated(name))
            )
        return "\n".join(lines)


def _compiled(rule: str) -> re.Pattern[str] | None:
    try:
        return re.compile(rule.removeprefix("name:"))
    except re.error:
        return None
