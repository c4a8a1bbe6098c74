"""What must stay together: rules, and the guess that is offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tlstudio.domain.errors import WrongUsage
from tlstudio.images.groups import check_rule, column_of, grouping, outcome
from tlstudio.images.scan import Found


def found(name: str, label: str = "cat", inner: str = "") -> Found:
    return Found(str(Path("/source") / label / inner / name), label, None, inner)


def many(names: Iterable[str], inner: str = "") -> tuple[Found, ...]:
    return tuple(found(name, ("cat", "dog")[i % 2], inner) for i, name in enumerate(names))


@pytest.mark.parametrize(
    ("item", "rule", "group"),
    [
        (found("p01_3.png"), None, None),
        (found("p01_3.png"), "folder", None),
        (found("3.png", inner="p01"), "folder", "cat/p01"),
        (found("3.png", inner="p01/left"), "folder", "cat/p01/left"),
        (found("p01_3.png"), r"name:^(p\d+)_", "p01"),
        (found("p01_3.png"), r"name:p\d+", "p01"),
        (found("p01_3.png"), r"name:(x)?p\d+", None),
        (found("other.png"), r"name:^(p\d+)_", None),
        (found("a-7-b.png"), r"name:a-(\d)-(b)", "7"),
    ],
)
def test_rules(item: Found, rule: str | None, group: str | None) -> None:
    assert grouping(rule)(item) == group


@pytest.mark.parametrize("rule", ["", "patient", "column:", "dicom: ", "name:(", "name:[", "name:*"])
def test_rules_that_make_no_sense(rule: str) -> None:
    with pytest.raises(WrongUsage):
        grouping(rule)


def test_what_the_source_says_counts_only_without_another_rule() -> None:
    item = replace(found("p01_3.png", inner="x"), group="said")
    assert grouping(None)(item) == "said"
    assert grouping("column:patient")(item) == "said"
    assert grouping("none")(item) is None
    assert grouping("folder")(item) == "cat/x"
    assert grouping("folder")(Found("/s/x/1.png", None, None, "x")) == "x"


@pytest.mark.parametrize(
    ("rule", "column"),
    [(None, ""), ("folder", ""), ("name:column:x", ""), ("column: Site ", "Site"), ("column:a:b", "a:b")],
)
def test_the_column_of_a_rule(rule: str | None, column: str) -> None:
    assert column_of(rule) == column


@pytest.mark.parametrize("rule", ["name:(", "column:", "dicom: ", "patient"])
def test_a_rule_is_checked_before_anything_is_read(rule: str) -> None:
    with pytest.raises(WrongUsage) as wrong:
        check_rule(rule)
    assert wrong.value.remedy


@pytest.mark.parametrize("rule", [None, "none", "folder", "column:a", "dicom:PatientID", "name:^(a)"])
def test_rules_that_make_sense(rule: str | None) -> None:
    check_rule(rule)
    assert column_of(rule) == ("a" if rule == "column:a" else "")


@pytest.mark.parametrize(
    ("rule", "groups", "told"),
    [
        ("name:^(P)", ["a", "a", None, "b"], "3 of 4 names matched, which makes 2 groups."),
        ("name:x", ["a", "a"], "2 of 2 names matched, which makes 1 group."),
        ("folder", ["a", None], "1 of 2 images lie in a folder inside their class folder, which makes 1 group."),
        ("column: site", ["a", "b"], "2 of 2 images have something in the column “site”, which makes 2 groups."),
        (
            "dicom:StudyID",
            ["a"] * 1500 + [None],
            "1,500 of 1,501 images have the DICOM tag StudyID, which makes 1 group.",
        ),
        ("name:x", [], "0 of 0 names matched, which makes 0 groups."),
    ],
)
def test_what_a_rule_came_to(rule: str, groups: list[str | None], told: str) -> None:
    assert outcome(rule, groups, [f"{i}.png" for i in range(len(groups))]) == told


@pytest.mark.parametrize(
    ("rule", "names", "told"),
    [
        (
            "name:^(P)",
            ["a.png", "b.png", "c.png"],
            "“^(P)” does not match any of the 3 names, such as “a.png” or “b.png”.",
        ),
        ("name:^(P)", ["a.png"], "“^(P)” does not match the name “a.png”."),
        ("folder", ["a.png"], "No image lies in a folder inside its class folder."),
        ("column:site", ["a.png"], "The column “site” is empty for every image."),
        ("dicom:StudyID", ["a.png"], "None of the images has the DICOM tag StudyID."),
    ],
)
def test_a_rule_that_fits_nothing_is_refused(rule: str, names: list[str], told: str) -> None:
    with pytest.raises(WrongUsage) as wrong:
        outcome(rule, [None] * len(names), names)
    assert told in wrong.value.what
    assert "none to treat every image on its own" in wrong.value.remedy
