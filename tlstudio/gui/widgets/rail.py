"""The list of steps at the left: where you are, what is done, what waits, and what can't be opened yet and why."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.messages import number
from tlstudio.gui.pages.base import named

ITEM_HEIGHT = 40
HEAD_HEIGHT = 56


class Text:
    RAIL = "Steps"
    PROGRAM = "Transfer Learning Studio"
    TO_START = "Back to the start page: open another project"
    DONE = "done"
    HERE = "you are here"
    WAITING = "{} waiting"
    NOT_YET = "not yet possible: {}"


@dataclass(frozen=True, slots=True)
class StepState:
    """blocked: why the step can't be opened, empty when it can. waiting: things that wait for the user there."""

    done: bool = False
    waiting: int = 0
    blocked: str = ""


class _RailButton(QAbstractButton):
    """What the head and the steps share: a flat, fully painted button that can shrink to its icon."""

    def __init__(self, icon: str, height: int) -> None:
        super().__init__()
        self.icon_name = icon
        self.collapsed = False
        self._height = height
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        return QSize(theme.HIT, self._height)

    def paint_ground(self, painter: QPainter, *, current: bool) -> QRectF:
        """Selection, hover and focus; returns the area to draw in."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(theme.S, 2, -theme.S, -2)
        if current or (self.underMouse() and self.isEnabled()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent_soft" if current else "hover"))
            painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
        return area

    def icon_rect(self, area: QRectF) -> QRectF:
        x = area.center().x() - theme.ICON / 2 if self.collapsed else area.left() + theme.M
        return QRectF(x, area.center().y() - theme.ICON / 2, theme.ICON, theme.ICON)


class RailHead(_RailButton):
    """The project's name; leads back to the start page."""

    def __init__(self) -> None:
        super().__init__("project", HEAD_HEIGHT)
        named(self, "rail.project", Text.PROGRAM)
        self.current = False
        self.setText(Text.PROGRAM)
        self.setToolTip(Text.TO_START)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.paint_ground(painter, current=self.current)
        mark = self.icon_rect(area)
        icons.paint(painter, self.icon_name, mark, theme.colour("accent" if self.current else "text"))
        if not self.collapsed:
            font = theme.font(theme.TEXT_BODY, semibold=True)
            room = QRectF(mark.right() + theme.S, area.top(), area.right() - mark.right() - 2 * theme.S, area.height())
            name = QFontMetrics(font).elidedText(
                self.text(), Qt.TextElideMode.ElideRight, int(room.width())
            )  # see the tooltip
            painter.setFont(font)
            painter.setPen(theme.colour("text"))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)


