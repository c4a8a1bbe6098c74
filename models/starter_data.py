"""Images for the training script of the starter backbone: reading, holding in memory, batches and their augmentation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Images:
    """Decoded images: pixels uint8 (n, 3, edge, edge), labels int64 (n,) into classes."""

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


def list_images(folder: Path, classes: tuple[str, ...]) -> list[tuple[Path, int]]:
    """Images below `folder/<class>`, or in Tiny ImageNet's val/images with its val_annotations.txt; sorted."""
    numbers = {name: number for number, name in enumerate(classes)}
    table = folder / "val_annotations.txt"
    if table.is_file():
        rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if line]
        return [(folder / "images" / row[0], numbers[row[1]]) for row in rows if row[1] in numbers]
    return [
        (path, numbers[name])
        for name in classes
        for path in sorted((folder / name).rglob("*"))
        if path.suffix.lower() in SUFFIXES
    ]


def decode(files: list[tuple[Path, int]], classes: tuple[str, ...], edge: int) -> Images:
    """Reads all files to RGB squares; a file that can't be read is named and left out."""
    pixels = np.empty((len(files), edge, edge, 3), np.uint8)
    labels: list[int] = []
    for path, label in files:
        try:
            with Image.open(path) as image:
                pixels[len(labels)] = np.asarray(image.convert("RGB").resize((edge, edge), Image.Resampling.BICUBIC))
        except OSError as error:
            print(f"left out {path}: {error}", file=sys.stderr)
            continue
        labels.append(label)
    planes = torch.from_numpy(pixels[: len(labels)]).permute(0, 3, 1, 2)
    return Images(planes, torch.tensor(labels, dtype=torch.int64), classes)


def load(data: Path, edge: int) -> tuple[Images, Images]:
    """Training and validation images. Raises ValueError with a sentence if there are too few."""
    root = data / "train" if (data / "train").is_dir() else data
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder")
    classes = tuple(sorted(path.name for path in root.iterdir() if path.is_dir()))
    training = list_images(root, classes)
    if (data / "val").is_dir():
        held_out = list_images(data / "val", classes)
    else:
        held_out, training = training[::10], [entry for number, entry in enumerate(training) if number % 10]
    if len(classes) < 2 or len(training) < 2 or not held_out:
        raise ValueError(f"{data} needs at least two folders with images in them, one for each class")
    return decode(training, classes, edge), decode(held_out, classes, edge)


def augment(pixels: Tensor, size: int, noise: torch.Generator) -> Tensor:
    """Crop, stretch and flip in one sampling step, then brightness, contrast and grey; float (n, 3, size, size) in 0 … 1."""
    count = len(pixels)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=noise).mul_(high - low).add_(low).to(pixels.device)

    area, aspect = uniform(0.3, 1.0), torch.exp(uniform(-0.28, 0.28))
    width, height = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    pose = torch.zeros(count, 2, 3, device=pixels.device)
    pose[:, 0, 0] = width * torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    pose[:, 1, 1] = height
    pose[:, 0, 2] = (1 - width) * uniform(-1, 1)
    pose[:, 1, 2] = (1 - height) * uniform(-1, 1)
    grid = functional.affine_grid(pose, [count, 3, size, size], align_corners=False)
    seen = functional.grid_sample(pixels.float() / 255, grid, padding_mode="reflection", align_corners=False)
    seen = seen * uniform(0.7, 1.3).view(-1, 1, 1, 1)
    middle = seen.mean(dim=(1, 2, 3), keepdim=True)
    seen = (seen - middle) * uniform(0.7, 1.3).view(-1, 1, 1, 1) + middle
    grey = seen.mean(dim=1, keepdim=True).expand_as(seen)
    return torch.where(uniform(0, 1).view(-1, 1, 1, 1) < 0.15, grey, seen).clamp(0, 1)


def normalise(pixels: Tensor) -> Tensor:
    mean, std = (torch.tensor(values, device=pixels.device).view(1, 3, 1, 1) for values in (MEAN, STD))
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def batches(count: int, batch: int, noise: torch.Generator) -> Iterator[Tensor]:
    """Endless random batches of indices; every image once before any comes again."""
    batch = min(batch, count)
    while True:
        order = torch.randperm(count, generator=noise)
        for start in range(0, count - batch + 1, batch):
            yield order[start : start + batch]
