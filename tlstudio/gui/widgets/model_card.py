"""A pretrained model on a card: what it is good for, what it costs, whether it is here, and how to get it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.cards import ModelCard, ModelStatus, Where
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.models import licences
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.download_panel import DownloadPanel
from tlstudio.gui.widgets.fitting import ElidedLabel


class Text:
    """Words of a model card."""

    here = "On this machine"
    bundled = "Part of the program"
    unread = "On this machine, not looked at yet"
    download_size = "{size} to download"
    download = "Download"
    speed = "About {speed} images per second here"
    unmeasured = "Speed not measured yet"
    measuring = "Measuring the speed"
    measure = "Measure"


class ModelCardView(QFrame):
    """Chosen like a radio button, by click, Space or Return.

    chosen: the card was clicked. measure_wanted: its speed here. download_wanted, download_stopped: for the panel.
    """

    chosen = Signal(str)
    measure_wanted = Signal(str)
    download_wanted = Signal(str)
    download_stopped = Signal(str)

    def __init__(self, status: ModelStatus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = status
        self.selected = False
        self.setObjectName(f"model.card_{status.card.id}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        card = status.card
        self.where = _label("", "secondary")
        self.where_mark = QLabel(self)
        self.speed = _label("", "secondary")
        self.measure_button = self._button("measure", Text.measure, f"Measure the speed of {card.title}")
        self.measure_button.clicked.connect(lambda: self.measure_wanted.emit(card.id))
        self.get_button = self._button("get", Text.download, f"Download {card.title}")
        icons.set_icon(self.get_button, "download", "accent", 16)
        self.get_button.clicked.connect(self._ask)
        self.panel = DownloadPanel(card, self)
        self.panel.agreed.connect(lambda: self.download_wanted.emit(card.id))
        self.panel.stopped.connect(lambda: self.download_stopped.emit(card.id))
        self.panel.left.connect(self._leave_panel)
        self._arrange(card)
        self.show_status(status)

    def _arrange(self, card: ModelCard) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.XS)
        head.addWidget(_label(card.title, "card-title", kind=ElidedLabel), 1)
        head.addSpacing(paint.CHIP)
        place = QHBoxLayout()
        place.setSpacing(theme.XS)
        place.addWidget(self.where_mark)
        place.addWidget(self.where, 1)
        place.addWidget(self.get_button)
        speed = QHBoxLayout()
        speed.setSpacing(theme.XS)
        speed.addWidget(self.speed, 1)
        speed.addWidget(self.measure_button)
        good_for = _label(card.good_for, "", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.M, theme.M)
        column.setSpacing(theme.XS)
        column.addLayout(head)
        column.addWidget(good_for)
        column.addStretch(1)
        column.addSpacing(theme.XS)
        column.addWidget(_label(licences.short(card), "secondary", wrap=True))
        column.addLayout(speed)
        column.addLayout(place)
        column.addWidget(self.panel)
        self.setToolTip(card.limits)

    def _button(self, name: str, words: str, accessible: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(f"model.{name}_{self.status.card.id}")
        button.setAccessibleName(accessible)
        button.setProperty("role", "flat")
        button.setCursor(Qt.CursorShape.ArrowCursor)
        return button

    def focus_chain(self) -> list[QWidget]:
        """What the Tab key reaches on this card, in order."""
        panel = self.panel
        return [self, self.measure_button, self.get_button, panel.go_button, panel.back_button]

    # --- states -------------------------------------------------------------------

    def show_status(self, status: ModelStatus) -> None:
        """The card as it stands: here or not, measured or not."""
        self.status = status
        here = status.where is not Where.DOWNLOAD
        size = messages.size(status.card.bytes) if status.card.bytes else ""
        if here:
            words = Text.bundled if status.where is Where.BUNDLED else Text.unread if status.unread else Text.here
            self.where.setText(f"{words} · {size}" if size else words)
        else:
            self.where.setText(Text.download_size.format(size=size) if size else Text.download)
        icons.set_icon(self.where_mark, "tick" if here else "offline", "good" if here else "muted", 16)
        self.where.setProperty("tone", "good" if here else "")
        self.where.style().unpolish(self.where)
        self.where.style().polish(self.where)
        self.get_button.setVisible(not here and not self.panel.isVisibleTo(self))
        measured = status.images_per_second
        self.speed.setText(Text.unmeasured if measured is None else Text.speed.format(speed=_round(measured)))
        self.measure_button.setVisible(here and measured is None)
        self.measure_button.setEnabled(True)
        if here:
            self.panel.hide()
        self._name_it()

    def show_measuring(self) -> None:
        self.speed.setText(Text.measuring)
        self.measure_button.setEnabled(False)

    def set_selected(self, selected: bool) -> None:
        self.selected = selected
        self._name_it()
        self.update()

    def _name_it(self) -> None:
        parts = [self.status.card.title, self.status.card.good_for, self.where.text(), self.speed.text()]
        self.setAccessibleName(("Chosen: " if self.selected else "") + ". ".join(parts))

    def _ask(self) -> None:
        self.get_button.hide()
        self.panel.ask()

    def _leave_panel(self) -> None:
        self.panel.hide()
        self.show_status(self.status)
        self.get_button.setFocus()

    # --- events --------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus()
            self.chosen.emit(self.status.card.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.status.card.id)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        thick = self.selected or self.hasFocus()
        edge = 1.0 if thick else 0.5
        painter.setPen(QPen(theme.colour("accent" if thick else "hairline"), 2 if thick else 1))
        ground = "accent_soft" if self.selected else "hover" if self.underMouse() else "surface"
        painter.setBrush(theme.colour(ground))
        area = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.drawRoundedRect(area, theme.CARD_RADIUS, theme.CARD_RADIUS)
        if self.selected:
            mark = self.rect().adjusted(0, theme.M, -theme.M, 0)
            mark.setLeft(mark.right() - paint.CHIP + 1)
            mark.setHeight(paint.CHIP)
            paint.check_mark(painter, mark)
        painter.end()


def _label(words: str, role: str, *, wrap: bool = False, kind: type[QLabel] = QLabel) -> QLabel:
    label = kind(words)
    label.setProperty("role", role)
    label.setWordWrap(wrap)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return label


def _round(speed: float) -> str:
    """Two figures are all that is true of a speed."""
    if speed < 10:
        return f"{speed:.1f}"
    step = 10 ** (len(str(int(speed))) - 2)
    return messages.number(round(speed / step) * step)
