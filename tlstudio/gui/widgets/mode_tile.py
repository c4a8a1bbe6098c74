"""How thorough the training shall be: three tiles, one of which is chosen."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.domain.runs import Mode
from tlstudio.gui import theme
from tlstudio.gui.widgets import paint


class Text:
    """Words of the tiles."""

    title: ClassVar[dict[Mode, str]] = {
        Mode.QUICK: "Quick",
        Mode.BALANCED: "Balanced",
        Mode.THOROUGH: "Thorough",
    }
    more: ClassVar[dict[Mode, str]] = {
        Mode.QUICK: "Uses what the model knows already. Right for a first look.",
        Mode.BALANCED: "Adjusts the last layers to your images. Right for most.",
        Mode.THOROUGH: "Adjusts the whole model. Right for large or unusual sets.",
    }
    unknown = "Time not known yet"
    measuring = "Measuring how long it takes here"
    later = "Time not known yet: it is measured when other work has ended"
    away = "Time not known before the model is on this machine"
    estimate = "{time} here (estimate)"


class ModeTile(QAbstractButton):
    """One mode with what it is for and its estimated time on this machine."""

    def __init__(self, mode: Mode, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mode = mode
        self.setObjectName(f"model.mode_{mode.value}")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        title = _label(Text.title[mode], "card-title")
        more = _label(Text.more[mode], "muted")
        more.setWordWrap(True)
        self.time = _label(Text.unknown, "secondary")
        self.time.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(theme.S)
        head.addWidget(title)
        head.addStretch(1)
        head.addSpacing(paint.CHIP)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        column.setSpacing(theme.XS)
        column.addLayout(head)
        column.addWidget(more)
        column.addWidget(self.time)
        self.set_time("")

    def set_time(self, words: str, why_not: str = Text.unknown) -> None:
        """The estimate in words, the only word on time here; empty while the speed of the model is not known. why_not: then."""
        self.time.setText(Text.estimate.format(time=words[:1].upper() + words[1:]) if words else why_not)
        self.setAccessibleName(f"{Text.title[self.mode]}. {Text.more[self.mode]} {self.time.text()}")

    def sizeHint(self) -> QSize:
        layout = self.layout()
        assert layout is not None
        width = max(layout.sizeHint().width(), 240)
        return QSize(width, layout.heightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen, focused = self.isChecked(), self.hasFocus()
        thick = chosen or focused
        edge = 1.0 if thick else 0.5
        painter.setPen(QPen(theme.colour("accent" if thick else "border"), 2 if thick else 1))
        ground = "accent_soft" if chosen else "hover" if self.underMouse() else "surface"
        painter.setBrush(theme.colour(ground))
        area = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.drawRoundedRect(area, theme.CARD_RADIUS, theme.CARD_RADIUS)
        if focused and chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.drawRoundedRect(area.adjusted(3, 3, -3, -3), theme.RADIUS, theme.RADIUS)
        if chosen:
            mark = self.rect().adjusted(0, theme.M, -theme.M, 0)
            mark.setLeft(mark.right() - paint.CHIP + 1)
            mark.setHeight(paint.CHIP)
            paint.check_mark(painter, mark)
        painter.end()


class ModeTiles(QWidget):
    """The three tiles one below the other; arrow keys choose the next one. changed: another mode was chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        self._group = QButtonGroup(self)
        self.tiles: dict[Mode, ModeTile] = {}
        for mode in Mode:
            tile = self.tiles[mode] = ModeTile(mode, self)
            self._group.addButton(tile)
            column.addWidget(tile)
        self.tiles[Mode.BALANCED].setChecked(True)
        self._group.buttonClicked.connect(lambda _: self.changed.emit())

    def mode(self) -> Mode:
        return next(mode for mode, tile in self.tiles.items() if tile.isChecked())

    def set_mode(self, mode: Mode) -> None:
        self.tiles[mode].setChecked(True)
        self.changed.emit()


def _label(words: str, role: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", role)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return label
