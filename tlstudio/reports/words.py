"""How a report says numbers, names and times."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence

from tlstudio.domain.values import Interval, Split
from tlstudio.domain.wording import MONTHS

NBSP = "\N{NO-BREAK SPACE}"
LONGEST = 60  # letters of a name inside a sentence


def clean(name: str) -> str:
    """A name given by the user without line breaks, control characters and halves of characters."""
    kept = "".join(c if c.isprintable() or unicodedata.category(c) == "Cf" else " " for c in name)
    return " ".join(unicodedata.normalize("NFC", kept).split())


def quoted(name: str) -> str:
    """A name inside a sentence, its beginning where it is very long."""
    plain = clean(name)
    if len(plain) > LONGEST:
        plain = plain[: LONGEST - 1].rstrip() + "…"
    return f"“{fenced(plain)}”"


def fenced(text: str) -> str:
    """A text that, if it is written from right to left, does not turn what stands beside it."""
    if any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
    return text


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def some(names: Sequence[str], most: int = 8) -> str:
    """The names in quotes; beyond `most` says how many more there are."""
    told = [quoted(n) for n in names[:most]]
    if len(names) > most:
        told.append(f"{number(len(names) - most)} more")
    return listed(told)


def number(value: int) -> str:
    """`1,344`."""
    return f"{value:,}"


def count(value: int, one: str, many: str = "") -> str:
    """`1 image`, `1,344 images`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def images(value: int, split: Split) -> str:
    """`1,344 test images`."""
    return count(value, f"{split.caption.lower()} image")


def percent(share: float, digits: int = 0) -> str:
    """`91 %`, the sign held to its number."""
    return f"{share * 100:.{digits}f}{NBSP}%"


def small_percent(share: float) -> str:
    """A probability that may be very small: `3.4 %`, `0.042 %`."""
    return f"{share * 100:.3g}{NBSP}%"


def interval(value: Interval | None) -> str:
    """`91 % (88 to 94)` in one piece, which no line breaks; says so where nothing could be counted."""
    return "not measurable" if value is None else value.percent().replace(" ", NBSP)


def plain_interval(value: Interval | None) -> str:
    """`0.97 (0.95 to 0.99)`, for figures that are no share."""
    if value is None:
        return "not measurable"
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})".replace(" ", NBSP)


def in_the_long_run(value: Interval, things: str, would: str) -> str:
    """What an interval says: `Over very many images like these, 88 to 94 of 100 would be answered right.`; nothing about the next
    hundred of them, which vary by chance besides."""
    low, high = round(value.low * 100), round(value.high * 100)
    share = f"about {low}" if low == high else f"{low} to {high}"
    return f"Over very many {things}, {share} of 100 {would}."


def day(seconds: float) -> str:
    """`21 November 2026`, in this computer's time zone; the same in every language setting."""
    then = time.localtime(seconds)
    return f"{then.tm_mday} {MONTHS[then.tm_mon - 1]} {then.tm_year}"


def duration(seconds: float) -> str:
    """`40 seconds`, `4 minutes`, `2 hours 10 minutes`."""
    if seconds < 90:
        return count(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    if minutes < 90:
        return count(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    return count(hours, "hour") + (f" {count(rest, 'minute')}" if rest else "")
