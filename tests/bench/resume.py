"""A training that is broken off again and again, against two that are left alone: how far apart do they end?

    python -m tests.bench.resume --weights FOLDER [--device cuda|cpu] [--breaks 3] [--seed 0]

On a processor the three are the same to the bit. A graphics processor adds numbers up in an order of its own, so two trainings
that nothing interrupts differ a little, too: that difference is the measure, and what is broken off may be TIMES as far from
the first as the second is, or LEAST nats of loss where that is more. Trains on 30 digits of each class; every attempt gets past
an epoch before it is broken off, so that the next one goes on from within the training. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.bare import stand_in

PER_CLASS, TEST = 30, 100
EPOCHS_MORE = 2  # than it is broken off: each attempt takes one or two of them
TIMES, LEAST = 3.0, 0.01


def resumed(weights: Path, work: Path, device: str, *, breaks: int, seed: int) -> dict[str, Any]:
    """`apart_alone`, `apart_resumed`: the largest difference of an epoch's validation loss (nats) from the first training."""
    from tests.bench.peers.data import open_cell, open_source, split_of
    from tlstudio.domain.runs import Mode, TrainSettings

    epochs = EPOCHS_MORE + 2 * breaks
    source = open_source("digits", work, None)
    table = split_of(source, work / "splits", per_class=PER_CLASS, seed=seed, cap=TEST)
    cell = open_cell(table, source, work / "resume", weights.resolve(), seed=seed, device=device, threads=1)
    settings = TrainSettings(
        weights.resolve().name, Mode.THOROUGH, device=device, epochs=epochs, seed=seed, rehearse=False, compile=False
    )
    first, second = (_losses(cell.project, _alone(cell.project, settings)) for _ in range(2))
    run, broken = _broken_off(cell.project, settings, breaks, random.Random(seed))
    third = _losses(cell.project, run)
    alone, apart = _apart(first, second), _apart(first, third)
    tolerance = max(TIMES * alone, 0.0 if device == "cpu" else LEAST)
    return {
        "bench": "resume",
        "device": device,
        "breaks": broken,
        "epochs": epochs,
        "losses": first,
        "apart_alone": alone,
        "apart_resumed": apart,
        "tolerance": tolerance,
        "within": broken == breaks and apart <= tolerance,
    }


class _Breaking:
    """Cancels some steps after the first epoch of its attempt, or at the end of the second; notes which run it was."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._epochs = 0
        self.run = ""

    def report(self, event: Any) -> None:
        from tlstudio.domain.errors import Cancelled
        from tlstudio.domain.events import EpochDone, Started, StepDone

        if isinstance(event, Started):
            self.run = event.run
        elif isinstance(event, EpochDone):
            self._epochs += 1
        elif isinstance(event, StepDone) and self._epochs:
            self._steps -= 1
        if self._epochs > 1 or (self._epochs and self._steps <= 0):
            raise Cancelled

    def check_cancelled(self) -> None:
        pass

    def stop_requested(self) -> bool:
        return False


def _alone(project: Path, settings: Any) -> str:
    from tlstudio.workflow.training import train

    return train(project, settings).run


def _broken_off(project: Path, settings: Any, breaks: int, luck: random.Random) -> tuple[str, int]:
    """The run, and how often it was broken off before it was left to end."""
    from tlstudio.domain.errors import Cancelled
    from tlstudio.workflow.training import train

    run: str | None = None
    for done in range(breaks):
        breaking = _Breaking(luck.randint(0, 12))
        try:
            return train(project, settings, run, breaking).run, done
        except Cancelled:
            run = breaking.run
    return train(project, settings, run).run, breaks


def _losses(project: Path, run: str) -> list[float]:
    from tlstudio.workflow.runs import run as read

    return [row.val_loss for row in read(project, run).history]


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    """Infinite where one has an epoch that the other has not."""
    if len(one) != len(other):
        return float("inf")
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.resume", description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--breaks", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    stand_in()
    with tempfile.TemporaryDirectory(prefix="resume-") as name:
        work = Path(name).resolve()
        os.environ |= {"TLSTUDIO_HOME": str(work / "home"), "TLSTUDIO_WEIGHTS": str(given.weights.resolve().parent)}
        print(json.dumps(resumed(given.weights, work, given.device, breaks=given.breaks, seed=given.seed)))


if __name__ == "__main__":
    main()
