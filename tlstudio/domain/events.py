"""What a long task tells while it runs, and the reporter that it tells it to.

A task is a plain function that receives a `Reporter`. It never knows whether a window, a terminal or a test listens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from tlstudio.domain.values import Interval


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; frozen, picklable, and one JSON object with `--json`."""

    name: ClassVar[str] = "event"

    def to_json(self) -> dict[str, Any]:
        return {"event": event_name(type(self)), **to_plain(self)}


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The first event of a command that makes a run."""

    run: str


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """`done` of `total` steps of a stage; `total` 0 while unknown. `stage` is a sentence for the user."""

    stage: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Note(Event):
    """One plain sentence on what is happening now."""

    text: str


@dataclass(frozen=True, slots=True)
class FirstResult(Event):
    """The probe is ready: the first usable model, on the validation images."""

    accuracy: Interval
    seconds: float


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


@dataclass(frozen=True, slots=True)
class EpochDone(Event):
    """One epoch is finished and checkpointed. Losses in nats; accuracy on the validation images."""

    epoch: int
    epochs: int
    train_loss: float
    val_loss: float
    accuracy: Interval
    best_accuracy: Interval
    learning_rate: float
    images_per_second: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Predicted(Event):
    """One image has been classified offline: a row of the table, keys as in the CSV."""

    row: dict[str, Any]


class Reporter(Protocol):
    """What a task reports to. `report` raises `Cancelled` when the user wants the task to end without a result."""

    def report(self, event: Event) -> None: ...

    def stop_requested(self) -> bool:
        """True once the user asked to stop and keep the best so far."""
        ...


class SilentReporter:
    """For scripts that want only the result."""

    def report(self, event: Event) -> None:
        pass

    def stop_requested(self) -> bool:
        return False


SILENT: Reporter = SilentReporter()


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
