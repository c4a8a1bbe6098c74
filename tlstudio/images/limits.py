"""How large a picture may be."""

from __future__ import annotations

from tlstudio.domain.errors import ImageRefused

MAX_PIXELS = 300_000_000  # 17,000 x 17,000: larger than any camera, smaller than a bomb
TOO_LARGE = f"The picture is larger than {MAX_PIXELS // 1_000_000} megapixels."


def check_size(width: int, height: int) -> None:
    """Raises ImageRefused for a picture that is too large to decode, or has no pixels."""
    if width * height > MAX_PIXELS:
        raise ImageRefused(TOO_LARGE)
    if width <= 0 or height <= 0:
        raise ImageRefused("The picture has no pixels.")
