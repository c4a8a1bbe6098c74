"""The training script of the starter backbone, run for a moment on generated pictures; and the weights that come along."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import timm
import torch
from PIL import Image

MODELS = Path(__file__).resolve().parents[3] / "models"
SCRIPT = MODELS / "train_starter.py"
STARTER = MODELS / "mobilenetv3_small_100.starter_tin"


def write_pictures(folder: Path, count: int, seed: int) -> None:
    """Class folders that anything can tell apart: red and blue noise."""
    rng = np.random.default_rng(seed)
    for channel, name in ((0, "red"), (2, "blue")):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 60, (40, 48, 3), dtype=np.uint8)
            pixels[..., channel] += 180
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(SCRIPT), *arguments, "--device", "cpu"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_short_run_gives_weights_that_timm_loads(tmp_path):
    write_pictures(tmp_path / "data/train", 40, 0)
    write_pictures(tmp_path / "data/val", 8, 1)
    (tmp_path / "data/train/red/broken.png").write_bytes(b"not a picture")
    out = tmp_path / "mobilenetv3_small_050.tiny"
    arguments = [
        "--seconds",
        "5",
        "--batch",
        "16",
        "--warmup",
        "5",
        "--stored",
        "32",
        "--size",
        "32",
        "--final-size",
        "48",
    ]
    arguments += ["--architecture", "mobilenetv3_small_050", "--tag", "tiny"]
    done = run_script(str(tmp_path / "data"), "--out", str(out), *arguments)
    assert done.returncode == 0, done.stderr
    assert "broken.png" in done.stderr

    result = json.loads(done.stdout)
    assert result["classes"] == 2
    assert result["images"] == 80
    assert result["seen"] >= 16
    assert set(result["top1"]) == {"32", "48", "64"}
    assert all(0 <= value <= 1 for value in result["top1"].values())
    assert sorted(path.name for path in out.iterdir()) == ["config.json", "model.safetensors"]

    network = timm.create_model(f"local-dir:{out}", pretrained=True).eval()
    assert network.pretrained_cfg["input_size"][-1] == 48
    assert network.pretrained_cfg["tag"] == "tiny"
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 48, 48)).shape == (1, 2)


def load_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, MODELS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def starter_data(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, known to dataclasses by its name for the time of one test."""
    monkeypatch.setitem(sys.modules, "starter_data", ModuleType("starter_data"))
    return load_module("starter_data")


def test_without_val_every_tenth_image_is_held_out(tmp_path, starter_data):
    write_pictures(tmp_path / "data", 20, 0)
    training, held_out = starter_data.load(tmp_path / "data", 16)
    assert (len(training), len(held_out)) == (36, 4)
    assert training.pixels.shape == (36, 3, 16, 16)
    assert training.classes == ("blue", "red")


def test_tiny_imagenet_is_read_as_it_comes(tmp_path, starter_data):
    write_pictures(tmp_path / "data/train", 3, 0)
    write_pictures(tmp_path / "val", 1, 1)
    (tmp_path / "data/val/images").mkdir(parents=True)
    (tmp_path / "val/red/0.png").rename(tmp_path / "data/val/images/val_0.png")
    (tmp_path / "val/blue/0.png").rename(tmp_path / "data/val/images/val_1.png")
    table = "val_0.png\tred\t0\t0\t9\t9\nval_1.png\tblue\t0\t0\t9\t9\n"
    (tmp_path / "data/val/val_annotations.txt").write_text(table, encoding="utf-8")
    _training, held_out = starter_data.load(tmp_path / "data", 16)
    assert held_out.labels.tolist() == [1, 0]
    assert held_out.pixels[0, 0].float().mean() > 150, "the first one is the red one"


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_classes_is_named(tmp_path, starter_data, make):
    data = tmp_path / "data"
    if make:
        data.mkdir()
    with pytest.raises(ValueError, match="data"):
        starter_data.load(data, 16)


def test_augmented_batches_are_reproducible_and_in_range(starter_data):
    pixels = torch.randint(0, 256, (6, 3, 20, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    one, two = (starter_data.augment(pixels, 24, torch.Generator().manual_seed(1)) for _ in range(2))
    assert one.shape == (6, 3, 24, 24)
    assert torch.equal(one, two)
    assert one.min() >= 0
    assert one.max() <= 1
    order = starter_data.batches(10, 4, torch.Generator().manual_seed(0))
    first, second = next(order), next(order)
    assert len(set(first.tolist()) | set(second.tolist())) == 8


def test_the_starter_weights_load_and_are_described():
    network = timm.create_model(f"local-dir:{STARTER}", pretrained=True, num_classes=0).eval()
    with torch.inference_mode():
        features = network(torch.zeros(2, 3, 96, 96))
    assert features.shape == (2, 1024)
    assert torch.isfinite(features).all()
    card = (STARTER / "README.md").read_text(encoding="utf-8")
    for word in ("Tiny ImageNet", "35.2 %", "Apache-2.0", "Limits"):
        assert word in card


def test_only_safetensors_lies_here():
    suffixes = {path.suffix for path in MODELS.rglob("*") if path.is_file()}
    assert not suffixes & {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".npz", ".onnx"}
