"""Who may belong together: never what somebody told apart, and no chain without an end."""

from __future__ import annotations

import pytest

from tlstudio.images.agreeing import Agreement
from tlstudio.images.joining import LARGEST, Edge, Joined, Known, clusters_before, one_group, told_apart


def edge(first: int, second: int, *, resaved: bool = False) -> Edge:
    return Edge(first, second, Agreement(0.95, 0.0, resaved))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (Known(label="a"), Known(label="b"), True),
        (Known(label="a"), Known(label="a"), False),
        (Known(label="a"), Known(), False),
        (Known(), Known(label="b"), False),
        (Known(group="1"), Known(group="2"), True),
        (Known(group="1"), Known(group="1"), False),
        (Known(label="a", group="1"), Known(label="a", group="2"), True),
        (Known(label="a", group="1"), Known(label="b", group="1"), True),
    ],
)
def test_what_somebody_told_apart(one: Known, other: Known, apart: bool) -> None:
    assert told_apart(one, other) is told_apart(other, one) is apart


def test_one_group_is_one_that_was_stated() -> None:
    assert one_group(Known(group="1"), Known(group="1"))
    assert not one_group(Known(group="1"), Known(group="2"))
    assert not one_group(Known(), Known())


def test_who_was_joined_before() -> None:
    numbers = (0, -1, None, 4, 0, 4, -1, 0)
    assert clusters_before([Known(cluster=n) for n in numbers]) == [[0, 4, 7], [3, 5]]
    joined = Joined([Known(cluster=n) for n in numbers])
    assert joined.together(0, 7) and joined.together(3, 5)
    assert not joined.together(0, 3) and not joined.together(1, 6) and not joined.together(1, 2)


def test_sets_grow_and_have_one_number() -> None:
    joined = Joined([Known()] * 5)
    joined.try_to_join(edge(0, 1))
    joined.try_to_join(edge(2, 3))
    assert not joined.together(1, 2)
    joined.try_to_join(edge(1, 3))
    joined.try_to_join(edge(0, 2))
    numbers = joined.all()
    assert len({numbers[i] for i in range(4)}) == 1 and numbers[4] != numbers[0]


@pytest.mark.parametrize("what", ["label", "group"])
def test_a_contradiction_is_joined_only_by_what_was_saved_again(what: str) -> None:
    pictures = [Known(**{what: "a"}), Known(), Known(**{what: "b"})]
    joined = Joined(pictures)
    joined.try_to_join(edge(0, 1))
    joined.try_to_join(edge(1, 2))
    assert joined.together(0, 1) and not joined.together(1, 2), "nor by way of one of which nobody said anything"
    joined.try_to_join(edge(1, 2, resaved=True))
    assert not joined.together(1, 2), "only where it is asked for"
    joined.try_to_join(edge(1, 2), across=True)
    assert not joined.together(1, 2), "and only of one that was saved again"
    joined.try_to_join(edge(1, 2, resaved=True), across=True)
    assert joined.together(0, 2)


def test_a_set_holds_no_more_than_it_may() -> None:
    assert LARGEST == 30
    joined = Joined([Known()] * 62)
    for i in range(1, LARGEST):
        joined.try_to_join(edge(0, i))
    assert len({joined.all()[i] for i in range(LARGEST)}) == 1
    joined.try_to_join(edge(0, LARGEST))
    assert not joined.together(0, LARGEST)
    for i in range(1, 15):
        joined.try_to_join(edge(LARGEST, LARGEST + i))
        joined.try_to_join(edge(46, 46 + i))
    joined.try_to_join(edge(LARGEST, 46))
    assert joined.together(LARGEST, 60), "two sets of fifteen are thirty"
    joined.try_to_join(edge(61, 50))
    assert not joined.together(61, 46)
    joined.try_to_join(edge(3, 4))
    assert joined.together(3, 4)
