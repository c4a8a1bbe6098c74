"""Words that may be longer than their place: shortened with a sign, whole in the tooltip and for a screen reader."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QToolTip, QVBoxLayout, QWidget

from tests.gui.conftest import wait_until
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.fitting import MIDDLE, Chooser, ElidedLabel, ElidedRadio
from tlstudio.gui.widgets.scrolling import FittedScroll

pytestmark = pytest.mark.usefixtures("nothing_left")

LONG = "Pitted surface with shallow corrosion marks near the weld (grade B)"
SHORT = "good"


@pytest.fixture
def card(qapp: QApplication) -> QWidget:
    card = QWidget()
    QVBoxLayout(card)
    yield card
    card.deleteLater()


@pytest.mark.parametrize("kind", [ElidedLabel, ElidedRadio, Chooser])
@pytest.mark.parametrize("words", [LONG, SHORT])
def test_what_does_not_fit_ends_in_an_ellipsis_and_is_whole_in_the_tooltip(
    card: QWidget, kind: type, words: str
) -> None:
    part = kind()
    card.layout().addWidget(part)
    if isinstance(part, Chooser):
        part.addItem(words)
    else:
        part.setText(words)
    card.resize(180, 60)
    card.show()
    QApplication.processEvents()
    assert card.width() == 180, "no name makes the card wider"
    cut = words == LONG
    assert (part.shown() != words) is cut and part.shown().endswith("…") is cut
    assert (words in part.toolTip()) is cut
    assert (part.currentText() if isinstance(part, Chooser) else part.text()) == words
    card.resize(900, 60)
    QApplication.processEvents()
    assert part.shown() == words and not part.toolTip()
    assert not part.grab().isNull()


def test_another_tooltip_stays_below_the_whole(card: QWidget) -> None:
    label = ElidedLabel(LONG, mode=MIDDLE)
    label.setToolTip("/a/place")
    card.layout().addWidget(label)
    card.resize(160, 40)
    card.show()
    QApplication.processEvents()
    assert label.toolTip() == f"{LONG}\n/a/place" and "…" in label.shown()[1:-1]
    label.setText(SHORT)
    assert label.toolTip() == "/a/place" and label.accessibleName() == SHORT


class Painted(QWidget):
    """Paints one line of words, moved down like the rows of a list."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.translate(0, 20)
        paint.text(painter, self.rect().adjusted(0, 0, 0, -20), LONG)
        painter.end()


def ask(widget: QWidget, x: int, y: int) -> str:
    """What the tooltip there says; an earlier one goes only after a while, so another is shown first."""
    QToolTip.showText(widget.mapToGlobal(QPoint(x, y)), "another", widget)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, QPoint(x, y), widget.mapToGlobal(QPoint(x, y))))
    said = QToolTip.text()
    return "" if said == "another" else said


def test_painted_words_tell_their_whole_where_they_stand(qapp: QApplication) -> None:
    widget = Painted()
    widget.resize(120, 60)
    widget.show()
    assert QTest.qWaitForWindowExposed(widget)
    widget.repaint()
    assert ask(widget, 60, 40) == LONG
    assert ask(widget, 60, 5) == ""
    widget.resize(900, 60)
    widget.repaint()
    assert ask(widget, 60, 40) == "", "nothing is cut any more"
    widget.hide()
    wait_until(lambda: not QToolTip.isVisible())
    widget.deleteLater()


def test_a_part_is_as_high_as_it_needs_or_scrolls(card: QWidget) -> None:
    inner = QWidget()
    column = QVBoxLayout(inner)
    for number in range(8):
        column.addWidget(QLabel(f"Line {number}"))
    area, below = FittedScroll(inner, 60), QScrollArea()
    below.setMinimumHeight(100)
    card.layout().addWidget(area)
    card.layout().addWidget(below, 1)
    card.resize(300, 800)
    card.show()
    QApplication.processEvents()
    assert area.height() >= inner.sizeHint().height() and not area.verticalScrollBar().maximum()
    card.resize(300, 240)
    QApplication.processEvents()
    assert 60 <= area.height() < inner.sizeHint().height() and area.verticalScrollBar().maximum() > 0
    assert area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
