"""Decoders that crash, hang and fill the memory, each at the cost of one file."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.unit.images.misbehaving import block, blocks, decode, grow, nested, never_ready, touch_and_hang, whoami
from tlstudio.domain.errors import Cancelled, DiskFull, WorkerDied
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images import decoder_loop, decoder_process
from tlstudio.images import guard as guards
from tlstudio.images.guard import CRASHED, TOO_LONG, Guard
from tlstudio.images.prepare import prepare

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def pool() -> Iterator[Guard]:
    """Two processes for all tests that don't count processes."""
    with Guard(2, seconds=20) as guard:
        yield guard


@pytest.fixture(autouse=True)
def _known_to_the_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def outcomes(guard: Guard, items: list[str]) -> list[str]:
    """Results, and the reasons of refusals."""
    found = list(guard.in_order(decode, items))
    assert [item for item, _ in found] == items, "in their order"
    assert all(result.path == item for item, result in found if isinstance(result, Refusal))
    return [result.reason if isinstance(result, Refusal) else result for _, result in found]


def ours() -> list[psutil.Process]:
    """Decoding processes that are children of this one, the dead that nobody took notice of among them."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            known = child.status() == psutil.STATUS_ZOMBIE or "spawn_main" in " ".join(child.cmdline())
        except psutil.Error:
            continue
        if known:
            found.append(child)
    return found


def test_results_come_in_order(pool: Guard) -> None:
    items = [f"slow {i}" if i % 7 == 0 else f"good {i}" for i in range(40)]
    assert outcomes(pool, items) == [item if item.startswith("slow") else item.upper() for item in items]


def test_a_crash_costs_that_file_alone(pool: Guard) -> None:
    items = ["good 1", "abort", "exit", "good 2", "good 3", "segfault", "good 4", "leave"]
    assert outcomes(pool, items) == ["GOOD 1", CRASHED, CRASHED, "GOOD 2", "GOOD 3", CRASHED, "GOOD 4", CRASHED]


def test_a_crash_is_blamed_on_the_file_that_causes_it() -> None:
    """An earlier file may have spoiled the process: a fresh one tells."""
    with Guard(1) as guard:
        assert outcomes(guard, ["second 1", "second 2", "second 3"]) == ["second 1", "second 2", "second 3"]


@pytest.mark.parametrize("endless", ["hang", "spin"])
def test_an_endless_file_is_given_up(endless: str) -> None:
    with Guard(2, seconds=0.5) as guard:
        assert outcomes(guard, ["good 1", endless, "good 2", "good 3"]) == ["GOOD 1", TOO_LONG, "GOOD 2", "GOOD 3"]


def test_full_memory_refusals_and_values(pool: Guard) -> None:
    items = ["memory", "refuse", "refusal", "good"]
    assert outcomes(pool, items) == [decoder_loop.NO_MEMORY, "Not today.", "As a value.", "GOOD"]


@pytest.mark.parametrize(("item", "error"), [("defect x", KeyError), ("full", DiskFull), ("unportable", RuntimeError)])
def test_a_defect_is_no_refusal(pool: Guard, item: str, error: type[Exception]) -> None:
    seen = []
    with pytest.raises(error) as raised:
        for one, _ in pool.in_order(decode, ["good 1", "good 2", item, *["good"] * 50]):
            seen.append(one)
    assert seen == ["good 1", "good 2"]
    assert "patient" not in str(raised.value)
    assert outcomes(pool, ["good"]) == ["GOOD"]


def test_what_a_decoder_prints_is_not_heard(pool: Guard, capfd: pytest.CaptureFixture[str]) -> None:
    assert outcomes(pool, ["talk"]) == ["said"]
    assert capfd.readouterr() == ("", "")


def test_arrays_come_back_as_they_are(pool: Guard) -> None:
    for edge in (1, 64, 700):
        found = pool.call(block, edge, Path("x"))
        assert not isinstance(found, Refusal)
        assert (found.dtype, found.shape) == (np.uint8, (edge, edge, 3))
        assert np.array_equal(found, block(edge))


def test_arrays_that_are_kept_are_not_written_over(pool: Guard) -> None:
    """Small ones take the memory that both sides share, by turns, and large ones the pipe."""
    edges = [64, 65, 700, 66, 63, 590, 592, 1, 700, 64, 62, 61] * 3
    kept = [result for _, result in pool.in_order(block, edges)]
    for edge, found in zip(edges, kept, strict=True):
        assert np.array_equal(found, block(edge))


def test_several_arrays_at_once(pool: Guard) -> None:
    for edges in ([10, 500, 500, 20], []):
        found = pool.call(blocks, edges, Path("x"))
        assert isinstance(found, list)
        assert all(np.array_equal(one, block(edge)) for edge, one in zip(edges, found, strict=True))


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_large_questions_and_large_answers_never_wait_for_each_other(pool: Guard, size: int) -> None:
    found = [result for _, result in pool.in_order(grow, [bytes(size + k) for k in range(8)], len)]
    assert [int(result[0]) for result in found] == [(size + k) % 256 for k in range(8)]  # type: ignore[index]


def test_pixels_are_those_of_prepare(pool: Guard, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 70, 3), np.uint8)
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    for i, path in enumerate(paths):
        Image.fromarray(noise + i).save(path)
    paths[2].write_bytes(paths[2].read_bytes()[:300])
    spec = PreprocessSpec(32)
    for path, found in pool.in_order(partial(prepare, spec=spec), paths):
        if path == paths[2]:
            assert found == Refusal(str(path), "The file is cut off: a part of the picture is missing.")
        else:
            assert np.array_equal(found, prepare(path, spec))


def test_processes_are_few_light_and_reused() -> None:
    with Guard(2) as guard:
        first = {result for _, result in guard.in_order(whoami, range(20))}
        again = {result for _, result in guard.in_order(whoami, range(20))}
        assert 1 <= len({pid for pid, _, _ in first}) <= 2
        assert first | again == first or again | first == again
        assert {(heavy, name) for _, heavy, name in first} == {(False, decoder_process.NAME)}
        assert os.getpid() not in {pid for pid, _, _ in first}
    assert not {pid for pid, _, _ in first} & {p.pid for p in ours()}


def test_nothing_starts_before_the_first_file_and_nothing_stays_after_the_end() -> None:
    before = {p.pid for p in ours()}
    guard = Guard(2)
    assert list(guard.in_order(decode, [])) == []
    assert {p.pid for p in ours()} == before
    assert outcomes(guard, ["good", "abort", "good"]) == ["GOOD", CRASHED, "GOOD"]
    assert {p.pid for p in ours()} > before
    guard.close()
    guard.close()
    assert {p.pid for p in ours()} <= before, "no process, and no dead one either"
    assert outcomes(guard, ["good"]) == ["GOOD"], "starts again when it is needed again"
    guard.close()


def test_processes_that_nobody_needs_end_by_themselves() -> None:
    before = {p.pid for p in ours()}
    with Guard(2, idle=0.3) as guard:
        assert outcomes(guard, ["good"] * 4) == ["GOOD"] * 4
        wait_until(lambda: {p.pid for p in ours()} <= before)
        assert outcomes(guard, ["good"]) == ["GOOD"]


def test_closing_while_the_timer_is_about_to_look_leaves_no_timer() -> None:
    late = threading.Event()
    with Guard(1, idle=0.05) as guard:
        look = guard._end_idle

        def look_late() -> None:
            late.wait(20)
            look()

        guard._end_idle = look_late  # type: ignore[method-assign]
        assert outcomes(guard, ["good"]) == ["GOOD"]
        timer = guard._timer
        assert timer is not None
        threading.Timer(0.2, late.set).start()
    assert not timer.is_alive()
    assert guard._timer is None
    guard._used = time.monotonic()
    look()
    assert guard._timer is None


def wait_until(condition: object, seconds: float = 60.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def test_a_process_that_dies_at_rest_costs_no_file(pool: Guard) -> None:
    pid = pool.call(whoami, 0, Path("x"))[0]  # type: ignore[index]
    psutil.Process(pid).kill()
    wait_until(lambda: pid not in {p.pid for p in ours() if p.status() != psutil.STATUS_ZOMBIE})
    assert outcomes(pool, ["good"] * 6) == ["GOOD"] * 6


def test_cancelled_in_the_middle(tmp_path: Path) -> None:
    """The endless files under way are ended with their processes, at once."""
    before, threads = {p.pid for p in ours()}, threading.active_count()
    marks = [tmp_path / str(i) for i in range(50)]
    with Guard(2) as guard:

        def consume() -> None:
            for i, _ in enumerate(guard.in_order(partial(mixed, marks[0]), marks)):
                if i == 1:
                    wait_until((tmp_path / "2").exists)
                    raise Cancelled

        with pytest.raises(Cancelled):
            consume()
        assert {p.pid for p in ours()} <= before | {p.pid for p in multiprocessing.active_children()}
        assert outcomes(guard, ["good"]) == ["GOOD"]
    assert {p.pid for p in ours()} <= before
    assert not any(mark.exists() for mark in marks[10:]), "what was not begun is not begun"
    wait_until(lambda: threading.active_count() <= threads)


def test_cancelled_while_nothing_comes_back(tmp_path: Path) -> None:
    """The first file hangs: no progress is reported, yet the user's wish is heard."""
    before = {p.pid for p in ours()}

    def wish() -> None:
        if (tmp_path / "mark").exists():
            raise Cancelled

    with Guard(1) as guard, pytest.raises(Cancelled):
        list(guard.in_order(touch_and_hang, [tmp_path / "mark", tmp_path / "never"], waiting=wish))
    assert {p.pid for p in ours()} <= before
    assert not (tmp_path / "never").exists()


