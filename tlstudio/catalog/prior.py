"""What to expect of models that were not tried: only what is published, and nothing about the user's own images.

Over 16 networks and 12 data sets, accuracy on ImageNet went with accuracy after transfer (correlation 0.96 after fine-tuning,
0.99 on fixed features: Kornblith, Shlens and Le 2019, CVPR). On six sets of practical images better networks were not
consistently better (Fang, Kornblith and Schmidt 2023, arXiv 2301.04644). So it is a first guess, and measuring goes before it.
"""

from __future__ import annotations

from tlstudio.domain.cards import ModelStatus, Where
from tlstudio.domain.results import Expected


def expected(statuses: list[ModelStatus]) -> tuple[Expected, ...]:
    """The models to download, the most accurate on ImageNet first; those without a published accuracy last, smallest first."""
    away = [s.card for s in statuses if s.where is Where.DOWNLOAD]
    away.sort(key=lambda c: (c.imagenet_top1 is None, -(c.imagenet_top1 or 0.0), c.bytes))
    return tuple(Expected(c.id, c.imagenet_top1, c.bytes) for c in away)
