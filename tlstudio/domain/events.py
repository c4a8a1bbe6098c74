"""What a long task tells while it runs, and the reporter that it tells it to.

A task is a plain function that receives a `Reporter`. It never knows whether a window, a terminal or a test listens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from tlstudio.domain.values import Interval
from tlstudio.domain.wording import size


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; frozen, picklable, and one JSON object with `--json`."""

    name: ClassVar[str] = "event"

    def to_json(self) -> dict[str, Any]:
        return {"event": event_name(type(self)), **to_plain(self)}


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The first event of a command that makes a run. device: what it runs on, for people; empty where that does not matter."""

    run: str
    device: str = ""


class Unit(StrEnum):
    """What the steps of a progress are: things that can be counted, shares of the way and nothing else, or bytes."""

    THINGS = "things"
    SHARES = "shares"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """`done` of `total` steps of a stage; `total` 0 while unknown. `stage` is a sentence for the user."""

    stage: str
    done: int
    total: int
    seconds_left: float | None = None
    unit: Unit = Unit.THINGS

    def counted(self) -> str:
        """How far it is: `24 of 1,500`, `12 %`, `3.1 MB of 14 MB`; empty while unknown, and for a single thing."""
        if self.unit is Unit.SHARES and self.total:
            return f"{100 * self.done // self.total}\N{NO-BREAK SPACE}%"
        if self.unit is Unit.BYTES and self.total:
            return f"{size(self.done)} of {size(self.total)}"
        return f"{self.done:,} of {self.total:,}" if self.total > 1 else ""


@dataclass(frozen=True, slots=True)
class Note(Event):
    """One plain sentence on what is happening now."""

    text: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: `process`, what the training process holds of the main memory; `device`, the most that the graphics processor
    had to hold so far, of its `device_total`; both 0 where none is used.
    """

    process: int
    device: int = 0
    device_total: int = 0


Confusion = tuple[tuple[int, ...], ...]  # [i][j]: images of class i taken for class j, in the run's class order


@dataclass(frozen=True, slots=True)
class FirstResult(Event):
    """The probe is ready: the first usable model, on the validation images. confusion: empty where classes are too many."""

    accuracy: Interval
    seconds: float
    confusion: Confusion = ()


@dataclass(frozen=True, slots=True)
class FirstKept(Event):
    """The first result of the training that tells this is a finished run of its own."""

    run: str


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """A few training steps went by: for the live numbers between epochs."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    images_per_second: float
    seconds_left: float | None
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class EpochDone(Event):
    """One epoch is finished and checkpointed. Losses in nats; accuracy on the validation images.

    learning_rate: of the head, at the end of the epoch. train_accuracy: share 0 … 1 of the views that the model got right while
    it learned from them; None while unknown. confusion: of the best so far on the validation images, empty where unknown or where
    classes are too many. rehearsal: it belongs to one: both accuracies are about the half of the training images that it leaves
    out, and can be compared neither with the first result nor with what comes after it.
    """

    epoch: int
    epochs: int
    train_loss: float
    val_loss: float
    accuracy: Interval
    best_accuracy: Interval
    learning_rate: float
    images_per_second: float
    seconds_left: float | None
    train_accuracy: float | None = None
    memory: Memory | None = None
    confusion: Confusion = ()
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class Predicted(Event):
    """One image has been classified offline: a row of the table, keys as in the CSV."""

    row: dict[str, Any]


class Reporter(Protocol):
    """What a task reports to, and how it hears what the user wants."""

    def report(self, event: Event) -> None:
        """Tells an event; raises `Cancelled` as `check_cancelled` does."""
        ...

    def check_cancelled(self) -> None:
        """Raises `Cancelled` when the user wants the task to end without a result. Cheap: to be asked wherever something is
        waited for, several times a second.
        """
        ...

    def stop_requested(self) -> bool:
        """True once the user asked to stop and keep the best so far; raises `Cancelled` as `check_cancelled` does."""
        ...


class SilentReporter:
    """For scripts that want only the result."""

    def report(self, event: Event) -> None:
        pass

    def check_cancelled(self) -> None:
        pass

    def stop_requested(self) -> bool:
        return False


class PassingReporter:
    """Passes everything on to another reporter: the base of those that tell something in another way."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def report(self, event: Event) -> None:
        self._reporter.report(event)

    def check_cancelled(self) -> None:
        self._reporter.check_cancelled()

    def stop_requested(self) -> bool:
        return self._reporter.stop_requested()


SILENT: Reporter = SilentReporter()


def sentence(event: object) -> str:
    """What a line of a log or of the terminal says of an event; empty for what is only passing."""
    match event:
        case Note(text=text):
            return text
        case Started(run=run, device=device):
            return f"Run {run}, {device}" if device else f"Run {run}"
        case FirstResult():
            return f"First result: {event.accuracy.percent()} after {event.seconds:.0f} s"
        case FirstKept(run=run):
            return f"The first result can be used now: it is kept as the run {run}."
        case EpochDone():
            best = f"best {event.best_accuracy.percent()}"
            figures = f"{event.accuracy.percent()}{' of the half left out' if event.rehearsal else f', {best}'}"
            epoch = f"{'Rehearsal, epoch' if event.rehearsal else 'Epoch'} {event.epoch} of {event.epochs}"
            return f"{epoch}: {figures}, {event.images_per_second:.0f} images/s"
    return ""


def event_name(kind: type) -> str:
    """`EpochDone` -> `epoch_done`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def to_plain(value: Any) -> Any:
    """A dataclass tree as dicts, lists, strings and numbers, ready for `json.dumps`."""
    plain = value
    if hasattr(value, "to_json") and not isinstance(value, Event):
        plain = value.to_json()
    elif is_dataclass(value) and not isinstance(value, type):
        plain = {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    elif isinstance(value, dict):
        plain = {str(k): to_plain(v) for k, v in value.items()}
    elif isinstance(value, list | tuple | set | frozenset):
        plain = [to_plain(v) for v in value]
    elif isinstance(value, Enum):
        plain = value.value
    elif isinstance(value, Path):
        plain = str(value)
    return plain
