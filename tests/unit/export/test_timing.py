"""How many times as long, and how sure that is."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.export.graphs import SIZE, pictures, write_bundle
from tlstudio.export import timing
from tlstudio.export.timing import median_interval, times_as_long


@pytest.mark.parametrize(("n", "low"), [(1, 1), (5, 1), (6, 1), (8, 1), (9, 2), (21, 6), (41, 14)])
def test_the_interval_of_a_median_by_the_sign_test(n: int, low: int) -> None:
    """Ranks as in tables of the sign test (5 %, two-sided)."""
    values = [float(v) for v in np.random.default_rng(0).permutation(n) + 1]
    found = median_interval(values)
    assert (found.value, found.low, found.high) == ((n + 1) / 2, low, n + 1 - low)


def test_pairs_are_warmed_up_and_turn_round(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    asked: list[int] = []

    def seconds(session: str, _pixels: object) -> float:
        ran.append(session)
        # What is slow at the beginning, and a computer that becomes slower and slower, say nothing about the files.
        start = 50.0 if len(ran) <= 2 * timing.WARM_UP and session == "b" else 1.0
        return start * (1 + len(ran) // 2) * (0.6 if session == "b" else 1.0)

    monkeypatch.setattr(timing, "_session", lambda file: file.name)
    monkeypatch.setattr(timing, "_seconds", seconds)
    found = times_as_long(Path("a"), Path("b"), pictures(1), lambda: asked.append(1))
    assert (timing.WARM_UP, timing.PAIRS, timing.THREADS) == (5, 41, 1)
    assert len(ran) == 2 * 46
    assert len(asked) == 46
    assert ran == ["a", "b", "b", "a"] * 23
    assert 0.57 < found.low <= found.value <= found.high < 0.63


def test_all_pairs_after_the_warm_up_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five that count for nothing, then 41: twice as long in the first of these and in 20 others, thrice in the other 20."""
    pairs = [9.0] * 5 + [2.0] * 21 + [3.0] * 20
    ran: list[str] = []

    def seconds(session: str, _pixels: object) -> float:
        ran.append(session)
        return pairs[(len(ran) - 1) // 2] if session == "b" else 1.0

    monkeypatch.setattr(timing, "_session", lambda file: file.name)
    monkeypatch.setattr(timing, "_seconds", seconds)
    assert times_as_long(Path("a"), Path("b"), pictures(1)).value == 2.0


def test_a_file_takes_as_long_as_itself(tmp_path: Path) -> None:
    file = write_bundle(tmp_path / "a.onnx")
    found = times_as_long(file, file, pictures(1))
    assert found.low <= found.value <= found.high
    assert 0.5 < found.value < 2


def test_one_thread_computes(tmp_path: Path) -> None:
    session = timing._session(write_bundle(tmp_path / "a.onnx"))
    assert session.get_session_options().intra_op_num_threads == 1
    assert timing._seconds(session, np.zeros((1, SIZE, SIZE, 3), np.uint8)) > 0


def test_what_is_timed_is_one_answer_with_its_novelty() -> None:
    asked: list[tuple[list[str], dict[str, object]]] = []

    class Slow:
        def run(self, outputs: list[str], inputs: dict[str, object]) -> None:
            asked.append((outputs, inputs))
            time.sleep(0.02)

    pixels = pictures(1)
    assert 0.02 <= timing._seconds(Slow(), pixels) < 1
    assert asked == [(["probabilities", "novelty"], {"image": pixels})]
