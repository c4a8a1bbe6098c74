"""Label Studio's exports in both forms, and the files behind its addresses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.images.sources.conftest import scan, told
from tests.unit.images.sources.test_table import labels, write
from tlstudio.domain.errors import NothingToImport, WrongUsage

Tree = Callable[..., Path]


def annotation(*choices: str, cancelled: bool = False) -> dict[str, Any]:
    value = {"choices": list(choices)}
    result = [{"from_name": "choice", "to_name": "image", "type": "choices", "value": value}] if choices else []
    return {"id": 5, "was_cancelled": cancelled, "result": result, "completed_by": 1}


def task(image: str, *choices: str, **data: Any) -> dict[str, Any]:
    """A task of the long form with one annotation."""
    annotations = [annotation(*choices)] if choices else []
    return {"id": 7, "data": {"image": image, **data}, "annotations": annotations, "predictions": []}


def short(image: str, choice: Any, **more: Any) -> dict[str, Any]:
    marks = {"id": 3, "annotator": 1, "annotation_id": 9, "created_at": "2026-01-01", "lead_time": 1.5}
    return {"image": image, "choice": choice, **marks, **more}


def export(source: Path, *tasks: dict[str, Any]) -> Path:
    return write(source, json.dumps(list(tasks)), "export.json")


@pytest.mark.parametrize(
    "image",
    [
        "/data/upload/1/1a2b3c4d-cat.png",
        "/data/upload/1a2b3c4d-cat.png",
        "/data/local-files/?d=pictures/cat.png",
        "/data/local-files/?d=somewhere%2Felse%5Ccat.png",
        "http://localhost:8080/data/local-files/?d=pictures/cat.png",
        "s3://bucket/pictures/cat.png",
        "https://example.org/x/cat.png?size=large",
        "pictures/cat.png",
        "pictures/c%61t.png",
    ],
)
def test_the_file_behind_an_address(tree: Tree, image: str) -> None:
    assert labels(scan(export(tree("pictures/cat.png"), task(image, "Tabby")))) == {"cat.png": "Tabby"}


def test_an_uploaded_file_under_its_new_name_too(tree: Tree) -> None:
    source = tree("1a2b3c4d-cat.png", "cat.png")
    found = scan(export(source, task("/data/upload/1/1a2b3c4d-cat.png", "x")))
    assert [f.path.name for f in found.found] == ["1a2b3c4d-cat.png"]


def test_the_long_form(tree: Tree) -> None:
    source = tree("1.png", "2.png", "3.png", "4.png", "5.png", "6.png")
    several = {**task("4.png"), "annotations": [annotation("a"), annotation("b")]}
    agreed = {**task("5.png"), "annotations": [annotation("a"), annotation("a"), annotation("b", cancelled=True)]}
    found = scan(
        export(
            source, task("1.png", "a"), task("2.png"), task("3.png", "a", "b"), several, agreed, task("gone.png", "a")
        )
    )
    assert labels(found) == {"1.png": "a", "2.png": None, "5.png": "a"}
    assert told(found) == {
        "3.png": "Task 7: it has several classes (a, b); an image has one.",
        "4.png": "Task 7: its annotations disagree: a and b.",
        "gone.png": "Task 7: the file is not there.",
    }


def test_the_short_form(tree: Tree) -> None:
    source = tree("1.png", "2.png", "3.png")
    found = scan(export(source, short("1.png", "a"), short("2.png", {"choices": ["a", "b"]}), short("3.png", None)))
    assert labels(found) == {"1.png": "a", "3.png": None}
    assert "several classes" in told(found)["2.png"]
    named = {k: v for k, v in short("1.png", None).items() if k != "choice"} | {"defect": {"choices": ["b"]}}
    assert labels(scan(export(source, named))) == {"1.png": "b"}


def test_further_data_are_columns_and_may_be_groups(tree: Tree) -> None:
    table = export(tree("1.png", "2.png"), task("1.png", "a", patient="P1", age=4), task("2.png", "b", patient="P2"))
    assert [f.columns for f in scan(table).found] == [{"patient": "P1", "age": "4"}, {"patient": "P2"}]
    assert [f.group for f in scan(table, group="patient").found] == ["P1", "P2"]
    with pytest.raises(WrongUsage, match="no column “lab”"):
        scan(table, group="lab")


def test_no_task_can_be_used(tree: Tree) -> None:
    with pytest.raises(NothingToImport, match="None of the 1 lines"):
        scan(export(tree("1.png"), task("x.png", "a")))
