"""Many things at once, their results one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import psutil

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 4
LISTEN_SECONDS = 0.1


@cache
def cores() -> int:
    """Processor cores that can be busy at once."""
    return max(1, psutil.cpu_count(logical=False) or 1)


def in_order(
    function: Callable[[A], B], items: Iterable[A], *, ahead: int = AHEAD, threads: int | None = None
) -> Iterator[tuple[A, B]]:
    """Runs `function` over `items` on one thread a core, results in order. For work that lets go of the interpreter.

    At most `ahead` items a thread are under way, so memory stays bounded however long the list and slow the consumer.
    """
    workers = threads or cores()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        yield from gather(lambda item: pool.submit(function, item), items, workers * ahead)


def gather(
    submit: Callable[[A], Future[B]],
    items: Iterable[A],
    ahead: int,
    *,
    waiting: Callable[[], object] | None = None,
    leaving: Callable[[], object] | None = None,
) -> Iterator[tuple[A, B]]:
    """Submits the items, at most `ahead` before their turn, and gives back their results in order.

    waiting: called again and again while the next result lets itself be waited for; what it raises comes out here.
    leaving: called at the end, however it comes.
    """
    pending: deque[tuple[A, Future[B]]] = deque()
    try:
        for item in items:
            pending.append((item, submit(item)))
            if len(pending) >= ahead:
                first, future = pending.popleft()
                yield first, _result(future, waiting)
        while pending:
            first, future = pending.popleft()
            yield first, _result(future, waiting)
    finally:
        if leaving is not None:
            leaving()
        for _, future in pending:
            future.cancel()


def _result(future: Future[B], waiting: Callable[[], object] | None) -> B:
    while waiting is not None and not future.done():
        try:
            future.exception(LISTEN_SECONDS)
        except TimeoutError:
            waiting()
    return future.result()
