"""The split of an import: what the source says, what the project has already, and the rest by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.splits import Units, divide


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new image as its split is decided. given: the part that the source names. alike: a number that near-duplicates share."""

    label: str | None
    content: str
    group: str | None
    given: Split | None
    alike: int | None = None


@dataclass(frozen=True, slots=True)
class Division:
    """splits: one for each candidate. joined: how many went to the part that their group is in, not where the source put them."""

    splits: list[Split]
    joined: int


def divide_new(
    new: Sequence[Candidate],
    known: Sequence[ImageRow],
    alike: dict[int, int],
    request: ImportRequest,
    *,
    divided: bool = False,
) -> Division:
    """Images that belong to one in the project join its part, which never changes; then the source's word counts, also for those
    of a group, copies or near-duplicates of which it names only some; the rest is divided, never through these.

    What the source leaves open is for training, where it names any part, and a part that it lacks is cut from there.
    alike: {id of a known image: the number that its near-duplicates among the new ones carry}. divided: the source says of every
    image which part it is for, and nothing is taken from one part for another.
    """
    numbers = _units(new)
    settled = _settled(new, numbers, known, alike)
    named: dict[int, Split] = {}
    for number, image in zip(numbers, new, strict=True):
        if image.given is not None:
            named.setdefault(number, image.given)
    given = [settled.get(numbers[i], image.given or named.get(numbers[i])) for i, image in enumerate(new)]
    joined = sum(1 for split, image in zip(given, new, strict=True) if image.given not in (None, split))
    there = Counter(image.given for image in new)
    test = 0.0 if there[Split.TEST] else request.test_fraction
    val = 0.0 if there[Split.VAL] else request.val_fraction
    yielding = (None,) if divided else (None, Split.TRAIN)
    free = [i for i, split in enumerate(given) if numbers[i] not in settled and split in yielding]
    dealt = divide([new[i].label for i in free], [numbers[i] for i in free], test=test, val=val, seed=request.seed)
    parts = dict(zip(free, dealt, strict=True))
    return Division([parts.get(i) or given[i] or Split.TRAIN for i in range(len(new))], joined)


def _units(new: Sequence[Candidate]) -> list[int]:
    units = Units(len(new))
    for i, image in enumerate(new):
        for key in _keys(image.content, image.group, image.alike):
            units.join(i, key)
    return units.all()


def _settled(
    new: Sequence[Candidate], numbers: Sequence[int], known: Sequence[ImageRow], alike: dict[int, int]
) -> dict[int, Split]:
    """The part of each unit that has kin in the project. Where its kin are in several, the group counts most, then copies."""
    parts: dict[Hashable, Split] = {}
    for row in known:
        for key in _keys(row.content, row.group, alike.get(row.id)):
            parts.setdefault(key, row.split)
    settled: dict[int, Split] = {}
    for kind in ("group", "content", "alike"):
        for i, image in enumerate(new):
            for key in _keys(image.content, image.group, image.alike):
                if key[0] == kind and key in parts:
                    settled.setdefault(numbers[i], parts[key])
    return settled


def _keys(content: str, group: str | None, alike: int | None) -> list[tuple[str, Hashable]]:
    """What an image must stay together with: copies of its file, its group, its near-duplicates."""
    keys: list[tuple[str, Hashable]] = [("content", content)]
    if group is not None:
        keys.append(("group", group))
    if alike is not None:
        keys.append(("alike", alike))
    return keys
