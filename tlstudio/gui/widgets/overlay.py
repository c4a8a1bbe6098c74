"""Something that lies above the window's content without being a window of its own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from tlstudio.gui import theme


class Overlay(QFrame):
    """A card above `host`, kept in place when the host changes its size. A subclass says where by overriding `place`."""

    def __init__(self, host: QWidget, role: str = "popover") -> None:
        super().__init__(host)
        self.host = host
        self.setProperty("role", role)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        host.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.host and event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return super().eventFilter(watched, event)

    def appear(self) -> None:
        self.place()
        self.show()
        self.raise_()

    def place(self) -> None:
        """Moves to the foot of the host, centred."""
        width = min(self.sizeHint().width(), self.host.width() - 2 * theme.L)
        height = self.heightForWidth(width) if self.hasHeightForWidth() else self.sizeHint().height()
        self.resize(width, height)
        self.move((self.host.width() - width) // 2, self.host.height() - height - theme.XL)


class Popover(Overlay):
    """A card below the control that opened it. Any key or a click elsewhere closes it; one is open at a time."""

    def __init__(self, anchor: QWidget, width: int) -> None:
        for old in anchor.window().findChildren(Popover):
            old.dismiss()
        super().__init__(anchor.window())
        self._anchor = anchor
        self._width = width
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def open(self) -> None:
        """Call when the content is laid out."""
        _application().installEventFilter(self)
        self.appear()
        self.setFocus()

    def place(self) -> None:
        self.setFixedWidth(min(self._width, self.host.width() - 2 * theme.L))
        self.resize(self.width(), self.heightForWidth(self.width()))
        corner = self._anchor.mapTo(self.host, QPoint(self._anchor.width() - self.width(), self._anchor.height()))
        top = corner.y() + theme.XS
        if top + self.height() > self.host.height() - theme.S:
            top = corner.y() - self._anchor.height() - self.height() - theme.XS
        left = min(max(corner.x(), theme.S), self.host.width() - self.width() - theme.S)
        self.move(left, max(top, theme.S))

    def dismiss(self) -> None:
        _application().removeEventFilter(self)
        focused = QApplication.focusWidget()
        if focused is not None and (focused is self or self.isAncestorOf(focused)):
            self._anchor.setFocus()
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent) and self.isVisible():
            where = self.host.mapFromGlobal(event.globalPosition().toPoint())
            if not self.geometry().contains(where):
                self.dismiss()
                # The anchor's own press would open it again at once.
                return watched is self._anchor
        return super().eventFilter(watched, event)


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application
