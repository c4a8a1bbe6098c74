"""Which encoding the bytes of a text are in: by its mark, by UTF-8's own shape, else by what the letters would say in each.

A file does not tell its code page. What charset-normalizer and the usual code pages make of the bytes is judged by the letters
(see `letters`); only a reading that is far likelier than every other is taken without a question. The proof, over languages and
code pages, is in tests/proofs/encodings.py.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.importing import Encoding, EncodingWay
from tlstudio.images.sources.letters import likelihood

UTF_8 = "utf-8"
# {Python's name: what people call it}. The code pages of Windows first: tables come from there.
CODE_PAGES = {
    "cp1252": "Windows, western Europe",
    "cp1250": "Windows, central Europe",
    "cp1251": "Windows, Cyrillic",
    "cp1253": "Windows, Greek",
    "cp1254": "Windows, Turkish",
    "cp1255": "Windows, Hebrew",
    "cp1256": "Windows, Arabic",
    "cp1257": "Windows, Baltic",
    "cp1258": "Windows, Vietnamese",
    "cp874": "Windows, Thai",
    "cp932": "Windows, Japanese (Shift JIS)",
    "gb18030": "Chinese, simplified (GBK)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Windows, Korean",
    "euc_jp": "Japanese (EUC)",
    "koi8_r": "Russian (KOI8)",
    "mac_roman": "Macintosh, western Europe",
    "mac_latin2": "Macintosh, central Europe",
    "mac_cyrillic": "Macintosh, Cyrillic",
    "mac_greek": "Macintosh, Greek",
    "cp437": "DOS, United States",
    "cp850": "DOS, western Europe",
    "cp852": "DOS, central Europe",
    "cp866": "DOS, Cyrillic",
    "cp737": "DOS, Greek",
}
NAMES = {UTF_8: "Unicode (UTF-8)", "utf-16-le": "Unicode (UTF-16)", "utf-16-be": "Unicode (UTF-16)", **CODE_PAGES}
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A reading is taken without a question when it is likelier than every other by so much, as a logarithm: 3,000 times.
SURE = 8.0
BY_CHANCE = 3.0  # the same, for asking although a text is UTF-8 throughout
MOST_WAYS = 8  # that are offered
FEW_WORDS = 20  # more words than so many are not UTF-8 by chance
MOST_WORDS = 200  # that the letters are looked at of
MOST_BYTES = 4_000  # of these, about: every one is read in two dozen encodings and compared with some forty languages
HEAD = 4096
FEW_LINES = 10  # from so many on, one line that is no UTF-8 is a fault of that line, not another code page
WIDE = 0.05  # of all bytes are zeros in UTF-16; a file's name and a comma in each line are enough
_SAMPLE = 40  # characters of a line that are shown
_CELLS = re.compile(rb'[,;\t\r\n"]+')
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_BAD = re.compile("[\ud800-\udfff]")
_ERRORS = "tlstudio.marked"


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no text become lone surrogates, which no text holds; `damaged` finds them again."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _mark)


@dataclass(frozen=True, slots=True)
class Decoded:
    """text: with a lone surrogate for every byte that is none. encoding: None where there is nothing to choose (plain ASCII, a
    mark, UTF-8 throughout)."""

    text: str
    encoding: Encoding | None = None


def decode(data: bytes, wished: str = "") -> Decoded:
    """Text from bytes: as its mark says, else in the encoding that is wished, else as it is found out.

    Raises WrongUsage for a wish that is no encoding.
    """
    for mark, key in MARKS:
        if data.startswith(mark):
            return Decoded(read_as(data, key))
    if wished:
        key = known(wished)
        text = read_as(data, key)
        return Decoded(
            text, Encoding(key, NAMES.get(key, ""), _others(key, ()), sure=True, stated=True, lines=_lines(text))
        )
    wide = _wide(data[:HEAD])
    if wide:
        return Decoded(read_as(data, wide))
    if data.isascii():
        return Decoded(data.decode("ascii"))
    try:
        return _by_chance(data, data.decode(UTF_8))
    except UnicodeDecodeError:
        return _guessed(data)


def known(name: str) -> str:
    """Python's name of an encoding of text. Raises WrongUsage where there is none of this name."""
    try:
        found = codecs.lookup(name.strip())
        "".encode(found.name)  # an encoding of text, not of bytes
    except Exception as error:  # whatever a codec of another kind says to no bytes at all
        raise WrongUsage(
            f"“{name}” is not the name of an encoding.", remedy=f"Use one of: {', '.join((UTF_8, *CODE_PAGES))}."
        ) from error
    alike = {codecs.lookup(key).name: key for key in NAMES}
    return alike.get(found.name, found.name)


def least_sure(*encodings: Encoding | None) -> Encoding | None:
    """Of several texts' encodings the one that is to be asked about first; None where all say theirs themselves."""
    return min((each for each in encodings if each is not None), key=lambda each: each.sure, default=None)


def damaged(text: str) -> bool:
    """Whether there is a byte in it that is no text."""
    return not text.isascii() and _BAD.search(text) is not None


def mended(text: str) -> str:
    """The text with � for what is none."""
    return text if text.isascii() else _BAD.sub("\ufffd", text)


def guess(pieces: Sequence[bytes]) -> list[tuple[float, str, tuple[str, ...]]]:
    """The readings of some words, the likeliest first: (logarithm of the likelihood, encoding, the words).

    Encodings that give the same words count as one. UTF-8 is among them: its bytes may be damaged, too.
    """
    return list(_judged(tuple(pieces)))


