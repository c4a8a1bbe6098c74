"""What an import says that it did: added beside there now, and a part without images is told with its cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint
from tlstudio.domain.importing import EmptyParts, ImportedClass, ImportRequest
from tlstudio.domain.values import Split
from tlstudio.workflow.dividing import Candidate
from tlstudio.workflow.import_summary import empty_parts
from tlstudio.workflow.importing import import_images

ALL = ImportRequest(Path("/source"), Path("/project"))


def row(label: str | None, train: int, val: int, test: int) -> ImportedClass:
    return ImportedClass(label, 0, train + val + test, {"train": train, "val": val, "test": test})


def new(n: int, *, group: str | None = None, given: Split | None = None, alike: int | None = None) -> list[Candidate]:
    return [Candidate("cat", f"{group} {i}", group, given, alike) for i in range(n)]


def test_what_was_added_and_what_is_there_in_one_table(source: Path, tmp_path: Path) -> None:
    """20 labeled images, then 30 without a class and two of a new one: every sum adds up."""
    target = tmp_path / "project"
    first = import_images(ImportRequest(source, target))
    assert (first.images, first.total) == (20, 20)
    assert [(r.label, r.added, r.total) for r in first.rows] == [("blue", 10, 10), ("red", 10, 10)]
    for i in range(30):
        paint(tmp_path / "more" / "no_label", f"{i}.png", COLOURS["green"], seed=500 + i)
    for i in range(2):
        paint(tmp_path / "more" / "green", f"{i}.png", COLOURS["green"], seed=900 + i)
    second = import_images(ImportRequest(tmp_path / "more", target))
    rows = [(r.label, r.added, r.total) for r in second.rows]
    assert rows == [("blue", 0, 10), ("red", 0, 10), ("green", 2, 2), (None, 30, 30)]
    assert (second.images, second.total, second.unlabeled) == (32, 52, 30)
    assert second.classes == {"blue": 10, "red": 10, "green": 2}
    assert all(sum(r.splits.values()) == r.total for r in second.rows)
    assert {part: sum(r.splits[part] for r in second.rows) for part in second.splits} == second.splits
    told = second.to_json()
    assert told["total"] == 52
    assert told["table"][-1] == {"class": None, "added": 30, "total": 30, "splits": second.rows[-1].splits}
    assert (told["empty_parts"], told["empty_reason"]) == ([], "")


def test_a_file_that_is_listed_twice_is_added_once(source: Path, tmp_path: Path) -> None:
    lines = ["file,class", "red/red_00.png,red", "red/red_00.png,red", "blue/blue_00.png,blue"]
    (source / "list.csv").write_text("\n".join(lines))
    assert import_images(ImportRequest(source / "list.csv", tmp_path / "project")).images == 2


def told(empty: EmptyParts | None) -> tuple[tuple[Split, ...], str]:
    assert empty is not None
    return empty.parts, f"{empty.what} {empty.remedy}"


def test_nothing_is_said_where_every_part_has_images() -> None:
    assert empty_parts([row("cat", 8, 1, 1)], new(10), ALL) is None
    assert empty_parts([], [], ALL) is None


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({}, (Split.VAL, Split.TEST)),
        ({"test_fraction": 0.0}, (Split.VAL,)),
        ({"val_fraction": 0.0}, (Split.TEST,)),
        ({"val_fraction": 0.0, "test_fraction": 0.0}, ()),
    ],
)
def test_a_part_that_nobody_asked_for_may_be_empty(options: dict[str, float], parts: tuple[Split, ...]) -> None:
    found = empty_parts([row("cat", 10, 0, 0)], new(10), ImportRequest(Path("/s"), Path("/p"), **options))
    assert (() if found is None else found.parts) == parts


def test_images_without_a_class_fill_no_part_once_there_are_classes() -> None:
    rows = [row("cat", 10, 0, 2), row(None, 10, 5, 5)]
    assert told(empty_parts(rows, new(12), ALL))[0] == (Split.VAL,)
    assert empty_parts(rows[1:], new(20), ALL) is None, "all of them are still to be labeled"
    assert empty_parts([row("gone", 0, 0, 0), row(None, 10, 5, 5)], new(20), ALL) is None


def test_few_groups_are_the_cause() -> None:
    rows = [row("cat", 20, 0, 10)]
    parts, text = told(empty_parts(rows, [*new(20, group="a"), *new(10, group="b")], ALL))
    assert parts == (Split.VAL,)
    assert "No image is left for validation." in text
    assert "these images belong to 2 groups" in text and "another rule" in text
    assert "one group" in told(empty_parts([row("cat", 20, 0, 0)], new(20, group="a"), ALL))[1]


def test_nearly_equal_pictures_are_the_cause() -> None:
    text = told(empty_parts([row("cat", 180, 0, 0)], new(180, alike=1), ALL))[1]
    assert "No image is left for validation and test. Training can't tell its best state; the result can't" in text
    assert "only 1 differ enough" in text


def test_the_source_is_the_cause() -> None:
    parts, text = told(empty_parts([row("cat", 0, 0, 20)], new(20, given=Split.TEST), ALL))
    assert parts == (Split.TRAIN, Split.VAL)
    assert "Nothing can be learned" in text and "The source says which image is for what" in text


def test_too_few_images_are_the_cause() -> None:
    text = told(empty_parts([row("cat", 2, 0, 0)], new(2), ALL))[1]
    assert "With 2 images the shares asked for come to nothing" in text
    many = [row("cat", 60, 0, 60)]
    assert "With 120 images" in told(empty_parts(many, [*new(100), *new(10, group="a"), *new(10, group="b")], ALL))[1]


def test_an_import_that_leaves_parts_empty_says_so(source: Path, tmp_path: Path) -> None:
    result = import_images(ImportRequest(source, tmp_path / "project", group_from=r"name:(.).*"))
    assert (result.groups, result.splits["val"]) == (2, 0)
    assert result.empty is not None and "2 groups" in result.empty.remedy
    assert result.to_json()["empty_parts"] == [part.value for part in result.empty.parts]
    assert "No image is left" in result.to_json()["empty_reason"]
