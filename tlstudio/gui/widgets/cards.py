"""Cards that are pressed as a whole: a deed with a sentence, and a project with its pictures."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import ElidedLabel


class CardButton(QAbstractButton):
    """A card that is one button. What lies on it lets the mouse through."""

    def __init__(self, name: str, accessible: str) -> None:
        super().__init__()
        named(self, name, accessible)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout is not None else QSize(theme.HIT, theme.HIT)

    def label(self, text: str, role: str, *, elided: bool = False) -> QLabel:
        """A label on the card that takes no clicks of its own. elided: of what may be longer than any card."""
        label = ElidedLabel(text) if elided else QLabel(text)
        label.setProperty("role", role)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return label

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.hasFocus()
        edge = 1.0 if focused else 0.5
        painter.setPen(QPen(theme.colour("accent" if focused else "hairline"), 2 if focused else 1))
        lifted = self.isEnabled() and (self.underMouse() or self.isDown())
        painter.setBrush(theme.colour("hover" if lifted else "surface"))
        area = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.drawRoundedRect(area, theme.CARD_RADIUS, theme.CARD_RADIUS)


class ActionCard(CardButton):
    """An icon, what it does, and one sentence more."""

    def __init__(self, name: str, icon: str, title: str, sentence: str) -> None:
        super().__init__(name, f"{title}. {sentence}")
        mark = QLabel()
        mark.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        icons.set_icon(mark, icon, "accent", 24)
        self.title = self.label(title, "card-title")
        self.title.setWordWrap(True)
        self.sentence = self.label(sentence, "muted")
        self.sentence.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(theme.XS)
        words.addWidget(self.title)
        words.addWidget(self.sentence)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.L, theme.L, theme.L, theme.M)
        row.setSpacing(theme.M)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def say(self, title: str, sentence: str) -> None:
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.setAccessibleName(f"{title}. {sentence}")
