"""Fonts for the PDF: one that holds every character of a report where there is one, else several that do so together.

Asked in this order: Vera, which comes with reportlab; the TrueType fonts of this computer; and for Chinese, Japanese and Korean
the fonts that PDF readers bring along (named in the file, not part of it).
"""

from __future__ import annotations

import bisect
import os
import re
import struct
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

BUILT_IN = ("Vera.ttf", "VeraBd.ttf")
# Good all-round fonts first, with the file of their bold face; then those for Chinese, Japanese and Korean.
PREFERRED = (
    ("dejavusans.ttf", "dejavusans-bold.ttf"),
    ("notosans-regular.ttf", "notosans-bold.ttf"),
    ("liberationsans-regular.ttf", "liberationsans-bold.ttf"),
    ("segoeui.ttf", "segoeuib.ttf"),
    ("arial.ttf", "arialbd.ttf"),
    ("tahoma.ttf", "tahomabd.ttf"),
    ("arial unicode.ttf", ""),
    ("msyh.ttc", "msyhbd.ttc"),
    ("yugothm.ttc", "yugothb.ttc"),
    ("meiryo.ttc", "meiryob.ttc"),
    ("malgun.ttf", "malgunbd.ttf"),
    ("simsun.ttc", ""),
    ("msgothic.ttc", ""),
    ("wqy-microhei.ttc", ""),
    ("wqy-zenhei.ttc", ""),
    ("droidsansfallbackfull.ttf", ""),
)
STYLED = ("bold", "italic", "oblique", "mono", "condensed", "light", "thin", "black", "heavy", "narrow")
# PDF readers' own fonts, and the encoding that tells which characters each of them has.
READERS = (("HeiseiKakuGo-W5", "cp932"), ("HYGothic-Medium", "cp949"), ("STSong-Light", "gbk"), ("MSung-Light", "big5"))
_UNREADABLE = (TTFError, OSError, ValueError, KeyError, IndexError, AttributeError, AssertionError, struct.error)


@dataclass(frozen=True, slots=True)
class Face:
    """A font that is used. name, bold: as registered. holds: which of the report's characters it has."""

    name: str
    bold: str
    holds: frozenset[str]
    embedded: bool = True


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A font that might be used. path: of the regular face, or the name of a reader's own font. heavier: its bold face."""

    path: Path | str
    heavier: Path | None
    holds: frozenset[str]


class Fonts:
    """The fonts of one report, the main one first. missing: characters that none of them has."""

    def __init__(self, texts: Iterable[str]) -> None:
        needed = frozenset(c for text in texts for c in text if not c.isspace())
        self.faces = _choose(needed)
        self.missing = "".join(sorted(needed.difference(*(face.holds for face in self.faces))))

    @property
    def main(self) -> str:
        return self.faces[0].name

    @property
    def bold(self) -> str:
        return self.faces[0].bold

    @property
    def embedded(self) -> bool:
        return all(face.embedded for face in self.faces)

    def markup(self, text: str, *, bold: bool = False) -> str:
        """The text for a reportlab paragraph: escaped, with another font where the main one lacks characters."""
        parts = []
        for face, run in self._runs(text):
            plain, name = escape(run), face.bold if bold else face.name
            parts.append(plain if face is self.faces[0] else f'<font name="{name}">{plain}</font>')
        return "".join(parts)

    def width(self, text: str, size: float) -> float:
        """Of one line, in points."""
        return float(sum(pdfmetrics.stringWidth(run, face.name, size) for face, run in self._runs(text)))

    def shorten(self, text: str, width: float, size: float) -> str:
        """The beginning of a text that fits into `width` points, with an ellipsis where something is cut off."""
        if self.width(text, size) <= width:
            return text
        # The largest beginning that fits; one letter is kept in any case.
        kept = bisect.bisect_right(range(2, len(text)), width, key=lambda n: self.width(text[:n].rstrip() + "…", size))
        return text[: kept + 1].rstrip() + "…"

    def _runs(self, text: str) -> Iterator[tuple[Face, str]]:
        """The text in stretches of one font; what no font holds, and blanks, go with what is before them."""
        face, run = self.faces[0], ""
        for character in text:
            holder = face if character.isspace() else self._holder(character) or face
            if holder is not face and run:
                yield face, run
                run = ""
            face, run = holder, run + character
        if run:
            yield face, run

    def _holder(self, character: str) -> Face | None:
        return next((face for face in self.faces if character in face.holds), None)


