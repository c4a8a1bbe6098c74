"""Label Studio's exports for classes: JSON, JSON-MIN, CSV and TSV. Files are found by their names.

Label Studio puts eight letters and a dash before the name of an uploaded file, and cleans the name
(`/data/upload/1/1a2b3c4d-my_cat.png`); it gives local files as `/data/local-files/?d=folder/cat.png`. A project may ask
several questions, each under a name of its own, and several people may answer. https://labelstud.io/guide/export
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import ROLES, Encoding, TablePreview
from tlstudio.images.decode import SUFFIXES
from tlstudio.images.scan import Scan, Steps, Wishes
from tlstudio.images.sources.columns import named
from tlstudio.images.sources.encodings import decode, least_sure
from tlstudio.images.sources.records import Record, collect
from tlstudio.images.sources.text import Table, plain, read_table
from tlstudio.images.sources.tree import Tree

TABLES = frozenset({".csv", ".tsv"})
UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")
# What Label Studio itself writes beside the data and the choices.
OWN = frozenset({
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "annotations", "predictions", "drafts",
    "data", "meta", "file_upload", "project", "inner_id", "total_annotations", "cancelled_annotations",
    "total_predictions", "comment_count", "unresolved_comment_count", "last_comment_updated_at", "updated_by",
    "comment_authors", "agreement", "completed_by", "allow_skip", "state",
})  # fmt: skip
MARKS = frozenset({"annotation_id", "annotator", "created_at", "lead_time", "updated_at"})  # of the short forms
UNNAMED = "choice"  # the question of an old export that doesn't say its name
PREVIEW_ROWS = 5


@dataclass(slots=True)
class Task:
    """One image with all that was said of it.

    data: its fields as text. answers: for each question what each answer chose. shapes: whether boxes and the like were drawn.
    """

    where: str
    data: dict[str, str]
    answers: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    upload: str = ""
    shapes: bool = False
    trouble: str = ""

    def text(self, column: str) -> str:
        """What it says under a name, an answer before a field of the data."""
        if column in self.answers:
            return ", ".join(sorted(frozenset[str]().union(*self.answers[column])))
        return self.data.get(column, "")

    def classes(self, question: str) -> tuple[tuple[str, ...], str]:
        """Classes, and why they can't be used. All answers must agree; a skipped one says nothing."""
        if question not in self.answers:
            said = self.data.get(question, "")
            return ((said,) if said else ()), ""
        different = list(dict.fromkeys(answer for answer in self.answers[question] if answer))
        if len(different) > 1:
            told = " and ".join(sorted(", ".join(sorted(answer)) for answer in different))
            return (), f"Its annotations disagree: {told}."
        return (tuple(sorted(different[0])) if different else ()), ""


