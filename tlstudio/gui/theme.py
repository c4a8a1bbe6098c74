"""The window's measures and colours. Widgets ask for tokens here and never write a hex value or a pixel size of their own."""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

# Spacing scale in logical pixels.
XS, S, M, L, XL, XXL = 4, 8, 12, 16, 24, 32
RADIUS, CARD_RADIUS = 6, 8
HIT = 32  # least edge of anything that is clicked
RAIL_WIDTH = 220
RAIL_COLLAPSED = 56
COLLAPSE_BELOW = 1100
ICON = 20
THUMBNAILS = (96, 144, 208)
TEXT_BODY, TEXT_SECONDARY, TEXT_CARD, TEXT_PAGE, TEXT_BIG = 13, 12, 15, 20, 28
MOTION_MS = 140

# Okabe and Ito's palette, distinguishable with every common colour vision.
CLASS_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#8C8C8C")


@dataclass(frozen=True)
class Tokens:
    """One ground's colours; names as in the design."""

    ground: str
    surface: str
    text: str
    muted: str
    border: str  # of controls: contrast at least 3:1
    hairline: str  # of cards and separators: may be fainter
    hover: str
    accent: str
    on_accent: str
    accent_soft: str  # selection ground behind normal text
    good: str
    caution: str
    bad: str


LIGHT = Tokens(
    ground="#F6F7F9",
    surface="#FFFFFF",
    text="#18212B",
    muted="#515C69",
    border="#868F9B",
    hairline="#DDE1E6",
    hover="#ECEFF3",
    accent="#0A5FB4",
    on_accent="#FFFFFF",
    accent_soft="#E3EEF9",
    good="#17693F",
    caution="#8A5000",
    bad="#A8231B",
)
DARK = Tokens(
    ground="#13171C",
    surface="#1B2128",
    text="#E7EBF0",
    muted="#A9B3BF",
    border="#6B7683",
    hairline="#2C343D",
    hover="#242C35",
    accent="#74B6FF",
    on_accent="#0B1520",
    accent_soft="#1E3247",
    good="#63CE92",
    caution="#E8B75F",
    bad="#FF9187",
)


class _Notifier(QObject):
    changed = Signal()


_state: dict[str, Tokens] = {"tokens": LIGHT}
notifier = _Notifier()


def tokens() -> Tokens:
    """The colours now in force."""
    return _state["tokens"]


def colour(name: str) -> QColor:
    """A token as a QColor, for painting."""
    return QColor(getattr(tokens(), name))


def is_dark() -> bool:
    return tokens() is DARK


def class_colour(position: int) -> QColor:
    """The colour of the class at `position`; after eight they repeat, and the widget adds a letter or pattern."""
    return QColor(CLASS_COLOURS[position % len(CLASS_COLOURS)])


def font(size: int = TEXT_BODY, *, semibold: bool = False, tabular: bool = False) -> QFont:
    """The application's font at a size of the scale, in pixels; `tabular` keeps digits in columns."""
    result = QFont(QApplication.font())
    result.setPixelSize(size)
    if semibold:
        result.setWeight(QFont.Weight.DemiBold)
    if tabular:
        result.setFeature(QFont.Tag("tnum"), 1)
    return result


def apply(application: QApplication, scheme: str = "system") -> None:
    """Colours the whole application: `light`, `dark`, or `system` to follow the desktop, now and when it changes."""
    hints = QGuiApplication.styleHints()
    if scheme == "system":
        dark = hints.colorScheme() == Qt.ColorScheme.Dark
    else:
        dark = scheme == "dark"
    _state["tokens"] = DARK if dark else LIGHT
    application.setPalette(_palette(tokens()))
    application.setStyleSheet(_style_sheet(tokens()))
    notifier.changed.emit()


