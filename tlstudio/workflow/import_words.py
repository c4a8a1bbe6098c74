"""Sentences on what an import was given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlstudio.images.scan import Scan
from tlstudio.images.sources.registry import Source
from tlstudio.quality.classes import alike_names


def recognised(source: Source) -> str:
    """What a source was taken for and, where its text does not say it, in which encoding it was read."""
    told = "" if source.encoding is None else source.encoding.sentence()
    return f"{source.sentence} {told}".strip()


def alike(names: Iterable[str]) -> str:
    """A sentence on classes that differ only in how they are written; empty without any."""
    sets = alike_names(names)
    if not sets:
        return ""
    told = "; ".join(" and ".join(f"“{name}”" for name in names) for names in sets)
    return f"Classes that differ only in how they are written: {told}. The data check merges them, if that is what you want."


def by_names(scan: Scan) -> str:
    """A sentence where files of a list were not found in the folders that it names; else nothing."""
    if not scan.by_name:
        return ""
    images = "1 image was" if scan.by_name == 1 else f"{scan.by_name:,} images were"
    return (
        f"{images} found by the file's name alone: the list names no folder, or another place than where the files are."
    )


def several_channels(numbers: Sequence[int]) -> str:
    """What is taken of images with several channels; empty where there are none."""
    if not numbers:
        return ""
    images = "1 image has" if len(numbers) == 1 else f"{len(numbers):,} images have"
    return (
        f"{images} up to {max(numbers)} channels, of which a model sees three at most: the first ones, unless you choose others"
        " for the training (--channels, or the advanced settings of the Model page)."
    )