class RailStep(_RailButton):
    """One step: a mark for its state, its number and name, and how many things wait there."""

    def __init__(self, key: str, place: int, title: str, icon: str) -> None:
        super().__init__(icon, ITEM_HEIGHT)
        self.key, self.place, self.title = key, place, title
        self.state = StepState()
        self.setCheckable(True)
        self.setText(title)
        named(self, f"rail.{key}", title)

    def show_state(self, state: StepState, *, here: bool) -> None:
        self.state = state
        self.setChecked(here)
        self.setEnabled(here or not state.blocked)
        words = [f"{self.place} {self.title}"]
        words += [Text.HERE] if here else [Text.DONE] if state.done else []
        words += [Text.WAITING.format(number(state.waiting))] if state.waiting else []
        words += [Text.NOT_YET.format(state.blocked)] if state.blocked else []
        self.setAccessibleName(", ".join(words))
        name = f"{self.place} {self.title}" if self.collapsed else ""
        self.setToolTip(f"{name}: {state.blocked}" if name and state.blocked else state.blocked or name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        here = self.isChecked()
        area = self.paint_ground(painter, current=here)
        # A greyed step keeps readable text: it is information, not decoration.
        ink = theme.colour("accent" if here else "text" if self.isEnabled() else "border")
        mark = self.icon_rect(area)
        if self.collapsed:
            icons.paint(painter, self.icon_name, mark, ink)
            self._paint_dot(painter, mark)
            return
        if here:
            icons.paint(painter, "here", mark, theme.colour("accent"))
        elif self.state.done:
            icons.paint(painter, "tick", mark, theme.colour("good"))
        self._paint_words(painter, area, mark, here)

    def _paint_words(self, painter: QPainter, area: QRectF, mark: QRectF, here: bool) -> None:
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setFont(theme.font(theme.TEXT_BODY, tabular=True))
        painter.setPen(theme.colour("muted"))
        painter.drawText(QRectF(mark.right() + theme.S, area.top(), 16, area.height()), middle, str(self.place))
        painter.setFont(theme.font(theme.TEXT_BODY, semibold=here))
        painter.setPen(theme.colour("text" if self.isEnabled() else "muted"))
        painter.drawText(QRectF(mark.right() + 28, area.top(), 110, area.height()), middle, self.title)
        if self.state.waiting:
            self._paint_count(painter, area)

    def _paint_count(self, painter: QPainter, area: QRectF) -> None:
        font = theme.font(theme.TEXT_SECONDARY, semibold=True, tabular=True)
        text = number(self.state.waiting)
        width = max(22.0, QFontMetrics(font).horizontalAdvance(text) + 12.0)
        pill = QRectF(area.right() - width - theme.S, area.center().y() - 10, width, 20)
        painter.setPen(QPen(theme.colour("caution"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(pill, 10, 10)
        painter.setFont(font)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_dot(self, painter: QPainter, mark: QRectF) -> None:
        """The state beside the icon of a collapsed rail: a tick when done, a dot where something waits."""
        if self.state.waiting:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("caution"))
            painter.drawEllipse(QRectF(mark.right() - 2, mark.top() - 4, 8, 8))
        elif self.state.done:
            icons.paint(painter, "tick", QRectF(mark.right() - 3, mark.bottom() - 9, 12, 12), theme.colour("good"))


class Rail(QWidget):
    """The steps in order. `chosen` carries the key of the step that was clicked; `start` for the head."""

    chosen = Signal(str)

    def __init__(self, steps: list[tuple[str, str, str]]) -> None:
        """steps: (key, title, icon) in order."""
        super().__init__()
        named(self, "rail", Text.RAIL)
        self.setProperty("role", "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.head = RailHead()
        self.head.clicked.connect(lambda: self.chosen.emit("start"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.S, 1, theme.S)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addSpacing(theme.S)
        self.steps: dict[str, RailStep] = {}
        for place, (key, title, icon) in enumerate(steps, 1):
            step = RailStep(key, place, title, icon)
            step.clicked.connect(lambda _=False, k=key: self.chosen.emit(k))
            self.steps[key] = step
            column.addWidget(step)
        column.addStretch(1)
        self.collapse(False)

    def collapse(self, collapsed: bool) -> None:
        """Icons only, for narrow windows."""
        self.setFixedWidth(theme.RAIL_COLLAPSED if collapsed else theme.RAIL_WIDTH)
        for item in (self.head, *self.steps.values()):
            item.collapsed = collapsed
            item.update()

    def show_project(self, name: str, *, on_start: bool) -> None:
        self.head.setText(name or Text.PROGRAM)
        self.head.setToolTip(f"{name}\n{Text.TO_START}" if name else Text.TO_START)
        self.head.setAccessibleName(f"{name or Text.PROGRAM}. {Text.TO_START}")
        self.head.current = on_start
        self.head.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down move between the steps that can be opened, as in any list."""
        items = [w for w in (self.head, *self.steps.values()) if w.isEnabled()]
        focused = next((i for i, w in enumerate(items) if w.hasFocus()), None)
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if focused is None or not step:
            super().keyPressEvent(event)
            return
        items[(focused + step) % len(items)].setFocus(Qt.FocusReason.TabFocusReason)
