"""What the search for near-duplicates adds to an import, against the same import without it.

    python -m tests.bench.copies [FOLDER …] [--files 20000] [--copies 0.05] [--size 640 480] [--rounds 1]

Imports each folder of class folders with `--near-duplicates keep` and with `ignore`, one after the other; without a folder, drawn
photographs of that size, of which that share are copies that somebody changed. Ratios of time and of processor time of all
processes of an import; to stay under 1.5 with 20,000. Prints one JSON line a folder.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tests.proofs.copies import CHANGES

CLASSES = 4
GRAINS = (6, 14, 40, 110)  # cells of random colour along the longer side, drawn larger


def photograph(number: int, size: tuple[int, int]) -> Image.Image:
    """A picture of grain of several sizes, the coarsest the strongest."""
    rng = np.random.default_rng(number)
    whole = np.full((size[1], size[0], 3), 128.0, np.float32)
    for cells in GRAINS:
        grain = rng.integers(0, 256, (max(2, cells * size[1] // size[0]), cells, 3), dtype=np.uint8)
        drawn = Image.fromarray(grain).resize(size, Image.Resampling.BICUBIC)
        whole += (np.asarray(drawn, np.float32) - 128) * (0.9 * (GRAINS[0] / cells) ** 0.4)
    return Image.fromarray(whole.clip(0, 255).astype(np.uint8))


def write_one(number: int, folder: Path, size: tuple[int, int], originals: int) -> None:
    """From `originals` on, a changed copy of one of them in the same class."""
    of = number if number < originals else (number - originals) * CLASSES % originals
    picture = photograph(of, size)
    if number >= originals:
        ways = list(CHANGES.values())
        picture = ways[number % len(ways)](picture, np.random.default_rng(number))
    picture.convert("RGB").save(folder / f"class{of % CLASSES}" / f"{number:06d}.jpg", quality=85)


def write(folder: Path, files: int, copies: float, size: tuple[int, int]) -> Path:
    for n in range(CLASSES):
        (folder / f"class{n}").mkdir(parents=True)
    one = partial(write_one, folder=folder, size=size, originals=round(files * (1 - copies)))
    with ProcessPoolExecutor() as pool:
        list(pool.map(one, range(files), chunksize=100))
    return folder


def once(folder: Path, project: Path, setting: str) -> tuple[float, float]:
    """Seconds, and seconds of processor time, of one import."""
    command = [sys.executable, "-m", "tlstudio", "import", "--project", str(project), "--group-from", "none"]
    before, started = os.times(), time.monotonic()
    subprocess.run([*command, "--near-duplicates", setting, str(folder)], check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.monotonic() - started, os.times()
    used = sum((after.children_user, after.children_system)) - sum((before.children_user, before.children_system))
    return seconds, used


def compare(folder: Path, rounds: int) -> dict[str, object]:
    taken: dict[str, list[tuple[float, float]]] = {"ignore": [], "keep": []}
    with tempfile.TemporaryDirectory() as place:
        for n in range(rounds):
            for setting, times in taken.items():
                times.append(once(folder, Path(place) / f"{setting}{n}", setting))
    pairs = list(zip(taken["keep"], taken["ignore"], strict=True))
    return {
        "folder": folder.name,
        "files": sum(1 for path in folder.rglob("*") if path.is_file()),
        "seconds": [round(statistics.median(t[0] for t in taken[s]), 1) for s in ("keep", "ignore")],
        "processor": [round(statistics.median(t[1] for t in taken[s]), 1) for s in ("keep", "ignore")],
        "ratio": round(statistics.median(a[0] / b[0] for a, b in pairs), 2),
        "processor ratio": round(statistics.median(a[1] / b[1] for a, b in pairs), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--copies", type=float, default=0.05)
    parser.add_argument("--size", type=int, nargs=2, default=(640, 480))
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    for folder in asked.folders:
        print(json.dumps(compare(folder, asked.rounds)), flush=True)
    if not asked.folders:
        with tempfile.TemporaryDirectory() as place:
            drawn = write(Path(place) / "drawn", asked.files, asked.copies, tuple(asked.size))
            print(json.dumps(compare(drawn, asked.rounds)), flush=True)


if __name__ == "__main__":
    main()
