"""How long a training goes on and whether it is rehearsed, just below and just above each number that is told to people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlstudio.domain.planning import batch_for, planned_epochs, rehearses, trained_layers
from tlstudio.domain.runs import Mode, TrainSettings

THOROUGH, BALANCED, QUICK = (TrainSettings("any", mode) for mode in (Mode.THOROUGH, Mode.BALANCED, Mode.QUICK))


@pytest.mark.parametrize(("images", "size"), [(199, 8), (200, 16), (999, 16), (1000, 32), (50_000, 32)])
def test_a_batch_grows_with_the_images(images: int, size: int) -> None:
    assert batch_for(THOROUGH, images) == size
    assert batch_for(replace(THOROUGH, batch_size=5), images) == 5


@pytest.mark.parametrize(
    ("settings", "images", "epochs"),
    [
        (THOROUGH, 399, 8), (THOROUGH, 400, 12), (THOROUGH, 87 * 32, 11), (THOROUGH, 87 * 32 + 1, 11), (THOROUGH, 50_000, 8),
        (BALANCED, 399, 8), (BALANCED, 400, 10), (BALANCED, 77 * 32, 6), (BALANCED, 76 * 32, 7), (BALANCED, 76 * 32 + 1, 6),
        (QUICK, 400, 0),
    ],
)  # fmt: skip
def test_epochs(settings: TrainSettings, images: int, epochs: int) -> None:
    """500 or 1,000 steps: 77 steps of 32 images come to 6.49 epochs or 12.99, and an image more is a step more."""
    assert planned_epochs(settings, images) == epochs


def test_epochs_that_are_asked_for() -> None:
    assert planned_epochs(replace(THOROUGH, epochs=3), 20) == 3
    assert planned_epochs(replace(QUICK, epochs=0), 20) == 0


@pytest.mark.parametrize(
    ("images", "held_out", "rehearsed"), [(399, 49, True), (400, 49, False), (399, 50, False), (20, 0, True)]
)
def test_few_images_to_choose_by_are_rehearsed(images: int, held_out: int, rehearsed: bool) -> None:
    assert rehearses(THOROUGH, images, held_out) is rehearsed
    assert rehearses(replace(THOROUGH, rehearse=not rehearsed), images, held_out) is not rehearsed
    assert not rehearses(QUICK, images, held_out)


@pytest.mark.parametrize(
    ("settings", "groups", "layers"),
    [(QUICK, 10, 0), (THOROUGH, 10, 10), (BALANCED, 10, 3), (BALANCED, 12, 4), (BALANCED, 4, 2), (BALANCED, 1, 1)],
)
def test_how_much_is_trained(settings: TrainSettings, groups: int, layers: int) -> None:
    assert trained_layers(settings, groups) == layers


def test_layers_that_are_asked_for() -> None:
    assert trained_layers(replace(THOROUGH, layers=0), 10) == 0
    assert trained_layers(replace(THOROUGH, layers=99), 10) == 10
