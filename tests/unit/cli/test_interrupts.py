"""Ctrl+C in the shell, and SIGTERM: heard where a task asks, and within a second where it does not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from tlstudio.cli.commands import RowCollector
from tlstudio.cli.output import Interrupts, Output
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import SILENT, Note, PassingReporter, Reporter
from tlstudio.images.decoder_lanes import POLL_SECONDS
from tlstudio.images.guard import Guard
from tlstudio.training.features import BATCH, PIXELS, _batch
from tlstudio.training.listening import interruptible

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
LONG = 60  # seconds; who leaves within half of it did not wait for it, however busy the computer is


@pytest.fixture
def output() -> Iterator[Output]:
    with Output(json_lines=True) as made, Interrupts(made):
        yield made


def press() -> None:
    """Ctrl+C."""
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("ask", ["report", "check_cancelled", "stop_requested"])
def test_every_question_is_answered(output: Output, ask: str) -> None:
    collect = RowCollector(output)
    for reporter in (output, collect, PassingReporter(collect)):
        arguments = (Note("x"),) if ask == "report" else ()
        getattr(reporter, ask)(*arguments)
    press()
    for reporter in (output, collect, PassingReporter(collect)):
        with pytest.raises(Cancelled):
            getattr(reporter, ask)(*arguments)
    assert not SILENT.stop_requested()
    SILENT.check_cancelled()


def test_a_task_that_asks_nothing_is_left_all_the_same(output: Output) -> None:
    press()
    with pytest.raises(Cancelled):
        while True:
            sum(range(1000))


def test_a_task_that_waits_for_a_lock_is_left(output: Output) -> None:
    """Nobody lets go of it, and nobody looks at signals meanwhile."""
    lock = threading.Lock()
    with lock:
        press()
        with pytest.raises(Cancelled):
            lock.acquire()


def test_the_systems_wish_is_heard_as_the_users_is(output: Output) -> None:
    """As a cluster sends it before the time is over."""
    output.check_cancelled()
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Cancelled):
        output.check_cancelled()


def test_all_that_it_waits_for_is_within_a_second() -> None:
    assert Interrupts.PATIENCE_SECONDS + POLL_SECONDS <= 0.5


def test_a_task_that_has_answered_is_not_disturbed_again(output: Output) -> None:
    """It is putting things away."""
    press()
    with pytest.raises(Cancelled):
        output.check_cancelled()
    time.sleep(Interrupts.PATIENCE_SECONDS + 0.3)
    sum(range(1000))


def test_the_second_one_ends_the_program(output: Output) -> None:
    press()
    with pytest.raises(KeyboardInterrupt):
        press()


def test_nothing_comes_after_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    late: list[object] = []
    monkeypatch.setattr(signal, "pthread_kill", lambda thread, number: late.append(number))
    numbers = signal.SIGINT, signal.SIGTERM
    before = [
        signal.getsignal(number) for number in numbers
    ]  # a shell that starts the tests beside others has one ignored
    with Output(json_lines=True) as made, Interrupts(made):
        press()
    time.sleep(Interrupts.PATIENCE_SECONDS + 0.2)
    assert not late and [signal.getsignal(number) for number in numbers] == before


def sleepy(item: str) -> str:
    time.sleep(LONG)
    return item


def test_heard_while_a_file_is_decoded(output: Output) -> None:
    with Guard(1) as guard:
        assert guard.call(str, "ready", Path("a")) == "ready"  # the process is there
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            guard.call(sleepy, "a", Path("a"), waiting=output.check_cancelled)
        assert time.monotonic() - begun < LONG / 2
        timer.join()


def test_the_way_back_is_what_it_was() -> None:
    plain = nn.Linear(3, 1)
    with interruptible(torch.device("cpu")):
        plain(torch.ones(1, 3)).sum().backward()
    assert plain.weight.grad is not None and torch.equal(plain.weight.grad, torch.ones(1, 3))
    assert not nn.modules.module._global_forward_hooks


def test_what_a_hook_of_a_layer_raises_ends_the_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from tlstudio.training import listening

    def cancelled(gradient: torch.Tensor) -> None:
        raise Cancelled

    monkeypatch.setattr(listening, "_go_on", cancelled)
    layer = nn.Linear(3, 1)
    with interruptible(torch.device("cpu")):
        said = layer(torch.ones(1, 3)).sum()
        with pytest.raises(Cancelled):
            said.backward()


def test_a_graphics_processor_is_left_alone() -> None:
    with interruptible(torch.device("cuda")):
        assert not nn.modules.module._global_forward_hooks


@pytest.mark.parametrize(
    ("edge", "images"), [(32, 32), (224, 32), (256, 32), (257, 31), (512, 8), (1024, 2), (2048, 1), (9999, 1)]
)
def test_a_processor_looks_at_so_many_pixels_at_a_time(edge: int, images: int) -> None:
    assert _batch(edge, torch.device("cpu")) == images
    assert _batch(edge, torch.device("cuda")) == BATCH
    assert PIXELS == 32 * 256 * 256


@pytest.mark.parametrize("reporter", [SILENT, PassingReporter(SILENT)])
def test_reporters_have_all_that_is_asked_of_them(reporter: Reporter) -> None:
    reporter.report(Note("x"))
    reporter.check_cancelled()
    assert reporter.stop_requested() is False
