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

    title: ClassVar[dict[Mode, tuple[str, str]]] = {
        Mode.QUICK: ("Quick", "seconds"),
        Mode.BALANCED: ("Balanced", "minutes"),
        Mode.THOROUGH: ("Thorough", "best result"),
    }
    more: ClassVar[dict[Mode, str]] = {
        Mode.QUICK: "Uses what the model knows already. Right for a first look.",
        Mode.BALANCED: "Adjusts the last layers to your images. Right for most.",
        Mode.THOROUGH: "Adjusts the whole model. Right for large or unusual sets.",
    }
    unknown = "time not known yet"
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
        title = _label(Text.title[mode][0], "card-title")
        unit = _label(Text.title[mode][1], "muted")
        more = _label(Text.more[mode], "muted")
        more.setWordWrap(True)
        self.time = _label(Text.unknown, "secondary")
        head = QHBoxLayout()
        head.setSpacing(theme.S)
        head.addWidget(title)
        head.addWidget(unit)
        head.addStretch(1)
        head.addSpacing(paint.CHIP)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        column.setSpacing(theme.XS)
        column.addLayout(head)
        column.addWidget(more)
        column.addWidget(self.time)
        self.set_time("")

    def set_time(self, words: str) -> None:
        """The estimate in words; empty while the speed of the model is not known."""
        self.time.setText(Text.estimate.format(time=words.capitalize()) if words else Text.unknown.capitalize())
        self.setAccessibleName(f"{Text.title[self.mode][0]}. {Text.more[self.mode]} {self.time.text()}")

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
