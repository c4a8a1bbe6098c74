"""What is told of models that were not tried."""

from __future__ import annotations

from tlstudio.catalog.cards import cards
from tlstudio.catalog.prior import expected
from tlstudio.domain.cards import ModelStatus, Where


def test_models_to_download_come_by_what_is_published() -> None:
    found = expected([ModelStatus(card, Where.DOWNLOAD) for card in cards()])
    published = [e.imagenet_top1 for e in found if e.imagenet_top1 is not None]
    assert published == sorted(published, reverse=True) and len(published) > 15
    assert all(e.imagenet_top1 is None for e in found[len(published) :])


def test_models_that_are_here_are_measured_and_not_guessed() -> None:
    assert expected([ModelStatus(card, Where.HERE) for card in cards()]) == ()
