"""The one big number of a page, with its interval in words and as a bar."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from tlstudio.domain.values import Interval
from tlstudio.gui import messages, theme
from tlstudio.gui.widgets.interval_bar import IntervalBar


class BigNumber(QWidget):
    """Caption, `91 %`, and its 95 % interval below; a dash while there is no figure."""

    range_words = "95 % interval: {low} to {high} %"

    def __init__(self, name: str, caption: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._caption = caption
        self.caption = QLabel(caption, self)
        self.caption.setProperty("role", "muted")
        self.caption.setWordWrap(True)
        self.number = QLabel("–", self)
        self.number.setObjectName(f"{name}_number")
        self.number.setProperty("role", "big")
        self.range = QLabel(self)
        self.range.setProperty("role", "secondary")
        self.bar = IntervalBar(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addWidget(self.caption)
        column.addWidget(self.number)
        column.addWidget(self.range)
        column.addWidget(self.bar)
        self.show_interval(None)

    def show_interval(self, interval: Interval | None, caption: str = "") -> None:
        self.caption.setText(caption or self._caption)
        self.bar.set_interval(interval)
        if interval is None:
            self.number.setText("–")
            self.range.setText(" ")
        else:
            self.number.setText(messages.percent(interval.value))
            words = self.range_words.format(low=round(interval.low * 100), high=round(interval.high * 100))
            self.range.setText(words)
        self.setAccessibleName(f"{self.caption.text()} {self.number.text()} {self.range.text()}".strip())
        self.number.setAccessibleName(self.accessibleName())
