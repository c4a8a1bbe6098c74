"""How large the pictures are that a model looks at, where nobody said it.

A network sees more in small pictures when they are enlarged to the size that it has learned at: of a third of the errors on
everyday photographs of 64 pixels, looked at as they are, a sixth was left at 224 (20 images a class, EfficientNet-Lite 0), and of
one in fifty on steel one in two hundred. But that takes memory, disk and time by the square, which many images do not repay; and
from tiny ones nothing more is to be had: of digits of 8 pixels 3.1 and 3.0 % were told wrong at 64 and 96, and 4.8 % at 224.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tlstudio.domain.cards import ModelCard
from tlstudio.domain.values import ImageRow
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow.models import LOOK_SECONDS, speed_of

LEAST = 64  # pixels; below it the last stages of most networks have but one place to look at
MOST_ENLARGED = 4  # times their own size
STEP = 32  # by which networks halve their maps, all in all
MOST_OF_THEM = 0.9  # share of the images that lose no detail


def size_for(project: Project, card: ModelCard) -> int:
    """The edge in pixels at which a model looks at a project's labeled images."""
    return suited_size(card, images.list_images(project, labeled=True), speed_of(card))


def suited_size(card: ModelCard, rows: Sequence[ImageRow], speed: float) -> int:
    """The model's own, or less where nearly all images are smaller: tiny ones, and where enlarging so many takes too long.

    speed: images a second at the model's own size.
    """
    if card.fixed_input_size or not rows:
        return card.input_size
    edges = np.sqrt([row.width * row.height for row in rows])
    usual = float(np.quantile(edges, MOST_OF_THEM))
    own = max(LEAST, _up(usual))
    in_time = card.input_size * (LOOK_SECONDS * speed / len(rows)) ** 0.5
    return min(card.input_size, max(own, min(STEP * int(in_time / STEP), _up(MOST_ENLARGED * usual))))


def _up(edge: float) -> int:
    return STEP * int(np.ceil(edge / STEP))
