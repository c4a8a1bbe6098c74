"""With which model a project begins, and how large the pictures are that it looks at: by images and by the machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelStatus, Where
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage.places import data_dir
from tlstudio.workflow import models, recommending
from tlstudio.workflow.input_sizes import suited_size
from tlstudio.workflow.models import LEAST_SPEED, LIGHT, LOOK_SECONDS, STRONG, USUAL_SPEED, first_choice, speed_of


@pytest.fixture(autouse=True)
def _as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights but those that come with the program."""
    monkeypatch.delenv("TLSTUDIO_WEIGHTS")


def remember(**speeds: float) -> None:
    names = {"light": LIGHT, "strong": STRONG}
    data_dir().mkdir(parents=True, exist_ok=True)
    (data_dir() / "speeds.json").write_text(json.dumps({names[key]: value for key, value in speeds.items()}))


def test_nothing_measured_is_said() -> None:
    choice = first_choice(300)
    assert choice.model == LIGHT and "not measured yet" in choice.reason
    assert not models.speed_known() and speed_of(weights.describe(LIGHT)) == USUAL_SPEED


def test_the_stronger_one_where_the_machine_is_quick_enough() -> None:
    remember(strong=10.0)
    assert first_choice(round(10 * LOOK_SECONDS)).model == STRONG
    assert "10 images a second" in first_choice(10).reason
    slow = first_choice(round(10 * LOOK_SECONDS) + 60)
    assert slow.model == LIGHT and "over a minute" in slow.reason
    assert "20 minutes" in first_choice(12_000).reason
    remember(strong=LEAST_SPEED)
    assert first_choice(10).model == STRONG
    remember(strong=LEAST_SPEED - 0.1)
    assert first_choice(10).model == LIGHT and "s an image" in first_choice(10).reason


def test_one_speed_tells_the_other() -> None:
    light, strong = weights.describe(LIGHT), weights.describe(STRONG)
    remember(light=100.0)
    assert speed_of(strong) == pytest.approx(100 * light.gmacs / strong.gmacs)
    assert speed_of(replace(light, id="other", gmacs=0.0)) == USUAL_SPEED
    remember(light=100.0, strong=5.0)
    assert speed_of(strong) == 5.0 and speed_of(light) == 100.0


def test_what_the_user_has_brought_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    remember(strong=1000.0)
    brought = replace(weights.describe("resnet50.a1_in1k"))
    statuses = [*weights.statuses(), ModelStatus(brought, Where.HERE, None)]
    monkeypatch.setattr(weights, "statuses", lambda **_: statuses)
    assert first_choice(10).model == "resnet50.a1_in1k"
    unknown = replace(brought, id="resnet34.mine", title="Mine")
    monkeypatch.setattr(weights, "statuses", lambda **_: [*statuses[:-1], ModelStatus(unknown, Where.HERE, None)])
    assert first_choice(10).model == "resnet34.mine" and "Mine" in first_choice(10).reason


def test_the_machine_is_measured_once() -> None:
    choice = recommending.measured_first_choice(5)
    assert models.speed_known() and choice.model in (LIGHT, STRONG) and "not measured" not in choice.reason
    known = (data_dir() / "speeds.json").read_text()
    assert recommending.measured_first_choice(5) == choice and (data_dir() / "speeds.json").read_text() == known


def rows(count: int, width: int, height: int) -> list[ImageRow]:
    return [ImageRow(i, Path(f"{i}.png"), f"{i:064d}", width, height, "a", None, Split.TRAIN) for i in range(count)]


@pytest.mark.parametrize(
    ("count", "edge", "speed", "wanted"),
    [
        (300, 64, 20.0, 224),  # a quarter of a minute: they are worth enlarging
        (20_000, 64, 20.0, 64),  # a quarter of an hour
        (20_000, 64, 350.0, 224),
        (20_000, 65, 1.0, 96),
        (20_000, 8, 1.0, 64),
        (10, 8, 350.0, 64),  # of nothing more is made
        (10, 24, 350.0, 96),
        (10, 25, 350.0, 128),
        (10, 56, 350.0, 224),
        (4_800, 64, 20.0, 96),  # 112 pixels would take just a minute
        (20_000, 1000, 1.0, 224),
        (0, 64, 1.0, 224),
    ],
)
def test_small_pictures_are_enlarged_where_there_is_time(count: int, edge: int, speed: float, wanted: int) -> None:
    assert suited_size(weights.describe(LIGHT), rows(count, edge, edge), speed) == wanted


def test_a_few_large_ones_count_little_and_a_model_of_one_size_is_left() -> None:
    card = weights.describe(LIGHT)
    mixed = [*rows(1900, 64, 64), *rows(100, 3000, 3000)]
    assert suited_size(card, mixed, 0.01) == 64
    assert suited_size(card, [*mixed, *rows(200, 3000, 3000)], 0.01) == 224
    assert suited_size(replace(card, fixed_input_size=True), mixed, 0.01) == 224
    assert suited_size(card, rows(2000, 64, 100), 0.01) == 96
