"""Trains the starter backbone from random weights: the recipe behind mobilenetv3_small_100.starter_tin.

    python models/train_starter.py DATA --out FOLDER [--seconds 7200] [--seed 0]

DATA holds train/ and val/, each with one folder of images for each class (Tiny ImageNet as it is downloaded is understood too);
without val/ every tenth image is held out. All images are decoded once, to `--stored` pixels, and stay in memory as bytes:
1.2 GB for Tiny ImageNet. Progress goes to standard error; the last thing is one JSON line on standard output.
FOLDER becomes a timm local directory: model.safetensors in float16 and config.json. It is written every ten minutes and at
the end, also after Ctrl+C.

This script and starter_data.py stand alone: the program never imports them.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import sys
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from starter_data import MEAN, STD, Images, augment, batches, load, normalise
from torch import nn
from torch.nn import functional

SAVE_EVERY = 600.0  # seconds


def option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": f"{text} (default: {default})"})


@dataclass(frozen=True)
class Settings:
    """The recipe; every field is an argument of the command line."""

    data: Path
    out: Path
    architecture: str = option("mobilenetv3_small_100", "any timm network")
    tag: str = option("starter_tin", "second half of the model's name")
    seconds: float = option(7200.0, "time for training; reading the images comes on top")
    seed: int = option(0, "for the first weights and all random choices")
    stored: int = option(64, "edge in pixels at which images are kept in memory")
    size: int = option(64, "edge in pixels for most of the training")
    final_size: int = option(96, "edge in pixels at the end, and of the finished model")
    final_share: float = option(0.2, "part of the time at the final size")
    batch: int = option(256, "images in one step")
    rate: float = option(4e-3, "peak learning rate of AdamW")
    warmup: int = option(800, "steps until the peak")
    weight_decay: float = option(0.02, "on weights only")
    ema: float = option(0.9995, "decay of the average of the weights")
    device: str = option("cuda" if torch.cuda.is_available() else "cpu", "cpu or cuda")


class Average:
    """Exponential moving average of weights and running statistics: what is kept in the end.

    The decay starts low, so that the first random steps are forgotten soon.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay
        self._steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def make_optimizer(network: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """AdamW with decay on weights only, not on biases and normalisation."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.rate)


def rate_at(step: int, share: float, settings: Settings) -> float:
    """Learning rate: linear warm-up over steps, then a cosine over the clock (share 0 … 1 of the time)."""
    return settings.rate * min(1.0, (step + 1) / settings.warmup) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def train(images: Images, settings: Settings, average: Average, network: nn.Module) -> int:
    """Trains until the time is over or Ctrl+C; returns the number of images seen."""
    noise = torch.Generator().manual_seed(settings.seed)
    optimizer = make_optimizer(network, settings)
    start, saved, seen = time.monotonic(), time.monotonic(), 0
    try:
        for step, index in enumerate(batches(len(images), settings.batch, noise)):
            share = (time.monotonic() - start) / settings.seconds
            if share >= 1 and step > 0:
                break
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, share, settings)
            size = settings.final_size if share > 1 - settings.final_share else settings.size
            pixels = normalise(augment(images.pixels[index].to(settings.device), size, noise))
            with torch.autocast("cuda", torch.bfloat16, enabled=settings.device == "cuda"):
                scores = network(pixels)
                loss = functional.cross_entropy(scores, images.labels[index].to(settings.device), label_smoothing=0.1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            average.update(network)
            seen += len(index)
            if step % 50 == 0:
                print(f"{share:6.1%}  step {step}  {size} px  loss {loss.item():.3f}", file=sys.stderr)
            if time.monotonic() - saved > SAVE_EVERY:
                save(average.network, images.classes, settings)
                saved = time.monotonic()
    except KeyboardInterrupt:
        print("stopped; the average so far is kept", file=sys.stderr)
    return seen


@torch.inference_mode()
def accuracy(network: nn.Module, images: Images, size: int, device: str) -> float:
    """Top-1, 0 … 1, with the images stretched to `size` pixels."""
    right = 0
    for start in range(0, len(images), 256):
        pixels, labels = images.pixels[start : start + 256], images.labels[start : start + 256]
        scaled = functional.interpolate(pixels.to(device).float() / 255, (size, size), mode="bilinear", antialias=True)
        right += int((network(normalise(scaled)).argmax(1).cpu() == labels).sum())
    return right / max(1, len(images))


def save(network: nn.Module, classes: tuple[str, ...], settings: Settings) -> None:
    """Writes timm's local-directory format; each file replaces the old one when it is whole."""
    settings.out.mkdir(parents=True, exist_ok=True)
    half = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    weights = settings.out / "model.safetensors"
    save_file(half, weights.with_suffix(".part"), metadata={"format": "pt"})
    weights.with_suffix(".part").replace(weights)
    path = settings.out / "config.json"
    text = json.dumps(describe(network, classes, settings), indent=1) + "\n"
    path.with_suffix(".part").write_text(text, encoding="utf-8")
    path.with_suffix(".part").replace(path)


def describe(network: nn.Module, classes: tuple[str, ...], settings: Settings) -> dict[str, Any]:
    """The content of config.json, as timm reads it."""
    own: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
    pretrained = {
        "tag": settings.tag,
        "custom_load": False,
        "input_size": [3, settings.final_size, settings.final_size],
        "fixed_input_size": False,
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "crop_mode": "center",
        "mean": list(MEAN),
        "std": list(STD),
        "num_classes": len(classes),
        "pool_size": [math.ceil(settings.final_size / 32)] * 2,
        "first_conv": own["first_conv"],
        "classifier": own["classifier"],
        "license": "apache-2.0",
    }
    return {
        "architecture": settings.architecture,
        "num_classes": len(classes),
        "num_features": network.num_features,
        "label_names": list(classes),
        "pretrained_cfg": pretrained,
    }


def read_arguments() -> Settings:
    parser = argparse.ArgumentParser(description="Train the starter backbone from random weights.")
    parser.add_argument("data", type=Path, help="folder with train/ and val/, one folder of images for each class")
    parser.add_argument("--out", type=Path, required=True, help="weights folder to write")
    for one in fields(Settings)[2:]:
        name = "--" + one.name.replace("_", "-")
        parser.add_argument(name, type=type(one.default), default=one.default, help=one.metadata["help"])
    return Settings(**vars(parser.parse_args()))


def main() -> int:
    settings = read_arguments()
    torch.manual_seed(settings.seed)
    try:
        training, held_out = load(settings.data, settings.stored)
    except (ValueError, OSError) as error:
        print(f"The images can't be used: {error}.", file=sys.stderr)
        return 2
    network = timm.create_model(settings.architecture, num_classes=len(training.classes), drop_rate=0.1)
    network = network.to(settings.device).to(memory_format=torch.channels_last)
    average = Average(network, settings.ema)
    start = time.monotonic()
    seen = train(training, settings, average, network.train())
    seconds = time.monotonic() - start
    save(average.network, training.classes, settings)
    sizes = sorted({settings.size, settings.final_size, settings.final_size * 4 // 3})
    top1 = {str(size): round(accuracy(average.network, held_out, size, settings.device), 4) for size in sizes}
    result = {"out": str(settings.out), "classes": len(training.classes), "images": len(training), "seen": seen}
    print(json.dumps({**result, "seconds": round(seconds, 1), "top1": top1, "seed": settings.seed}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
