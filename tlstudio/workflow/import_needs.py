"""What an import needs before it begins, and what it says where that is missing."""

from __future__ import annotations

from pathlib import Path

from tlstudio.domain.errors import EncodingUnclear, NotEnoughImages, ProjectExists
from tlstudio.images.sources.registry import Source


def need_an_encoding(source: Source) -> None:
    """Raises EncodingUnclear where text can be read in several ways and nobody said which is meant."""
    encoding = source.encoding
    if encoding is None or encoding.sure:
        return
    likely = [way for way in encoding.ways if way.sample]
    ways = "; ".join(f"as {way.key} ({way.caption}) “{way.sample}”" for way in likely)
    raise EncodingUnclear(
        f"The text does not say its encoding and can be read in several ways: {ways}.",
        remedy="Say which is right: " + " or ".join(f"--encoding {way.key}" for way in likely[:3]) + ".",
        path=source.tree.root,
    )


def need_two_classes(classes: dict[str, int], unlabeled: int) -> None:
    """Raises NotEnoughImages where nothing can ever be told apart; with images to label, classes may still come."""
    if len(classes) < 2 and not unlabeled:
        raise NotEnoughImages(
            f"All images that can be read belong to one class, “{next(iter(classes))}”.",
            remedy="A model tells classes apart: add a second sub-folder with images of another class.",
        )


def need_room_apart(source: Path, target: Path) -> None:
    """A project inside the image folder would look like a class on the next import."""
    if source.expanduser().is_dir() and target.resolve().is_relative_to(source.expanduser().resolve()):
        raise ProjectExists(
            "The project can't lie inside the folder of images.", remedy="Choose a folder beside it.", path=target
        )
