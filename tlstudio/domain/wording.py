"""Words for amounts and names, for whoever says them: the window, the terminal, a sentence of the engine."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from unicodedata import bidirectional

from tlstudio.domain.safe_text import visible

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_FROM_RIGHT = {"R", "AL", "AN", "RLI"}  # classes of the Unicode bidirectional algorithm (UAX 9)
_BEGIN, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"

# Signs of such scripts with what joins words of one name; a figure or a comma may be a part of our sentence.
_STRONG = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff"
_RUN = re.compile(f"[{_STRONG}](?:[\\s_'’./-]*[{_STRONG}])*")


def size(amount: int) -> str:
    """`14 MB`, `1.2 GB`: decimal units, as drives and download pages count."""
    if amount < 1000:
        return f"{amount} byte" if amount == 1 else f"{amount} bytes"
    for unit, factor in (("kB", 10**3), ("MB", 10**6), ("GB", 10**9)):
        if amount < factor * 1000 or unit == "GB":
            value = amount / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    raise AssertionError


def isolated(name: str) -> str:
    """A name that somebody gave, to be put into a sentence or beside a number.

    One in a script that is read from right to left is set apart from what stands beside it (UAX 9, section 2.4): without that a
    figure after it would be drawn before it, as if it were a part of the name. Signs that can't be seen become pictures; see
    `safe_text.visible`.
    """
    name = visible(name)
    if any(bidirectional(sign) in _FROM_RIGHT for sign in name):
        return f"{_BEGIN}{name}{_END}"
    return name


def directed(sentence: str) -> str:
    """A whole sentence of ours in which names may stand that are read from right to left: each run of them is set apart.

    For sentences that come made; whoever makes one takes `isolated` for its names, and knows better where they end.
    """
    sentence = visible(sentence, lines=True)
    if _BEGIN in sentence or not any(bidirectional(sign) in _FROM_RIGHT for sign in sentence):
        return sentence
    return _RUN.sub(lambda run: f"{_BEGIN}{run.group()}{_END}", sentence)


def plain(words: str) -> str:
    """Without the signs that set names apart: for comparing, and for places that can't show them."""
    return words.replace(_BEGIN, "").replace(_END, "")


def argument(name: str) -> str:
    """A name as a shell wants it, in quotation marks where it needs them: for commands that are copied from what we say."""
    if os.name != "nt":
        return shlex.quote(name)
    return f'"{name}"' if any(sign in name for sign in " \t&()^%!,;=") else name  # a name there has no quotation marks


def isolated_all(names: Iterable[str]) -> list[str]:
    return [isolated(name) for name in names]
