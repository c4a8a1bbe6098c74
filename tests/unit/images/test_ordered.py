"""Many things at once, their results one after another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from tlstudio.images.ordered import gather, in_order


def test_results_come_in_order_however_long_each_takes() -> None:
    gates = [threading.Event() for _ in range(6)]

    def work(i: int) -> int:
        if i == 0:
            gates[0].wait(10)
        elif i == 1:
            gates[0].set()
        return i * i

    assert list(in_order(work, range(6))) == [(i, i * i) for i in range(6)]


def test_look_ahead_is_bounded() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for i in range(100):
            taken.append(i)
            yield i

    for n, _ in enumerate(in_order(lambda i: i, source(), ahead=2, threads=3), start=1):
        assert len(taken) <= n + 3 * 2
    assert n == len(taken) == 100


def test_nothing_in_nothing_out() -> None:
    assert list(in_order(str, [])) == []


def test_an_exception_comes_out_at_its_place_and_ends_the_threads() -> None:
    before = threading.active_count()
    seen = []
    with pytest.raises(ZeroDivisionError):
        for item, _ in in_order(lambda i: 1 // (5 - i), range(100)):
            seen.append(item)
    assert seen == [0, 1, 2, 3, 4]
    assert threading.active_count() == before


def test_a_consumer_that_leaves_early_ends_the_threads() -> None:
    before = threading.active_count()
    results = in_order(str, range(1000))
    assert next(results) == (0, "0")
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_a_wish_to_stop_is_heard_while_a_result_is_waited_for() -> None:
    asked: list[int] = []
    left: list[str] = []

    def wish() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise ZeroDivisionError

    never: Future[int] = Future()
    with pytest.raises(ZeroDivisionError):
        list(gather(lambda _: never, range(9), 3, waiting=wish, leaving=lambda: left.append("left")))
    assert left == ["left"]
