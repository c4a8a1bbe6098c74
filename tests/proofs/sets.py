"""Sets of images to try claims on: those given, and two that the program draws or brings itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.events import SILENT
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.prepare import prepare, shows_something
from tlstudio.images.samples.digits import write_digits
from tlstudio.images.samples.metal import write_metal

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Prepared images: pixels uint8 (n, size, size, 3); labels and groups one for each, groups of what must stay together."""

    name: str
    pixels: npt.NDArray[np.uint8]
    labels: tuple[str, ...]
    groups: tuple[str, ...]


def drawn_sets(folder: Path) -> list[Path]:
    """Folders of class folders with real handwritten digits and synthetic metal surfaces, written below `folder`."""
    write_digits(folder / "digits", SILENT)
    write_metal(folder / "surfaces", SILENT)
    return [folder / "digits", folder / "surfaces"]


def read_set(folder: Path, spec: PreprocessSpec, most: int, seed: int = 0) -> ImageSet:
    """At most `most` images of a folder of class folders, at random. What can't be read or shows nothing is passed over."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    chosen = [files[i] for i in np.sort(np.random.default_rng(seed).permutation(len(files))[:most])]
    rows: list[tuple[npt.NDArray[np.uint8], Path]] = []
    for path in chosen:
        try:
            pixels = prepare(path, spec)
        except ImageRefused:
            continue
        if shows_something(pixels):
            rows.append((pixels, path))
    return ImageSet(
        folder.name,
        np.stack([p for p, _ in rows]),
        tuple(f.parent.name for _, f in rows),
        tuple(_group(f) for _, f in rows),
    )


def _group(path: Path) -> str:
    """Surfaces are photographed several times a part, and say which in their names: part017_2.png."""
    return path.stem.split("_")[0] if path.stem.startswith("part") else f"{path.parent.name}/{path.stem}"


def halves(groups: Sequence[str], share: float, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places of `share` of the groups, and of all others; no group is in both."""
    names = sorted(set(groups))
    kept = {names[i] for i in np.random.default_rng(seed).permutation(len(names))[: round(share * len(names))]}
    inside = np.array([g in kept for g in groups])
    return np.flatnonzero(inside), np.flatnonzero(~inside)
