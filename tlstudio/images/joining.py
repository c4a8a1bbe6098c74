"""Who may belong together among pictures that agree: never what somebody told apart, and no chain without an end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlstudio.images.agreeing import Agreement
from tlstudio.images.splits import Units

LARGEST = 30  # near-duplicates in one set; a chain that goes on is another set


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
class Edge:
    """Two pictures that agree, by their places in a list."""

    first: int
    second: int
    agreement: Agreement


def told_apart(one: Known, other: Known) -> bool:
    """Whether somebody said that two are not the same."""
    return _differ(one.label, other.label) or _differ(one.group, other.group)


def one_group(one: Known, other: Known) -> bool:
    """Whether somebody said that two are of one patient, part or place."""
    return one.group is not None and one.group == other.group


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def clusters_before(pictures: Sequence[Known]) -> list[list[int]]:
    """Who was joined at an earlier import."""
    members: dict[int, list[int]] = defaultdict(list)
    for i, known in enumerate(pictures):
        if known.cluster is not None and known.cluster >= 0:
            members[known.cluster].append(i)
    return list(members.values())


def unite(units: Units, i: int, j: int) -> None:
    units.join(i, ("pair", i, j))
    units.join(j, ("pair", i, j))


class Joined:
    """Who belongs together: sets of one label, of one group, and of at most LARGEST pictures."""

    def __init__(self, pictures: Sequence[Known]) -> None:
        self._pictures = pictures
        self._units = Units(len(pictures))
        self._members: dict[int, list[int]] = {i: [i] for i in range(len(pictures))}
        for kin in clusters_before(pictures):
            for i in kin[1:]:
                self._join(kin[0], i)

    def together(self, i: int, j: int) -> bool:
        return self._units.root(i) == self._units.root(j)

    def try_to_join(self, edge: Edge, *, across: bool = False) -> None:
        """across: also pictures of different labels or groups, of which one is the other saved again."""
        i, j = edge.first, edge.second
        if self.together(i, j):
            return
        members = [*self._members[self._units.root(i)], *self._members[self._units.root(j)]]
        contradictory = any(len(self._stated(members, what)) > 1 for what in ("label", "group"))
        if len(members) > LARGEST or (contradictory and not (across and edge.agreement.resaved)):
            return
        self._join(i, j)

    def all(self) -> list[int]:
        """Of each picture the number of its set."""
        return self._units.all()

    def _stated(self, members: Iterable[int], what: str) -> set[str]:
        return {value for m in members if (value := getattr(self._pictures[m], what)) is not None}

    def _join(self, i: int, j: int) -> None:
        a, b = self._units.root(i), self._units.root(j)
        if a == b:
            return
        members = self._members.pop(a) + self._members.pop(b)
        unite(self._units, i, j)
        self._members[self._units.root(i)] = members
