"""One picture several times, and things that belong together on both sides of a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.splits import Units
from tlstudio.quality.evidence import Evidence, counted, paths

Sets = list[list[ImageRow]]


def exact_duplicates(evidence: Evidence) -> Finding | None:
    """Files with the same bytes. Those under different classes are a conflict, and told there only."""
    sets = [same for same in _copies(evidence.images) if not _conflicting(same)]
    extra = sum(len(same) - 1 for same in sets)
    title = counted(extra, "is an exact copy of another", "are exact copies of others")
    return _too_many("exact_duplicate", sets, extra, title, "Copies count twice in training")


def conflicting_labels(evidence: Evidence) -> Finding | None:
    """Copies of one file, or the same picture saved again, that carry different classes.

    Pictures that only look nearly the same, or that a person changed, are none: a scratch or a mirror may be what tells the
    classes apart.
    """
    exact = [same for same in _copies(evidence.images) if _conflicting(same)]
    told = {image.id for same in exact for image in same}
    again = [kin for kin in _resaved(evidence) if _conflicting(kin) and not told & {image.id for image in kin}]
    sets = [*exact, *again]
    if not sets:
        return None
    marked = all(image.unsure for same in sets for image in same)
    return Finding(
        "conflicting_labels",
        Severity.HIGH,
        len(sets),
        _files(sets),
        _conflict_title(len(exact), len(again)),
        "One of the two labels is wrong, and the model is taught both.",
        sets=_paths(sets),
        repair=None if marked else Repair.LOOK_AGAIN,
        advice="They are marked for another look. Give each of them one class on the Labels page." if marked else "",
        page="labels" if marked else "",
    )


def _conflict_title(exact: int, again: int) -> str:
    if not again:
        return counted(exact, "appears under two different classes", "appear under two different classes")
    if not exact:
        return counted(
            again,
            "appears, saved again, under two different classes",
            "appear, saved again, under two different classes",
        )
    return f"{exact + again:,} images appear under two different classes, {again:,} of them saved again"


def near_duplicates(evidence: Evidence) -> Finding | None:
    """One picture saved again or changed by a person, see `tlstudio.images.alike`. Those on both sides are a leak as well."""
    sets = _near(evidence.images)
    extra = sum(len({image.content for image in kin}) - 1 for kin in sets)
    title = counted(extra, "is nearly the same as another", "are nearly the same as others")
    return _too_many("near_duplicate", sets, extra, title, "They count several times in training")


def _too_many(kind: str, sets: Sets, extra: int, title: str, harm: str) -> Finding | None:
    """Sets of which one image each would do. extra: how many more there are."""
    if not sets:
        return None
    return Finding(
        kind,
        Severity.LOW,
        extra,
        _files(sets),
        title,
        f"{harm} and make the data look larger than they are.",
        sets=_paths(sets),
        repair=Repair.LEAVE_COPIES_OUT,
    )


def leaks(evidence: Evidence) -> Finding | None:
    """A group, copies of one file, or near-duplicates, in more than one split. Each set is what is tied directly; copies that are
    among one set of near-duplicates are told with these.
    """
    near = _near(evidence.images)
    near_of = {image.id: image.alike for kin in near for image in kin}
    ties = {
        "group": _groups(evidence.images),
        "copy": [
            same
            for same in _copies(evidence.images)
            if near_of.get(same[0].id) is None or len({near_of.get(image.id) for image in same}) > 1
        ],
        "near": near,
    }
    torn = {kind: [kin for kin in sets if _torn(kin)] for kind, sets in ties.items()}
    found = sorted((_few_first(kin) for sets in torn.values() for kin in sets), key=_reach)
    if not found:
        return None
    files = _files(found)
    return Finding(
        "leak",
        Severity.HIGH,
        len(files),
        files,
        f"{len(files):,} images that belong together are spread over {_splits(found)}",
        f"The model is tested on what it has already seen, so its figures come out too good: {_told(torn)}.",
        sets=_paths(found),
        repair=Repair.KEEP_TOGETHER,
    )


def _torn(kin: Iterable[ImageRow]) -> bool:
    return len({image.split for image in kin}) > 1


def _few_first(kin: Sequence[ImageRow]) -> list[ImageRow]:
    """Those that are alone on their side first: they are the odd ones out."""
    counts = Counter(image.split for image in kin)
    return sorted(kin, key=lambda image: (counts[image.split], image.id))


def _reach(kin: Sequence[ImageRow]) -> tuple[bool, int]:
    """What spoils the test figures comes first, then large sets."""
    return Split.TEST not in {image.split for image in kin}, -len(kin)


def _splits(torn: Sets) -> str:
    found = {image.split for kin in torn for image in kin}
    names = [split.caption.lower() for split in Split if split in found]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _told(torn: dict[str, Sets]) -> str:
    """What ties them: `3 groups and 1 set of copies`."""
    words = {
        "group": ("group", "groups"),
        "copy": ("set of copies", "sets of copies"),
        "near": ("set of near-duplicates", "sets of near-duplicates"),
    }
    parts = [f"{len(sets):,} {words[kind][len(sets) > 1]}" for kind, sets in torn.items() if sets]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# --- sets of images -----------------------------------------------------------------------------------------------------


def _sets(images: Iterable[ImageRow], key: Callable[[ImageRow], Hashable | None]) -> Sets:
    """Images with an equal key that is not None, in sets of two or more."""
    members: dict[Hashable, list[ImageRow]] = defaultdict(list)
    for image in images:
        name = key(image)
        if name is not None:
            members[name].append(image)
    return [kin for kin in members.values() if len(kin) > 1]


def _copies(images: Iterable[ImageRow]) -> Sets:
    return _sets(images, lambda image: image.content)


def _groups(images: Iterable[ImageRow]) -> Sets:
    return _sets(images, lambda image: image.group)


def _near(images: Iterable[ImageRow]) -> Sets:
    """Near-duplicates; copies of one file alone are none."""
    return [kin for kin in _sets(images, lambda image: image.alike) if len({image.content for image in kin}) > 1]


def _resaved(evidence: Evidence) -> Sets:
    """Images that are one picture saved again, in sets."""
    place = {image.id: i for i, image in enumerate(evidence.images)}
    units = Units(len(evidence.images))
    for pair in evidence.resaved:
        for number in pair:
            units.join(place[number], pair)
    tied = {number for pair in evidence.resaved for number in pair}
    unit_of = dict(zip(place, units.all(), strict=True))
    return _sets(evidence.images, lambda image: unit_of[image.id] if image.id in tied else None)


def _conflicting(same: Iterable[ImageRow]) -> bool:
    return len({image.label for image in same if image.label is not None}) > 1


def _files(sets: Sets) -> tuple[str, ...]:
    return paths(image for kin in sets for image in kin)


def _paths(sets: Sets) -> tuple[tuple[str, ...], ...]:
    return tuple(paths(kin) for kin in sets)
