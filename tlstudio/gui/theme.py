"""The window's measures and colours. Widgets ask for tokens here and never write a hex value or a pixel size of their own."""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from tlstudio.storage import places

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


@dataclass
class _State:
    tokens: Tokens = LIGHT
    scheme: str = "system"
    following: bool = False


_state = _State()
notifier = _Notifier()


def tokens() -> Tokens:
    """The colours now in force."""
    return _state.tokens


def colour(name: str) -> QColor:
    """A token as a QColor, for painting."""
    return QColor(getattr(tokens(), name))


def is_dark() -> bool:
    return QColor(tokens().ground).lightness() < 128


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


def scheme() -> str:
    """What was asked for: `system`, `light` or `dark`."""
    return _state.scheme


def apply(application: QApplication, wanted: str = "system") -> None:
    """Colours the whole application: `light`, `dark`, or `system` to follow the desktop, now and when it changes."""
    _state.scheme = wanted
    _follow(application)
    hints = QGuiApplication.styleHints()
    dark = hints.colorScheme() == Qt.ColorScheme.Dark if wanted == "system" else wanted == "dark"
    # Without the old sheet the new palette costs nothing; with it every widget would be styled twice.
    application.setStyleSheet("")
    if high_contrast():
        application.setPalette(QPalette())
        _state.tokens = _from_palette(application.palette())
    else:
        _state.tokens = DARK if dark else LIGHT
        application.setPalette(_palette(tokens()))
    if application.font().pixelSize() != TEXT_BODY:
        body = application.font()
        body.setPixelSize(TEXT_BODY)
        application.setFont(body)
    application.setStyleSheet(_style_sheet(tokens()))
    notifier.changed.emit()


def high_contrast() -> bool:
    """The desktop asks for high contrast: its own colours are used instead of ours."""
    accessibility = getattr(QGuiApplication.styleHints(), "accessibility", None)
    if accessibility is None:
        return False
    return bool(accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast)


def calm() -> bool:
    """The desktop asks for less motion."""
    accessibility = getattr(QGuiApplication.styleHints(), "accessibility", None)
    preference = getattr(accessibility() if accessibility else None, "motionPreference", None)
    return preference is not None and "Reduced" in str(preference())


def _follow(application: QApplication) -> None:
    if _state.following:
        return
    _state.following = True

    def again(*_: object) -> None:
        apply(application, _state.scheme)

    hints = QGuiApplication.styleHints()
    hints.colorSchemeChanged.connect(again)
    accessibility = getattr(hints, "accessibility", None)
    if accessibility is not None:
        accessibility().contrastPreferenceChanged.connect(again)


def _from_palette(palette: QPalette) -> Tokens:
    """The tokens of a high-contrast desktop: every role is one of its own colours, nothing is faint."""
    role = QPalette.ColorRole
    text, ground = palette.color(role.WindowText).name(), palette.color(role.Window).name()
    accent, on_accent = palette.color(role.Highlight).name(), palette.color(role.HighlightedText).name()
    base = palette.color(role.Base).name()
    return Tokens(
        ground=ground,
        surface=base,
        text=text,
        muted=text,
        border=text,
        hairline=text,
        hover=base,
        accent=accent,
        on_accent=on_accent,
        accent_soft=base,
        good=text,
        caution=text,
        bad=text,
    )


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
    values = {f.name: getattr(t, f.name) for f in fields(t)} | _marks(t)
    sheet = (places.resources_dir() / "style" / "studio.qss").read_text(encoding="utf-8")
    for name, value in sorted(values.items(), key=lambda item: -len(item[0])):
        sheet = sheet.replace(f"@{name}", value)
    return sheet


def _marks(t: Tokens) -> dict[str, str]:
    """Files of the small marks inside controls. A style sheet takes images by file name only, so they come in two inks."""
    folder = places.resources_dir() / "icons" / "controls"
    ink = "dark" if QColor(t.surface).lightness() < 128 else "light"
    on_accent = "dark" if QColor(t.on_accent).lightness() < 128 else "light"
    return {
        "chevron_up": (folder / f"chevron-up.{ink}.svg").as_posix(),
        "chevron_down": (folder / f"chevron-down.{ink}.svg").as_posix(),
        "tick": (folder / f"tick.on-{on_accent}.svg").as_posix(),
        "here": (folder / f"here.on-{on_accent}.svg").as_posix(),
    }