def _choose(needed: frozenset[str]) -> tuple[Face, ...]:
    looked: list[_Candidate] = []
    for each in _embeddable(needed):
        if each.holds == needed:
            return (_register(each, needed),)
        looked.append(each)
    chosen = looked[:1]
    left = needed - chosen[0].holds
    others = [*looked[1:], *_readers(left)]
    while left and others:
        best = max(others, key=lambda each: len(each.holds & left))  # the first of equals
        if not best.holds & left:
            break
        chosen.append(best)
        others.remove(best)
        left -= best.holds
    return tuple(_register(each, needed) for each in chosen)


def _embeddable(needed: frozenset[str]) -> Iterator[_Candidate]:
    """Vera, then the fonts of this computer, each opened only when it is asked for and closed again."""
    regular, bold = (Path(name) for name in BUILT_IN)
    yield _Candidate(regular, bold, _holds(regular, needed))
    for path, heavier in _ordered(_font_files()):
        holds = _holds(path, needed)
        if holds:
            yield _Candidate(path, heavier, holds)


def _holds(path: Path, needed: frozenset[str]) -> frozenset[str]:
    """Which of the characters a font has; none when it is damaged or may not be put into a PDF."""
    try:
        glyphs = TTFont("look", str(path)).face.charToGlyph
    except _UNREADABLE:
        return frozenset()
    return frozenset(c for c in needed if ord(c) in glyphs)


def _readers(left: frozenset[str]) -> Iterator[_Candidate]:
    # They have other letters, too, but set them as wide as ideographs.
    wide = {c for c in left if unicodedata.east_asian_width(c) in ("W", "F")}
    for name, encoding in READERS:
        yield _Candidate(name, None, frozenset(c for c in wide if _encodes(c, encoding)))


def _register(chosen: _Candidate, needed: frozenset[str]) -> Face:
    """Makes a font known to reportlab, with its bold face where that has the same characters.

    reportlab keeps the first font of each name for as long as the process lives, so the name follows the file.
    """
    if isinstance(chosen.path, str):
        pdfmetrics.registerFont(UnicodeCIDFont(chosen.path))
        return Face(chosen.path, chosen.path, chosen.holds, embedded=False)
    name = "report-" + re.sub(r"\W", "-", chosen.path.stem)
    pdfmetrics.registerFont(TTFont(name, str(chosen.path)))
    if chosen.heavier is None or _holds(chosen.heavier, needed) != chosen.holds:
        return Face(name, name, chosen.holds)
    pdfmetrics.registerFont(TTFont(f"{name}-bold", str(chosen.heavier)))
    return Face(name, f"{name}-bold", chosen.holds)


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


# --- the fonts of this computer --------------------------------------------------------


def folders() -> tuple[Path, ...]:
    """Where this system keeps its fonts."""
    home = Path.home()
    if sys.platform == "win32":
        system = Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
        own = Path(os.environ.get("LOCALAPPDATA", str(home))) / "Microsoft" / "Windows" / "Fonts"
        return system, own
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"
    return Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts", home / ".fonts"


def _font_files() -> dict[str, Path]:
    """TrueType files by their name in small letters; where two have the same name, the first."""
    found: dict[str, Path] = {}
    for folder in folders():
        for parent, inner, names in os.walk(folder):  # passes over what can't be read
            inner.sort()
            for name in sorted(names):
                if name.lower().endswith((".ttf", ".ttc")):
                    found.setdefault(name.lower(), Path(parent) / name)
    return found


def _ordered(files: dict[str, Path]) -> Iterator[tuple[Path, Path | None]]:
    """Regular faces with their bold ones: the preferred first, the others by name."""
    for regular, bold in PREFERRED:
        if regular in files:
            yield files[regular], files.get(bold)
    known = {name for pair in PREFERRED for name in pair}
    for name in sorted(files):
        if name not in known and not any(style in name for style in STYLED):
            yield files[name], None
