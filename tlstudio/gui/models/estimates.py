"""How long a training may take on this machine: rough, from the measured speed, and said as an estimate."""

from __future__ import annotations

from tlstudio.domain.planning import LOOKS_TO_LEARN, planned_epochs, rehearses
from tlstudio.domain.runs import Mode, TrainSettings

_SETTING_UP = 4.0  # seconds for loading the model and fitting the first result


def training_seconds(settings: TrainSettings, images: int, held_out: int, images_per_second: float) -> float:
    """Seconds for `images` to train on and `held_out` to measure on."""
    if settings.minutes and settings.mode is not Mode.QUICK:
        return 60 * settings.minutes
    speed = max(0.1, images_per_second)
    first = (images + held_out) / speed
    rounds = planned_epochs(settings, images)
    once = rounds * (images * LOOKS_TO_LEARN[settings.mode] + held_out) / speed
    # Rehearsals learn from every image once more, and are judged on every one.
    rehearsed = (
        rounds * images * (LOOKS_TO_LEARN[settings.mode] + 1) / speed if rehearses(settings, images, held_out) else 0.0
    )
    return _SETTING_UP + first + once + rehearsed
