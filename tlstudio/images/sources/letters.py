"""How likely a text is as one of the languages that people write: by its letters alone, for telling code pages apart.

The letters of each language in the order of their frequency are charset-normalizer's; what a language writes beyond its 26 most
frequent letters stands here. A rank stands for a probability by Zipf's law. Chinese, Japanese and Korean are told by the parts
of their national sets that hold the characters in daily use (GB 2312 level 1, Big5 level 1, JIS X 0208 level 1, KS X 1001).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from charset_normalizer.constant import FREQUENCIES

# Kept by charset-normalizer under these names, but no alphabets.
_NO_ALPHABETS = frozenset({"English—", "Japanese", "Japanese—", "Japanese——", "Chinese", "Korean", "Hindi", "Tamil"})
_FURTHER = {
    "German": "ß", "French": "êâîôûùëïçœ", "Spanish": "ñúéü", "Portuguese": "âêôõúüàó", "Italian": "ìùé", "Polish": "żśćńź",
    "Czech": "řžýúůóňťďšě", "Hungarian": "őűúüíó", "Slovak": "ščťžľňúôďóäŕĺ", "Danish": "é", "Norwegian": "éòôæ",
    "Swedish": "é", "Turkish": "öîâ", "Romanian": "âîășțşţ", "Lithuanian": "ųūęčįą", "Estonian": "šž", "Croatian": "đćžš",
    "Slovene": "čšž", "Finnish": "å", "Russian": "шщэфюъёц", "Ukrainian": "їєґщюшфж", "Greek": "ώύόθφχβγξψζϊϋ",
    "Bulgarian": "фюь", "Kazakh": "қңұүһәёю", "Serbian": "ђћџљњжчш", "Dutch": "éïö", "Arabic": "ؤئءآغضظثذز",
    "Farsi": "ژئءضصثذظغ", "Hebrew": "ףץ", "Thai": "ิ์ี่้ืุัูึ็ฟณฤญธศษฉฝโเแใไำ",
}  # fmt: skip
_RARE, _MARKED, _FOREIGN, _SIGN = 0.004, 2e-4, 1e-5, 1e-6
_KANA = frozenset("".join((*FREQUENCIES["Japanese—"], *FREQUENCIES["Japanese——"])))
# A large letter after a small one; any other large letter; a letter of ends that is not at the end.
_LARGE_INSIDE, _LARGE, _NO_END = -7.0, -1.0, -5.0
BAD = -12.0  # a byte that is no text in this encoding
_ENDS = frozenset("ςםןץףך")  # letters that words end with
# ASCII only: a space of another kind inside a word tells a wrong reading.
_APART = re.compile(r"[ \t\r\n,;|\"'.:/()_0-9\-]+")


def likelihood(words: Iterable[str]) -> float:
    """The logarithm of the words' probability in the language that explains them best.

    Words of ASCII alone are passed over, and so is what stands between words; lone surrogates stand for bytes that are no text.
    """
    parts = [part for word in words for part in _APART.split(word) if part and not part.isascii()]
    western = (sum(_spelled(part, table, script) for part in parts) for table, script in _alphabets())
    eastern = (sum(_signs(part, sign) for part in parts) for sign in (_chinese, _taiwanese, _japanese, _korean))
    return max((*western, *eastern), default=0.0)


@lru_cache(maxsize=1)
def _alphabets() -> tuple[tuple[Mapping[str, float], str], ...]:
    """For each language its letters with the logarithm of their probability, and its script."""
    found = []
    for language, letters in FREQUENCIES.items():
        if language in _NO_ALPHABETS:
            continue
        total = sum(1 / (rank + 3) for rank in range(len(letters)))
        table = {letter: math.log(0.97 / (rank + 3) / total) for rank, letter in enumerate(letters)}
        for letter in _FURTHER.get(language, ""):
            table.setdefault(letter, math.log(_RARE))
        scripts = [_script(letter) for letter in letters]
        found.append((table, max(set(scripts), key=scripts.count)))
    return tuple(found)


def _spelled(word: str, table: Mapping[str, float], script: str) -> float:
    score, before = 0.0, ""
    for sign in word:
        small = sign.lower()[:1]  # a large dotted I becomes two signs
        known = table.get(small)
        score += _other(small, script) if known is None else known
        if sign != small:
            score += _LARGE_INSIDE if before and not before.isupper() else _LARGE
        if before in _ENDS:
            score += _NO_END
        before = sign
    return score


@lru_cache(maxsize=65536)
def _other(sign: str, script: str) -> float:
    """A sign that is none of the language's letters."""
    if _is_bad(sign):
        return BAD
    if not (sign.isalpha() and _script(sign) == script):
        return math.log(_SIGN)
    if script != "LATIN":
        return math.log(1e-3)
    marked = len(unicodedata.normalize("NFD", sign)) > 1 and sign < "\u0180"
    return math.log(_MARKED if marked else _FOREIGN)


def _signs(word: str, of: Callable[[str], float]) -> float:
    return sum(BAD if _is_bad(sign) else math.log(1 / 40 if sign.isascii() else of(sign)) for sign in word)


def _is_bad(sign: str) -> bool:
    """What no text holds: halves of a pair, control signs, signs that nobody has assigned."""
    return unicodedata.category(sign) in ("Cs", "Cc", "Cn")


@lru_cache(maxsize=65536)
def _script(sign: str) -> str:
    return unicodedata.name(sign, "").split(" ")[0].split("-")[0]


def _in(sign: str, code: str) -> bytes:
    """The two bytes of a sign in a national set; empty where it is not in it."""
    try:
        data = sign.encode(code)
    except UnicodeEncodeError:
        return b""
    return data if len(data) == 2 else b""


@lru_cache(maxsize=65536)
def _chinese(sign: str) -> float:
    data = _in(sign, "gb2312")
    return 1e-7 if not data else 1 / 2500 if data[0] < 0xD8 else 1e-5


@lru_cache(maxsize=65536)
def _taiwanese(sign: str) -> float:
    data = _in(sign, "big5")
    return 1e-7 if not data else 1 / 2500 if 0xA4 <= data[0] <= 0xC6 else 1e-5


@lru_cache(maxsize=65536)
def _japanese(sign: str) -> float:
    if sign in _KANA:
        return 1 / 120
    data = _in(sign, "cp932")
    if not data or _script(sign) in ("HALFWIDTH", "FULLWIDTH"):
        return 1e-7
    return 1 / 2500 if 0x88 <= data[0] < 0x98 else 1e-5


@lru_cache(maxsize=65536)
def _korean(sign: str) -> float:
    data = _in(sign, "euc_kr")
    return 1e-7 if not data else 1 / 900 if 0xB0 <= data[0] <= 0xC8 else 1e-6
