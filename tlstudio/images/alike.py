"""Near-duplicates: one photograph saved twice, or changed by a person: mirrored, turned, cut, moved, framed, brightened.

Landmarks propose (see `proposals`), the pictures laid on each other decide (see `agreeing`). Who belongs together is another
question, and there are two reasons for pictures that agree not to. A fixed camera over one kind of part takes the same picture
again and again: where many agree in one view, it is a series, and only two of it that differ by much less than the others do are
one shot. And nothing that looks nearly the same is joined across classes or groups that
somebody stated; only a picture that was merely saved again keeps its copy, so that the contradiction is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from tlstudio.images.agreeing import UNMOVED
from tlstudio.images.comparing import Comparison, Kept, Pair, Run, Shown
from tlstudio.images.joining import Edge, Joined, Known, clusters_before, one_group, told_apart, unite
from tlstudio.images.proposals import proposals
from tlstudio.images.splits import Units

SERIES = 10  # pictures that agree in one view; from one more on they are a series
SERIES_ACROSS = 4  # the same where classes differ: a wrong accusation is worse than a copy that is not told
ONE_SHOT = 0.35  # of what usually differs between two of a series that may differ between two forms of one shot


def clusters(
    pictures: Sequence[Known],
    kept: Kept,
    shown: Sequence[Shown],
    *,
    run: Run = map,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> list[int | None]:
    """For each picture the index of the first of its near-duplicates (itself, if it is the first); None where it has none.

    kept: their landmarks, (n, *landmarks.SHAPE); zeros for none. shown: the small pictures, or the files that hold them; None
    where there is none. Pictures that both were compared before are not compared again. run: see `comparing`. step(done,
    total) is called now and then and may raise Cancelled.
    """
    compared = np.array([p.cluster is not None for p in pictures], bool)
    pairs = proposals(kept, [p.look for p in pictures], compared)
    comparison = Comparison(pictures, kept, shown, run, step)
    return _firsts(_settled(pictures, comparison.agreeing(pairs), pairs, comparison).all())


def conflicts(pictures: Sequence[Known], kept: Kept, shown: Sequence[Shown]) -> list[Pair]:
    """Pairs of one set of near-duplicates that carry different labels although one is the other saved again."""
    labels = [(i, known.label) for i, known in enumerate(pictures) if known.label is not None]
    pairs = [(i, j) for n, (i, one) in enumerate(labels) for j, other in labels[n + 1 :] if one != other]
    edges = Comparison(pictures, kept, shown).every(pairs)
    return [(edge.first, edge.second) for edge in edges if edge.agreement.resaved]


def _settled(
    pictures: Sequence[Known],
    edges: Sequence[Edge],
    pairs: Sequence[Pair],
    comparison: Comparison,
) -> Joined:
    """Joins what agrees, best first, once it is known which pictures are a series."""
    series = _series(pictures, edges)
    told = [*edges, *_passed_over(edges, pairs, series, comparison)]
    shots = _Shots(series, told)
    joined = Joined(pictures)
    for edge in sorted(told, key=lambda e: (-e.agreement.score, e.first, e.second)):
        one, other = pictures[edge.first], pictures[edge.second]
        across = told_apart(one, other)
        if across and not edge.agreement.resaved:
            continue
        # Other views of one part or patient are what a group is for: of one that was stated, only what was not moved is a copy.
        view = one_group(one, other) and edge.agreement.moved > UNMOVED
        apart = shots.in_series(edge, SERIES_ACROSS) if across else view or not shots.are_one(edge)
        if not apart:
            joined.try_to_join(edge, across=across)
    return joined


def _series(pictures: Sequence[Known], edges: Sequence[Edge]) -> list[list[int]]:
    """Pictures that agree in one view, whatever their labels, in sets; those of two have no choice but to be a pair."""
    units = Units(len(pictures))
    for kin in clusters_before(pictures):
        for i in kin[1:]:
            unite(units, kin[0], i)
    for edge in edges:
        if edge.agreement.one_view:
            unite(units, edge.first, edge.second)
    members: dict[int, list[int]] = defaultdict(list)
    for i, unit in enumerate(units.all()):
        members[unit].append(i)
    return [kin for kin in members.values() if len(kin) > SERIES_ACROSS]


def _passed_over(
    edges: Sequence[Edge], pairs: Sequence[Pair], series: Sequence[Sequence[int]], comparison: Comparison
) -> list[Edge]:
    """Pairs in a series that were not compared because others had joined them already: in a series that says nothing."""
    number = {i: n for n, kin in enumerate(series) if len(kin) > SERIES for i in kin}
    done = {(edge.first, edge.second) for edge in edges}
    return comparison.every(
        [(i, j) for i, j in pairs if i in number and number.get(j) == number[i] and (i, j) not in done]
    )


class _Shots:
    """Which pictures of a series are one shot."""

    def __init__(self, series: Sequence[Sequence[int]], edges: Sequence[Edge]) -> None:
        self._kin = {i: kin for kin in series for i in kin}
        differ: dict[int, list[float]] = defaultdict(list)
        for edge in edges:
            for i in (edge.first, edge.second):
                differ[i].append(1 - edge.agreement.score)
        self._usual = {i: float(np.median(values)) for i, values in differ.items()}

    def in_series(self, edge: Edge, largest: int = SERIES) -> bool:
        """Whether one of the two is in a series of more than `largest` pictures."""
        return any(len(self._kin.get(i, ())) > largest for i in (edge.first, edge.second))

    def are_one(self, edge: Edge) -> bool:
        """Whether nothing speaks against it: they are in no series, or differ far less than its pictures usually do."""
        usual = min(self._usual[i] for i in (edge.first, edge.second))
        return not self.in_series(edge) or 1 - edge.agreement.score <= ONE_SHOT * usual


def _firsts(units: Sequence[int]) -> list[int | None]:
    members: dict[int, list[int]] = {}
    for i, unit in enumerate(units):
        members.setdefault(unit, []).append(i)
    return [members[unit][0] if len(members[unit]) > 1 else None for unit in units]
