"""Does the pretrained model help? The model beside simpler ways, measured on the same images."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.domain.transfer import Transfer, Verdict
from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.comparison_bars import ComparisonBars
from tlstudio.gui.widgets.help_bubble import HelpButton


class Text:
    """Words of the card."""

    title = "Does the pretrained model help?"
    accuracy = "Accuracy on the same {images}"
    balanced = "Balanced accuracy on the same {images}"
    help_caption = "What is compared?"
    help_words = (
        "Most frequent class: always the same answer. Plain thumbnails: a simple classifier on pictures of 16 by 16 pixels, "
        "without a pretrained model. Same network, untrained: a simple classifier on what the same network sees that has learned "
        "nothing. First result: the same on what the unchanged pretrained model sees. All have learned from the same images as "
        "this model and are tried on the same ones. The pretrained model helps where this one is better than the first two, and "
        "the first result better than the untrained network, each for certain by more than 2 points."
    )
    trying = "What to try"


_ICONS = {
    Verdict.HELPS: ("good", "good"),
    Verdict.NEGATIVE: ("caution", "caution"),
    Verdict.UNCLEAR: ("info", "muted"),
}


class TransferCard(QFrame):
    """The bars, and beside them what they say and what to try; hidden where nothing was compared.

    prefix: of the object names, the key of the page. framed: it stands by itself; else it is a part of something narrower, and
    the words are below.
    """

    def __init__(self, prefix: str, parent: QWidget | None = None, *, framed: bool = True) -> None:
        super().__init__(parent)
        if framed:
            self.setProperty("role", "card")
        title = QLabel(Text.title, self)
        title.setProperty("role", "card-title")
        help_button = HelpButton(Text.help_words, f"{prefix}.transfer_help", Text.help_caption, Text.title)
        self.basis = named(QLabel(self), f"{prefix}.transfer_basis", Text.title)
        self.basis.setProperty("role", "secondary")
        self.bars = ComparisonBars(f"{prefix}.transfer_bars", self)
        self.mark = QLabel(self)
        self.sentence = named(QLabel(self), f"{prefix}.transfer", Text.title)
        self.sentence.setProperty("role", "strong")
        self.more = named(QLabel(self), f"{prefix}.transfer_more", Text.trying)
        self.more.setProperty("role", "secondary")
        for label in (self.sentence, self.more):
            label.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(title)
        head.addWidget(help_button)
        head.addStretch(1)
        head.addWidget(self.basis)
        said = QHBoxLayout()
        said.setSpacing(theme.S)
        said.addWidget(self.mark)
        said.addWidget(self.sentence, 1)
        words = QVBoxLayout()
        words.setSpacing(theme.S)
        words.addLayout(said)
        words.addWidget(self.more)
        words.addStretch(1)
        row = QHBoxLayout() if framed else QVBoxLayout()
        row.setSpacing(theme.XL if framed else theme.L)
        row.addWidget(self.bars, 3)
        row.addLayout(words, 2)
        column = QVBoxLayout(self)
        edge = theme.L if framed else 0
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.S)
        column.addLayout(head)
        column.addLayout(row)
        self.hide()

    def show_transfer(self, found: Transfer | None) -> None:
        self.setVisible(found is not None)
        if found is None:
            return
        _say(self.basis, (Text.balanced if found.balanced else Text.accuracy).format(images=found.images))
        self.bars.show_lines([(b.method.caption, found.shown(b)) for b in found.told_apart()])
        icons.set_icon(self.mark, *_ICONS[found.verdict], 20)
        _say(self.sentence, found.sentence)
        lines = [line for line in (found.tuning, *(f"• {each}" for each in found.advice)) if line]
        _say(self.more, "\n".join(lines))
        self.more.setVisible(bool(lines))


def _say(label: QLabel, words: str) -> None:
    label.setText(words.replace(" %", "\N{NO-BREAK SPACE}%"))
    label.setAccessibleName(words)
