"""What to do with files that hold several pictures: asked once, only where there are such files."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QLabel, QRadioButton, QVBoxLayout, QWidget

from tlstudio.domain.importing import ImportPreview
from tlstudio.gui import theme
from tlstudio.gui.messages import count, number
from tlstudio.gui.pages.base import named


class Text:
    TITLE = "Files with several pages"
    FOUND = "{} several pages or frames, {} in all."
    HOLDS = "{} holds", "{} hold"
    MAY = "{} may hold several pages or frames."
    FIRST = "Take the first of each"
    ALL = "Take every page as an image"
    TOGETHER = "The pages of one file stay together unless you say what belongs together."


class PagesChoice(QWidget):
    """`pages()` is a value for ImportRequest.pages."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = named(QLabel(), "images.pages", "")
        self.sentence.setWordWrap(True)
        self.first = named(QRadioButton(Text.FIRST), "images.pages_first", Text.FIRST)
        self.all = named(QRadioButton(Text.ALL), "images.pages_all", Text.ALL)
        self.all.setToolTip(Text.TOGETHER)
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self.sentence)
        for button in (self.first, self.all):
            self._group.addButton(button)
            column.addWidget(button)
        self.first.setChecked(True)

    def show_preview(self, preview: ImportPreview, *, keep: bool) -> None:
        """keep: the user's answer stays."""
        files = count(preview.paged, "file")
        if preview.pages:
            holds = Text.HOLDS[0] if preview.paged == 1 else Text.HOLDS[1]
            text = Text.FOUND.format(holds.format(files), number(preview.pages))
        else:
            text = Text.MAY.format(files)
        self.sentence.setText(text)
        self.sentence.setAccessibleName(text)
        if not keep:
            self.first.setChecked(True)

    def pages(self) -> str:
        return "all" if self.all.isChecked() else "first"
