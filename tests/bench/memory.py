"""Peak memory of the worker while it fine-tunes, and of prediction over many images; memory maps aside. Linux only.

    python -m tests.bench.memory WEIGHTS

WEIGHTS: a timm local directory (MobileNetV2 for the figures in the README). Prints one JSON line, megabytes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image


def anonymous_megabytes(pid: int) -> float:
    """Resident memory of a process that no file stands behind: the mapped cache is the system's to drop."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def resident_megabytes(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def peak(*arguments: object) -> dict[str, float]:
    """Runs a command of the program and watches its memory every 50 ms."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tlstudio", *map(str, arguments), "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    anonymous = resident = 0.0
    while process.poll() is None:
        anonymous = max(anonymous, anonymous_megabytes(process.pid))
        resident = max(resident, resident_megabytes(process.pid))
        time.sleep(0.05)
    assert process.stderr is not None
    if process.returncode:
        raise SystemExit(process.stderr.read().decode())
    process.stderr.close()
    return {"anonymous": round(anonymous), "resident": round(resident)}


def write_images(folder: Path, count: int, edge: int) -> None:
    rng = np.random.default_rng(0)
    for k, name in enumerate(("dark", "light")):
        (folder / name).mkdir(parents=True)
        for i in range(count // 2):
            pixels = np.clip(60 + 120 * k + rng.normal(0, 30, (edge, edge, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:05d}.jpg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--predictions", type=int, default=2000)
    options = parser.parse_args()
    os.environ["TLSTUDIO_WEIGHTS"] = str(options.weights.resolve().parent)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project, bundle = folder / "project", folder / "model.onnx"
        write_images(folder / "images", options.images, 512)
        peak("import", folder / "images", "--project", project)
        model = ("--model", options.weights.name, "--device", "cpu")
        training = peak("train", "--project", project, "--mode", "thorough", "--epochs", 1, *model)
        peak("export", "--project", project, "--out", bundle)
        few = peak("predict", bundle, folder / "images" / "dark")
        write_images(folder / "more", options.predictions, 1024)
        many = peak("predict", bundle, folder / "more", "--recursive")
    print(json.dumps({"bench": "memory", "training": training, "predict_few": few, "predict_many": many}))


if __name__ == "__main__":
    main()
