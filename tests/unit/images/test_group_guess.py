"""What file names suggest of groups, and the many kinds of names that suggest none."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from tests.unit.conftest import image_row
from tests.unit.images.test_groups import found, many
from tlstudio.images.group_guess import as_found, guess_groups, guessed_groups
from tlstudio.images.groups import grouping
from tlstudio.images.scan import Found

RANDOM = random.Random(0)
NAMES = ("bach", "cage", "dufay", "elgar", "finzi", "gade", "haydn", "ives", "janacek", "kodaly")


def hexadecimal(digits: int) -> str:
    return f"{RANDOM.getrandbits(4 * digits):0{digits}x}"


def identifier() -> str:
    return str(uuid.UUID(int=RANDOM.getrandbits(128), version=4))


def classes(**names: Iterable[str]) -> tuple[Found, ...]:
    return tuple(found(name, label) for label, of_class in names.items() for name in of_class)


def unlabeled(names: Iterable[str]) -> tuple[Found, ...]:
    return tuple(Found(f"/source/{name}", None, None, "") for name in names)


def two_counters(first: Callable[[int], str], groups: int, each: int) -> list[str]:
    return [f"{first(g)}_{i}.png" for g in range(groups) for i in range(each)]


SUGGESTING: dict[str, tuple[Sequence[Found], str, int, int]] = {
    # name: (files, rule, groups of two or more, images in them)
    "patients": (many(two_counters(lambda g: f"patient{g:02d}", 8, 8)), r"name:^(patient\d+)[-_ ]", 8, 64),
    "two patients": (many(two_counters(lambda g: f"pat_{g}", 2, 15)), r"name:^(pat[-_ ]?\d+)[-_ ]", 2, 30),
    "spelled differently": (
        many([*two_counters(lambda g: f"Part{g}", 4, 3), *two_counters(lambda g: f"part{g + 4}", 4, 3)]),
        r"name:(?i)^(part\d+)[-_ ]", 8, 24,
    ),
    "behind the class": (
        classes(ill=two_counters(lambda g: f"ill_P{g}", 9, 4), well=two_counters(lambda g: f"well_P{g + 9}", 9, 4)),
        r"name:(?:^|[-_ ])(P\d+)[-_ ]", 18, 72,
    ),
    "some of many": (
        many([*(f"{hexadecimal(10)}.png" for _ in range(138)), *two_counters(lambda g: f"MUC{g:03d}", 4, 3)]),
        r"name:^([A-Za-z]+[-_ ]?\d+)[-_ ]", 4, 12,
    ),
    "four of 150 patients came back": (
        many([*(f"{i + 99:08d}_00{i % 7}.png" for i in range(141)), *(f"{i // 2:08d}_{i:03d}.png" for i in range(8))]),
        r"name:^(\d+)[-_ ]", 4, 8,
    ),
    "eyes": (many(f"{i // 2}_{('left', 'right')[i % 2]}.jpeg" for i in range(2, 200)), r"name:^(\d+)[-_ ]", 99, 198),
    "slides of several magnifications": (
        many(f"SOB_B_A-14-22{p}AB-{m}-{i:03d}.png" for p in range(100, 140) for m in (40, 100) for i in range(4)),
        r"name:^((?:[^-_ ]+[-_ ]+){4}[^-_ ]+)[-_ ]", 40, 320,
    ),
    "cells of a film": (
        many(f"C{p}P{p - 39}Thin_IMG_20150918_1441{p % 60:02d}_cell_{97 * p + i}.png" for p in range(100, 140) for i in range(9)),
        r"name:^([^-_ ]+)[-_ ]", 40, 360,
    ),
    "augmented": (
        many(f"{u}___RS_{k}{v}.JPG" for k in range(90) for u in [identifier()] for v in ("", "_90deg", "_flip")),
        r"name:^([^-_ ]+)[-_ ]", 90, 270,
    ),
    "letters": (many(f"A{i // 2:03d}{'ab'[i % 2]}.png" for i in range(100)), r"name:^(.*\d)[A-Za-z]\.", 50, 100),
    "in brackets": (many(f"A{g:02d}x ({i}).png" for g in range(30) for i in range(3)), r"name:^([^-_ ]+)[-_ ]", 30, 90),
    "bracketed": (many(f"A{g:02d}x({i}).png" for g in range(30) for i in range(3)), r"name:^(.+?) ?\(\d+\)\.", 30, 90),
    "surnames": (
        many(f"{name}_{i}.jpg" for name in NAMES for i in range(5)),
        r"name:^([^-_ ]+)[-_ ]", 10, 50,
    ),
    "folders": (tuple(found(f"{i}.png", "ab"[p % 2], f"P{p:02d}") for p in range(12) for i in range(5)), "folder", 12, 60),
}  # fmt: skip

SILENT: dict[str, Sequence[Found]] = {
    "cameras": many(f"DSC{i:05d}.JPG" for i in range(100)),
    "cameras, separated": many(f"DSC_{i:04d}.JPG" for i in range(100)),
    "phones": many(f"IMG_{20200101 + i // 10}_{120000 + i}.jpg" for i in range(100)),
    "messengers": many(f"IMG-{20200101 + i // 10}-WA{i:04d}.jpg" for i in range(100)),
    "moments": many(f"Photo 2020-01-{1 + i // 10:02d} 12-{i % 60:02d}-{i // 60:02d}.png" for i in range(100)),
    "other moments": many(f"{1 + i // 10:02d}.01.2020_12{i % 60:02d}_{i}.png" for i in range(100)),
    "times": many(f"{i % 24:02d}-{i % 60:02d}-{i // 60:02d}_{i}.png" for i in range(100)),
    "bursts": many(f"IMG_{20200101 + i // 10}_{120000 + i // 3}_{i % 3}.jpg" for i in range(100)),
    "days as folders": tuple(
        found(f"{i}.png", "ab"[p % 2], f"2020-01-{p + 1:02d}") for p in range(12) for i in range(5)
    ),
    "identifiers": many(f"{identifier()}.png" for _ in range(1000)),
    "photo numbers": many(f"{RANDOM.randrange(10**9)}_{hexadecimal(10)}.jpg" for _ in range(300)),
    "counters in every class": classes(a=[f"img_{i}.png" for i in range(99)], b=[f"img_{i}.png" for i in range(99)]),
    "subjects in every class": classes(
        a=[f"sample_{i}.png" for i in range(99)], b=[f"sample_{i}.png" for i in range(99)]
    ),
    "defects": classes(**{c: [f"{c}_{i}.jpg" for i in range(50)] for c in ("crack", "pore", "scale", "dent", "cut")}),
    "defects, unlabeled": unlabeled(
        f"{c}_{i}.jpg" for c in ("crack", "pore", "scale", "dent", "cut") for i in range(50)
    ),
    "kinds of defects": classes(
        bad=[f"{c}_{i}.jpg" for c in ("crack", "pore", "scale", "dent", "cut") for i in range(30)],
        good=[f"good_{i}.png" for i in range(200)],
    ),
    "breeds": classes(
        cat=[f"breed{a}_{i}.jpg" for a in "abcdefghij" for i in range(30)],
        dog=[f"breed{a}_{i}.jpg" for a in "klmnopqrst" for i in range(30)],
    ),
    "numbered classes": classes(**{f"l{k}": [f"l{k}_{i:03d}.tif" for i in range(40)] for k in range(1, 9)}),
    "class numbers, unlabeled": unlabeled(f"{i % 10}_{i:05d}.png" for i in range(1000)),
    "conditions": many(f"exp{1 + i % 6}_num_{RANDOM.randrange(10**6)}.jpg" for i in range(600)),
    "ten conditions": many(f"exp{i % 10}_num_{RANDOM.randrange(10**6)}.jpg" for i in range(600)),
    "magnifications": many(f"{m}x_{i:03d}.png" for m in (10, 20, 40) for i in range(50)),
    "collections": classes(
        a=[f"gg ({i}).jpg" for i in range(300)], b=[f"m{k} ({i}).jpg" for k in (1, 2, 3) for i in range(30)]
    ),
    "copies of a few": many([*(f"IMG_{i:04d}.jpg" for i in range(100)), *(f"IMG_{i:04d} (1).jpg" for i in range(5))]),
    "words": many(f"{name}_{i}.jpg" for name in NAMES[:9] for i in range(5)),
    "words with one series": many(f"{name}_{5 * k + i}.jpg" for k, name in enumerate(NAMES) for i in range(5)),
    "one name": many(f"scan_{i:03d}.png" for i in range(100)),
    "kinds in folders": tuple(found(f"{i}.png", "bad", kind) for kind in ("crack", "pore", "cut") for i in range(30)),
    "none": (),
}


@pytest.mark.parametrize("kind", SUGGESTING)
def test_names_that_suggest_groups(kind: str) -> None:
    files, rule, shared, images = SUGGESTING[kind]
    guess = guess_groups(files)
    assert guess is not None
    assert (guess.rule, guess.shared, guess.images) == (rule, shared, images)
    made = [grouping(guess.rule)(item) for item in files]
    assert guess.groups == len(set(made) - {None}), "the rule can be used as it is"
    assert made.count(guess.example_group) >= 2
    assert all(any(item.name == name for item in files) for name in guess.examples)
    again = guessed_groups(guess, files)
    assert len(again) == shared and sum(map(len, again.values())) == images
    assert all(made[i] == name for name, places in again.items() for i in places)


@pytest.mark.parametrize("kind", SILENT)
def test_names_that_suggest_none(kind: str) -> None:
    assert guess_groups(SILENT[kind]) is None


def test_the_largest_group_is_the_example() -> None:
    guess = guess_groups(
        many([*two_counters(lambda g: f"patient{g}", 5, 3), *two_counters(lambda _: "patient9", 1, 6)])
    )
    assert guess is not None
    assert guess.example_group == "patient9"
    assert guess.examples == ("patient9_0.png", "patient9_1.png", "patient9_2.png")


def numbered(groups: int, each: int, *, others: int = 0, restart: bool = True) -> tuple[Found, ...]:
    """Groups `A0_…` of equal size with counters that start anew or run through, among names that have none."""
    names = [f"A{g}_{i if restart else 100 * g + i}.png" for g in range(groups) for i in range(each)]
    return many([*names, *(f"{hexadecimal(12)}.png" for _ in range(others))])


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (numbered(2, 2, others=16), True),
        (numbered(1, 2, others=18), False),  # one group alone may have met by chance
        (numbered(2, 2, others=396), True),
        (numbered(2, 2, others=397), False),  # below one image in a hundred
        (numbered(4, 20, others=120, restart=False), True),
        (numbered(4, 21, others=126, restart=False), False),  # large groups with a counter that runs through
        (numbered(4, 21, others=126), False),  # and few of them, even where it starts anew
        (numbered(5, 21, others=105), True),
        (numbered(20, 21, restart=False), True),  # so many are no conditions
        (numbered(19, 21, restart=False), False),
        (numbered(4, 20, others=119), False),  # more than a tenth of the images, and few
    ],
    ids=str,
)
def test_the_borders(files: Sequence[Found], told: bool) -> None:
    assert (guess_groups(files) is not None) is told


@pytest.mark.parametrize(("odd", "told"), [(5, True), (6, False)])
def test_a_general_rule_fits_nearly_all_names(odd: int, told: bool) -> None:
    files = many(
        [*(f"{hexadecimal(6)}x{g}_{i}.png" for g in range(50) for i in range(2)), *(f"z{i}.png" for i in range(odd))]
    )
    pairs = [*(f"k{g}x_{i}.png" for g in range(50) for i in range(2)), *(f"z{i}.png" for i in range(odd))]
    assert guess_groups(files) is None
    assert (guess_groups(many(pairs)) is not None) is told


def test_a_date_is_no_patient_and_a_number_beside_it_is() -> None:
    days = [f"2020-01-{day:02d}_{i}.png" for day in range(1, 11) for i in range(4)]
    assert guess_groups(many(days)) is None
    assert guess_groups(many(f"K{name}" for name in days)) is None
    patients = guess_groups(many(f"K{g:03d}_2020-01-01_{i}.png" for g in range(10) for i in range(4)))
    assert patients is not None
    assert patients.shared == 10


def test_an_image_of_the_project_is_seen_as_the_scan_saw_it() -> None:
    row = image_row(1, "cat")
    inside = found("3.png", "cat", "P1/left")
    assert replace(as_found(image_row(1, "cat", path=inside.path)), split=None) == inside
    assert (as_found(row).label, as_found(row).inner, as_found(row).name) == ("cat", "", row.name)
    assert as_found(image_row(1, None, path=inside.path)).inner == ""