@dataclass(frozen=True)
class LabelStudio:
    """tasks: in the export's order. key, base: its name and folder."""

    tree: Tree
    key: str
    base: Path
    tasks: tuple[Task, ...]
    text: Encoding | None = None

    @property
    def encoding(self) -> Encoding | None:
        return least_sure(self.text, self.tree.names)

    @cached_property
    def questions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for task in self.tasks for name in task.answers))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The questions, then all further fields."""
        return (*self.questions, *dict.fromkeys(n for task in self.tasks for n in task.data if n not in self.questions))

    @property
    def sentence(self) -> str:
        asked = " and ".join(f"“{name}”" for name in self.questions)
        if len(self.questions) == 1:
            told = f"class from {asked}"
        else:
            told = f"several questions, {asked}" if self.questions else "no question was answered"
        return f"A Label Studio export, {self.key}: {len(self.tasks):,} tasks; {told}."

    def preview(self, wishes: Wishes) -> TablePreview | None:
        rows = [tuple(task.text(column) for column in self.columns) for task in self.tasks[:PREVIEW_ROWS]]
        return TablePreview(self.columns, self._roles(wishes), tuple(rows))

    def scan(self, wishes: Wishes, reporter: Reporter = SILENT) -> Scan:
        """Raises WrongUsage for a column that is not there and where several questions could give the class, NothingToImport
        when no task can be used."""
        roles = self._roles(wishes)
        if "class" not in roles and "class" not in wishes.columns and self.questions:
            raise self._which()
        columns = [c for c in self.columns if c not in (roles.get("path"), roles.get("class"), roles.get("split"))]
        steps = Steps("Reading the tasks", reporter, len(self.tasks))
        return collect(self._records(roles, columns), self.tree, steps, tuple(columns), self.key)

    def _roles(self, wishes: Wishes) -> dict[str, str]:
        """{role: column} as far as it is known; the image and the class without being told, where there is one only."""
        roles = {role: named(self.columns, name) for role, name in wishes.columns.items() if name}
        first = next((key for task in self.tasks if (key := _image_key(task.data))), "")
        if "path" not in roles and first:
            roles["path"] = first
        if "class" not in wishes.columns and len(self.questions) == 1:
            roles["class"] = self.questions[0]
        return {role: roles[role] for role in ROLES if role in roles}

    def _which(self) -> WrongUsage:
        asked = ", ".join(f"“{name}”" for name in self.questions)
        return WrongUsage(
            f"{self.key} answers several questions: {asked}.",
            remedy="Say which one gives the class: --columns class=NAME, or --columns class= for images without labels.",
        )

    def _records(self, roles: Mapping[str, str], columns: Sequence[str]) -> Iterator[Record]:
        for task in self.tasks:
            classes, trouble = task.classes(roles["class"]) if "class" in roles else ((), "")
            if not classes and not trouble and task.shapes and not task.answers:
                trouble = "It has shapes but no choice; a class is given by a choice."
            key = roles["path"] if task.data.get(roles.get("path", "")) else _image_key(task.data)
            names = _names(task.data.get(key, ""))
            yield Record(
                task.where,
                names.files,
                str(self.base),
                classes,
                group=task.text(roles["group"]) if "group" in roles else "",
                split=task.text(roles["split"]) if "split" in roles else "",
                columns={c: t for c in columns if c not in (key, roles.get("group")) and (t := task.text(c))},
                trouble=task.trouble or trouble,
                uploaded=names.uploaded or _names(task.upload).uploaded,
            )


def recognise(tree: Tree, path: Path) -> LabelStudio | None:
    """The export in a file; None for any other. Raises FileTrouble for a table that can't be read at all."""
    suffix = path.suffix.lower()
    if suffix != ".json" and suffix not in TABLES:
        return None
    data = tree.read(str(path))
    if suffix == ".json":
        read, encoding = _objects(data, tree.encoding), None
    else:
        if len(MARKS & set(re.findall(r"\w+", data[:4096].decode("latin-1")))) < 2:
            return None
        table = read_table(path, data, tree.encoding)
        read, encoding = _rows(table), table.encoding
    if not read or not any(_is_task(item.fields) for item in read[:100]):
        return None
    key = path.relative_to(tree.root).as_posix()
    return LabelStudio(tree, key, path.parent, tuple(_tasks(read)), encoding)


class _Item(NamedTuple):
    """One object of an export. where: its place in a table, empty in JSON."""

    fields: dict[str, Any]
    where: str = ""
    trouble: str = ""


def _objects(data: bytes, encoding: str) -> list[_Item]:
    text = decode(data, encoding).text
    if not text.lstrip().startswith("["):
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [_Item(each) for each in found] if all(isinstance(each, dict) for each in found) else []


def _rows(table: Table) -> list[_Item]:
    """The rows of a table as objects of the short form: what is more than a text is JSON there."""
    found = []
    for row, where in enumerate(table.where):
        cells = {name: _value(text) for i, name in enumerate(table.columns) if (text := table.cell(row, i))}
        found.append(_Item(cells, where, table.trouble.get(row, "")))
    return found


def _value(text: str) -> Any:
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _is_task(task: dict[str, Any]) -> bool:
    """A task with annotations, or one of the short form: an image, and the numbers that the program gave it."""
    if isinstance(task.get("data"), dict):
        return isinstance(task.get("annotations", task.get("completions")), list) and _image_key(task["data"]) != ""
    return len(MARKS & set(task)) >= 2 and _image_key(task) != ""


def _image_key(data: Mapping[str, Any]) -> str:
    """The field that holds the image: the first text that ends like one."""
    for key, value in data.items():
        if isinstance(value, str):
            names = _names(value)
            if any(Path(name).suffix.lower() in SUFFIXES for name in (*names.files, names.uploaded)):
                return str(key)
    return "image" if isinstance(data.get("image"), str) else ""


# --- the short and the long form --------------------------------------------------------------------------------------------


