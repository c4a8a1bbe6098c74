"""What was dropped on the window: a source of images, a model, a project or single images; told by name, nothing is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QMimeData

PROJECT_FILE = "project.db"
BUNDLE_SUFFIX = ".onnx"
# Files that list or hold images: tables, exports of other programs, archives.
SOURCE_SUFFIXES = frozenset({".zip", ".csv", ".tsv", ".json", ".jsonl", ".xml"})


class Kind(StrEnum):
    FOLDER = "folder"
    SOURCE = "source"
    PROJECT = "project"
    BUNDLE = "bundle"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Dropped:
    """paths: at least one. For every kind but FILES the first one is meant."""

    kind: Kind
    paths: tuple[Path, ...]

    @property
    def path(self) -> Path:
        return self.paths[0]


def look_at(path: Path) -> Dropped:
    """What one file or folder is."""
    if path.is_dir():
        return Dropped(Kind.PROJECT if (path / PROJECT_FILE).is_file() else Kind.FOLDER, (path,))
    suffix = path.suffix.lower()
    if suffix == BUNDLE_SUFFIX:
        return Dropped(Kind.BUNDLE, (path,))
    return Dropped(Kind.SOURCE if suffix in SOURCE_SUFFIXES else Kind.FILES, (path,))


def read(mime: QMimeData) -> Dropped | None:
    """What a drag carries; None when it holds no local file."""
    paths = tuple(Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile() and url.toLocalFile())
    if not paths:
        return None
    first = look_at(paths[0])
    if len(paths) == 1:
        return first
    return Dropped(Kind.FILES, paths)
