"""Copies and near-duplicates on both sides of a split: where somebody else divided the images, and what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.splits import Units


@dataclass(frozen=True, slots=True)
class Torn:
    """sets: of copies and near-duplicates that lie in more than one part. test: images of the test part among them. of: all
    images of the test part.
    """

    sets: int
    test: int
    of: int

    def sentence(self) -> str:
        """For people; empty where nothing is torn."""
        if not self.sets:
            return ""
        one = self.sets == 1
        sets, lie = ("set", "lies") if one else ("sets", "lie")
        told = f"{self.sets:,} {sets} of copies or near-duplicates {lie} in several parts"
        if not self.test:
            return f"{told}."
        have = "has" if self.test == 1 else "have"
        return (
            f"{told}: {self.test:,} of {self.of:,} test images {have} a copy among the others, so the test figures come out"
            " too good. The data check can bring each set to one side."
        )


def torn(rows: Sequence[ImageRow]) -> Torn:
    """What is known to be torn among the images that are not left out."""
    counting = [row for row in rows if not row.excluded]
    units = _sets(counting)
    found = [kin for kin in units if len({row.split for row in kin}) > 1]
    return Torn(
        len(found),
        sum(row.split is Split.TEST for kin in found for row in kin),
        sum(row.split is Split.TEST for row in counting),
    )


def _sets(rows: Sequence[ImageRow]) -> list[list[ImageRow]]:
    """Copies of one file and near-duplicates, in sets; a copy of a near-duplicate is one as well."""
    units = Units(len(rows))
    for i, row in enumerate(rows):
        units.join(i, ("content", row.content))
        if row.alike is not None:
            units.join(i, ("alike", row.alike))
    members: dict[int, list[ImageRow]] = defaultdict(list)
    for row, unit in zip(rows, units.all(), strict=True):
        members[unit].append(row)
    return list(members.values())
