"""What is fastest on this machine, found by doing it a few times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from tlstudio.training.schedule import Stopwatch

T = TypeVar("T")

REPEATS = 3


def seconds_of(trial: Callable[[], None], wait: Callable[[], None]) -> float:
    """The least of a few times that it takes, after once to warm up. wait: until the device has done what it was told."""
    watch, took = Stopwatch(), []
    for _ in range(1 + REPEATS):
        wait()
        watch.lap()
        trial()
        wait()
        took.append(watch.lap())
    return min(took[1:])


def fastest(trials: Mapping[T, Callable[[], None]], wait: Callable[[], None]) -> T:
    """The key of the trial that takes the least time; the first of those that take the same."""
    took = {key: seconds_of(trial, wait) for key, trial in trials.items()}
    return min(took, key=lambda key: took[key])
