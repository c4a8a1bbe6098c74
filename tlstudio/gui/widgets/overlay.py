"""Something that lies above the window's content without being a window of its own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QWidget

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
