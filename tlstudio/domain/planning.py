"""How long a training goes on by itself, and how much of the network it changes: from the mode and the number of images."""

from __future__ import annotations

import math

from tlstudio.domain.runs import Mode, TrainSettings

STEPS_WANTED = {Mode.BALANCED: 500, Mode.THOROUGH: 1000}
EPOCHS_ALLOWED = {Mode.BALANCED: (6, 20), Mode.THOROUGH: (10, 40)}
BATCH = 32
BATCHES = ((200, 8), (1000, 16))  # images below which a batch is smaller: few images still make steps enough


def batch_for(settings: TrainSettings, images: int) -> int:
    """Images of one step: as asked for, else by how many there are."""
    return settings.batch_size or next((size for below, size in BATCHES if images < below), BATCH)


def planned_epochs(settings: TrainSettings, images: int) -> int:
    """Epochs asked for, or as many as give the mode's number of steps within sensible bounds; none in the quick mode."""
    if settings.mode is Mode.QUICK:
        return 0
    if settings.epochs:
        return settings.epochs
    steps = max(1, math.ceil(images / batch_for(settings, images)))
    low, high = EPOCHS_ALLOWED[settings.mode]
    return min(high, max(low, round(STEPS_WANTED[settings.mode] / steps)))


def trained_layers(settings: TrainSettings, groups: int) -> int:
    """Layer groups of the backbone that are trained: none in the quick mode, else as asked for, all of them or the last third."""
    if settings.mode is Mode.QUICK:
        return 0
    if settings.layers >= 0:
        return min(settings.layers, groups)
    return groups if settings.mode is Mode.THOROUGH else min(groups, max(2, round(groups / 3)))
