"""What there is to know beside a ranking: which models could not be tried or are not here, how the images suit the best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.results import Recommendation
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.pages.base import named

_EXPECTED = 3


class Text:
    """Words beside the ranking."""

    show, hide = "More on this comparison", "Less"
    not_tried = "{title} could not be compared. {reason}"
    behind = "Clearly worse on {images} of the images, and so not tried on the rest: {titles}."
    part = "{title} could be tried on {images} of the images only."
    neighbours = "A second way to try them, by the most similar images alone, gives {figures}."
    figure = "{title} {share}"
    not_measured = (
        "Not measured here, because they have to be downloaded first: {models}. The figures are their published accuracy on "
        "everyday photographs; on your images the order may be another one."
    )


class ComparisonNotes(QWidget):
    """A line that opens to what there is to say; hidden where that is nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = named(QPushButton(Text.show, self), "model.compare_more", Text.show)
        self.button.setProperty("role", "flat")
        self.button.setCheckable(True)
        self.button.setProperty("fold", True)
        self.button.toggled.connect(self._open)
        self.words = named(QLabel(self), "model.compare_notes", Text.show)
        self.words.setProperty("role", "secondary")
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.words)
        self.forget()

    def forget(self) -> None:
        self.button.setChecked(False)
        self._open(False)
        self.hide()

    def show_notes(self, result: Recommendation, titles: Mapping[str, str]) -> None:
        notes = list(notes_on(result, titles))
        self.words.setText("\n".join(f"• {note}" for note in notes))
        self.words.setAccessibleName("\n".join(notes))
        self.setVisible(bool(notes))

    def _open(self, wanted: bool) -> None:
        words = Text.hide if wanted else Text.show
        self.button.setText(words)
        self.button.setAccessibleName(words)
        icons.set_icon(self.button, "chevron-up" if wanted else "chevron-down")
        self.words.setVisible(wanted)


def notes_on(result: Recommendation, titles: Mapping[str, str]) -> Iterator[str]:
    """Sentences, what weighs most first."""
    yield from result.mismatch
    for model in result.not_tried:
        yield Text.not_tried.format(title=titles.get(model.model, model.model), reason=model.reason)
    for r in result.ranking:
        if r.images < result.images and not r.behind:
            yield Text.part.format(title=titles.get(r.model, r.model), images=f"{r.images:,}")
    behind = [r for r in result.ranking if r.behind]
    if behind:
        listed = messages.listing([titles.get(r.model, r.model) for r in behind])
        yield Text.behind.format(images=f"{behind[0].images:,}", titles=listed)
    near = [
        Text.figure.format(title=titles.get(r.model, r.model), share=messages.percent(r.neighbours.value))
        for r in result.ranking
        if r.neighbours is not None
    ]
    if near:
        yield Text.neighbours.format(figures=messages.listing(near))
    away = [e for e in result.not_measured if e.imagenet_top1 is not None][:_EXPECTED]
    if away:
        told = [f"{titles.get(e.model, e.model)} ({messages.percent((e.imagenet_top1 or 0.0) / 100)})" for e in away]
        yield Text.not_measured.format(models=messages.listing(told))