def _tasks(items: Sequence[_Item]) -> Iterable[Task]:
    """One task an image: the short forms have an entry for each answer."""
    asked = _asked([item.fields for item in items])
    found: dict[tuple[str, str], Task] = {}
    for number, item in enumerate(items, start=1):
        fields = item.fields
        if isinstance(fields.get("data"), dict):
            yield _long(fields, number)
            continue
        task = _short(fields, asked, item.where or f"Task {fields.get('id') or number}")
        task.trouble = item.trouble
        image = task.data.get(_image_key(fields), "")
        same = found.setdefault((str(fields.get("id", "" if image else number)), image), task)
        if same is not task and not task.trouble:
            for question, answers in task.answers.items():
                same.answers.setdefault(question, []).extend(answers)
        elif same is not task:
            yield task
    yield from found.values()


def _long(task: dict[str, Any], number: int) -> Task:
    answers: dict[str, list[frozenset[str]]] = {}
    shapes = False
    for annotation in task.get("annotations") or task.get("completions") or []:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        results = annotation.get("result")
        chosen: dict[str, set[str]] = {}
        for result in results if isinstance(results, list) else []:
            value = result.get("value") if isinstance(result, dict) else None
            if isinstance(value, dict) and isinstance(value.get("choices"), list):
                choices = chosen.setdefault(str(result.get("from_name") or UNNAMED), set())
                choices.update(str(choice) for choice in value["choices"])
            else:
                shapes = shapes or isinstance(value, dict)
        for question, choices in chosen.items():
            answers.setdefault(question, []).append(frozenset(choices))
    upload = task.get("file_upload")
    data = {str(k): plain(v) for k, v in task["data"].items() if v is not None and v != ""}
    where = f"Task {task.get('id') or number}"
    return Task(where, data, answers, upload if isinstance(upload, str) else "", shapes)


def _asked(tasks: Sequence[dict[str, Any]]) -> frozenset[str]:
    """The questions of a short form: what stands between the task's number and the annotator, or holds choices.

    Label Studio writes the data, the number, the answers, and then who gave them. Where nothing stands there, all
    text that is no image may be an answer.
    """
    between: dict[str, None] = {}
    further: dict[str, None] = {}
    for task in tasks:
        names = [str(name) for name in task]
        start = names.index("id") + 1 if "id" in names else len(names)
        end = min((names.index(mark) for mark in MARKS if mark in names), default=0)
        image = _image_key(task)
        for place, name in enumerate(names):
            value = task[name]
            if name in OWN or name == image or not _may_be_answer(value):
                continue
            held = isinstance(value, dict)
            (between if held or start <= place < end else further)[name] = None
    usual = [name for name in further if name in ("choice", "choices", "label", "class", "sentiment")]
    return frozenset(between or usual)


def _may_be_answer(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("choices"), list)
    if isinstance(value, str):
        names = _names(value)
        return not any(Path(name).suffix.lower() in SUFFIXES for name in (*names.files, names.uploaded))
    return value is None or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def _short(fields: dict[str, Any], asked: frozenset[str], where: str) -> Task:
    answers: dict[str, list[frozenset[str]]] = {}
    data: dict[str, str] = {}
    shapes = False
    for key, value in fields.items():
        if key in asked:
            held = value.get("choices") if isinstance(value, dict) else value
            chosen = held if isinstance(held, list) else [held]
            answers[key] = [frozenset(str(choice) for choice in chosen if choice not in (None, ""))]
        elif key not in OWN and value is not None and value != "":
            shapes = shapes or (isinstance(value, list) and any(isinstance(each, dict) for each in value))
            data[str(key)] = plain(value)
    upload = fields.get("file_upload")
    return Task(where, data, answers, upload if isinstance(upload, str) else "", shapes)


# --- the file behind an address ---------------------------------------------------------------------------------------------


class _Names(NamedTuple):
    """How a file may be called here: as a path, and by the name that it was uploaded under."""

    files: tuple[str, ...] = ()
    uploaded: str = ""


def _names(text: str) -> _Names:
    if not text:
        return _Names()
    parts = _address(text)
    if parts is None:
        files = (text, unquote(text)) if "%" in text else (text,)
        path = files[-1].replace("\\", "/")
    else:
        local = parts.path.rstrip("/").endswith("/local-files")
        path = (parse_qs(parts.query).get("d") or [""])[0] if local else unquote(parts.path)
        path = path.replace("\\", "/").strip("/")
        files = (path,)
    name = path.rsplit("/", 1)[-1]
    upload = UPLOAD.match(name)
    if upload and (parts is None or "/upload/" in parts.path):
        # The folder of an upload is a number of the program's.
        return _Names((name,) if parts is not None else files, upload[1])
    return _Names(tuple(dict.fromkeys(file for file in files if file)))


def _address(text: str) -> Any:
    try:
        return urlsplit(text) if "://" in text or text.startswith("/data/") else None
    except ValueError:
        return None
