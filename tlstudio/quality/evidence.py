"""What the checks look at: the images of a project, and what is known of each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.images.origin import Origin
from tlstudio.quality.looking import Measures


@dataclass(frozen=True, slots=True)
class Evidence:
    """images: all that the user has not left out. The rest is known for some of them only.

    measures, origins: by content. edges: by content, (edges.WIDTH,). text: contents with text written into the picture.
    missing: ids of images whose file is not there any more. resaved: pairs of ids of images with different classes, of which
    one is the other saved again. changed: by id of an image, the content that its file has since it was exchanged. refused: files
    that could not be imported. groups_open: nobody has said what belongs together, nor that nothing does.
    """

    images: Sequence[ImageRow]
    measures: Mapping[str, Measures] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    edges: Mapping[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    text: Iterable[str] = frozenset()
    missing: frozenset[int] = frozenset()
    resaved: Sequence[tuple[int, int]] = ()
    changed: Mapping[int, str] = field(default_factory=dict)
    refused: Sequence[Refusal] = ()
    groups_open: bool = False


def counted(n: int, one: str, many: str) -> str:
    """`1 image is blank`, `1,204 images are blank`."""
    return f"1 image {one}" if n == 1 else f"{n:,} images {many}"


def paths(images: Iterable[ImageRow]) -> tuple[str, ...]:
    """Their paths, each once, in order."""
    return tuple(dict.fromkeys(str(image.path) for image in images))