def test_cancelled_before_the_processes_are_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {p.pid for p in ours()}
    monkeypatch.setattr(decoder_process, "serve", never_ready)

    def wish() -> None:
        raise Cancelled

    with Guard(2) as guard, pytest.raises(Cancelled):
        list(guard.in_order(decode, ["good"] * 9, waiting=wish))
    assert {p.pid for p in ours()} <= before


def mixed(first: Path, item: Path) -> str:
    """The first two come back, the others never."""
    if item.name in (first.name, "1"):
        return item.name
    return touch_and_hang(item)


def test_a_consumer_that_leaves_early(pool: Guard) -> None:
    results = pool.in_order(decode, ["good"] * 1000)
    assert next(results) == ("good", "GOOD")
    results.close()  # type: ignore[attr-defined]
    assert outcomes(pool, ["good"]) == ["GOOD"]


def test_look_ahead_is_bounded(pool: Guard) -> None:
    taken: list[str] = []

    def source() -> Iterator[str]:
        for i in range(60):
            taken.append(str(i))
            yield str(i)

    for n, _ in enumerate(pool.in_order(decode, source()), start=1):
        assert len(taken) <= n + 2 * 4
    assert n == len(taken) == 60


def test_used_from_several_threads_at_once(pool: Guard) -> None:
    found: dict[int, list[str]] = {}

    def work(k: int) -> None:
        found[k] = outcomes(pool, [f"good {k}", "abort", f"good {k}"])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: [f"GOOD {k}", CRASHED, f"GOOD {k}"] for k in range(4)}


