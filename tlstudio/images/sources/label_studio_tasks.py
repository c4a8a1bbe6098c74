"""The tasks of a Label Studio export, in its long and its short form: what was asked of an image, what was answered, and how its
file is called.

Whose answer counts: one that was marked as the truth; else that of the person who answered most of all, and where that person
gave none, of the next. What the others say is kept beside it, to be compared. Two answers of one person that differ say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tlstudio.images.decode import SUFFIXES
from tlstudio.images.sources.text import plain

UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")
# What Label Studio itself writes beside the data and the choices.
OWN = frozenset({
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "annotations", "predictions", "drafts",
    "data", "meta", "file_upload", "project", "inner_id", "total_annotations", "cancelled_annotations",
    "total_predictions", "comment_count", "unresolved_comment_count", "last_comment_updated_at", "updated_by",
    "comment_authors", "agreement", "completed_by", "allow_skip", "state",
})  # fmt: skip
MARKS = frozenset({"annotation_id", "annotator", "created_at", "lead_time", "updated_at"})  # of the short forms
LONGEST_NAME = 100  # signs of a person's name
UNNAMED = "choice"  # the question of an old export that doesn't say its name


class Answer(NamedTuple):
    """What somebody chose. by: who, empty where the export does not say. truth: it was marked as the truth for all."""

    chosen: frozenset[str]
    by: str = ""
    truth: bool = False


@dataclass(slots=True)
class Task:
    """One image with all that was said of it.

    data: its fields as text. answers: for each question what each answer chose. shapes: whether boxes and the like were drawn.
    """

    where: str
    data: dict[str, str]
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    upload: str = ""
    shapes: bool = False
    trouble: str = ""

    def text(self, column: str) -> str:
        """What it says under a name, an answer before a field of the data."""
        if column in self.answers:
            return ", ".join(sorted(frozenset[str]().union(*(answer.chosen for answer in self.answers[column]))))
        return self.data.get(column, "")

    def classes(self, question: str, people: Sequence[str] = ()) -> tuple[tuple[str, ...], str]:
        """Classes, and why they can't be used. people: whose answers count, the first one's most; a skipped one says nothing."""
        if question not in self.answers:
            said = self.data.get(question, "")
            return ((said,) if said else ()), ""
        said_by = self.said_by(question)
        counting = next((by for by in ("", *people) if said_by.get(by)), None)
        different = [] if counting is None else list(said_by[counting])
        if len(different) > 1:
            told = " and ".join(sorted(", ".join(sorted(answer)) for answer in different))
            return (), f"Its annotations disagree: {told}."
        return (tuple(sorted(different[0])) if different else ()), ""

    def said_by(self, question: str) -> dict[str, dict[frozenset[str], None]]:
        """The different answers of each person; under no name those that count before all: marked as the truth, or by nobody
        knows whom, with whom nobody can be told apart.
        """
        answers = [answer for answer in self.answers.get(question, ()) if answer.chosen]
        found: dict[str, dict[frozenset[str], None]] = {}
        nameless, true = any(not answer.by for answer in answers), any(answer.truth for answer in answers)
        for answer in sorted(answers, key=lambda answer: not answer.truth):
            if answer.truth or not (nameless and true):
                found.setdefault("" if answer.truth or nameless else answer.by, {})[answer.chosen] = None
        return found

    def others(self, question: str, people: Sequence[str]) -> dict[str, str]:
        """{person: class} of those whose answer does not count here, and is one class."""
        said_by = self.said_by(question)
        counting = next((by for by in ("", *people) if said_by.get(by)), None)
        return {
            by: next(iter(next(iter(said))))
            for by, said in said_by.items()
            if by and by != counting and len(said) == 1 and len(next(iter(said))) == 1
        }


class Item(NamedTuple):
    """One object of an export. where: its place in a table, empty in JSON."""

    fields: dict[str, Any]
    where: str = ""
    trouble: str = ""


def is_task(task: dict[str, Any]) -> bool:
    """A task with annotations, or one of the short form: an image, and the numbers that the program gave it."""
    if isinstance(task.get("data"), dict):
        return isinstance(task.get("annotations", task.get("completions")), list) and image_key(task["data"]) != ""
    return len(MARKS & set(task)) >= 2 and image_key(task) != ""


def image_key(data: Mapping[str, Any]) -> str:
    """The field that holds the image: the first text that ends like one."""
    for key, value in data.items():
        if isinstance(value, str):
            names = names_of(value)
            if any(Path(name).suffix.lower() in SUFFIXES for name in (*names.files, names.uploaded)):
                return str(key)
    return "image" if isinstance(data.get("image"), str) else ""


# --- the short and the long form --------------------------------------------------------------------------------------------


def tasks_of(items: Sequence[Item]) -> Iterable[Task]:
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
        image = task.data.get(image_key(fields), "")
        same = found.setdefault((str(fields.get("id", "" if image else number)), image), task)
        if same is not task and not task.trouble:
            for question, answers in task.answers.items():
                same.answers.setdefault(question, []).extend(answers)
        elif same is not task:
            yield task
    yield from found.values()


def _long(task: dict[str, Any], number: int) -> Task:
    answers: dict[str, list[Answer]] = {}
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
            by, truth = _person(annotation.get("completed_by")), annotation.get("ground_truth") is True
            answers.setdefault(question, []).append(Answer(frozenset(choices), by, truth))
    upload = task.get("file_upload")
    data = {str(k): plain(v) for k, v in task["data"].items() if v is not None and v != ""}
    where = f"Task {task.get('id') or number}"
    return Task(where, data, answers, upload if isinstance(upload, str) else "", shapes)


def _person(said: Any) -> str:
    """Who gave an answer, as the program calls other people: by their address, else by the number that Label Studio gave them."""
    if isinstance(said, dict):
        said = said.get("email") or said.get("username") or said.get("id")
    text = (
        " ".join(str(said).split())[:LONGEST_NAME] if isinstance(said, str | int) and not isinstance(said, bool) else ""
    )
    return f"annotator {text}" if text.isdigit() else text


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
        image = image_key(task)
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
        names = names_of(value)
        return not any(Path(name).suffix.lower() in SUFFIXES for name in (*names.files, names.uploaded))
    return value is None or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def _short(fields: dict[str, Any], asked: frozenset[str], where: str) -> Task:
    answers: dict[str, list[Answer]] = {}
    by = _person(fields.get("annotator"))
    data: dict[str, str] = {}
    shapes = False
    for key, value in fields.items():
        if key in asked:
            held = value.get("choices") if isinstance(value, dict) else value
            chosen = held if isinstance(held, list) else [held]
            answers[key] = [Answer(frozenset(str(choice) for choice in chosen if choice not in (None, "")), by)]
        elif key not in OWN and value is not None and value != "":
            shapes = shapes or (isinstance(value, list) and any(isinstance(each, dict) for each in value))
            data[str(key)] = plain(value)
    upload = fields.get("file_upload")
    return Task(where, data, answers, upload if isinstance(upload, str) else "", shapes)


# --- the file behind an address ---------------------------------------------------------------------------------------------


class Names(NamedTuple):
    """How a file may be called here: as a path, and by the name that it was uploaded under."""

    files: tuple[str, ...] = ()
    uploaded: str = ""


def names_of(text: str) -> Names:
    if not text:
        return Names()
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
        return Names((name,) if parts is not None else files, upload[1])
    return Names(tuple(dict.fromkeys(file for file in files if file)))


def _address(text: str) -> Any:
    try:
        return urlsplit(text) if "://" in text or text.startswith("/data/") else None
    except ValueError:
        return None
