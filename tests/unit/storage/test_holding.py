"""One program at a time changes a project, across processes and after kill -9; who it is can be said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import ROOT
from tests.unit.conftest import labels_now
from tlstudio.domain.errors import ProjectBusy
from tlstudio.storage import holding, labels
from tlstudio.storage.holding import FILE, SILENT_SECONDS, held, let_go, other_holder, take
from tlstudio.storage.project import Project

Pets = Callable[[Sequence[str | None]], Project]

HOLD = """
import sys
from pathlib import Path
from tlstudio.domain.errors import ProjectBusy
from tlstudio.storage import holding
try:
    print("held", holding.take(Path(sys.argv[1]), "tlstudio train"), flush=True)
except ProjectBusy:
    print("busy", flush=True)
sys.stdin.read()
holding.let_go(Path(sys.argv[1]))
"""
WORKER = """
import multiprocessing, sys
from pathlib import Path
from tlstudio.storage import holding, labels
from tlstudio.storage.project import Project

def work(folder):
    with holding.held(folder, "the worker"):
        labels.set_label(Project(folder), [1], "dog", "worker")

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    holding.take(folder, "the window")
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(folder,))
    worker.start()
    worker.join()
    print(worker.exitcode, (folder / holding.FILE).exists())
    holding.let_go(folder)
    print((folder / holding.FILE).exists())
