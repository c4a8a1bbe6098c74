"""Weights whose numbers are none are not listed, from the first listing on, and listing stays quick."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from tests.unit.catalog.conftest import make_folder, make_safetensors
from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelStatus, Where

OWN, OTHER = "resnet18.a1_in1k", "resnet18.mine"
NAN = struct.pack("<f", float("nan"))


@pytest.fixture(autouse=True)
def _headers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "is_layout_of", lambda *_: True)


def here() -> dict[str, ModelStatus]:
    return {status.card.id: status for status in weights.statuses() if status.where is Where.HERE}


def damaged() -> bytes:
    return make_safetensors()[:-4] + NAN


@pytest.mark.parametrize("model", [OWN, OTHER])
def test_one_number_that_is_none(home: Path, model: str) -> None:
    make_folder(home / "weights", model, damaged())
    make_folder(home / "weights", "resnet18.sound")
    assert set(here()) == {"resnet18.sound"}
    assert set(here()) == {"resnet18.sound"}, "as it is remembered"


def test_what_was_found_is_remembered_until_the_file_changes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(home / "weights", OTHER)
    looked: list[Path] = []
    check = weights.check_numbers
    monkeypatch.setattr(weights, "check_numbers", lambda path: (looked.append(path), check(path)))
    assert set(here()) == set(here()) == {OTHER}
    assert looked == [folder / "model.safetensors"]
    (folder / "model.safetensors").write_bytes(damaged())
    assert here() == {}
    assert here() == {}
    assert len(looked) == 2
    (folder / "model.safetensors").write_bytes(make_safetensors())
    assert set(here()) == {OTHER}
    assert len(looked) == 2, "its content was known already"


def test_there_is_a_limit_and_the_next_listing_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for numbers, name in enumerate(("resnet18.a", "resnet18.b", "resnet18.c"), start=50):
        sound = make_safetensors(numbers)
        make_folder(home / "weights", name, sound[:-4] + NAN if name == "resnet18.c" else sound)
    now = [time.monotonic()]
    monkeypatch.setattr(weights.time, "monotonic", lambda: now[0])
    check = weights.check_numbers

    def slow(path: Path) -> None:
        now[0] += weights.LISTING_SECONDS
        check(path)

    monkeypatch.setattr(weights, "check_numbers", slow)
    assert [(name, status.unread) for name, status in sorted(here().items())] == [
        ("resnet18.a", False),
        ("resnet18.b", True),
        ("resnet18.c", True),
    ]
    assert [(name, status.unread) for name, status in sorted(here().items())] == [
        ("resnet18.a", False),
        ("resnet18.b", False),
        ("resnet18.c", True),
    ]
    assert [(name, status.unread) for name, status in sorted(here().items())] == [
        ("resnet18.a", False),
        ("resnet18.b", False),
    ]


def test_what_was_vetted_is_not_read_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(home / "weights", OTHER)
    weights.remember_vetted(folder, sound=True)
    monkeypatch.setattr(weights, "check_numbers", None)
    assert set(here()) == {OTHER}
