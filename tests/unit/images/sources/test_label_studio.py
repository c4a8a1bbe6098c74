"""Label Studio's exports in both forms, and the files behind its addresses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.images.sources.conftest import scan, told
from tests.unit.images.sources.test_table import labels, write
from tlstudio.domain.errors import NothingToImport, WrongUsage
from tlstudio.images.scan import Wishes
from tlstudio.images.sources.label_studio_tasks import Answer, Task
from tlstudio.images.sources.registry import recognise

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
        "/data/local-files/?d=somewhere%2Felse%5Cpictures/cat.png",
        "http://localhost:8080/data/local-files/?d=pictures/cat.png",
        "s3://bucket/pictures/cat.png",
        "https://example.org/x/pictures/cat.png?size=large",
        "https://example.org/cat.png",
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


def answered(image: str, number: int = 1, /, **answers: str) -> dict[str, Any]:
    """An entry of JSON-MIN in Label Studio's order: data, number, answers, annotator."""
    return {
        "image": image,
        "site": "A",
        "id": number,
        **answers,
        "annotator": 1,
        "annotation_id": number,
        "lead_time": 2.5,
    }


def as_table(source: Path, *entries: dict[str, Any], sign: str = ",") -> Path:
    """The same as Label Studio's CSV or TSV."""
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sign)
    writer.writerow(names)
    for entry in entries:
        cells = [entry.get(name, "") for name in names]
        writer.writerow([cell if isinstance(cell, str) else json.dumps(cell) for cell in cells])
    return write(source, text.getvalue(), "export.csv" if sign == "," else "export.tsv")


@pytest.mark.parametrize("form", ["json", "csv", "tsv"])
def test_the_question_may_have_any_name(tree: Tree, form: str) -> None:
    source = tree("a b 1.png", "2.png", "3.png")
    entries = [
        answered("/data/upload/2/aabbccd0-a_b_1.png", 1, quality="ok"),
        answered("/data/upload/2/aabbccd1-2.png", 2, quality="bad"),
        answered("/data/upload/2/aabbccd2-3.png", 3, quality={"choices": ["ok", "bad"]}),  # type: ignore[arg-type]
    ]
    table = (
        export(source, *entries) if form == "json" else as_table(source, *entries, sign="," if form == "csv" else "\t")
    )
    for found in (scan(table), scan(table, **{"class": "quality"})):
        assert labels(found) == {"a b 1.png": "ok", "2.png": "bad"}
        assert [f.columns for f in found.found] == [{"site": "A"}] * 2
        assert [r.reason.split(": ", 1)[1] for r in found.refused] == [
            "it has several classes (bad, ok); an image has one."
        ]
    assert {f.group for f in scan(table, group="site").found} == {"A"}
    assert labels(scan(table.parent)) == {"a b 1.png": "ok", "2.png": "bad"}, "the folder that the export lies in"


@pytest.mark.parametrize("long", [True, False])
def test_several_questions_are_asked_about(tree: Tree, long: bool) -> None:
    source = tree("1.png", "2.png")
    if long:
        results = [
            {"from_name": name, "type": "choices", "value": {"choices": [choice]}}
            for name, choice in (("quality", "ok"), ("side", "left"))
        ]
        tasks = [{**task(f"{i}.png"), "annotations": [{"result": results}]} for i in (1, 2)]
    else:
        tasks = [answered(f"{i}.png", i, quality="ok", side="left") for i in (1, 2)]
    table = export(source, *tasks)
    with pytest.raises(WrongUsage, match="several questions: “quality”, “side”") as asked:
        scan(table)
    assert "--columns class=NAME" in asked.value.remedy
    found = scan(table, **{"class": "side"})
    assert labels(found) == {"1.png": "left", "2.png": "left"}
    assert found.found[0].columns["quality"] == "ok"
    assert labels(scan(table, **{"class": ""})) == {"1.png": None, "2.png": None}
    preview = recognise(table).preview(Wishes())
    assert preview is not None and preview.columns[:2] == ("quality", "side")
    assert preview.mapping == {"path": "image"}


def by_people(long: bool, said: dict[str, dict[int, str]]) -> list[dict[str, Any]]:
    """{file: {number of a person: choice}} in the long or the short form."""
    if not long:
        return [
            {**answered(name, n, x=choice), "annotator": person}
            for n, (name, all_) in enumerate(said.items(), start=1)
            for person, choice in all_.items()
        ]
    return [
        {
            **task(name),
            "id": n,
            "annotations": [{**annotation(choice), "completed_by": who} for who, choice in all_.items()],
        }
        for n, (name, all_) in enumerate(said.items(), start=1)
    ]


@pytest.mark.parametrize("long", [True, False])
def test_of_several_people_the_one_who_answered_most_counts(tree: Tree, long: bool) -> None:
    """And where that person gave no answer, the next one; what the others say is kept beside it."""
    source = tree("1.png", "2.png", "3.png", "4.png")
    said = {"1.png": {7: "b", 3: "a"}, "2.png": {7: "a", 3: "a"}, "3.png": {3: "b"}, "4.png": {7: "b"}}
    said["4.png"][12] = "c"
    said["3.png"][12] = "a"
    found = scan(export(source, *by_people(long, {**said, "gone.png": {3: "a"}})))
    assert labels(found) == {"1.png": "a", "2.png": "a", "3.png": "b", "4.png": "b"}
    assert {f.name: dict(f.others) for f in found.found} == {
        "1.png": {"annotator 7": "b"},
        "2.png": {"annotator 7": "a"},
        "3.png": {"annotator 12": "a"},
        "4.png": {"annotator 12": "c"},
    }
    assert "3 people answered" in found.told
    assert "the answers of annotator 3 count, who gave most (4)" in found.told
    assert "They disagree on 3 images" in found.told


