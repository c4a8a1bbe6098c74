"""How long a training goes on, whether it is rehearsed, and how much it changes: from the mode and the number of images."""

from __future__ import annotations

import math

from tlstudio.domain.runs import Mode, TrainSettings

STEPS_WANTED = {Mode.BALANCED: 500, Mode.THOROUGH: 1000}
EPOCHS_ALLOWED = {Mode.BALANCED: (6, 10), Mode.THOROUGH: (8, 12)}
# With few images, from a head that is good from the start: three times as many were no better on tiles and radiographs.
FEW_EPOCHS = 8
# What learning from an image takes, in looks at it: the way back through what is trained takes about twice the way there.
LOOKS_TO_LEARN = {Mode.QUICK: 1.0, Mode.BALANCED: 1.7, Mode.THOROUGH: 3.2}
REHEARSALS = 2  # each with one half of the training images, judged on the other
FEW_TO_CHOOSE_BY = 50  # fewer validation images can't tell a better model from a lucky one
MANY_TO_LEARN_FROM = 400  # from here on some training images can be spared for choosing, or rehearsing takes too long
# How many images a step learns from decides how good the model gets, so it is not a matter of speed; how many of them go through
# the device at once is, and is found out there.
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
    if images < MANY_TO_LEARN_FROM:
        return FEW_EPOCHS
    steps = max(1, math.ceil(images / batch_for(settings, images)))
    low, high = EPOCHS_ALLOWED[settings.mode]
    return min(high, max(low, round(STEPS_WANTED[settings.mode] / steps)))


def rehearses(settings: TrainSettings, images: int, held_out: int) -> bool:
    """Whether fine-tuning is rehearsed on halves of the training images before it is done on all of them."""
    if settings.mode is Mode.QUICK or settings.rehearse is not None:
        return settings.mode is not Mode.QUICK and bool(settings.rehearse)
    return held_out < FEW_TO_CHOOSE_BY and images < MANY_TO_LEARN_FROM


def trained_layers(settings: TrainSettings, groups: int) -> int:
    """Layer groups of the backbone that are trained: none in the quick mode, else as asked for, all of them or the last third."""
    if settings.mode is Mode.QUICK:
        return 0
    if settings.layers >= 0:
        return min(settings.layers, groups)
    return groups if settings.mode is Mode.THOROUGH else min(groups, max(2, round(groups / 3)))
