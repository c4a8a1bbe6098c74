"""Decoding processes that somebody suspends: they are replaced within seconds, and no file suffers for it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.unit.images.misbehaving import (
    grow,
    suspend_always,
    suspend_once,
    suspend_while_answering,
    suspended_at_birth,
    whoami,
)
from tests.unit.images.test_guard import ours, wait_until
from tlstudio.domain.errors import Cancelled, WorkerDied
from tlstudio.domain.values import Refusal
from tlstudio.images import decoder_process
from tlstudio.images.decoder_lanes import SUSPENDED, TIMES_SUSPENDED
from tlstudio.images.guard import Guard

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals")
ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 0.4
BOUND = 10.0  # seconds, on a busy machine; without a watch they stand for a minute and longer


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setattr(decoder_process, "SUSPENDED_SECONDS", PATIENCE)
    monkeypatch.setattr(decoder_process, "LOOK_SECONDS", 0.1)


@contextmanager
def quick() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < BOUND


def test_at_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    marks = [tmp_path / str(i) for i in range(6)]
    with Guard(2) as guard, quick():
        found = [pid for _, pid in guard.in_order(suspend_once, marks)]
    assert all(isinstance(pid, int) for pid in found)
    assert "suspended from outside" in caplog.text


def test_even_where_little_time_is_left(tmp_path: Path) -> None:
    """The file's time does not run while its process stands."""
    with Guard(1, seconds=0.3) as guard, quick():
        guard.call(whoami, 0, Path("x"))
        assert isinstance(guard.call(suspend_once, tmp_path / "mark", Path("x")), int)


def test_at_rest() -> None:
    with Guard(1) as guard, quick():
        pid = guard.call(whoami, 0, Path("x"))[0]  # type: ignore[index]
        psutil.Process(pid).suspend()
        again = guard.call(whoami, 0, Path("x"))[0]  # type: ignore[index]
        assert again != pid


def test_at_rest_before_a_question_too_large_for_any_pipe() -> None:
    with Guard(1) as guard, quick():
        psutil.Process(guard.call(whoami, 0, Path("x"))[0]).suspend()  # type: ignore[index]
        found = guard.call(grow, bytes(3_000_001), Path("x"))
        assert int(found[0]) == 3_000_001 % 256  # type: ignore[index]


def test_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    with Guard(1) as guard, quick():
        found = guard.call(suspend_while_answering, tmp_path / "mark", Path("x"))
        assert found.shape == (200_000_000,)  # type: ignore[union-attr]


def test_again_and_again_costs_that_file_alone(tmp_path: Path) -> None:
    mark = tmp_path / "always"
    with Guard(1) as guard, quick():
        assert guard.call(suspend_always, mark, Path("x.png")) == Refusal("x.png", SUSPENDED)
        assert isinstance(guard.call(whoami, 0, Path("x")), tuple)
    assert mark.read_text() == "x" * TIMES_SUSPENDED


def test_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "serve", suspended_at_birth)
    with Guard(1) as guard, quick(), pytest.raises(WorkerDied, match="could not be started"):
        guard.call(whoami, 0, Path("x"))


def test_cancelled_while_one_stands() -> None:
    """In the middle of a question that it does not take: the wish is heard at once all the same."""
    before = {p.pid for p in ours()}
    decoder_process.SUSPENDED_SECONDS = 60.0  # put back by the fixture

    def wish() -> None:
        raise Cancelled

    with Guard(1) as guard:
        psutil.Process(guard.call(whoami, 0, Path("x"))[0]).suspend()  # type: ignore[index]
        started = time.monotonic()
        with pytest.raises(Cancelled):
            guard.call(grow, bytes(3_000_000), Path("x"), waiting=wish)
        assert time.monotonic() - started < 3.0
    assert {p.pid for p in ours()} <= before


def test_a_short_pause_ends_nothing() -> None:
    """As when a whole program is suspended in a shell and goes on."""
    decoder_process.SUSPENDED_SECONDS = 60.0
    with Guard(1) as guard:
        pid = guard.call(whoami, 0, Path("x"))[0]  # type: ignore[index]
        psutil.Process(pid).suspend()
        threading.Timer(0.5, psutil.Process(pid).resume).start()
        assert guard.call(whoami, 0, Path("x"))[0] == pid  # type: ignore[index]


def test_time_that_the_owner_slept_does_not_count() -> None:
    with Guard(1) as guard:
        pid = guard.call(whoami, 0, Path("x"))[0]  # type: ignore[index]
        process = guard._idle[0]
        psutil.Process(pid).suspend()
        wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        process._looked -= 3600.0
        process.end_if_suspended()
        assert not process.suspended
        assert process.stands
        psutil.Process(pid).resume()
        wait_until(lambda: psutil.Process(pid).status() != psutil.STATUS_STOPPED)
        process._looked -= 3600.0
        process.end_if_suspended()
        assert not process.stands


@contextmanager
def suspender(count: int) -> Iterator[set[int]]:
    """Suspends the first processes that decode, each once, and tells which."""
    done: set[int] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            for process in ours():
                if len(done) < count and process.pid not in done:
                    with suppress(psutil.Error):
                        process.suspend()  # while it starts or when it has begun, as it comes
                        done.add(process.pid)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("work", ["import", "cache", "predict"])
def test_work_goes_on(
    work: str, make_images: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import Recorder
    from tests.unit.inference.bundles import sealed, write
    from tlstudio.domain.importing import ImportRequest
    from tlstudio.domain.preprocess import PreprocessSpec
    from tlstudio.images import cache
    from tlstudio.images import guard as guards
    from tlstudio.inference import predictor
    from tlstudio.inference.bundle import Bundle
    from tlstudio.storage.images import list_images
    from tlstudio.storage.project import Project
    from tlstudio.workflow import importing

    source = make_images(20)
    request = ImportRequest(source, tmp_path / "project", group_from="none")
    if work != "import":
        importing.import_images(request)
    bundle = Bundle(write(tmp_path / "model.onnx", sealed())) if work == "predict" else None
    guards.DECODERS.close()
    with Guard(2) as pool, suspender(2) as suspended:
        for module in (importing, cache, predictor):
            monkeypatch.setattr(module, "DECODERS", pool)
        if work == "import":
            result = importing.import_images(request)
            assert (result.images, result.refused) == (60, ())
        elif work == "cache":
            project = Project(tmp_path / "project")
            store, refused = cache.fill_cache(project, PreprocessSpec(32), list_images(project), Recorder())
            assert (len(store.keys), refused) == (60, [])
        else:
            assert bundle is not None
            answers = list(predictor.predict_files(bundle, sorted(source.rglob("*.png"))))
            assert len(answers) == 60
            assert not any(answer.status is predictor.Status.REFUSED for answer in answers)
        assert suspended
