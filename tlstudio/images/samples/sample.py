"""What every sample has in common: how it is described, and how its folder is written so that no half of it is left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import CantWrite, from_os_error
from tlstudio.storage.files import write_json

MARKER = "sample.json"
DESCRIPTION = "description.txt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a sample folder was made from; another recipe in the same folder means that it has to be written again.

    version: raised whenever the same seed would give other pixels.
    """

    name: str
    version: int
    seed: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample data set on the disk.

    images: every image file, also the ones that are planted to be unreadable, sorted. classes: {class folder: files in it}.
    group_rule: for `import --group-from`, empty where nothing belongs together. written: False if it was there already.
    """

    folder: Path
    name: str
    images: tuple[Path, ...]
    classes: dict[str, int] = field(default_factory=dict)
    group_rule: str = ""
    written: bool = True


def find_sample(folder: Path, recipe: Recipe, group_rule: str = "") -> Sample | None:
    """The sample in `folder` if it is complete and was made by `recipe`: every file there, in its right length; else None."""
    marker = _read_marker(folder)
    if marker is None or marker.get("recipe") != [recipe.name, recipe.version, recipe.seed]:
        return None
    files: dict[str, int] = marker["files"]
    try:
        if any((folder / name).stat().st_size != size for name, size in files.items()):
            return None
    except OSError:
        return None
    return _describe(folder, recipe, files, group_rule, written=False)


@contextmanager
def building(folder: Path, recipe: Recipe) -> Iterator[Path]:
    """Gives an empty folder beside `folder` to write the sample into; at the end its files take their places in `folder`.

    Nothing is ever deleted from `folder`: files of an earlier, incomplete sample are replaced, others stay. Raises CantWrite
    if `folder` holds something and is no sample, DiskFull and the other named failures for trouble with the disk.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and _read_marker(folder) is None)):
        raise CantWrite(
            "There is already something else in the place for the sample.",
            remedy="Choose an empty folder for it.",
            path=folder,
        )
    workplace = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(workplace, ignore_errors=True)  # left behind by a run that was killed
        workplace.mkdir(parents=True)
        yield workplace
        _publish(workplace, folder, recipe)
    except OSError as error:
        raise from_os_error(error) from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _publish(workplace: Path, folder: Path, recipe: Recipe) -> None:
    """Moves the files. The marker goes first, so that an interruption is seen as an incomplete sample, not as foreign files."""
    files = sorted(path for path in workplace.rglob("*") if path.is_file())
    sizes = {path.relative_to(workplace).as_posix(): path.stat().st_size for path in files}
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / MARKER, {"recipe": [recipe.name, recipe.version, recipe.seed], "files": sizes})
    for path in files:
        target = folder / path.relative_to(workplace)
        target.parent.mkdir(exist_ok=True)
        path.replace(target)


def finished(folder: Path, recipe: Recipe, group_rule: str = "") -> Sample:
    """Describes the sample that `building` has just written."""
    marker = _read_marker(folder)
    if marker is None:
        raise CantWrite("The sample was not written.", remedy="Choose another folder for it.", path=folder)
    return _describe(folder, recipe, marker["files"], group_rule, written=True)


def _read_marker(folder: Path) -> dict[str, Any] | None:
    try:
        data = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and isinstance(data.get("files"), dict) else None


def _describe(folder: Path, recipe: Recipe, files: dict[str, int], group_rule: str, *, written: bool) -> Sample:
    names = sorted(name for name in files if "/" in name)
    classes: dict[str, int] = {}
    for name in names:
        label = name.split("/", 1)[0]
        classes[label] = classes.get(label, 0) + 1
    return Sample(folder, recipe.name, tuple(folder / name for name in names), classes, group_rule, written)
