"""Scripts that a PDF must be given in drawn order: from right to left, and with joined letters.

A PDF page holds glyphs from left to right, one for one character. Web browsers order and join letters by themselves; here it is
done for Hebrew and for Arabic and its relatives, as far as names and sentences around them need it (a small part of the Unicode
Bidirectional Algorithm, UAX #9).
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from tlstudio.domain.safe_text import visible

RIGHT_TO_LEFT = ("R", "AL")
_INSIDE = (
    "WS",
    "ON",
    "CS",
    "ES",
    "ET",
    "EN",
    "AN",
    "NSM",
    "BN",
)  # may stand between such letters without ending the stretch
_DIGITS = ("EN", "AN")
_CONTROLS = dict.fromkeys((0x200C, 0x200D, 0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_MIRRORS = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_ISOLATED = re.compile("\u2068([^\u2068\u2069]*)(?:\u2069|$)")  # the end may have been cut off
_LAM = "\N{ARABIC LETTER LAM}"
# Scripts whose letters must be joined or reordered in ways that are not done here.
_COMPLEX = {
    *("BALINESE", "BENGALI", "DEVANAGARI", "GUJARATI", "GURMUKHI", "JAVANESE", "KANNADA", "KHMER", "MALAYALAM"),
    *("MONGOLIAN", "MYANMAR", "NKO", "ORIYA", "SINHALA", "SYRIAC", "TAMIL", "TELUGU", "TIBETAN"),
}


def drawn(text: str) -> str:
    """The text in the order and the forms in which it is drawn; text without such letters is returned as it is.

    Like `dir="auto"` on a web page: the first letter decides how the whole runs. What is fenced off by isolates runs by itself.
    """
    text = visible(text, lines=True)
    if any(_kind(c) in RIGHT_TO_LEFT for c in text):
        text = "".join(_ordered(part) for part in _ISOLATED.split(text))
    return text.translate(_CONTROLS)


def complex_scripts(text: str) -> tuple[str, ...]:
    """Names of the scripts in the text that can't be drawn well here, such as `Devanagari`."""
    first_words = {unicodedata.name(c, "").split(" ", 1)[0] for c in set(text)}
    return tuple(sorted(word.capitalize() for word in first_words & _COMPLEX))


def _ordered(text: str) -> str:
    """A text without isolates in the order in which it is drawn."""
    first = next((kind for kind in map(_kind, text) if kind in ("L", *RIGHT_TO_LEFT)), "L")
    if first == "L":
        return "".join(_turn(part) if inside else part for inside, part in _stretches(text, RIGHT_TO_LEFT))
    parts = list(_stretches(text, ("L",)))
    return "".join(part if inside else _turn(part) for inside, part in reversed(parts))


def _stretches(text: str, strong: tuple[str, ...]) -> Iterable[tuple[bool, str]]:
    """The text in parts, each with whether it begins and ends with letters of these kinds and has no others inside."""
    start = 0
    while start < len(text):
        first = next((i for i in range(start, len(text)) if _kind(text[i]) in strong), len(text))
        if first > start:
            yield False, text[start:first]
        end = last = first
        while end < len(text) and _kind(text[end]) in (*strong, *_INSIDE):
            end += 1
            if _kind(text[end - 1]) in (*strong, "NSM"):
                last = end
        if last > first:
            yield True, text[first:last]
        start = last


def _kind(character: str) -> str:
    return unicodedata.bidirectional(character)


def _turn(text: str) -> str:
    """Joins the letters and turns their order; numbers inside keep theirs. Blanks are held together, so that no line breaks."""
    clusters: list[str] = []
    for character in _join(text):
        kind = _kind(character)
        mark = kind == "NSM"  # stays behind the letter it sits on
        if clusters and (mark or (kind in _DIGITS and _kind(clusters[-1][-1]) in _DIGITS)):
            clusters[-1] += character
        else:
            clusters.append(character.translate(_MIRRORS))
    return "".join(reversed(clusters)).replace(" ", "\N{NO-BREAK SPACE}")


# --- Arabic letters ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Forms:
    """The shapes of one letter; a letter without initial form joins the one before it only."""

    isolated: str
    final: str
    initial: str = ""
    medial: str = ""


@functools.cache
def _forms() -> dict[str, _Forms]:
    """Shapes by letter, or by lam and alef together, from the compatibility mappings of the Unicode character database."""
    found: dict[str, dict[str, str]] = {}
    for code in itertools.chain(range(0xFB50, 0xFC00), range(0xFE70, 0xFEFD)):
        kind, _, base = unicodedata.decomposition(chr(code)).partition(" ")
        letters = "".join(chr(int(part, 16)) for part in base.split())
        if kind in ("<isolated>", "<final>", "<initial>", "<medial>") and letters and letters[0] != " ":
            found.setdefault(letters, {})[kind[1:-1]] = chr(code)
    return {letters: _Forms(**kinds) for letters, kinds in found.items() if {"isolated", "final"} <= set(kinds)}


def _join(text: str) -> str:
    """Each Arabic letter in the shape that its neighbours give it."""
    forms, letters = _forms(), _letters(text)
    shaped = []
    for i, letter in enumerate(letters):
        form = forms.get(letter)
        if form is None:
            shaped.append(letter)
            continue
        before, after = _neighbour(letters, i, -1), _neighbour(letters, i, 1)
        tied = before in forms and bool(forms[before].initial)
        ties = bool(form.initial) and after in forms
        shaped.append(form.medial if tied and ties else form.final if tied else form.initial if ties else form.isolated)
    return "".join(shaped)


def _letters(text: str) -> list[str]:
    """Characters, lam and a following alef as one."""
    found: list[str] = []
    for character in text:
        if found and found[-1] == _LAM and _LAM + character in _forms():
            found[-1] += character
        else:
            found.append(character)
    return found


def _neighbour(letters: list[str], i: int, step: int) -> str:
    """The next letter in that direction that is no mark on another."""
    i += step
    while 0 <= i < len(letters) and _kind(letters[i][0]) == "NSM":
        i += step
    return letters[i] if 0 <= i < len(letters) else ""
