"""A project that may only be looked at: every control that would change it is disabled, and its tooltip says why."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

_DISABLED = Qt.WidgetAttribute.WA_ForceDisabled  # by its own setEnabled, whatever its parents are


class ReadOnly(QObject):
    """Keeps controls disabled while there is a `reason`, whatever their page does with them meanwhile.

    A page goes on saying what it would enable; that counts again as soon as the project may be changed.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.reason = ""
        self._wanted: dict[QWidget, bool] = {}
        self._tips: dict[QWidget, str] = {}
        self._own = False

    def watch(self, *widgets: QWidget) -> None:
        """These change the project."""
        for widget in widgets:
            if widget not in self._wanted:
                self._wanted[widget] = not widget.testAttribute(_DISABLED)
                widget.installEventFilter(self)
            self._apply(widget)

    def release(self, parent: QWidget | None = None) -> None:
        """`parent`, or all there is, is about to be deleted: it and what is in it are watched no more.

        Before, not while: a filter in Python that hears of a widget's last events would see what is half gone already.
        """
        for widget in [w for w in self._wanted if parent is None or w is parent or parent.isAncestorOf(w)]:
            widget.removeEventFilter(self)
            self._wanted.pop(widget)
            self._tips.pop(widget, None)

    def grey(self, *actions: QAction) -> None:
        """These change the project: actions of a menu or a list that is about to open."""
        for action in actions if self.reason else ():
            action.setEnabled(False)
            action.setToolTip(self.reason)
            for menu in action.associatedObjects():
                if isinstance(menu, QMenu):
                    menu.setToolTipsVisible(True)

    def set_reason(self, reason: str) -> None:
        """A sentence: the project may only be looked at. Empty: it may be changed."""
        if reason != self.reason:
            self.reason = reason
            for widget in list(self._wanted):
                self._apply(widget)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.EnabledChange and not self._own and isinstance(watched, QWidget):
            enabled = not watched.testAttribute(_DISABLED)
            if not self.reason:
                self._wanted[watched] = enabled
            elif enabled:
                self._wanted[watched] = True
                self._apply(watched)
        return super().eventFilter(watched, event)

    def _apply(self, widget: QWidget) -> None:
        self._own = True
        try:
            widget.setEnabled(self._wanted[widget] and not self.reason)
        finally:
            self._own = False
        if self.reason:
            self._tips.setdefault(widget, widget.toolTip())
            widget.setToolTip(self.reason)
        elif widget in self._tips:
            widget.setToolTip(self._tips.pop(widget))
