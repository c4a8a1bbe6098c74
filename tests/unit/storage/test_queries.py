"""Finding images: by text, class, split and mark; in the order that teaches most; by path and content."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.conftest import content_of, new_image
from tlstudio.domain.labels import ImageQuery, Mark
from tlstudio.domain.values import Refusal, Split
from tlstudio.storage import images, journal, labels, queries, suggestions
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project
from tlstudio.storage.suggestions import NewSuggestion

Pets = Callable[..., Project]


def found(project: Project, query: ImageQuery) -> dict[str | None, list[int]]:
    return {f.label: list(f.ids) for f in queries.find(project, query)}


def ids(project: Project, query: ImageQuery) -> set[int]:
    return {i for f in queries.find(project, query) for i in f.ids}


def test_everything_by_class_in_the_order_of_classes(pets: Pets) -> None:
    made = pets(["dog", None, "cat", "dog"])
    assert found(made, ImageQuery()) == {None: [2], "cat": [3], "dog": [1, 4]}
    assert not ImageQuery().active


def test_without_unlabeled_images_there_is_no_entry_for_them(pets: Pets) -> None:
    assert found(pets(["dog", "cat"]), ImageQuery()) == {"cat": [2], "dog": [1]}


def test_class_split_and_unlabeled(pets: Pets) -> None:
    made = pets(["dog", None, "cat", "dog"])
    journal.record(made, Edit(fields=[(1, "split", "test")]), "ann")
    assert found(made, ImageQuery(label="dog")) == {"cat": [], "dog": [1, 4]}
    assert found(made, ImageQuery(unlabeled=True)) == {None: [2], "cat": [], "dog": []}
    assert ids(made, ImageQuery(split=Split.TEST)) == {1}
    assert ids(made, ImageQuery(label="dog", split=Split.TRAIN)) == {4}
    assert ids(made, ImageQuery(label="nobody has this")) == set()


@pytest.mark.parametrize(
    ("mark", "expected"),
    [(Mark.UNSURE, {1}), (Mark.LEFT_OUT, {2}), (Mark.NOTE, {3}), (Mark.SUGGESTED, {5})],
)
def test_marks(pets: Pets, mark: Mark, expected: set[int]) -> None:
    made = pets(["dog", "dog", "cat", "cat", None, None])
    journal.record(made, Edit(fields=[(1, "unsure", 1), (2, "excluded", 1), (3, "note", "odd")]), "ann")
    suggestions.put_suggestions(made, "run", [NewSuggestion(5, 1, 0.9, 1)])
    assert ids(made, ImageQuery(mark=mark)) == expected


def test_text_is_looked_for_in_name_group_and_note_not_in_the_folder(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "p")
    rows = [
        new_image("Zebra_1", "a", group="P1"),
        new_image("crack/x_2", "a", group="Patient_7"),
        new_image("ÜBER", "b"),
        new_image("100%!", "b"),
    ]
    images.add_images(project, rows, [])
    journal.record(project, Edit(fields=[(1, "note", "Ein Riß, wie in crack"), (3, "note", "a/b")]), "ann")
    for text, expected in (
        ("zebra", {1}),
        ("pictures", set()),  # the folder that all of them are in
        ("crack", {1}),  # a note; image 2 only lies in such a folder
        ("patient_7", {2}),
        ("patient7", set()),  # an underscore is no wildcard
        ("über", {3}),
        ("RISS", set()),
        ("RIß", {1}),
        ("ß", {1}),
        ("pictures/Z", set()),
        ("x", {2}),
        ("a/b", {3}),
        ("100%!", {4}),
        ("%", {4}),
        (" x_2 ", {2}),
        ("", {1, 2, 3, 4}),
    ):
        assert ids(project, ImageQuery(text=text)) == expected, text


def test_unlabeled_images_come_in_the_order_that_teaches_most(pets: Pets) -> None:
    made = pets([None, None, "cat", None, None])
    suggestions.put_suggestions(made, "r", [NewSuggestion(4, 1, 0.4, 1), NewSuggestion(1, 1, 0.9, 2)])
    assert found(made, ImageQuery())[None] == [4, 1, 2, 5]


def test_only_some_images_come_into_question(pets: Pets) -> None:
    made = pets(["dog", "cat", "dog"])
    assert ids(made, ImageQuery(only=(1, 2), label="dog")) == {1}
    assert ids(made, ImageQuery(only=())) == set()


def test_rows_come_in_the_order_asked_for(pets: Pets) -> None:
    made = pets(["dog", None, "cat"])
    assert [(r.id, r.label) for r in queries.rows_of(made, [3, 99, 1, 2])] == [(3, "cat"), (1, "dog"), (2, None)]
    assert queries.rows_of(made, [3])[0] == images.list_images(made)[2]


def test_images_are_found_by_path_also_where_they_were_copied(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "p")
    copied = new_image("copy", "a")
    rows = [new_image("far", "a"), type(copied)("images/a/copy.png", copied.content, 1, 1, 1, "a", None, Split.TRAIN)]
    images.add_images(project, rows, [])
    near = project.folder / "images" / "a" / "copy.png"
    wanted = [Path("/pictures/far.png"), near, Path("/pictures/none.png")]
    assert queries.ids_of_paths(project, map(str, wanted)) == {str(wanted[0]): 1, str(near): 2}
    contents = [queries.content_at(project, path) for path in wanted]
    assert contents == [rows[0].content, copied.content, None]


def test_images_are_found_by_content(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "p")
    rows = [new_image("a", "x"), new_image("b", "x"), new_image("copy of a", "x", content=content_of("a"))]
    images.add_images(project, rows, [])
    wanted = [content_of("a"), content_of("nowhere")]
    assert queries.ids_of_contents(project, wanted) == {content_of("a"): [1, 3]}


def test_a_thousand_ids_and_names_are_no_trouble(pets: Pets) -> None:
    made = pets(["cat", "dog"] * 1500)
    assert len(queries.rows_of(made, range(1, 3001))) == 3000
    assert len(ids(made, ImageQuery(only=tuple(range(1, 2901)), label="cat"))) == 1450


def test_suggestions_wait_only_where_a_class_is_missing(pets: Pets) -> None:
    made = pets([None, None, None, "cat", "dog"])
    assert suggestions.standing(made) is None
    new = [NewSuggestion(1, 1, 0.6, 2), NewSuggestion(2, 2, 0.8, 1), NewSuggestion(3, 2, 0.9, 3)]
    suggestions.put_suggestions(made, "run-1", new)
    labels.set_label(made, [2], "dog", "ann")
    journal.record(made, Edit(fields=[(3, "excluded", 1)]), "ann")
    assert [(s.image, s.label, s.priority) for s in suggestions.list_suggestions(made)] == [(1, "cat", 2)]
    standing = suggestions.standing(made)
    assert standing is not None
    assert (standing.run, standing.waiting, standing.labeled_since) == ("run-1", 1, 1)
    journal.undo(made)
    journal.undo(made)
    assert [s.image for s in suggestions.list_suggestions(made)] == [2, 1, 3]
    assert [s.image for s in suggestions.list_suggestions(made, [1, 4])] == [1]
    suggestions.put_suggestions(made, "run-2", [])
    assert suggestions.standing(made) is None


def test_refusals_of_many_files_are_replaced_at_once(pets: Pets) -> None:
    """Not one by one, each looking through all of them: that took 34 seconds for 50,000."""
    project = pets(["cat"])
    many = [Refusal(f"/gone/{i}.png", "The file is not there.") for i in range(20_000)]
    images.add_images(project, [], many)
    started = time.monotonic()
    images.add_images(project, [], [Refusal(one.path, "It is empty.") for one in many[1:]])
    assert time.monotonic() - started < 3.0
    assert Counter(one.reason for one in images.list_refusals(project)) == {
        "It is empty.": 19_999,
        "The file is not there.": 1,
    }
