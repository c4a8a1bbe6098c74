"""The cards: strict reading, and every fact against timm."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest

from tlstudio.catalog.cards import canonical, card, card_for_folder, cards, read_card
from tlstudio.domain.errors import FileTrouble, UnknownModel, WeightsRefused
from tlstudio.storage.places import models_dir

LIGHT, STRONG = "tf_efficientnet_lite0.in1k", "tf_efficientnet_lite2.in1k"
ALL = [each.id for each in cards()]


def test_there_are_enough_cards_of_every_family_that_people_ask_for():
    assert len(ALL) >= 26
    families = {each.family for each in cards()}
    asked = (
        "ResNet VGG Inception EfficientNet MobileNet MobileNetV4 DenseNet ConvNeXt ViT DINOv2 DINOv3 Swin RegNet EVA-02"
    )
    assert families >= set(asked.split())
    assert families & {"EfficientViT", "FastViT"}
    assert [each.id for each in cards()][:2] == [LIGHT, STRONG]


@pytest.mark.parametrize("name", ALL)
def test_what_a_card_says_to_people(name):
    made = card(name)
    assert made.good_for.endswith(".") and "!" not in made.good_for and len(made.good_for) < 140
    assert not made.limits or made.limits.endswith(".")
    if made.license not in ("apache-2.0", "mit", "bsd-3-clause"):
        assert made.license_note.endswith(".")


@pytest.mark.parametrize("name", ALL)
def test_every_card_agrees_with_timm(name):
    timm = pytest.importorskip("timm")
    torch = pytest.importorskip("torch")
    made = card(name)
    assert made.architecture in timm.list_models()
    kwargs = {}
    if made.bundled:
        kwargs = {"num_classes": 0}  # the classifier is left out
    else:
        assert made.tag in {each.partition(".")[2] for each in timm.list_pretrained(f"{made.architecture}.*")}
    with torch.device("meta"):
        model = timm.create_model(made.architecture if made.bundled else name, pretrained=False, **kwargs)
    facts = model.pretrained_cfg
    parameters = sum(each.numel() for each in model.parameters()) / 1e6
    assert made.parameters == pytest.approx(parameters, abs=0.006)
    assert made.classifier == facts["classifier"]
    assert made.mean == tuple(facts["mean"])
    assert made.std == tuple(facts["std"])
    size = 4 * sum(each.numel() for each in (*model.parameters(), *model.buffers()))
    # Of the bundled ones all but the normalisations is in half precision.
    assert made.bytes == pytest.approx(size / 2 if made.bundled else size, rel=0.05)
    if made.bundled:
        return
    assert facts["input_size"] == (3, made.input_size, made.input_size)
    assert made.interpolation == facts["interpolation"]
    assert made.fixed_input_size == bool(facts.get("fixed_input_size"))
    assert made.license == facts["license"]
    stated = facts["hf_hub_id"]
    assert made.source == (f"{stated}{name}" if stated.endswith("/") else stated)


@pytest.mark.parametrize("name", [LIGHT, STRONG])
def test_the_cards_of_the_bundled_models_agree_with_their_weights(name):
    folder = models_dir() / name
    found, made = card_for_folder(folder), card(name)
    assert made.bundled and hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() == made.sha256
    facts = "id input_size mean std parameters classifier license interpolation bytes fixed_input_size"
    for fact in facts.split():
        assert getattr(found, fact) == getattr(made, fact), fact


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"title": 3},
        {"title": ""},
        {"input_size": 0},
        {"input_size": True},
        {"mean": [0.5, 0.5]},
        {"std": [0.5, 0.5, 0.0]},
        {"parameters": -1},
        {"gmacs": "much"},
        {"sha256": "abc"},
        {"source": "nowhere"},
        {"interpolation": "magic"},
        {"id": "resnet18"},
        {"imagenet_top1": 7315.8},
    ],
)
def test_a_damaged_card_is_refused(change, tmp_path):
    data = json.loads((models_dir() / "cards" / "resnet18.a1_in1k.json").read_text(encoding="utf-8"))
    path = tmp_path / "resnet18.a1_in1k.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert read_card(path) == card("resnet18.a1_in1k")
    path.write_text(json.dumps({**data, **change}), encoding="utf-8")
    with pytest.raises(FileTrouble) as caught:
        read_card(path)
    assert next(iter(change)) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_file_that_is_no_card_is_refused(text, tmp_path):
    path = tmp_path / "x.y.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileTrouble):
        read_card(path)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownModel) as caught:
        card("resnet18.a1_in1")
    assert "resnet18.a1_in1k" in caught.value.remedy


def test_what_people_paste_is_understood():
    for text in (
        "timm/resnet18.a1_in1k",
        "hf-hub:timm/resnet18.a1_in1k",
        "https://huggingface.co/timm/resnet18.a1_in1k/",
    ):
        assert canonical(text) == "resnet18.a1_in1k"


def test_old_descriptions_without_their_own_section(tmp_path, weights_folder):
    folder = weights_folder(tmp_path)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    flat = {
        "architecture": "resnet18",
        **config["pretrained_cfg"],
        "classifier": ["fc", "other"],
        "interpolation": "random",
    }
    (folder / "config.json").write_text(json.dumps(flat), encoding="utf-8")
    made = card_for_folder(folder)
    assert (made.classifier, made.interpolation) == ("fc", "bicubic")


def test_a_damaged_folder_gets_no_card(tmp_path, weights_folder):
    with pytest.raises(WeightsRefused):
        card_for_folder(weights_folder(tmp_path, weights=b""))


def test_the_catalogue_loads_neither_torch_nor_the_hubs_library():
    code = (
        "import sys; from tlstudio.catalog import adding, cards, downloading, weights; weights.statuses(); "
        "print([m for m in ('torch', 'timm', 'huggingface_hub', 'httpx', 'httpx2', 'safetensors', 'numpy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