def _palette(t: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for where, value in (
        (role.Window, t.ground),
        (role.Base, t.surface),
        (role.AlternateBase, t.ground),
        (role.Button, t.surface),
        (role.WindowText, t.text),
        (role.Text, t.text),
        (role.ButtonText, t.text),
        (role.PlaceholderText, t.muted),
        (role.Highlight, t.accent),
        (role.HighlightedText, t.on_accent),
        (role.ToolTipBase, t.surface),
        (role.ToolTipText, t.text),
        (role.Link, t.accent),
    ):
        palette.setColor(where, QColor(value))
    for where in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, where, QColor(t.muted))
    return palette


def _style_sheet(t: Tokens) -> str:
    """One sheet for the whole window; roles are dynamic properties set by the widgets (`role`, `tone`)."""
    values = {f.name: getattr(t, f.name) for f in fields(t)}
    sheet = _SHEET
    for name, value in sorted(values.items(), key=lambda item: -len(item[0])):
        sheet = sheet.replace(f"@{name}", value)
    return sheet


_SHEET = """
* { font-size: 13px; }
QWidget { color: @text; }
QMainWindow, QWidget[role="page"], QScrollArea[role="page"] > QWidget > QWidget { background: @ground; }
QWidget[role="rail"] { background: @surface; border-right: 1px solid @hairline; }
QWidget[role="strip"] { background: @surface; border-top: 1px solid @hairline; }
QFrame[role="card"] { background: @surface; border: 1px solid @hairline; border-radius: 8px; }
QFrame[role="card"][selected="true"] { border: 2px solid @accent; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: 20px; font-weight: 600; }
QLabel[role="card-title"] { font-size: 15px; font-weight: 600; }
QLabel[role="muted"] { color: @muted; }
QLabel[role="secondary"] { color: @muted; font-size: 12px; }
QLabel[role="big"] { font-size: 28px; font-weight: 600; }
QLabel[tone="good"] { color: @good; }
QLabel[tone="caution"] { color: @caution; }
QLabel[tone="bad"] { color: @bad; }
QPushButton {
    min-height: 30px; padding: 0 14px; border: 1px solid @border; border-radius: 6px; background: @surface;
}
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @accent_soft; }
QPushButton:focus { border: 2px solid @accent; padding: 0 13px; }
QPushButton:disabled { color: @muted; border-color: @hairline; background: @ground; }
QPushButton[role="primary"] { background: @accent; color: @on_accent; border-color: @accent; font-weight: 600; }
QPushButton[role="primary"]:hover { border-color: @text; }
QPushButton[role="primary"]:focus { border: 2px solid @text; }
QPushButton[role="primary"]:disabled { background: @hover; color: @muted; border-color: @hairline; }
QPushButton[role="flat"] { border-color: transparent; background: transparent; color: @accent; }
QPushButton[role="flat"]:hover { background: @hover; }
QPushButton[role="flat"]:focus { border: 2px solid @accent; }
QPushButton[role="flat"]:disabled { color: @muted; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox {
    min-height: 30px; padding: 0 8px; border: 1px solid @border; border-radius: 6px; background: @surface;
    selection-background-color: @accent; selection-color: @on_accent;
}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus { border: 2px solid @accent; padding: 0 7px; }
QTableView, QListView, QTreeView, QPlainTextEdit {
    background: @surface; border: 1px solid @hairline; border-radius: 6px; outline: 0;
    selection-background-color: @accent_soft; selection-color: @text; gridline-color: @hairline;
}
QHeaderView::section {
    background: @surface; color: @muted; border: 0; border-bottom: 1px solid @hairline; padding: 6px 8px; font-size: 12px;
}
QProgressBar { border: 0; border-radius: 3px; background: @hover; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QScrollArea { border: 0; background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @border; border-radius: 4px; min-height: 32px; min-width: 32px; margin: 1px; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none; border: 0; }
QToolTip { background: @surface; color: @text; border: 1px solid @border; padding: 6px; }
QTabBar::tab { padding: 8px 14px; border: 0; border-bottom: 2px solid transparent; color: @muted; background: transparent; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar::tab:focus { color: @accent; }
QTabWidget::pane { border: 0; }
"""
