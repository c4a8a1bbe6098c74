"""Helpers of the engine's tests: projects that exist in the database only, and small ones with real pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage.images import NewImage, add_images, list_images
from tlstudio.storage.project import Project


def content_of(text: str) -> str:
    """A content key as the program makes them: 64 hexadecimal characters."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_image(
    name: str, label: str | None, *, split: Split = Split.TRAIN, group: str | None = None, content: str = ""
) -> NewImage:
    return NewImage(f"/pictures/{name}.png", content or content_of(name), 40, 32, 1000, label, group, split)


def image_row(
    number: int,
    label: str | None,
    *,
    split: Split = Split.TRAIN,
    group: str | None = None,
    content: str = "",
    path: Path | None = None,
) -> ImageRow:
    """An image as lists give it, its file imagined unless `path` says otherwise."""
    where = path or Path(f"/pictures/{number:04d}.png")
    return ImageRow(number, where, content or content_of(str(where)), 40, 32, label, group, split)


def labels_now(project: Project) -> list[str | None]:
    return [image.label for image in list_images(Project(project.folder))]


@pytest.fixture
def pets(tmp_path: Path) -> Callable[[Sequence[str | None]], Project]:
    """Makes a project of images that exist in the database only: `pets(["cat", "cat", "dog"])`."""

    def make(labels: Sequence[str | None]) -> Project:
        project = Project.create(tmp_path / "pets", "Pets")
        add_images(project, [new_image(f"{i:03d}", label) for i, label in enumerate(labels)], [])
        return project

    return make


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two class folders, `red` and `blue`, of ten small pictures each."""
    for k, label in enumerate(("red", "blue")):
        for i in range(10):
            paint(tmp_path / "source" / label, f"{label}_{i:02d}.png", COLOURS[label], seed=100 * k + i, size=(24, 20))
    return tmp_path / "source"
