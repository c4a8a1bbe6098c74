"""How a class looks everywhere in the window: its colour, a letter of its own, and the key that labels with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QColor

from tlstudio.gui import theme

KEYS = "1234567890"
_SPARE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789"
_DARK, _WHITE = QColor("#10151B"), QColor("#FFFFFF")


@dataclass(frozen=True)
class ClassStyle:
    """One class: its place in the order, the mark on its chip (one or two signs), colours and shortcut (may be empty)."""

    name: str
    position: int
    mark: str
    colour: QColor
    on_colour: QColor
    shortcut: str


class ClassStyles:
    """The looks of all classes of a project, by name; unknown names get the look of the last position."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        marks = _marks(self.names)
        self._styles = {name: _style(name, position, marks[name]) for position, name in enumerate(self.names)}

    def __getitem__(self, name: str) -> ClassStyle:
        found = self._styles.get(name)
        return found if found is not None else _style(name, len(self.names), name[:1].upper() or "?")

    def by_digit(self, digit: str) -> str | None:
        """The class that the key `1` … `9`, `0` stands for."""
        position = KEYS.find(digit)
        return self.names[position] if 0 <= position < len(self.names) else None


def _style(name: str, position: int, mark: str) -> ClassStyle:
    colour = theme.class_colour(position)
    shortcut = KEYS[position] if position < len(KEYS) else ""
    return ClassStyle(name, position, mark, colour, text_on(colour), shortcut)


def _marks(names: Iterable[str]) -> dict[str, str]:
    """A letter for each class, from its own name where that is free, so that two classes never share one."""
    taken: set[str] = set()
    marks: dict[str, str] = {}
    for position, name in enumerate(names):
        letters = [letter for letter in name.upper() if letter.isalnum()]
        free = next((letter for letter in [*letters, *_SPARE] if letter not in taken), str(position + 1))
        taken.add(free)
        marks[name] = free
    return marks


def luminance(colour: QColor) -> float:
    """Relative luminance as in WCAG 2, 0 … 1."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = linear(colour.redF()), linear(colour.greenF()), linear(colour.blueF())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio as in WCAG 2, 1 … 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def text_on(ground: QColor) -> QColor:
    """Near-black or white, whichever reads better on `ground`."""
    return _DARK if contrast(_DARK, ground) >= contrast(_WHITE, ground) else _WHITE
