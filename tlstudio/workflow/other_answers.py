"""What other people say of images that come in with their labels: kept to be compared with, see `agreement`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tlstudio.images.scan import Found
from tlstudio.storage import annotators, images
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project


def keep_others(project: Project, there: Iterable[tuple[Found, Path]]) -> str:
    """there: what was found and where it lies now. Returns a sentence on what could not be kept; empty where all was."""
    spoken = [(item, place) for item, place in there if item.others]
    if not spoken:
        return ""
    ids = {row.path: row.id for row in images.list_images(project)}
    classes = {each.name: each.id for each in list_classes(project)}
    said: dict[str, dict[int, int]] = {}
    unknown: set[str] = set()
    for item, place in spoken:
        for by, name in item.others.items():
            if name in classes:
                said.setdefault(by, {})[ids[place]] = classes[name]
            else:
                unknown.add(name)
    for by, labels in said.items():
        annotators.add_labels(project, by, labels)
    if not unknown:
        return ""
    named = ", ".join(f"“{name}”" for name in sorted(unknown))
    return f"Answers of other people that name a class which no image has are not kept: {named}."
