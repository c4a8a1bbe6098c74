"""What a bundle says of its novelty score is read back, and told in sentences that are true."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from tlstudio.domain.novelty import Noticed, NoveltyFacts
from tlstudio.domain.reading import read_fields

FACTS = NoveltyFacts(
    200,
    80,
    True,
    0.015,
    Noticed("images like those", 50, 1),
    (Noticed("noise", 12, 12), Noticed("blurred images", 40, 3)),
)


def test_it_comes_back_as_it_was_written() -> None:
    assert read_fields(NoveltyFacts, asdict(FACTS)) == FACTS
    assert read_fields(NoveltyFacts, {**asdict(FACTS), "of_a_newer_version": 1}) == FACTS
    with pytest.raises(TypeError):
        read_fields(NoveltyFacts, {**asdict(FACTS), "wrongly": {"images": 1}})


def test_the_promise_names_what_was_seen() -> None:
    assert FACTS.promise == (
        "Set so that at most about 1.5 % of the images like those it learned from are called unfamiliar."
        " Of 50 that it did not learn from, it was 1."
    )
    assert NoveltyFacts(200, 80, True, 0.015).promise.endswith("are called unfamiliar.")


@pytest.mark.parametrize(
    ("images", "units", "made"),
    [(30, 30, "With 30 images"), (30, 7, "With 30 images of 7 groups"), (1, 1, "With 1 image ")],
)
def test_with_few_images_nothing_is_promised(images: int, units: int, made: str) -> None:
    told = NoveltyFacts(images, units, False, 0.015, Noticed("images like those", 50, 1)).promise
    assert told.startswith(made)
    assert "no limit for “unfamiliar” can be promised" in told


def test_strangers_are_told_with_shares() -> None:
    assert FACTS.notices == "Of strangers like these it notices about: noise 100 %, blurred images 8 %."
    assert replace(FACTS, of_full=True).notices == FACTS.notices + " (Measured in full precision.)"
    assert NoveltyFacts(200, 80, True, 0.015).notices == ""
    assert Noticed("none", 0, 0).share == 0.0
