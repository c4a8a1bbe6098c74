"""Label Studio's exports: JSON and JSON-MIN with choices. Files are found by their names.

Label Studio puts eight letters and a dash before the name of an uploaded file (`/data/upload/1/1a2b3c4d-cat.png`) and gives
local files as `/data/local-files/?d=folder/cat.png`. https://labelstud.io/guide/export
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import TablePreview
from tlstudio.images.decode import SUFFIXES
from tlstudio.images.scan import Scan, Steps, Wishes
from tlstudio.images.sources.columns import group_column
from tlstudio.images.sources.records import Record, collect
from tlstudio.images.sources.text import decode, plain
from tlstudio.images.sources.tree import Tree

UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")
# What Label Studio itself writes beside the data and the choices.
OWN = frozenset({
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "annotations", "predictions", "drafts",
    "data", "meta", "file_upload", "project", "inner_id", "total_annotations", "cancelled_annotations",
    "total_predictions", "comment_count", "unresolved_comment_count", "last_comment_updated_at", "updated_by",
    "comment_authors", "agreement", "completed_by", "allow_skip", "state",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelStudio:
    """tasks: the objects of the export, in its order."""

    tree: Tree
    key: str
    base: Path
    tasks: tuple[dict[str, Any], ...]

    @property
    def sentence(self) -> str:
        return f"A Label Studio export, {self.key}: {len(self.tasks):,} tasks."

    def preview(self, wishes: Wishes) -> TablePreview | None:
        self._columns([_Task(task) for task in self.tasks], wishes)
        return None

    def scan(self, wishes: Wishes, reporter: Reporter = SILENT) -> Scan:
        """Raises WrongUsage for a group column that is not there, NothingToImport when no task can be used."""
        read = [_Task(task) for task in self.tasks]
        columns, group = self._columns(read, wishes)
        steps = Steps("Reading the tasks", reporter, len(read))
        return collect(self._records(read, group), self.tree, steps, columns, self.key)

    @staticmethod
    def _columns(tasks: list[_Task], wishes: Wishes) -> tuple[tuple[str, ...], str]:
        """The names of all further fields, and which of them is the group; empty for none."""
        columns = tuple(dict.fromkeys(name for task in tasks for name in task.columns))
        return columns, group_column(columns, wishes)

    def _records(self, tasks: list[_Task], group: str) -> Iterator[Record]:
        for number, task in enumerate(tasks, start=1):
            yield Record(
                f"Task {task.id or number}",
                task.files,
                str(self.base),
                task.classes,
                group=task.columns.get(group, ""),
                columns={k: v for k, v in task.columns.items() if k != group},
                trouble=task.trouble,
            )


class _Task:
    """One object of an export, in either form."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.id = str(task.get("id", ""))
        data = task["data"] if isinstance(task.get("data"), dict) else {k: v for k, v in task.items() if k not in OWN}
        key = _image_key(data)
        self.files = _names(str(data[key])) if key else ()
        upload = task.get("file_upload")
        if isinstance(upload, str):
            self.files = (*self.files, *_names(upload))
        if "annotations" in task or "completions" in task:
            self.classes, self.trouble = _annotated(task.get("annotations") or task.get("completions") or [])
            rest = {k: v for k, v in data.items() if k != key}
        else:
            self.classes, choice_keys = _chosen(data, key)
            self.trouble = ""
            rest = {k: v for k, v in data.items() if k != key and k not in choice_keys}
        self.columns = {str(k): plain(v) for k, v in rest.items() if v is not None and v != ""}


def recognise(tree: Tree, path: Path) -> LabelStudio | None:
    """The export in a JSON file; None for any other JSON."""
    if path.suffix.lower() != ".json":
        return None
    text = decode(tree.read(str(path)))
    if not text.lstrip().startswith("["):
        return None
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not tasks or not all(isinstance(task, dict) for task in tasks):
        return None
    if not any(_is_task(task) for task in tasks[:100]):
        return None
    return LabelStudio(tree, path.relative_to(tree.root).as_posix(), path.parent, tuple(tasks))


def _is_task(task: dict[str, Any]) -> bool:
    """A task with annotations, or one of the short form: an image, and the numbers that the program gave it."""
    if isinstance(task.get("data"), dict):
        return isinstance(task.get("annotations", task.get("completions")), list) and _image_key(task["data"]) != ""
    marks = {"annotation_id", "annotator", "created_at", "lead_time", "updated_at"}
    return len(marks & set(task)) >= 2 and _image_key(task) != ""


def _image_key(data: dict[str, Any]) -> str:
    """The field that holds the image: the first text that ends like one."""
    for key, value in data.items():
        if isinstance(value, str) and any(Path(name).suffix.lower() in SUFFIXES for name in _names(value)):
            return str(key)
    return "image" if isinstance(data.get("image"), str) else ""


def _names(text: str) -> tuple[str, ...]:
    """How the file behind an address may be called here: as a path, by its name, and by its name before the upload."""
    parts = urlsplit(text) if "://" in text or text.startswith("/data/") else None
    if parts is None:
        path = unquote(text) if "%" in text else text
    elif parts.path.rstrip("/").endswith("/local-files"):
        path = (parse_qs(parts.query).get("d") or [""])[0]
    else:
        path = unquote(parts.path)
    path = path.replace("\\", "/")
    name = path.rsplit("/", 1)[-1]
    upload = UPLOAD.match(name)
    relative = path if parts is None or "/local-files" in parts.path else name
    names = (relative, name, upload[1] if upload else "")
    return tuple(dict.fromkeys(n for n in names if n))


def _annotated(annotations: list[Any]) -> tuple[tuple[str, ...], str]:
    """Classes, and why they can't be used. Several people's annotations must agree; a skipped one says nothing."""
    said: list[frozenset[str]] = []
    for annotation in annotations:
        if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
            choices = _choices(annotation.get("result") or [])
            if choices:
                said.append(choices)
    if len(set(said)) > 1:
        told = " and ".join(sorted({", ".join(sorted(s)) for s in said}))
        return (), f"Its annotations disagree: {told}."
    return (tuple(sorted(said[0])) if said else ()), ""


def _choices(results: list[Any]) -> frozenset[str]:
    chosen: set[str] = set()
    for result in results:
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            chosen.update(str(choice) for choice in value["choices"])
    return frozenset(chosen)


def _chosen(data: dict[str, Any], image: str) -> tuple[tuple[str, ...], set[str]]:
    """The classes of a short-form task and the fields they were in: a field called choice, or holding choices."""
    classes: list[str] = []
    keys: set[str] = set()
    for key, value in data.items():
        if key == image:
            continue
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            keys.add(key)
            classes += [str(choice) for choice in value["choices"]]
        elif key in ("choice", "choices", "label", "class", "sentiment"):
            keys.add(key)
            classes += [str(choice) for choice in (value if isinstance(value, list) else [value]) if choice]
    return tuple(classes), keys
