"""Near-duplicates: one photograph saved twice, or changed by a person: mirrored, turned, cut, moved, framed, brightened.

Landmarks propose (see `proposals`), the pictures laid on each other decide (see `agreeing`). Who belongs together is another
question, and there are two reasons for pictures that agree not to. A fixed camera over one kind of part takes the same picture
again and again: where many agree in one view, it is a series, and only two of it that differ by much less than the others do are
one shot. And nothing that looks nearly the same is joined across classes or groups that
somebody stated; only a picture that was merely saved again keeps its copy, so that the contradiction is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.images.agreeing import ONE_VIEW, UNMOVED, Agreement, Prepared, agreement, prepare
from tlstudio.images.landmarks import unpacked
from tlstudio.images.proposals import FEW, proposals
from tlstudio.images.splits import Units

SERIES = 10  # pictures that agree in one view; from one more on they are a series
SERIES_ACROSS = 4  # the same where classes differ: a wrong accusation is worse than a copy that is not told
ONE_SHOT = 0.35  # of what usually differs between two of a series that may differ between two forms of one shot
LARGEST = 30  # near-duplicates in one set; a chain that goes on is another set
KEPT = 1000  # prepared pictures held in memory, 250 kB each

Kept = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a picture, beside how it looks.

    look: its hash, see `looks`, "" for none. label, group: as somebody stated, None where nobody did. cluster: an equal number of
    at least 0 for pictures that were joined before, -1 for one that was compared and is alone, None for a new one.
    """

    look: str = ""
    label: str | None = None
    group: str | None = None
    cluster: int | None = None


@dataclass(frozen=True, slots=True)
class _Edge:
    first: int
    second: int
    agreement: Agreement


