"""What a class may be called, and which names a person takes for the same one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from tlstudio.domain.safe_text import storable

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff]")
_BETWEEN = re.compile(r"[\s_\-‐-―]+")


@lru_cache(maxsize=4096)
def class_name(text: str) -> str:
    """A class as it is stored: trimmed, on one line and in one spelling of accents, so that a second import meets it again.

    Applying it again changes nothing. Empty becomes `unnamed`.
    """
    return _CONTROLS.sub(" ", unicodedata.normalize("NFC", storable(text))).strip() or "unnamed"


def look(name: str) -> str:
    """Equal for names that a person takes for one: large and small letters, kinds of spaces and dashes, signs that can't be seen,
    and letters that have two codes (full width, ligatures, accents apart) are alike."""
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", name)).casefold()
    return _BETWEEN.sub(" ", unicodedata.normalize("NFKC", plain)).strip()


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The groups of names, two or more in each, that differ in their look alone or in an English plural; in the given order."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(look(name), []).append(name)
    for key in [key for key in groups if f"{key}s" in groups and len(key) > 2 and not key.endswith("s")]:
        groups[key] += groups.pop(f"{key}s")
    return [tuple(group) for group in groups.values() if len(group) > 1]
