"""Images made up for the checks: rows without files, and measures of pictures that nobody painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.conftest import image_row
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.looking import Measures

ENOUGH = 24
SHARP = Measures(mean=120.0, spread=40.0, black=0.01, white=0.01, detail=-0.5, chroma=60.0)


def images_of(label: str | None, n: int, start: int, **options: object) -> list[ImageRow]:
    """`n` images numbered from `start`; options: fields of ImageRow."""
    return [replace(image_row(start + i, label), **options) for i in range(n)]


def paths(images: Sequence[ImageRow]) -> tuple[str, ...]:
    return tuple(str(i.path) for i in images)


def measures_of(images: Sequence[ImageRow], **values: float) -> dict[str, Measures]:
    """Ordinary measures for all, with these values instead."""
    return {image.content: replace(SHARP, **values) for image in images}


@pytest.fixture
def clean() -> list[ImageRow]:
    """Two balanced classes, every image its own group, nothing to complain of."""
    rows = [*images_of("cat", ENOUGH, 0), *images_of("dog", ENOUGH, 100)]
    return [*rows, *images_of("cat", 3, 200, split=Split.TEST), *images_of("dog", 3, 300, split=Split.VAL)]