@lru_cache(maxsize=16)  # of a file that several readers look at, when it is looked at and when it is imported
def _judged(pieces: tuple[bytes, ...]) -> tuple[tuple[float, str, tuple[str, ...]], ...]:
    found: dict[tuple[str, ...], tuple[float, str]] = {}
    for key in (UTF_8, *CODE_PAGES):
        words = tuple(read_as(piece, key) for piece in pieces)
        if words not in found:
            found[words] = (likelihood(words), key)
    return tuple(sorted(((score, key, words) for words, (score, key) in found.items()), key=lambda way: -way[0]))


def _by_chance(data: bytes, text: str) -> Decoded:
    """A text that is UTF-8 throughout, which a few Chinese words in their own code may be by chance: then it is asked."""
    pieces = _pieces(data)
    if len(pieces) <= FEW_WORDS and all(len(sign.encode()) < 3 for sign in set(text)):
        ways = guess(pieces)
        mine = next(score for score, key, _ in ways if key == UTF_8)
        if ways[0][0] - mine > BY_CHANCE:
            offered = [EncodingWay(key, NAMES[key], _shown(words)) for score, key, words in ways if score >= mine]
            others = _others(UTF_8, offered[:MOST_WAYS])
            return Decoded(text, Encoding(UTF_8, NAMES[UTF_8], others, sure=False, lines=_lines(text)))
    return Decoded(text)


def _pieces(data: bytes) -> list[bytes]:
    """The cells that are not plain ASCII, each once."""
    return list(dict.fromkeys(piece for piece in _CELLS.split(data) if not piece.isascii()))


def _guessed(data: bytes) -> Decoded:
    """A text that is not UTF-8 throughout."""
    lines = data.split(b"\n")
    wrong = sum(1 for line in lines if not is_utf8(line))
    if wrong <= max(int(len(lines) >= FEW_LINES), len(lines) // 100):
        text = read_as(data, UTF_8)
        return Decoded(text, Encoding(UTF_8, NAMES[UTF_8], _others(UTF_8, ()), sure=True, lines=_lines(text)))
    return told(data, guess(some_of(_pieces(data))))


def some_of(pieces: Sequence[bytes]) -> list[bytes]:
    """As many as tell the encoding, from all over: of long ones, such as notes, fewer."""
    chosen = [piece[:MOST_BYTES] for piece in _spread(pieces, MOST_WORDS)]
    return _spread(chosen, max(1, len(chosen) * MOST_BYTES // max(1, sum(map(len, chosen)))))


def _spread(pieces: Sequence[bytes], most: int) -> list[bytes]:
    return list(pieces[:: max(1, len(pieces) // most)][:most])


def told(data: bytes, ways: Sequence[tuple[float, str, tuple[str, ...]]]) -> Decoded:
    """The text in the likeliest of the readings, and how sure that is. ways: see `guess`."""
    best = ways[0]
    close = [way for way in ways[1:] if best[0] - way[0] <= SURE]
    text = read_as(data, best[1])
    offered = [EncodingWay(key, NAMES[key], _shown(words)) for _, key, words in (best, *close)][:MOST_WAYS]
    return Decoded(
        text, Encoding(best[1], NAMES[best[1]], _others(best[1], offered), sure=not close, lines=_lines(text))
    )


def _others(key: str, likely: Sequence[EncodingWay]) -> tuple[EncodingWay, ...]:
    """All that can be chosen: the likely ones with what they would say, then the rest."""
    named = {way.key for way in likely}
    own = [] if key in NAMES or key in named else [EncodingWay(key, "")]
    rest = [EncodingWay(other, NAMES[other]) for other in (UTF_8, *CODE_PAGES) if other not in named]
    return (*likely, *own, *rest)


def read_as(data: bytes, key: str) -> str:
    """The text in one encoding, with a lone surrogate for every byte that is none."""
    try:
        text = data.decode(key, _ERRORS)
    except UnicodeError:
        return data.decode(key, "replace")  # encodings with a state, which can't go on from any place
    # Some code pages give bytes that stand for nothing a place in the area for private use.
    return _PRIVATE.sub("\udcff", text) if key in CODE_PAGES and not text.isascii() else text


def _wide(head: bytes) -> str:
    """UTF-16 without its mark: a text has spaces, line ends or Latin letters, of which one byte is zero, always the same one.

    Empty for anything else: a zero here and there is damage, and costs the line that it is in.
    """
    zeros = {"utf-16-be": head[0::2].count(0), "utf-16-le": head[1::2].count(0)}
    key = max(zeros, key=lambda each: zeros[each])
    return key if zeros[key] >= WIDE * len(head) > 0 and min(zeros.values()) <= zeros[key] / 10 else ""


def is_utf8(line: bytes) -> bool:
    try:
        line.decode(UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def _shown(words: Sequence[str]) -> str:
    return mended(", ".join(words))[:_SAMPLE]


def _lines(text: str) -> tuple[str, ...]:
    """The first lines that depend on the encoding, for people."""
    found: list[str] = []
    for line in text[: 1024 * 1024].splitlines():
        if not line.isascii():
            found.append(mended(line.strip())[:_SAMPLE])
        if len(found) == 3:
            break
    return tuple(found)
