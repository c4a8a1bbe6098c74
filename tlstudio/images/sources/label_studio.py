"""Label Studio's exports for classes: JSON, JSON-MIN, CSV and TSV. Files are found by their names.

Label Studio puts eight letters and a dash before the name of an uploaded file, and cleans the name
(`/data/upload/1/1a2b3c4d-my_cat.png`); it gives local files as `/data/local-files/?d=folder/cat.png`. A project may ask
several questions, each under a name of its own, and several people may answer. https://labelstud.io/guide/export
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import ROLES, Encoding, TablePreview
from tlstudio.images.scan import NO_COLUMNS, Scan, Steps, Wishes
from tlstudio.images.sources.columns import named
from tlstudio.images.sources.encodings import decode, least_sure
from tlstudio.images.sources.label_studio_tasks import MARKS, Item, Task, image_key, is_task, names_of, tasks_of
from tlstudio.images.sources.lookup import Record
from tlstudio.images.sources.records import collect
from tlstudio.images.sources.text import Table, read_table
from tlstudio.images.sources.tree import Tree

TABLES = frozenset({".csv", ".tsv"})
PREVIEW_ROWS = 5


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
        found = collect(self._records(roles, columns), self.tree, steps, tuple(columns), self.key)
        return replace(found, told=self._whose(roles.get("class", "")))

    def _people(self, question: str) -> tuple[str, ...]:
        """Who answered a question, those with most answers first, of equally many the one who comes first."""
        return tuple(by for by, _ in self._counted(question).most_common())

    def _counted(self, question: str) -> Counter[str]:
        answers = (task.answers.get(question, ()) for task in self.tasks)
        return Counter(by for given in answers for by in dict.fromkeys(a.by for a in given if a.chosen) if by)

    def _whose(self, question: str) -> str:
        """A sentence on whose answers count; empty where one person, or nobody known, answered."""
        counted = self._counted(question).most_common()
        if len(counted) < 2:
            return ""
        first, images = counted[0]
        apart = sum(
            len({answer for said in task.said_by(question).values() for answer in said}) > 1 for task in self.tasks
        )
        disagree = "They agree on every image" if not apart else f"They disagree on {apart:,} image{'s' * (apart > 1)}"
        return (
            f"{len(counted)} people answered “{question}”: the answers of {first} count, who gave most ({images:,}), and where"
            f" there is none, those of the next; an answer marked as ground truth comes before all. {disagree}; what the others"
            " say is kept, to be compared with (“tlstudio labels compare --name”, or “Second opinion” in the window)."
        )

    def _roles(self, wishes: Wishes) -> dict[str, str]:
        """{role: column} as far as it is known; the image and the class without being told, where there is one only."""
        roles = {role: named(self.columns, name) for role, name in wishes.columns.items() if name}
        first = next((key for task in self.tasks if (key := image_key(task.data))), "")
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
        people = self._people(roles["class"]) if "class" in roles else ()
        for task in self.tasks:
            classes, trouble = task.classes(roles["class"], people) if "class" in roles else ((), "")
            if not classes and not trouble and task.shapes and not task.answers:
                trouble = "It has shapes but no choice; a class is given by a choice."
            key = roles["path"] if task.data.get(roles.get("path", "")) else image_key(task.data)
            names = names_of(task.data.get(key, ""))
            yield Record(
                task.where,
                names.files,
                str(self.base),
                classes,
                group=task.text(roles["group"]) if "group" in roles else "",
                split=task.text(roles["split"]) if "split" in roles else "",
                columns={c: t for c in columns if c not in (key, roles.get("group")) and (t := task.text(c))},
                trouble=task.trouble or trouble,
                uploaded=names.uploaded or names_of(task.upload).uploaded,
                others=(task.others(roles["class"], people) if people else NO_COLUMNS) or NO_COLUMNS,
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
    if not read or not any(is_task(item.fields) for item in read[:100]):
        return None
    key = path.relative_to(tree.root).as_posix()
    return LabelStudio(tree, key, path.parent, tuple(tasks_of(read)), encoding)


def _objects(data: bytes, encoding: str) -> list[Item]:
    text = decode(data, encoding).text
    if not text.lstrip().startswith("["):
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [Item(each) for each in found] if all(isinstance(each, dict) for each in found) else []


def _rows(table: Table) -> list[Item]:
    """The rows of a table as objects of the short form: what is more than a text is JSON there."""
    found = []
    for row, where in enumerate(table.where):
        cells = {name: _value(text) for i, name in enumerate(table.columns) if (text := table.cell(row, i))}
        found.append(Item(cells, where, table.trouble.get(row, "")))
    return found


def _value(text: str) -> Any:
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text
