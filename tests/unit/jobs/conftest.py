"""A supervisor on a thread of its own, and the messages it hands out."""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import COLOURS, paint
from tlstudio.domain.importing import ImportRequest
from tlstudio.jobs.messages import LAST_WORDS, Lane, Message
from tlstudio.jobs.supervisor import Supervisor
from tlstudio.workflow.importing import import_images

PATIENCE = 120.0  # seconds until a lost message fails the test instead of hanging it


class Desk:
    """What the window is to the supervisor: hands jobs in, collects messages, closes it at the end."""

    def __init__(self, lane: Lane = Lane.LIGHT) -> None:
        self._messages: queue.Queue[tuple[int, Message]] = queue.Queue()
        self._react: Callable[[int, Message], None] = lambda job, message: None
        self.seen: list[tuple[int, Message]] = []
        self.before = set(psutil.Process().children(recursive=True))
        self.supervisor = Supervisor(lane, self._listen)
        self.thread = threading.Thread(target=self.supervisor.serve, name="supervisor")
        self.thread.start()

    def _listen(self, job: int, message: Message) -> None:
        self._react(job, message)
        self._messages.put((job, message))

    def on_message(self, react: Callable[[int, Message], None]) -> None:
        """`react` is called on the supervisor's own thread with each message."""
        self._react = react

    def submit(self, task: str, **arguments: Any) -> int:
        return self.supervisor.submit(task, arguments)

    def next(self) -> tuple[int, Message]:
        job, message = self._messages.get(timeout=PATIENCE)
        self.seen.append((job, message))
        return job, message

    def last_word(self, job: int) -> Message:
        """Waits for the end of a job; its messages are in `seen`."""
        while True:
            found, message = self.next()
            if found == job and isinstance(message, LAST_WORDS):
                return message

    def run(self, task: str, **arguments: Any) -> Message:
        return self.last_word(self.submit(task, **arguments))

    def worker(self) -> psutil.Process:
        """The process that does the work now."""
        # The test's own process may have begun to decode images since: those processes are nobody's worker.
        decoders = {child.pid for child in multiprocessing.active_children() if child.name == "tlstudio-decoder"}
        new = [p for p in psutil.Process().children() if p not in self.before and p.pid not in decoders]
        (worker,) = (p for p in new if "spawn_main" in " ".join(p.cmdline()))
        return worker

    def close(self) -> None:
        self.supervisor.close()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


@pytest.fixture
def beside() -> Iterator[Desk]:
    """The lane that is there while another one trains."""
    desk = Desk(Lane.BESIDE)
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def many_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough images that an import of them does not end before a message has gone to and fro."""
    folder = tmp_path_factory.mktemp("many")
    for i in range(300):
        paint(folder / ("red", "blue")[i % 2], f"{i:03d}.png", COLOURS["red"], seed=i, size=(96, 96))
    return folder


@pytest.fixture
def project(source: Path, tmp_path: Path) -> Path:
    """A project of twenty small images."""
    return import_images(ImportRequest(source, tmp_path / "project")).project