def test_a_large_picture_gets_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is asked only when it is late."""
    Image.new("L", (2000, 2000)).save(tmp_path / "large.png")
    Image.new("L", (2, 2)).save(tmp_path / "small.png")
    (tmp_path / "none.png").write_text("x")
    monkeypatch.setattr(guards, "SECONDS_PER_MEGAPIXEL", 5.0)
    with Guard(2, seconds=0.5) as guard:
        found = dict(guard.in_order(lag, [tmp_path / "large.png", tmp_path / "small.png", tmp_path / "none.png"]))
    assert found[tmp_path / "large.png"] == "late"
    for name in ("small.png", "none.png"):
        assert found[tmp_path / name] == Refusal(str(tmp_path / name), TOO_LONG)


def lag(path: Path) -> str:
    while path.name != "large.png":
        time.sleep(1)
    time.sleep(1.5)
    return "late"


def test_a_process_that_can_not_start_is_no_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "serve", os.abort)
    with Guard(1) as guard, pytest.raises(WorkerDied, match="could not be started"):
        list(guard.in_order(decode, ["good"]))


def test_no_memory_to_share_is_no_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decoder_process, "RawArray", full)
    with Guard(1) as guard, pytest.raises(WorkerDied, match="could not be started"):
        list(guard.in_order(decode, ["good"]))


def test_the_last_resort_runs_on_from_file_to_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started once for many files, and renewed long before it is due for any of them."""
    done: list[str] = []
    now = 1000.0

    def start(seconds: float, **_: object) -> None:
        assert seconds >= decoder_loop.LAST_RESORT_SECONDS + decoder_loop.RENEW_SECONDS
        done.append("start")

    monkeypatch.setattr(decoder_loop.faulthandler, "dump_traceback_later", start)
    monkeypatch.setattr(decoder_loop.time, "monotonic", lambda: now)
    clock = decoder_loop._LastResort(0)
    for _ in range(5):
        clock.work()
    assert done == ["start"]
    now += decoder_loop.RENEW_SECONDS + 1
    clock.work()
    assert done == ["start", "start"], "a new start takes the place of the one before"
    clock.work()
    assert len(done) == 2