def test_of_two_with_as_many_answers_the_first_counts_and_agreement_is_told(tree: Tree) -> None:
    found = scan(export(tree("1.png"), *by_people(True, {"1.png": {9: "a", 2: "a"}})))
    assert dict(found.found[0].others) == {"annotator 2": "a"}
    assert "the answers of annotator 9 count" in found.told
    assert "They agree on every image" in found.told


def test_an_answer_that_was_marked_as_the_truth_comes_first(tree: Tree) -> None:
    tasks = by_people(True, {"1.png": {3: "a", 7: "b"}, "2.png": {3: "a"}})
    tasks[0]["annotations"][1]["ground_truth"] = True
    found = scan(export(tree("1.png", "2.png"), *tasks))
    assert labels(found) == {"1.png": "b", "2.png": "a"}
    assert dict(found.found[0].others) == {"annotator 3": "a"}


def test_beside_the_truth_a_person_of_two_answers_says_nothing(tree: Tree) -> None:
    first, second = by_people(True, {"1.png": {3: "a", 7: "b", 8: "a"}}), by_people(True, {"1.png": {3: "b"}})
    first[0]["annotations"][1]["ground_truth"] = True
    first[0]["annotations"] += second[0]["annotations"]
    found = scan(export(tree("1.png"), *first))
    assert labels(found) == {"1.png": "b"}
    assert dict(found.found[0].others) == {"annotator 8": "a"}


def test_each_of_many_answers_is_looked_at_a_few_times() -> None:
    """Each was compared with all others: an image with 20,000 answers kept the import busy for a minute."""
    looks = [0]

    class Looked(Answer):
        def __getattribute__(self, name: str) -> Any:
            looks[0] += name == "truth"
            return super().__getattribute__(name)

    answers: list[Answer] = [Looked(frozenset({"cat"}), f"P{i}") for i in range(500)]
    said = Task("", {}, {"kind": answers}).said_by("kind")
    assert len(said) == 500
    assert looks[0] <= 5 * 500


@pytest.mark.parametrize("who", [1, None, True, [1], {"id": None}])
def test_answers_of_one_person_or_of_nobody_known_must_agree(tree: Tree, who: Any) -> None:
    annotations = [{**annotation(choice), "completed_by": who} for choice in ("a", "b")]
    found = scan(export(tree("1.png", "2.png"), {**task("1.png"), "annotations": annotations}, task("2.png", "a")))
    assert labels(found) == {"2.png": "a"}
    assert [r.reason for r in found.refused] == ["Task 7: its annotations disagree: a and b."]
    assert found.told == ""


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ({"id": 4, "email": "ann@x.org"}, "ann@x.org"),
        ({"id": 4}, "annotator 4"),
        ("Ben  B", "Ben B"),
        ("y" * 300, "y" * 100),
    ],
)
def test_what_people_are_called(tree: Tree, who: Any, name: str) -> None:
    answers = [{**annotation("a"), "completed_by": 99}, {**annotation("b"), "completed_by": who}]
    tasks = [{**task("1.png"), "annotations": answers}, {**task("2.png"), "id": 8, "annotations": answers[:1]}]
    found = scan(export(tree("1.png", "2.png"), *tasks))
    assert dict(found.found[0].others) == {name: "b"}


@pytest.mark.parametrize(
    ("there", "uploaded"),
    [
        ("my photo 1.png", "my_photo_1.png"), ("röntgen (2)#.png", "röntgen_2.png"), ("gru\u0308n.png", "grun.png"),
        ("gru\u0308n.png", "grün.png"), (" a,b;c&d.png", "abcd.png"), ("x.png", "x_a1B2c3D.png"), ("IMG.PNG", "IMG.PNG"),
    ],
)  # fmt: skip
def test_an_uploaded_name_is_a_cleaned_one(tree: Tree, there: str, uploaded: str) -> None:
    found = scan(export(tree(there), task(f"/data/upload/1/1a2b3c4d-{uploaded}", "ok")))
    assert labels(found) == {there: "ok"}
    assert found.by_name == 1


def test_a_cleaned_name_that_two_files_may_have_had(tree: Tree) -> None:
    with pytest.raises(
        NothingToImport, match=r"Several files may be the one that was uploaded as a_b\.png|several files may be"
    ):
        scan(export(tree("x/a b.png", "x/a_b.png"), task("/data/upload/1/1a2b3c4d-a_b.png", "ok")))


def test_boxes_only_are_no_class(tree: Tree) -> None:
    box = {
        **task("1.png"),
        "annotations": [{"result": [{"type": "rectanglelabels", "value": {"rectanglelabels": ["x"]}}]}],
    }
    found = scan(export(tree("1.png", "2.png"), box, task("2.png", "a")))
    assert told(found) == {"1.png": "Task 7: it has shapes but no choice; a class is given by a choice."}


def test_half_a_letter_costs_its_task(tree: Tree) -> None:
    table = export(
        tree("1.png", "2.png", "3.png"), task("1.png", "a\ud800"), task("2.png", "a"), task("3.png", "a", note="\udfff")
    )
    found = scan(table)
    assert labels(found) == {"2.png": "a"}
    assert told(found) == dict.fromkeys(("1.png", "3.png"), "Task 7: it holds signs that are no text.")


def test_no_task_can_be_used(tree: Tree) -> None:
    with pytest.raises(NothingToImport, match="None of the 1 lines"):
        scan(export(tree("1.png"), task("x.png", "a")))
