"""What a worker makes of libraries that give up: a name for the user, and a new process where this one is of no more use."""

from __future__ import annotations

import threading
import time
import weakref
from multiprocessing import Pipe
from types import SimpleNamespace
from typing import Any

import pytest

from tlstudio.domain.errors import DeviceFailed, OutOfMemory
from tlstudio.domain.events import Note
from tlstudio.jobs import process
from tlstudio.jobs.messages import Broke, Control, Done, Request, Steer
from tlstudio.jobs.process import PipeReporter
from tlstudio.storage import clocks
from tlstudio.storage.clocks import working


def answers(monkeypatch: pytest.MonkeyPatch, *failures: Exception) -> tuple[list[Any], int]:
    """Two jobs and the word to end are waiting; what was answered, and how many messages nobody has read."""
    waiting = iter(failures)

    def job(**_: Any) -> str:
        failure = next(waiting, None)
        if failure is not None:
            raise failure
        return "done"

    monkeypatch.setattr(process, "task", lambda _: SimpleNamespace(load=lambda: job))
    ours, theirs = Pipe()
    for message in (Request(1, "any", {}), Request(2, "any", {}), Steer(0, Control.QUIT)):
        ours.send(message)
    useful = process.serve(theirs)
    unread = 0
    while theirs.poll():
        theirs.recv()
        unread += 1
    found = []
    while ours.poll():
        found.append(ours.recv()[1])
    assert useful is (unread == 0)
    return found, unread


def test_after_the_graphics_processor_gave_up_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    found, unread = answers(monkeypatch, RuntimeError("CUDA error: unspecified launch failure"))
    assert isinstance(found[0], Broke) and isinstance(found[0].error, DeviceFailed)
    assert (len(found), unread) == (1, 2), "what waits is for another process"


def test_what_a_failed_job_held_is_gone_when_the_next_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tensors:
        pass

    held: list[weakref.ref[Tensors]] = []
    alive: list[bool] = []

    def job(**_: Any) -> str:
        if held:
            alive.append(held[0]() is not None)
            return "done"
        tensors = Tensors()
        held.append(weakref.ref(tensors))
        try:
            raise MemoryError
        except MemoryError as error:
            named = OutOfMemory("The memory is full.")
            raise named from error

    monkeypatch.setattr(process, "task", lambda _: SimpleNamespace(load=lambda: job))
    ours, theirs = Pipe()
    for message in (Request(1, "any", {}), Request(2, "any", {}), Steer(0, Control.QUIT)):
        ours.send(message)
    assert process.serve(theirs)
    assert alive == [False]


def test_after_full_memory_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = answers(monkeypatch, MemoryError())
    assert isinstance(found[0], Broke) and isinstance(found[0].error, OutOfMemory)
    assert found[1:] == [Done("done")]


@pytest.mark.parametrize("ends", [Control.RESUME, Control.STOP])
def test_the_clock_of_work_stands_still_while_the_user_lets_it_wait(ends: Control) -> None:
    ours, theirs = Pipe()
    ours.send(Steer(7, Control.PAUSE))
    frozen: list[float] = []

    def wake() -> None:
        while clocks._pauses.since is None:
            time.sleep(0.001)
        frozen.append(working())
        time.sleep(0.2)
        frozen.append(working())
        ours.send(Steer(7, ends))

    later = threading.Thread(target=wake)
    later.start()
    worked, passed = working(), time.monotonic()
    PipeReporter(theirs, 7).report(Note("An epoch is over."))
    worked, passed = working() - worked, time.monotonic() - passed
    later.join()
    assert frozen[0] == frozen[1]
    assert passed - worked >= 0.19, "the pause is no work"
