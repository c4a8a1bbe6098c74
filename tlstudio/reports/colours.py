"""The window's colours on paper and on a dark screen, and the shades of a matrix cell."""

from __future__ import annotations

LIGHT = {
    "ground": "#F6F7F9",
    "surface": "#FFFFFF",
    "text": "#18212B",
    "muted": "#515C69",
    "border": "#868F9B",
    "hairline": "#DDE1E6",
    "accent": "#0A5FB4",
    "accent_soft": "#E3EEF9",
    "good": "#17693F",
    "caution": "#8A5000",
    "bad": "#A8231B",
}
DARK = {
    "ground": "#13171C",
    "surface": "#1B2128",
    "text": "#E7EBF0",
    "muted": "#A9B3BF",
    "border": "#6B7683",
    "hairline": "#2C343D",
    "accent": "#74B6FF",
    "accent_soft": "#1E3247",
    "good": "#63CE92",
    "caution": "#E8B75F",
    "bad": "#FF9187",
}
LEVELS = 10
LEGIBLE = 4.5  # contrast of text


def shade(colours: dict[str, str], level: int, *, right: bool) -> tuple[str, str]:
    """Ground and ink of a matrix cell at `level` 0 … 10. Right answers and mistakes have hues of their own."""
    if level == 0:
        return colours["surface"], colours["muted"]
    strength = 0.08 + 0.72 * level / LEVELS
    ground = mix(colours["surface"], colours["accent" if right else "bad"], strength)
    # On middle grounds only black or white is told apart well enough; one of the two always is.
    inks = (colours["text"], colours["surface"], "#000000", "#FFFFFF")
    return ground, next((ink for ink in inks if contrast(ink, ground) >= LEGIBLE), inks[-1])


def mix(ground: str, over: str, strength: float) -> str:
    """`over` laid on `ground`; strength 0 … 1."""
    parts = zip(_rgb(ground), _rgb(over), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * strength):02X}" for a, b in parts)


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 … 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _rgb(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
