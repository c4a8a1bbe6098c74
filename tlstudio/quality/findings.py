"""What can be seen in labels, splits and file contents alone, before any model: each check is one function, listed at the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tlstudio.domain.results import Finding, Severity
from tlstudio.domain.values import ImageRow, Split

SMALL_CLASS = 20  # images for training below which a class's figures are mostly luck
IMBALANCE = 10.0  # largest class over smallest
BLANK_SPREAD = 2.0  # standard deviation of grey values, 0 … 255


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the checks look at. `spread`: standard deviation of the small picture's grey values by content, where known."""

    images: Sequence[ImageRow]
    spread: Mapping[str, float]


def _copies(images: Sequence[ImageRow]) -> list[list[ImageRow]]:
    by_content: dict[str, list[ImageRow]] = defaultdict(list)
    for image in images:
        by_content[image.content].append(image)
    return [same for same in by_content.values() if len(same) > 1]


def _counted(n: int, one: str, many: str) -> str:
    """`1 image is blank`, `1,204 images are blank`."""
    return f"1 image {one}" if n == 1 else f"{n:,} images {many}"


def _paths(groups: Sequence[Sequence[ImageRow]]) -> tuple[str, ...]:
    return tuple(str(i.path) for group in groups for i in group)


def exact_duplicates(evidence: Evidence) -> Finding | None:
    """Files with the same bytes."""
    groups = _copies(evidence.images)
    if not groups:
        return None
    extra = sum(len(g) - 1 for g in groups)
    return Finding(
        "exact_duplicate",
        Severity.LOW,
        extra,
        _paths(groups),
        _counted(extra, "is an exact copy of another", "are exact copies of others"),
        "Copies count twice in training and make the data look larger than they are.",
    )


def conflicting_labels(evidence: Evidence) -> Finding | None:
    """Copies of one file that carry different labels."""
    groups = [g for g in _copies(evidence.images) if len({i.label for i in g if i.label}) > 1]
    if not groups:
        return None
    return Finding(
        "conflicting_labels",
        Severity.HIGH,
        len(groups),
        _paths(groups),
        _counted(len(groups), "appears under two different classes", "appear under two different classes"),
        "One of the two labels is wrong, and the model is taught both.",
    )


def leaks(evidence: Evidence) -> Finding | None:
    """A group, or copies of one file, on both sides of a split."""
    by_group: dict[str, list[ImageRow]] = defaultdict(list)
    for image in evidence.images:
        if image.group is not None:
            by_group[image.group].append(image)
    torn = [g for g in [*by_group.values(), *_copies(evidence.images)] if len({i.split for i in g}) > 1]
    if not torn:
        return None
    files = tuple(dict.fromkeys(_paths(torn)))
    return Finding(
        "leak",
        Severity.HIGH,
        len(files),
        files,
        f"{len(files):,} images share a group or a file across training, validation and test",
        "The model is tested on what it has already seen, so its figures come out too good.",
    )


def small_classes(evidence: Evidence) -> Finding | None:
    """Classes with fewer than SMALL_CLASS images for training."""
    labels = {i.label for i in evidence.images if i.label is not None}
    training = Counter(i.label for i in evidence.images if i.label is not None and i.split is Split.TRAIN)
    small = sorted((training[name], name) for name in labels if training[name] < SMALL_CLASS)
    if not small:
        return None
    names = {name for _, name in small}
    told = ", ".join(f"{name} ({n})" for n, name in small[:5])
    return Finding(
        "small_class",
        Severity.MEDIUM,
        len(small),
        tuple(str(i.path) for i in evidence.images if i.label in names),
        f"Few images to learn from: {told}",
        f"Below {SMALL_CLASS} images for training, a class is often missed and its figures vary by luck.",
    )


def imbalance(evidence: Evidence) -> Finding | None:
    """The largest class has more than IMBALANCE times the images of the smallest."""
    counts = Counter(i.label for i in evidence.images if i.label is not None)
    if len(counts) < 2:
        return None
    (large, most), (rare, least) = counts.most_common()[0], counts.most_common()[-1]
    if most <= IMBALANCE * least:
        return None
    return Finding(
        "imbalance",
        Severity.MEDIUM,
        1,
        tuple(str(i.path) for i in evidence.images if i.label == rare),
        f"“{large}” has {most:,} images, “{rare}” only {least:,}",
        "Plain accuracy hides failures on rare classes. Look at the balanced accuracy instead.",
    )


def blanks(evidence: Evidence) -> Finding | None:
    """Pictures of nearly one colour."""
    empty = sorted((evidence.spread.get(i.content, 1e9), str(i.path)) for i in evidence.images)
    files = tuple(path for spread, path in empty if spread < BLANK_SPREAD)
    if not files:
        return None
    return Finding(
        "blank",
        Severity.MEDIUM,
        len(files),
        files,
        _counted(len(files), "is blank", "are blank"),
        "They show nothing of their class and teach the model noise.",
    )


CHECKS: tuple[Callable[[Evidence], Finding | None], ...] = (
    conflicting_labels,
    leaks,
    small_classes,
    imbalance,
    blanks,
    exact_duplicates,
)
ORDER = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}


def all_findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, most harmful first."""
    found = [finding for check in CHECKS if (finding := check(evidence)) is not None]
    return tuple(sorted(found, key=lambda f: ORDER[f.severity]))