def test_nobody_waits_for_ever_when_a_lane_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when it is no ordinary error, or when ending the process fails as well."""

    def broken(*_: object) -> None:
        raise SystemExit("the lane ends here")

    with Guard(2) as guard:
        with monkeypatch.context() as patch:
            patch.setattr(guard, "borrow", broken)
            with pytest.raises(SystemExit, match="the lane ends here"):
                list(guard.in_order(decode, ["good"] * 20))
        with monkeypatch.context() as patch, pytest.raises(OSError, match="no end"):
            patch.setattr(decoder_process.DecoderProcess, "kill", no_end)
            list(guard.in_order(decode, ["good", "abort", "good"]))
        assert outcomes(guard, ["good"]) == ["GOOD"]


def no_end(process: decoder_process.DecoderProcess, patience: float = 0.0) -> None:
    process.hang_up()
    raise OSError("no end")


def test_works_inside_a_worker_process() -> None:
    """The worker is spawned and is ended without a word; such a process may usually have no children."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    worker = context.Process(target=_work, args=(far,), daemon=True)
    worker.start()
    far.close()
    assert near.recv() == ["GOOD", Refusal("abort", CRASHED), "GOOD"]
    worker.join()
    assert worker.exitcode == 0
    near.close()
    worker.close()


def _work(connection: object) -> None:
    connection.send(nested("good"))  # type: ignore[attr-defined]


ORPHAN = """
    import sys
    from pathlib import Path
    from tests.unit.images.misbehaving import whoami, touch_and_hang
    from tlstudio.images.guard import DECODERS

    if __name__ == "__main__":
        print(DECODERS.call(whoami, 0, Path("x"))[0], flush=True)
        sys.stdin.readline()
"""


@pytest.mark.parametrize("end", ["leaves", "is killed"])
def test_processes_end_with_their_owner(tmp_path: Path, end: str) -> None:
    script = tmp_path / "owner.py"
    script.write_text(textwrap.dedent(ORPHAN))
    owner = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    assert psutil.pid_exists(pid)
    if end == "is killed":
        owner.kill()
    _, errors = owner.communicate("\n")
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert errors == ""


BUSY = """
    import sys
    from pathlib import Path
    from tests.unit.images import misbehaving
    from tlstudio.images.guard import DECODERS

    DECODERS.call(getattr(misbehaving, sys.argv[1]), Path(sys.argv[2]), Path("x"))
"""


@pytest.mark.parametrize("endless", ["touch_and_hang", "touch_and_spin"])
def test_a_busy_process_ends_with_its_owner(tmp_path: Path, endless: str) -> None:
    """Also in the middle of C code that never lets go of the interpreter, where the system can tell it."""
    if endless == "touch_and_spin" and sys.platform != "linux":
        pytest.skip("ends with its last resort here")
    script, mark = tmp_path / "owner.py", tmp_path / "mark"
    script.write_text(textwrap.dedent(BUSY))
    command = [sys.executable, str(script), endless, str(mark)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) as owner:
        wait_until(lambda: mark.exists() and mark.read_text() != "")
        pid = int(mark.read_text())
        time.sleep(0.2)
        owner.kill()
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 5.0)


def test_a_script_needs_no_main_guard_and_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "plain.py"
    script.write_text(
        textwrap.dedent("""
        from pathlib import Path
        from tests.unit.images.misbehaving import whoami
        from tlstudio.images.guard import DECODERS

        print("once", flush=True)
        print(DECODERS.call(whoami, 0, Path("x"))[0] > 0)
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr) == ("once\nTrue\n", "")
