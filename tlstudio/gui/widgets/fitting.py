"""Words that may be longer than their place, such as names that users give: they end in an ellipsis there, and the whole of them
is in the tooltip. A layout may make these controls narrow; nothing is ever cut off without a sign.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QRadioButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

_LEAST = 4  # characters that are always shown
RIGHT, MIDDLE = Qt.TextElideMode.ElideRight, Qt.TextElideMode.ElideMiddle


class ElidedLabel(QLabel):
    """One line of plain text. mode: where the ellipsis stands. `text()` is always the whole."""

    def __init__(
        self, words: str = "", parent: QWidget | None = None, *, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._words, self._mode = "", mode
        self._tip = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setText(words)

    def text(self) -> str:
        return self._words

    def setText(self, words: str) -> None:
        self._words = words
        self.setAccessibleName(words)  # a screen reader says the whole
        self.updateGeometry()
        self._fit()

    def setToolTip(self, words: str) -> None:
        """What else there is to know; the whole text stands above it where it does not fit."""
        self._tip = words
        self._fit()

    def shown(self) -> str:
        """What there is room for."""
        return super().text()

    def sizeHint(self) -> QSize:
        return self._room(self._words)

    def minimumSizeHint(self) -> QSize:
        wanted = self.sizeHint()
        return QSize(min(wanted.width(), self._room("x" * _LEAST + "…").width()), wanted.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        self._fit()  # another font

    def _room(self, words: str) -> QSize:
        frame = 2 * self.margin()
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(words) + frame + 1, metrics.height() + frame)

    def _fit(self) -> None:
        if not hasattr(self, "_tip"):
            return  # Qt is still making the label
        room = self.contentsRect().width() - 2 * self.margin()
        shown = self.fontMetrics().elidedText(self._words, self._mode, max(room, 0))
        if super().text() != shown:
            super().setText(shown)
        whole = "" if shown == self._words else self._words
        super().setToolTip("\n".join(part for part in (whole, self._tip) if part))


class Chooser(QComboBox):
    """A box whose chosen line ends in an ellipsis where it does not fit; the list that opens is as wide as its lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.currentTextChanged.connect(lambda _: self._tell_whole())

    def minimumSizeHint(self) -> QSize:
        wanted = super().sizeHint()
        return QSize(min(wanted.width(), 120), wanted.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_whole()

    def showPopup(self) -> None:
        view = self.view()
        room = self.window().width() if self.window() else view.sizeHintForColumn(0)
        scroll = view.verticalScrollBar().sizeHint().width()
        view.setMinimumWidth(min(room, max(self.width(), view.sizeHintForColumn(0) + scroll + 16)))
        super().showPopup()

    def shown(self) -> str:
        """What there is room for."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        return self.fontMetrics().elidedText(self.currentText(), RIGHT, max(0, field.width() - 2))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _tell_whole(self) -> None:
        self.setToolTip("" if self.shown() == self.currentText() else self.currentText())


class ElidedRadio(QRadioButton):
    """A choice with a name in it."""

    def __init__(self, words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(words, parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(120, super().sizeHint().width()), super().sizeHint().height())

    def setText(self, words: str) -> None:
        super().setText(words)
        self._tell_whole()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_whole()

    def shown(self) -> str:
        """What there is room for."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_RadioButtonContents, option, self)
        return self.fontMetrics().elidedText(self.text(), RIGHT, max(0, room.width()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self.shown()
        painter.drawControl(QStyle.ControlElement.CE_RadioButton, option)

    def _tell_whole(self) -> None:
        self.setToolTip("" if self.shown() == self.text() else self.text())
