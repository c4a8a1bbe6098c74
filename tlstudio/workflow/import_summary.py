"""What an import did, in one table: what it added beside what is there now, and which part was left without images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tlstudio.domain.importing import EmptyParts, ImportedClass, ImportRequest
from tlstudio.domain.values import ClassOverview, Split
from tlstudio.images.splits import Units
from tlstudio.storage.overview import overview
from tlstudio.storage.project import Project
from tlstudio.workflow.dividing import Candidate

Amounts = Mapping[str | None, int]  # images by class, None for those without one

# What can't be done without images in a part.
MISSED = {
    Split.TRAIN: "Nothing can be learned",
    Split.VAL: "Training can't tell its best state",
    Split.TEST: "The result can't be measured",
}


def amounts(project: Project) -> dict[str | None, int]:
    """How many images the project holds of each class."""
    return {each.label: each.count for each in overview(project, 0)}


def table(project: Project, before: Amounts) -> tuple[ImportedClass, ...]:
    """before: what `amounts` said when the import began; images without a class come last."""
    return tuple(_row(each, before) for each in overview(project, 0))


def _row(each: ClassOverview, before: Amounts) -> ImportedClass:
    splits = {split.value: each.splits.get(split, 0) for split in Split}
    return ImportedClass(each.label, each.count - before.get(each.label, 0), each.count, splits)


def empty_parts(rows: Sequence[ImportedClass], new: Sequence[Candidate], request: ImportRequest) -> EmptyParts | None:
    """The parts that were asked for, or that the source names, and that hold no image; why, and what to do.

    Where images have classes, those count alone: nothing else is trained on. new: the images of this import.
    """
    counted = [row for row in rows if row.label is not None and row.total] or list(rows)
    wanted = {Split.TRAIN, *(image.given for image in new if image.given is not None)}
    wanted |= {
        part for part, share in ((Split.VAL, request.val_fraction), (Split.TEST, request.test_fraction)) if share
    }
    empty = tuple(part for part in Split if part in wanted and not any(row.splits[part.value] for row in counted))
    if not empty or not any(row.total for row in rows):
        return None
    names = " and ".join(part.caption.lower() for part in empty)
    missed = "; ".join(MISSED[part] if not i else _lower(MISSED[part]) for i, part in enumerate(empty))
    return EmptyParts(empty, f"No image is left for {names}.", f"{missed}. {_cause(empty, counted, new)}")


def thin(rows: Sequence[ImportedClass], empty: EmptyParts | None) -> str:
    """A sentence on the classes with too few images for all parts that others have; empty without any."""
    gone = set() if empty is None else set(empty.parts)
    parts = [part for part in Split if part not in gone and any(row.splits[part.value] for row in rows)]
    found = [
        row for row in rows if row.label is not None and row.total and not all(row.splits[part.value] for part in parts)
    ]
    if not found:
        return ""
    first = found[0]
    others = "" if len(found) == 1 else f", and so have {len(found) - 1:,} other classes"
    told = ", ".join(f"{first.splits[part.value]:,} for {part.caption.lower()}" for part in parts)
    return (
        f"“{first.label}” has too few images for every part ({told}){others}: training comes first, and how well such a class is "
        "recognised can hardly be measured. Add images of it."
    )


def _cause(empty: Sequence[Split], counted: Sequence[ImportedClass], new: Sequence[Candidate]) -> str:
    """What left the parts empty, likeliest first, and the way out."""
    given = {image.given for image in new}
    if new and None not in given and given.isdisjoint(empty):
        return (
            "The source says which image is for what, and names none for it. Add images for it, or import the images "
            "without that division (--columns split=)."
        )
    images = sum(row.total for row in counted)
    groups, near = _units(new, near=False), _units(new, near=True)
    if any(image.group is not None for image in new) and groups < images and groups <= _needed(counted):
        return (
            f"Groups are never divided, and these images belong to {_number(groups)}. Add images of other groups, or import "
            "them again with another rule for groups, if they don't belong together."
        )
    if near < groups and near <= _needed(counted):
        return (
            f"Copies and nearly equal pictures are never divided, and of these images only {near:,} differ enough. "
            "Add images that differ, or import them again without keeping near-duplicates together (--near-duplicates ignore)."
        )
    return f"With {_images(images)} the shares asked for come to nothing. Add images, or ask for larger shares."


def _needed(counted: Sequence[ImportedClass]) -> int:
    """So many groups it takes at least to give each class something in each part."""
    return len(Split) * max(len(counted), 1)


def _units(new: Sequence[Candidate], *, near: bool) -> int:
    """How many of the images are independent; near: near-duplicates count as one."""
    units = Units(len(new))
    for i, image in enumerate(new):
        units.join(i, ("content", image.content))
        if image.group is not None:
            units.join(i, ("group", image.group))
        if near and image.alike is not None:
            units.join(i, ("alike", image.alike))
    return len(set(units.all()))


def _number(groups: int) -> str:
    return "one group" if groups == 1 else f"{groups:,} groups"


def _images(n: int) -> str:
    return "1 image" if n == 1 else f"{n:,} images"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
