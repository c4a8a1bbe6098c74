"""Many pairs of pictures compared, in parts that can be worked on at once, here or in other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.images.agreeing import ONE_VIEW, Agreement, Likely, Prepared, agreement, likely, prepare
from tlstudio.images.joining import Edge, Joined, Known, one_group, told_apart, unite
from tlstudio.images.landmarks import unpacked
from tlstudio.images.proposals import FEW
from tlstudio.images.small import read_small
from tlstudio.images.splits import Units

PAIRS_MARKED, PAIRS_LAID = 2000, 200  # in one part: a tenth and a quarter of a second of work
AT_ONCE = 20  # pairs whose landmarks are compared in one go: as many as fit into a processor's memory
SURELY = 6  # landmarks in one pose; two pictures that have nothing in common have hardly ever as many
KEPT = 300  # prepared pictures of a part that are held in memory, 200 kB each

Kept = npt.NDArray[np.int8]
Shown = Image.Image | Path | None  # a small picture, or the file that holds it
Pair = tuple[int, int]
R = TypeVar("R")


class Part(NamedTuple):
    """Pairs of pictures, and all that is needed of these.

    kept: their landmarks, (n, *landmarks.SHAPE). pairs: places in these lists. lying: how the pairs may lie on each other, where
    that is known.
    """

    pictures: tuple[Known, ...]
    kept: Kept
    shown: tuple[Shown, ...]
    pairs: tuple[Pair, ...]
    lying: tuple[Likely, ...] = ()


class Run(Protocol):
    """How parts are worked on: results in the order of the parts, whatever is done where."""

    def __call__(self, function: Callable[[Part], R], parts: Iterable[Part], /) -> Iterable[R]: ...


class Comparison:
    """Compares pairs of these pictures; see Part for what they are."""

    def __init__(
        self,
        pictures: Sequence[Known],
        kept: Kept,
        shown: Sequence[Shown],
        run: Run = map,
        step: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """step(done, total) is called now and then and may raise Cancelled."""
        self._pictures, self._kept, self._shown = pictures, kept, shown
        self._run, self._step = run, step

    def agreeing(self, pairs: Sequence[Pair]) -> list[Edge]:
        """The pairs that agree; most of those that others have joined by then are passed over."""
        laid: dict[Pair, Likely] = {}
        total = 2 * len(pairs)  # the second time, fewer pairs stand for all
        for done, answers in self._worked_on(laid_of, _pieces(pairs, PAIRS_MARKED)):
            laid |= {pair: lying for pair, lying in answers if lying is not None}
            self._step(done, total)
        order = _by_neighbourhood(laid, len(self._pictures))
        return self._edges(order, laid, lambda done: self._step(len(pairs) + len(pairs) * done // len(laid), total))

    def every(self, pairs: Sequence[Pair]) -> list[Edge]:
        """The pairs that agree, whatever was joined and however far they were moved."""
        return self._edges(pairs, {}, lambda done: self._step(done, len(pairs)))

    def _edges(self, pairs: Sequence[Pair], laid: Mapping[Pair, Likely], told: Callable[[int], None]) -> list[Edge]:
        edges = []
        for done, answers in self._worked_on(agreements_of, _pieces(pairs, PAIRS_LAID), laid):
            edges += [Edge(*pair, found) for pair, found in answers if found is not None]
            told(done)
        return edges

    def _worked_on(
        self,
        function: Callable[[Part], list[R]],
        pieces: Sequence[Sequence[Pair]],
        laid: Mapping[Pair, Likely] = MappingProxyType({}),
    ) -> Iterator[tuple[int, Iterable[tuple[Pair, R]]]]:
        """Piece by piece how many pairs are done, and for each of the piece what the function says."""
        done = 0
        results = self._run(function, (self._part(piece, laid) for piece in pieces))
        for piece, answers in zip(pieces, results, strict=True):
            done += len(piece)
            yield done, zip(piece, answers, strict=True)

    def _part(self, pairs: Sequence[Pair], laid: Mapping[Pair, Likely]) -> Part:
        members = sorted({i for pair in pairs for i in pair})
        place = {i: n for n, i in enumerate(members)}
        return Part(
            tuple(self._pictures[i] for i in members),
            self._kept[members],
            tuple(self._shown[i] for i in members),
            tuple((place[i], place[j]) for i, j in pairs),
            tuple(laid[pair] for pair in pairs) if laid else (),
        )


def _pieces(pairs: Sequence[Pair], most: int) -> list[Sequence[Pair]]:
    return [pairs[begin : begin + most] for begin in range(0, len(pairs), most)]


def _by_neighbourhood(laid: Mapping[Pair, Likely], n: int) -> list[Pair]:
    """The same pairs, those that surely hang together one after the other: so a picture is prepared once, or nearly so."""
    units = Units(n)
    for (i, j), lying in laid.items():
        if lying.basis >= SURELY:
            unite(units, i, j)
    unit = units.all()
    return sorted(laid, key=lambda pair: (unit[pair[0]], unit[pair[1]]))


# --- what is done with a part ------------------------------------------------------------------------------------------


def laid_of(part: Part) -> list[Likely | None]:
    """How each pair may lie on each other, by their landmarks."""
    marks = [unpacked(rows) for rows in part.kept]
    return [
        lying
        for some in _pieces(part.pairs, AT_ONCE)
        for lying in likely([marks[i] for i, _ in some], [marks[j] for _, j in some], few=FEW)
    ]


def agreements_of(part: Part) -> list[Agreement | None]:
    """Of each pair how it agrees. Of a part that says how they lie, only what can matter: of what somebody told apart or put
    together, nothing that was moved far is a copy; and what has been joined by way of others need not be compared.
    """
    prepared = lru_cache(KEPT)(lambda i: None if (small := _opened(part.shown[i])) is None else prepare(small))
    if not part.lying:
        whole = zip(part.pairs, laid_of(part), strict=True)
        return [None if lying is None else _agreement(prepared, pair, lying, np.inf) for pair, lying in whole]
    joined, found = Joined(part.pictures), []
    for (i, j), lying in zip(part.pairs, part.lying, strict=True):
        one, other = part.pictures[i], part.pictures[j]
        moved = ONE_VIEW if told_apart(one, other) or one_group(one, other) else np.inf
        told = None if joined.together(i, j) else _agreement(prepared, (i, j), lying, moved)
        if told is not None:
            joined.try_to_join(Edge(i, j, told))
        found.append(told)
    return found


def _agreement(prepared: Callable[[int], Prepared | None], pair: Pair, lying: Likely, moved: float) -> Agreement | None:
    a, b = map(prepared, pair)
    return None if a is None or b is None else agreement(a, b, lying, moved=moved)


def _opened(shown: Shown) -> Image.Image | None:
    if not isinstance(shown, Path):
        return shown
    pixels = read_small(shown)
    return None if pixels is None else Image.fromarray(pixels)
