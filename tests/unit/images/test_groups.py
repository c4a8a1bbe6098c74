"""What must stay together: rules, and the guess that is offered."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tlstudio.domain.errors import WrongUsage
from tlstudio.images.group_guess import guess_groups
from tlstudio.images.groups import grouping
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
    assert grouping(rule, bytes)(item) == group


@pytest.mark.parametrize("rule", ["", "patient", "column:", "dicom: ", "name:(", "name:[", "name:*"])
def test_rules_that_make_no_sense(rule: str) -> None:
    with pytest.raises(WrongUsage):
        grouping(rule, bytes)


def test_guess_from_names_with_an_example() -> None:
    items = many(f"patient{p:02d}_{i}.png" for p in range(10) for i in range(4))
    guess = guess_groups(items)
    assert guess is not None
    assert guess.groups == 10
    assert guess.example_group == "patient00"
    assert guess.examples == ("patient00_0.png", "patient00_1.png", "patient00_2.png")
    assert grouping(guess.rule, bytes)(items[0]) == "patient00", "the rule can be used as it is"


def test_guess_from_numbers_and_from_folders() -> None:
    numbers = guess_groups(many(f"{p:04d}-{i}.jpg" for p in range(8) for i in range(3)))
    assert numbers is not None
    assert numbers.groups == 8
    folders = guess_groups(tuple(found(f"{i}.png", inner=f"part{p}") for p in range(8) for i in range(3)))
    assert folders is not None
    assert (folders.rule, folders.groups) == ("folder", 8)


@pytest.mark.parametrize(
    "names",
    [
        [f"{i:03d}.png" for i in range(40)],
        [f"scan_{i:03d}.png" for i in range(40)],
        [f"patient{i:02d}_1.png" for i in range(40)],
        [f"p{i % 2}_{i}.png" for i in range(40)],
        [],
    ],
    ids=["counter", "one word", "each alone", "one for each class", "nothing"],
)
def test_no_guess_where_names_say_nothing(names: list[str]) -> None:
    assert guess_groups(many(names)) is None
