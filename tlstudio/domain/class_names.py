"""What a class may be called."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from tlstudio.domain.safe_text import storable

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@lru_cache(maxsize=4096)
def class_name(text: str) -> str:
    """A class as it is stored: trimmed, on one line and in one spelling of accents, so that a second import meets it again.

    Applying it again changes nothing. Empty becomes `unnamed`.
    """
    return _CONTROLS.sub(" ", unicodedata.normalize("NFC", storable(text))).strip() or "unnamed"
