"""Where new images go: to their kin in the project, to where the source puts them, and the rest by chance, in one piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.conftest import image_row
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import ImageRow, Split
from tlstudio.workflow.dividing import Candidate, divide_new

TRAIN, VAL, TEST = Split.TRAIN, Split.VAL, Split.TEST
ASKED = ImportRequest(Path("/source"), Path("/project"))  # a fifth for the test, 15 % for validation


def new(n: int, *, given: Split | None = None, group: str | None = None, start: int = 0) -> list[Candidate]:
    """Images that have nothing to do with each other, but for the group."""
    return [Candidate("cat", f"file {start + i}", group, given) for i in range(n)]


def divided(
    images: Sequence[Candidate],
    known: Sequence[ImageRow] = (),
    alike: dict[int, int] | None = None,
    request: ImportRequest = ASKED,
) -> list[Split]:
    return divide_new(images, known, alike or {}, request).splits


def test_what_the_source_leaves_open_is_divided_as_asked() -> None:
    images = new(100)
    splits = divided(images)
    assert Counter(splits) == {TRAIN: 65, TEST: 20, VAL: 15}
    assert divided(images) == splits
    assert divided(images, request=replace(ASKED, seed=1)) != splits
    assert Counter(divided(images, request=replace(ASKED, test_fraction=0.0))) == {TRAIN: 85, VAL: 15}
    assert Counter(divided(images, request=replace(ASKED, val_fraction=0.0))) == {TRAIN: 80, TEST: 20}
    assert divide_new(images, [], {}, ASKED).joined == 0
    assert divided([]) == []


def test_classes_are_divided_alike() -> None:
    images = [replace(image, label="dog" if i < 20 else "cat") for i, image in enumerate(new(100))]
    splits = divided(images)
    assert Counter(splits[:20]) == {TRAIN: 13, TEST: 4, VAL: 3}


@pytest.mark.parametrize("tie", ["group", "content", "alike"])
def test_what_belongs_together_is_never_torn(tie: str) -> None:
    options = {"group": lambda i: f"part {i}", "content": lambda i: f"the file {i}", "alike": lambda i: i}
    images = [replace(image, **{tie: options[tie](i // 4)}) for i, image in enumerate(new(200))]
    for seed in range(3):
        splits = divided(images, request=replace(ASKED, seed=seed))
        assert all(len(set(splits[i : i + 4])) == 1 for i in range(0, 200, 4))
        assert Counter(splits) == {TRAIN: 128, TEST: 40, VAL: 32}, "whole fours, next to 130, 40 and 30"


def test_ties_of_several_kinds_are_one_chain() -> None:
    """The first has the group of the second, which is a copy of the third, which looks like the fourth."""
    chain = [
        Candidate("cat", "a", "part", None),
        Candidate("cat", "b", "part", None),
        Candidate("cat", "b", None, None, 7),
        Candidate("cat", "c", None, None, 7),
    ]
    for seed in range(8):
        assert len(set(divided([*chain, *new(20)], request=replace(ASKED, seed=seed))[:4])) == 1


# --- kin in the project ---


def kin() -> list[ImageRow]:
    return [
        image_row(1, "cat", split=TEST, group="part"),
        image_row(2, "cat", split=VAL, content="copy"),
        image_row(3, "cat", split=TRAIN),
    ]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Candidate("cat", "copy", "part", None, 5), TEST),
        (Candidate("cat", "copy", None, None, 5), VAL),
        (Candidate("cat", "new", None, None, 5), TRAIN),
        (Candidate("cat", "new", "part", None, 5), TEST),
        (Candidate("cat", "copy", None, TEST, None), VAL),
        (Candidate("cat", "new", "part", TRAIN, None), TEST),
    ],
)
def test_kin_in_the_project_decide_the_group_first_then_copies_then_near_duplicates(
    image: Candidate, expected: Split
) -> None:
    assert divided([image], kin(), {3: 5}) == [expected]
    everything = replace(ASKED, test_fraction=0.0, val_fraction=0.9)
    assert divided([image, *new(9)], kin(), {3: 5}, everything)[0] is expected, "whatever is asked for the rest"


def test_a_whole_chain_joins_the_kin_of_one() -> None:
    chain = [
        Candidate("cat", "a", "part", None),
        Candidate("cat", "b", "part", None, 2),
        Candidate("cat", "c", None, None, 2),
    ]
    assert divided(chain, [image_row(9, "cat", split=VAL, content="c")]) == [VAL] * 3


def test_where_kin_in_the_project_are_torn_the_first_counts() -> None:
    torn = [image_row(1, "cat", split=VAL, group="part"), image_row(2, "cat", split=TEST, group="part")]
    assert divided(new(3, group="part"), torn) == [VAL] * 3


def test_those_that_went_elsewhere_than_the_source_put_them_are_counted() -> None:
    images = [
        *new(4, given=TRAIN, group="part"),
        *new(2, given=TEST, group="part", start=4),
        *new(3, group="part", start=6),
    ]
    images += new(5, given=TRAIN, start=9)
    found = divide_new(images, kin(), {}, replace(ASKED, val_fraction=0.0))
    assert found.splits == [TEST] * 9 + [TRAIN] * 5
    assert found.joined == 4, "two were to go there anyway, and of three the source says nothing"


# --- the source's word ---


def test_a_part_that_the_source_lacks_is_cut_from_its_training_images() -> None:
    images = [*new(80, given=TRAIN), *new(30, given=TEST, start=80), *new(20, start=110)]
    splits = divided(images)
    assert splits[80:110] == [TEST] * 30
    assert Counter([*splits[:80], *splits[110:]]) == {TRAIN: 85, VAL: 15}, "15 % of the hundred that are left"
    images = [*new(80, given=TRAIN), *new(30, given=VAL, start=80), *new(20, start=110)]
    splits = divided(images)
    assert splits[80:110] == [VAL] * 30
    assert Counter([*splits[:80], *splits[110:]]) == {TRAIN: 80, TEST: 20}
    assert Counter(divided(new(100, given=TRAIN))) == {TRAIN: 65, TEST: 20, VAL: 15}


def test_where_the_source_has_all_parts_the_rest_is_for_training() -> None:
    images = [*new(5, given=TEST), *new(5, given=VAL, start=5), *new(10, given=TRAIN, start=10), *new(10, start=20)]
    assert divided(images) == [*[TEST] * 5, *[VAL] * 5, *[TRAIN] * 20]


def test_what_the_source_tears_stays_as_it_says() -> None:
    images = [*new(3, given=TEST, group="part"), *new(3, given=VAL, group="part", start=3)]
    found = divide_new(images, [], {}, ASKED)
    assert (found.splits, found.joined) == ([*[TEST] * 3, *[VAL] * 3], 0)


@pytest.mark.parametrize("part", [TEST, VAL])
def test_those_of_which_the_source_says_nothing_stay_with_their_group(part: Split) -> None:
    images = [*new(2, group="part"), *new(2, given=part, group="part", start=2), *new(40, start=4)]
    splits = divided(images)
    assert splits[:4] == [part] * 4
    assert splits.count(part) == 4, "the part is there already"


def test_those_that_the_source_has_for_training_are_cut_together_with_their_group() -> None:
    images = [
        replace(image, group=f"part {i // 2}", given=TRAIN if i % 2 else None) for i, image in enumerate(new(100))
    ]
    splits = divided(images)
    assert splits[::2] == splits[1::2]
    assert Counter(splits) == {TRAIN: 64, TEST: 20, VAL: 16}