"""


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    yield
    assert not holding._held


@contextmanager
def other_program(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that tries to hold the project; its first word, and the end of it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def mark(folder: Path, **changes: Any) -> None:
    """Writes a mark as another program would have left it."""
    data = {
        "program": "Transfer Learning Studio",
        "user": "ann",
        "host": holding._host(),
        "process": os.getppid(),
        "started": psutil.Process(os.getppid()).create_time(),
        "since": time.time() - 60,
        "token": "theirs",
    }
    (folder / FILE).write_text(json.dumps({**data, **changes}))


def silent_since(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / FILE, (then, then))


def test_taken_and_let_go_leaves_nothing_and_counts(pets: Pets) -> None:
    folder = pets(["cat"]).folder
    with held(folder, "one"), held(folder, "two"):
        assert json.loads((folder / FILE).read_text())["program"] == "one"
    assert not (folder / FILE).exists()
    take(folder, "one")
    take(folder, "one")
    let_go(folder)
    assert (folder / FILE).exists()
    let_go(folder)
    let_go(folder)
    assert not (folder / FILE).exists()
    assert not [t for t in threading.enumerate() if t.name == "holder"]


def test_another_program_is_refused_and_told_who_it_is(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with other_program(made.folder) as (process, word):
        assert word == "held False"
        with pytest.raises(ProjectBusy) as refused:
            take(made.folder, "second")
        said = refused.value.what
        assert f"process {process.pid}" in said
        assert "tlstudio train" in said
        assert holding._host() in said
        with pytest.raises(ProjectBusy, match="tlstudio train"):
            labels.set_label(made, [1], "dog", "me")
        assert labels_now(made) == ["cat", "dog"], "reading goes on"
        process.communicate("")
    assert other_holder(made.folder) is None
    assert labels.set_label(made, [1], "dog", "me") == 1


def test_this_program_keeps_others_out(pets: Pets) -> None:
    folder = pets(["cat"]).folder
    with held(folder, "window"), other_program(folder) as (_, word):
        assert word == "busy"
    with other_program(folder) as (_, word):
        assert word == "held False"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL to send")
def test_a_killed_holder_is_passed_over_and_its_end_is_noticed(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with other_program(made.folder) as (process, _):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (made.folder / FILE).exists()
    assert other_holder(made.folder) is None
    assert labels.set_label(made, [1], "dog", "me") == 1
    assert take(made.folder, "next") is True, "the last close was not clean"
    let_go(made.folder)
    assert take(made.folder, "next") is False
    let_go(made.folder)


def test_of_many_that_find_a_dead_holder_one_takes_over(pets: Pets) -> None:
    folder = pets(["cat"]).folder
    mark(folder, process=2**22 + 1)
    everybody = threading.Barrier(6)
    with ThreadPoolExecutor(6) as pool:

        def one(_: int) -> str:
            with other_program(folder) as (_process, word):
                everybody.wait(60)  # nobody ends before all have tried
                return word

        assert sorted(pool.map(one, range(6))) == ["busy"] * 5 + ["held True"]


def test_a_reused_process_number_is_not_the_holder(pets: Pets) -> None:
    folder = pets(["cat"]).folder
    mark(folder)
    assert other_holder(folder) is not None
    mark(folder, started=psutil.Process(os.getppid()).create_time() - 3600)
    silent_since(folder, SILENT_SECONDS + 1)
    assert other_holder(folder) is None
    silent_since(folder, 1)
    assert other_holder(folder) is not None, "a clock that was set moves the start of a living process too"


def test_a_holder_from_before_the_computer_was_started_is_gone(pets: Pets) -> None:
    folder = pets(["cat"]).folder
    mark(folder)
    silent_since(folder, time.time() - psutil.boot_time() + 3600)
    assert other_holder(folder) is None


def test_a_mark_of_ones_own_number_from_an_earlier_process_is_an_unclean_end(pets: Pets) -> None:
    folder = pets(["cat"]).folder
    mark(folder, process=os.getpid(), since=1.0)
    assert take(folder, "again") is True
    let_go(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}', "\xff"])
def test_a_mark_that_makes_no_sense_holds_nothing(pets: Pets, text: str) -> None:
    folder = pets(["cat"]).folder
    (folder / FILE).write_bytes(text.encode("latin-1"))
    assert other_holder(folder) is None
    with held(folder, "me"):
        assert json.loads((folder / FILE).read_text())["program"] == "me"


def test_on_another_computer_only_the_sign_of_life_tells_and_the_user_is_asked(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    mark(made.folder, host="far-away", process=1)
    with pytest.raises(ProjectBusy):
        take(made.folder, "me", over_silent=True)
    silent_since(made.folder, SILENT_SECONDS + 600)
    found = other_holder(made.folder)
    assert found is not None
    assert found.silent is not None
    assert found.silent > SILENT_SECONDS
    with pytest.raises(ProjectBusy, match="13 minutes") as refused:
        take(made.folder, "me")
    assert FILE in refused.value.remedy
    with pytest.raises(ProjectBusy):
        labels.set_label(made, [1], "dog", "me")
    assert take(made.folder, "me", over_silent=True) is True
    assert labels.set_label(made, [1], "dog", "me") == 1
    let_go(made.folder)


def test_who_was_passed_over_changes_nothing_any_more(pets: Pets) -> None:
    """A laptop that wakes up: its window held the project, and another computer has taken it over meanwhile."""
    made = pets(["cat", "dog"])
    take(made.folder, "laptop")
    mark(made.folder, host="far-away")
    with pytest.raises(ProjectBusy):
        labels.set_label(made, [1], "dog", "me")
    let_go(made.folder)
    assert json.loads((made.folder / FILE).read_text())["host"] == "far-away", "theirs stays"


def test_signs_of_life_and_a_mark_that_was_removed(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "BEAT_SECONDS", 0.01)
    folder = pets(["cat"]).folder

    def wait_for(condition: Callable[[], object]) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    with held(folder, "me"):
        silent_since(folder, 1000)
        wait_for(lambda: holding._silent(folder) < 100)
        (folder / FILE).unlink()
        wait_for((folder / FILE).exists)
    assert not (folder / FILE).exists()


def test_the_worker_of_a_window_belongs_to_it(pets: Pets, tmp_path: Path) -> None:
    made = pets(["cat", "dog"])
    script = tmp_path / "window.py"
    script.write_text(WORKER)
    done = subprocess.run(
        [sys.executable, str(script), str(made.folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.stdout.split() == ["0", "True", "False"], done.stderr
    assert labels_now(made) == ["dog", "dog"]


def test_where_the_system_knows_no_locks_the_mark_alone_does(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    folder = pets(["cat"]).folder

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(holding.filelock.FileLock, "acquire", refuse)
    with held(folder, "me"):
        assert (folder / FILE).exists()
    assert not (folder / FILE).exists()
