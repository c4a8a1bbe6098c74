"""How the window says numbers, times and sizes; one place, so that a figure reads the same on every page.

Loaded before the window stands, so clocks and calendars are imported where they are used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlstudio.domain import wording
from tlstudio.domain.wording import MONTHS, isolated_all

if TYPE_CHECKING:
    from tlstudio.domain.events import Progress
    from tlstudio.domain.values import Interval

MINUTE, HOUR, DAY = 60, 3600, 86_400


class Text:
    """Sentences that more than one part of the window says."""

    DEFECT = "Something went wrong in the program itself. Your images and results are safe; the details are in the log."
    OPEN_LOG = "Open the log's folder"
    NO_PROJECT = "Open a folder of images first."
    NO_IMAGES = "Import images first."


def number(value: int) -> str:
    """`1,344`."""
    return f"{value:,}"


def count(value: int, one: str, many: str = "") -> str:
    """`1 image`, `1,344 images`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def percent(share: float, digits: int = 0) -> str:
    """`91 %`, the sign held to its number by a no-break space."""
    return f"{share * 100:.{digits}f}\N{NO-BREAK SPACE}%"


def probability(share: float) -> str:
    """`12 %`, with as many digits as it takes near 0 and 1: `0.4 %`, `99.97 %`."""
    import math

    near = min(share, 1 - share)
    digits = 0 if near <= 0 else min(6, max(0, -math.floor(math.log10(near)) - 1))
    figure = f"{share * 100:.{digits}f}"
    return f"{figure.rstrip('0').rstrip('.') if digits else figure}\N{NO-BREAK SPACE}%"


def small(value: float) -> str:
    """A number below 1 in few signs: `0.05`, `3.5e-4`."""
    if value == 0 or value >= 0.01:
        return f"{value:.2g}"
    figure, power = f"{value:.1e}".split("e")
    return f"{figure.removesuffix('.0')}e{int(power)}"


def memory(used: int, total: int = 0) -> str:
    """`1.2 GB`, `5.1 of 8 GB`: in units of 1024, as memory is sold."""
    gigabyte = 1024**3
    if not total:
        return f"{used / gigabyte:.1f} GB" if used >= gigabyte else f"{used / 1024**2:.0f} MB"
    return f"{used / gigabyte:.1f} of {total / gigabyte:.0f} GB"


def accuracy(interval: Interval) -> str:
    """`91 % (88 to 94)`."""
    return interval.percent()


size = wording.size


def duration(seconds: float) -> str:
    """A length of time in the fewest words: `40 s`, `4 minutes`, `2 hours 10 minutes`."""
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / MINUTE)
    if minutes < 90:
        return f"{minutes} minutes"
    hours, tens = divmod(round(seconds / (10 * MINUTE)), 6)
    text = count(hours, "hour")
    return f"{text} {10 * tens} minutes" if tens else text


def about(seconds: float) -> str:
    """An estimate: `a few seconds`, `about 20 s`, `about 4 minutes`. Rounded, because a second's precision would be a lie."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} s"
    return "about a minute" if seconds < 90 else f"about {duration(seconds)}"


def time_left(seconds: float | None) -> str:
    """`about 4 minutes left`; empty while unknown."""
    if seconds is None or not 0 <= seconds < 100 * DAY:
        return ""
    return f"{about(seconds)} left"


def progress(event: Progress, *, stage: str | None = None, time: bool = True) -> str:
    """How far work is, the same wherever it is told: `Reading images · 24 of 1,500 · about 4 minutes left`.

    stage: in place of the event's own. time: whether it says how long it still takes.
    """
    said = event.stage.rstrip(".") if stage is None else stage
    left = time_left(event.seconds_left) if time else ""
    return " · ".join(part for part in (said, event.counted(), left) if part)


def ago(moment: float, now: float | None = None) -> str:
    """When something was: `just now`, `20 minutes ago`, `yesterday`, `12 May 2026`."""
    import time
    from datetime import datetime

    if moment <= 0:
        return "never"
    current = time.time() if now is None else now
    past = current - moment
    days = (datetime.fromtimestamp(current).date() - datetime.fromtimestamp(moment).date()).days
    if past < MINUTE:
        text = "just now"
    elif past < HOUR:
        text = f"{count(int(past / MINUTE), 'minute')} ago"
    elif days == 0:
        text = f"{count(int(past / HOUR), 'hour')} ago"
    elif days == 1:
        text = "yesterday"
    else:
        text = f"{days} days ago" if days < 7 else day(moment)
    return text


def day(moment: float) -> str:
    """`12 May 2026`; with its name the month can't be taken for the day."""
    from datetime import datetime

    date = datetime.fromtimestamp(moment)
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def place(path: Path) -> str:
    """A folder for reading: the home folder as `~`."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except ValueError:
        return str(path)


def listing(names: list[str], most: int = 3) -> str:
    """`a, b and c`, or `a, b and 4 more`."""
    names = isolated_all(names)
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= most:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    shown = most - 1
    return f"{', '.join(names[:shown])} and {number(len(names) - shown)} more"