def clusters(
    pictures: Sequence[Known],
    kept: Kept,
    picture: Callable[[int], Image.Image | None],
    *,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> list[int | None]:
    """For each picture the index of the first of its near-duplicates (itself, if it is the first); None where it has none.

    kept: their landmarks, (n, *landmarks.SHAPE); zeros for none. picture(i) gives the small picture i, None where it is not to be
    had. Pictures that both were compared before are not compared again. step(done, total) is called now and then and may raise
    Cancelled.
    """
    compared = np.array([p.cluster is not None for p in pictures], bool)
    pairs = proposals(kept, [p.look for p in pictures], compared)
    prepared = lru_cache(KEPT)(lambda i: None if (small := picture(i)) is None else prepare(small, unpacked(kept[i])))
    joined = _Joined(pictures)
    edges: list[_Edge] = []
    for done, (i, j) in enumerate(pairs):
        if done % 100 == 0:
            step(done, len(pairs))
        a, b = (None, None) if joined.together(i, j) else (prepared(i), prepared(j))
        found = _agreement(a, b, pictures[i], pictures[j]) if a is not None and b is not None else None
        if found is not None:
            edges.append(_Edge(i, j, found))
            joined.try_to_join(edges[-1])
    return _firsts(_settled(pictures, edges, pairs, prepared).all())


def _agreement(a: Prepared, b: Prepared, one: Known, other: Known) -> Agreement | None:
    """Only as far as it can matter: of what somebody told apart or put together, nothing that was moved far is a copy."""
    apart = _differ(one.label, other.label) or _differ(one.group, other.group)
    together = one.group is not None and one.group == other.group
    return agreement(a, b, few=FEW, moved=ONE_VIEW if apart or together else np.inf)


def conflicts(
    pictures: Sequence[Known], kept: Kept, picture: Callable[[int], Image.Image | None]
) -> list[tuple[int, int]]:
    """Pairs of one set of near-duplicates that carry different labels although one is the other saved again."""
    prepared = lru_cache(KEPT)(lambda i: None if (small := picture(i)) is None else prepare(small, unpacked(kept[i])))
    found = []
    for i, one in enumerate(pictures):
        for j in range(i + 1, len(pictures)):
            if {one.label, pictures[j].label} & {None} or one.label == pictures[j].label:
                continue
            a, b = prepared(i), prepared(j)
            told = agreement(a, b, few=FEW) if a is not None and b is not None else None
            if told is not None and told.resaved:
                found.append((i, j))
    return found


def _clusters_before(pictures: Sequence[Known]) -> list[list[int]]:
    """Who was joined at an earlier import."""
    members: dict[int, list[int]] = defaultdict(list)
    for i, known in enumerate(pictures):
        if known.cluster is not None and known.cluster >= 0:
            members[known.cluster].append(i)
    return list(members.values())


def _unite(units: Units, i: int, j: int) -> None:
    units.join(i, ("pair", i, j))
    units.join(j, ("pair", i, j))


class _Joined:
    """Who belongs together: sets of one label, of one group, and of at most LARGEST pictures."""

    def __init__(self, pictures: Sequence[Known]) -> None:
        self._pictures = pictures
        self._units = Units(len(pictures))
        self._members: dict[int, list[int]] = {i: [i] for i in range(len(pictures))}
        for kin in _clusters_before(pictures):
            for i in kin[1:]:
                self._join(kin[0], i)

    def together(self, i: int, j: int) -> bool:
        return self._units.root(i) == self._units.root(j)

    def try_to_join(self, edge: _Edge, *, across: bool = False) -> None:
        """across: also pictures of different labels or groups, of which one is the other saved again."""
        i, j = edge.first, edge.second
        if self.together(i, j):
            return
        members = [*self._members[self._units.root(i)], *self._members[self._units.root(j)]]
        contradictory = any(len(self._stated(members, what)) > 1 for what in ("label", "group"))
        if len(members) > LARGEST or (contradictory and not (across and edge.agreement.resaved)):
            return
        self._join(i, j)

    def _stated(self, members: Iterable[int], what: str) -> set[str]:
        return {value for m in members if (value := getattr(self._pictures[m], what)) is not None}

    def _join(self, i: int, j: int) -> None:
        a, b = self._units.root(i), self._units.root(j)
        if a == b:
            return
        members = self._members.pop(a) + self._members.pop(b)
        _unite(self._units, i, j)
        self._members[self._units.root(i)] = members

    def all(self) -> list[int]:
        return self._units.all()


def _settled(
    pictures: Sequence[Known],
    edges: Sequence[_Edge],
    pairs: Sequence[tuple[int, int]],
    prepared: Callable[[int], Prepared | None],
) -> _Joined:
    """Joins what agrees, best first, once it is known which pictures are a series."""
    series = _series(pictures, edges)
    told = [*edges, *_passed_over(edges, pairs, series, prepared)]
    shots = _Shots(series, told)
    joined = _Joined(pictures)
    for edge in sorted(told, key=lambda e: (-e.agreement.score, e.first, e.second)):
        one, other = pictures[edge.first], pictures[edge.second]
        across = _differ(one.label, other.label) or _differ(one.group, other.group)
        if across and not edge.agreement.resaved:
            continue
        # Other views of one part or patient are what a group is for: of one that was stated, only what was not moved is a copy.
        view = one.group is not None and one.group == other.group and edge.agreement.moved > UNMOVED
        apart = shots.in_series(edge, SERIES_ACROSS) if across else view or not shots.are_one(edge)
        if not apart:
            joined.try_to_join(edge, across=across)
    return joined


def _differ(one: str | None, other: str | None) -> bool:
    """Whether somebody said that two are not the same."""
    return one is not None and other is not None and one != other


def _series(pictures: Sequence[Known], edges: Sequence[_Edge]) -> list[list[int]]:
    """Pictures that agree in one view, whatever their labels, in sets; those of two have no choice but to be a pair."""
    units = Units(len(pictures))
    for kin in _clusters_before(pictures):
        for i in kin[1:]:
            _unite(units, kin[0], i)
    for edge in edges:
        if edge.agreement.one_view:
            _unite(units, edge.first, edge.second)
    members: dict[int, list[int]] = defaultdict(list)
    for i, unit in enumerate(units.all()):
        members[unit].append(i)
    return [kin for kin in members.values() if len(kin) > SERIES_ACROSS]


def _passed_over(
    edges: Sequence[_Edge],
    pairs: Sequence[tuple[int, int]],
    series: Sequence[Sequence[int]],
    prepared: Callable[[int], Prepared | None],
) -> list[_Edge]:
    """Pairs in a series that were not compared because others had joined them already: in a series that says nothing."""
    number = {i: n for n, kin in enumerate(series) if len(kin) > SERIES for i in kin}
    done = {(edge.first, edge.second) for edge in edges}
    found = []
    for i, j in pairs:
        if i in number and number.get(j) == number[i] and (i, j) not in done:
            a, b = prepared(i), prepared(j)
            told = agreement(a, b, few=FEW) if a is not None and b is not None else None
            if told is not None:
                found.append(_Edge(i, j, told))
    return found


class _Shots:
    """Which pictures of a series are one shot."""

    def __init__(self, series: Sequence[Sequence[int]], edges: Sequence[_Edge]) -> None:
        self._kin = {i: kin for kin in series for i in kin}
        differ: dict[int, list[float]] = defaultdict(list)
        for edge in edges:
            for i in (edge.first, edge.second):
                differ[i].append(1 - edge.agreement.score)
        self._usual = {i: float(np.median(values)) for i, values in differ.items()}

    def in_series(self, edge: _Edge, largest: int = SERIES) -> bool:
        """Whether one of the two is in a series of more than `largest` pictures."""
        return any(len(self._kin.get(i, ())) > largest for i in (edge.first, edge.second))

    def are_one(self, edge: _Edge) -> bool:
        """Whether nothing speaks against it: they are in no series, or differ far less than its pictures usually do."""
        usual = min(self._usual[i] for i in (edge.first, edge.second))
        return not self.in_series(edge) or 1 - edge.agreement.score <= ONE_SHOT * usual


def _firsts(units: Sequence[int]) -> list[int | None]:
    members: dict[int, list[int]] = {}
    for i, unit in enumerate(units):
        members.setdefault(unit, []).append(i)
    return [members[unit][0] if len(members[unit]) > 1 else None for unit in units]
