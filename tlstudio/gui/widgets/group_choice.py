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
    GUESSED = "{} belong to “{}”, as it seems. The {} suggest {} such groups with {}."
    NAMES, FOLDERS = "file names", "folders"
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
    MATCHED = "{} of {} names match, which makes {}."
    TRIED = "{} of {} names that were tried match."
    NONE_MATCHED = "The rule matches none of the names. Change it, or treat every image on its own."
    NO_FOLDERS = "No image lies in a folder inside its class folder. Choose another rule."


class GroupChoice(QWidget):
    """`rule()` is a value for ImportRequest.group_from; `changed` when another one was chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._kept: str | None = None  # the rule behind “keep”; None for what the source itself says
        self._keepable = self._said = False
        self._names: tuple[str, ...] = ()
        self._tried: tuple[str, ...] = ()
        self._all = True  # whether those are all the names
        self._foldered = 0
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
        self._tried, self._all = preview.names, len(preview.names) == preview.images
        self._foldered = preview.foldered
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
            what = Text.FOLDERS if guess.rule == "folder" else Text.NAMES
            amounts = number(guess.shared), count(guess.images, "image")
            text = Text.GUESSED.format(files, isolated(guess.example_group), what, *amounts)
            self._kept = guess.rule
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
        """What was chosen; None leaves it to the source, where it says something, and else says that nobody knows."""
        if self.keep.isChecked() and self._keepable:
            return self._kept
        if not self.other.isChecked():
            return ALONE if self._keepable else None
        chosen = str(self.rules.currentData())
        return f"name:{self.pattern.text()}" if chosen == OWN else chosen

    def problem(self) -> str:
        """Why the rule can't be followed; empty where it can."""
        rule = self.rule()
        if rule == "folder":
            return "" if self._foldered else Text.NO_FOLDERS
        if rule is None or not rule.startswith("name:"):
            return ""
        pattern = _compiled(rule)
        if pattern is None or not pattern.pattern:
            return Text.BROKEN
        return "" if self._groups(pattern) or not self._tried else Text.NONE_MATCHED

    def valid(self) -> bool:
        return not self.problem()

    def _groups(self, pattern: re.Pattern[str]) -> list[str]:
        """The groups that the names that match come to."""
        found = (pattern.search(name) for name in self._tried)
        return [group for match in found if match and (group := match.group(1 if pattern.groups else 0)) is not None]

    def _refresh(self) -> None:
        other = self.other.isChecked()
        self.rules.setVisible(other)
        self.pattern.setVisible(other and self.rules.currentData() == OWN)
        self.example.setVisible(other)
        self.example.setText(self._in_words())
        self.example.setProperty("tone", "bad" if other and self.problem() else "")
        self.example.style().unpolish(self.example)
        self.example.style().polish(self.example)
        self.changed.emit()

    def _in_words(self) -> str:
        """The rule tried on the names, so that a mistake is seen before the import."""
        rule = self.rule()
        if rule != "name:" and self.problem():
            return self.problem()
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
        assert pattern is not None
        groups = self._groups(pattern)
        amounts = number(len(groups)), number(len(self._tried))
        if self._all:
            lines = [Text.MATCHED.format(*amounts, count(len(set(groups)), *Text.GROUP))]
        else:
            lines = [Text.TRIED.format(*amounts)]
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
