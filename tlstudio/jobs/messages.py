"""What crosses the pipe between the supervisor and the worker process; all of it picklable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Event


class Lane(StrEnum):
    """Which worker process does a task: `light` never loads torch, `heavy` and `beside` do.

    `beside` takes what would otherwise wait for hours while the heavy one trains, and ends once it has nothing to do.
    """

    LIGHT = "light"
    HEAVY = "heavy"
    BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class Request:
    """A job on its way to the worker."""

    number: int
    task: str
    arguments: dict[str, Any]


class Control(StrEnum):
    """A word to the job that runs now."""

    CANCEL = "cancel"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Steer:
    """A control for job `number`; a worker that is already past that job ignores it."""

    number: int
    control: Control


@dataclass(frozen=True, slots=True)
class Done:
    """The job's result."""

    result: Any


@dataclass(frozen=True, slots=True)
class Broke:
    """The job failed; `error` is fit to be shown."""

    error: StudioError


@dataclass(frozen=True, slots=True)
class WasCancelled:
    """The job ended because the user wanted it to."""


Message = Event | Done | Broke | WasCancelled
LAST_WORDS = (Done, Broke, WasCancelled)
