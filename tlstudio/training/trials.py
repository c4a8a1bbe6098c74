"""How long something takes on this machine, found by doing it a few times."""

from __future__ import annotations

from collections.abc import Callable

from tlstudio.training.schedule import Stopwatch

REPEATS = 3
LONG = 2.0  # seconds; what takes longer is done once more only


def seconds_of(trial: Callable[[], None], wait: Callable[[], None]) -> float:
    """The least of a few times that it takes, after once to warm up. wait: until the device has done what it was told."""

    def once() -> float:
        watch = Stopwatch()
        trial()
        wait()
        return watch.lap()

    wait()
    first = once()
    return min(once() for _ in range(1 if first > LONG else REPEATS))
