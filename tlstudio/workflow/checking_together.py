"""Bringing what belongs together to one side of the split. Imports nothing heavy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence

from tlstudio.domain.values import ImageRow, Split

# Folders by which a source says itself which images are for testing.
TEST_FOLDERS = frozenset({"test", "testing"})
# Where a set goes of which equally many images lie in several parts.
ORDER = {Split.TRAIN: 0, Split.TEST: 1, Split.VAL: 2}


class Together:
    """Works out where images have to go; gone: ids of those that are to be left out.

    A set comes to the part where most of it lies.

    A test part that came with the data, in a folder of that name, is what figures are compared by, here and elsewhere. So it
    neither gains nor loses an image: what is tied to its images is left out of the other parts instead.

    Where an image's own group would be torn apart by moving it, the image is left out instead of moved: it is a copy or a
    near-duplicate of one that stays.
    """

    def __init__(self, rows: Sequence[ImageRow]) -> None:
        self.gone: set[int] = set()
        self._rows = rows
        self._parts = {row.id: row.split for row in rows}
        self._groups = _by(rows, lambda row: row.group)
        self._fixed = any(_came_for_testing(row) for row in rows)

    def settle(self, sets: Sequence[Sequence[ImageRow]]) -> None:
        """Whole groups first: they bring some copies together and part others, which are settled as things lie then."""
        for kin in sets:
            if _one_group(kin):
                self._bring(kin)
        others = [kin for kin in sets if not _one_group(kin)]
        for kin in [*others, *self._tied_to(set(self.moved()))]:
            self._bring(kin)

    def moved(self) -> dict[int, Split]:
        """{image id: its new part}."""
        return {
            row.id: self._parts[row.id]
            for row in self._rows
            if self._parts[row.id] is not row.split and row.id not in self.gone
        }

    def _bring(self, kin: Sequence[ImageRow]) -> None:
        there = [row for row in kin if row.id not in self.gone]
        found = Counter(self._parts[row.id] for row in there)
        if len(found) < 2:
            return
        keeping = self._fixed and Split.TEST in found
        target = Split.TEST if keeping else min(found, key=lambda part: (-found[part], ORDER[part]))
        for row in there:
            if self._parts[row.id] is target:
                continue
            if keeping or (not _one_group(there) and self._would_tear(row, there, target)):
                self.gone.add(row.id)
            else:
                self._parts[row.id] = target

    def _would_tear(self, row: ImageRow, kin: Sequence[ImageRow], target: Split) -> bool:
        """Whether the rest of the image's group, beyond the set, lies elsewhere."""
        if row.group is None:
            return False
        inside = {each.id for each in kin}
        rest = [other for other in self._groups[row.group] if other.id not in inside | self.gone]
        return any(self._parts[other.id] is not target for other in rest)

    def _tied_to(self, ids: set[int]) -> list[list[ImageRow]]:
        """The sets of copies and near-duplicates that these images belong to."""
        sets = [*_by(self._rows, lambda row: row.content).values(), *_by(self._rows, lambda row: row.alike).values()]
        return [kin for kin in sets if len(kin) > 1 and any(row.id in ids for row in kin)]


def _by(rows: Sequence[ImageRow], key: Callable[[ImageRow], Hashable | None]) -> dict[Hashable, list[ImageRow]]:
    """Images by a key, those without one left out."""
    found: dict[Hashable, list[ImageRow]] = defaultdict(list)
    for row in rows:
        name = key(row)
        if name is not None:
            found[name].append(row)
    return found


def _came_for_testing(row: ImageRow) -> bool:
    return row.split is Split.TEST and any(part.lower() in TEST_FOLDERS for part in row.path.parts[:-1])


def _one_group(kin: Sequence[ImageRow]) -> bool:
    """Whether a group is what ties the set."""
    return kin[0].group is not None and len({row.group for row in kin}) == 1
