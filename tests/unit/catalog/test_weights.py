"""Finding weights on this machine."""

from __future__ import annotations

import hashlib
import os

import pytest

from tlstudio.catalog import weights
from tlstudio.domain.cards import Where
from tlstudio.domain.errors import UnknownModel, WeightsMissing, WeightsRefused

MODEL = "resnet18.a1_in1k"
FILE = "model.safetensors"


def test_places_are_searched_in_order(tmp_path, home, monkeypatch, weights_folder):
    one, two = tmp_path / "one", tmp_path / "two"
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", os.pathsep.join([str(one), str(two)]))
    assert weights.folders()[:3] == (one, two, home / "weights")
    own = weights_folder(home / "weights")
    assert weights.find(MODEL) == own
    second = weights_folder(two)
    assert weights.find(MODEL) == second
    first = weights_folder(one)
    assert weights.find(MODEL) == first


def test_a_damaged_folder_is_passed_over(tmp_path, home, monkeypatch, weights_folder):
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", str(tmp_path / "one"))
    weights_folder(tmp_path / "one", weights=b"short")
    sound = weights_folder(home / "weights")
    assert weights.find(MODEL) == sound


def test_missing_weights_say_how_to_get_them():
    assert weights.find(MODEL) is None
    with pytest.raises(WeightsMissing) as caught:
        weights.require(MODEL)
    assert f"models download {MODEL}" in caught.value.remedy
    assert "models add" in caught.value.remedy


def test_damaged_weights_are_named_when_they_are_the_only_ones(home, weights_folder):
    weights_folder(home / "weights", weights=b"short")
    with pytest.raises(WeightsRefused, match="damaged"):
        weights.require(MODEL)


def test_a_folder_with_another_networks_name_is_refused(home, weights_folder):
    folder = weights_folder(home / "weights", "vgg16.tv_in1k")
    folder.rename(home / "weights" / MODEL)
    assert weights.find(MODEL) is None
    with pytest.raises(WeightsRefused, match="disagree"):
        weights.require(MODEL)


def test_statuses_show_every_card_and_every_other_folder(home, weights_folder):
    here = weights_folder(home / "weights")
    other = weights_folder(home / "weights", "resnet26.bt_in1k")
    weights_folder(home / "weights", "resnet34.a1_in1k", weights=b"short")
    (home / "weights" / "notes").mkdir()
    found = {status.card.id: status for status in weights.statuses()}
    assert len(found) == len(weights.cards()) + 1
    assert (found[MODEL].where, found[MODEL].folder) == (Where.HERE, here)
    assert (found["resnet26.bt_in1k"].where, found["resnet26.bt_in1k"].folder) == (Where.HERE, other)
    assert found["vgg16.tv_in1k"].where is Where.DOWNLOAD


def test_bundled_weights_are_bundled(tmp_path, monkeypatch, weights_folder):
    monkeypatch.setattr(weights, "models_dir", lambda: tmp_path)
    name = "tf_efficientnet_lite0.in1k"
    folder = weights_folder(tmp_path, name)
    status = next(each for each in weights.statuses() if each.card.id == name)
    assert (status.where, status.folder) == (Where.BUNDLED, folder)


def test_a_card_for_weights_without_one(home, weights_folder):
    weights_folder(home / "weights", "resnet18.q8_own")
    card = weights.describe("resnet18.q8_own")
    assert card.family == "ResNet"
    assert card.parameters == 0.0  # 250 numbers
    assert card.gmacs > 1  # the same network at the same input size has a card
    assert card.license == "apache-2.0"
    assert card.bytes > 1000


def test_describe_knows_cards_without_weights_and_nothing_else():
    assert weights.describe(MODEL).title == "ResNet-18"
    with pytest.raises(UnknownModel):
        weights.describe("resnet26.bt_in1k")


def test_the_hash_is_remembered_until_the_file_changes(home, weights_folder, monkeypatch):
    folder = weights_folder(home / "weights")
    right = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    assert weights.weights_hash(folder) == right
    read = []
    digest = hashlib.file_digest
    monkeypatch.setattr(weights.hashlib, "file_digest", lambda *args: read.append(1) or digest(*args))
    assert weights.weights_hash(folder) == right
    assert read == []
    changed = (folder / FILE).read_bytes()[:-1] + b"\x01"
    (folder / FILE).write_bytes(changed)
    os.utime(folder / FILE, ns=(1, 1))
    assert weights.weights_hash(folder) == hashlib.sha256(changed).hexdigest()
    assert read == [1]


def test_a_damaged_memory_of_hashes_costs_only_time(home, weights_folder):
    folder = weights_folder(home / "weights")
    (home / "weights-hashes.json").write_text("[", encoding="utf-8")
    assert len(weights.weights_hash(folder)) == 64
