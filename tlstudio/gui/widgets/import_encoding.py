"""In which encoding a table, or the names in an archive, are read: shown where the bytes don't say it, with what each would
say.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from tlstudio.domain.importing import Encoding, EncodingWay
from tlstudio.domain.wording import isolated
from tlstudio.gui import theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import Chooser
from tlstudio.gui.widgets.help_bubble import HelpButton
from tlstudio.gui.widgets.option_card import caption


class Text:
    TITLE = "Its text is encoded as"
    HELP = (
        "A table saved by an older program does not say in which code page its letters are. Choose the one in which the "
        "words are right; the counts follow at once."
    )
    CHOOSE = "Choose the one that reads right"
    WAY = "{}: {}"  # what people call it, and what the text says in it
    NAMED = "{} ({})"


class EncodingChoice(QWidget):
    """`chosen` carries the name of an encoding when the user picked another one."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        named(self, "images.encoding_row", Text.TITLE)
        self.ways = named(Chooser(), "images.encoding", Text.TITLE)
        self.ways.activated.connect(self._activated)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        row.addWidget(caption(Text.TITLE, self.ways))
        row.addWidget(self.ways, 1)
        row.addWidget(HelpButton(Text.HELP, "images.help_encoding", Text.TITLE, Text.TITLE))
        self._shown: Encoding | None = None

    def show_encoding(self, encoding: Encoding | None) -> None:
        """Hidden where there is nothing to choose."""
        self._shown = encoding
        self.setVisible(encoding is not None)
        self.ways.clear()
        if encoding is None:
            return
        if not encoding.sure:
            self.ways.addItem(Text.CHOOSE, "")
        for way in encoding.ways:
            self.ways.addItem(_words(way), way.key)
        self.ways.setToolTip("\n".join(encoding.lines))
        self.ways.setCurrentIndex(max(0, self.ways.findData(encoding.key)) if encoding.sure else 0)

    def encoding(self) -> str:
        """What the user has chosen; empty where nobody has, and the program finds it out."""
        return self._shown.key if self._shown is not None and self._shown.stated else ""

    def _activated(self) -> None:
        key = self.ways.currentData()
        if key and (self._shown is None or key != self._shown.key or not self._shown.sure):
            self.chosen.emit(key)


def _words(way: EncodingWay) -> str:
    name = Text.NAMED.format(way.caption, way.key) if way.caption else way.key
    return Text.WAY.format(name, isolated(way.sample)) if way.sample else name
