"""Memory of training from a pixel cache much larger than what a batch needs.

    python -m tests.bench.large [--images 20000] [--few 1000] [--steps 40]

Writes a cache of noise at 224 px (20,000 images are 3 GB), takes training steps on images from all over it, and the same on a
small one. Anonymous memory (what the process has made its own) must not grow with the data; pages of the map belong to the
system's cache, which takes them back when it needs them. Prints one JSON line. Linux only: other systems don't tell them apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from tlstudio.catalog import weights
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import Batches, Data, order_of
from tlstudio.training.network import layer_groups, load_pretrained
from tlstudio.training.optimizer import freeze_statistics, make_optimizer, trainable
from tlstudio.training.recipe import Subject, plan
from tlstudio.training.steps import Stepper

STARTER = "mobilenetv3_small_100.starter_tin"
EDGE = 224
CPU = torch.device("cpu")


def write(folder: Path, images: int) -> None:
    """A cache of noise; the same few rows again and again, since nobody looks at them."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (64, EDGE, EDGE, 3), dtype=np.uint8)
    store = RowStore(folder, "pixels", (EDGE, EDGE, 3), "uint8")
    with store.writer(images) as writer:
        for i in range(images):
            writer.append(f"{i:064d}", rows[i % len(rows)])


def memory() -> dict[str, float]:
    """Megabytes of this process: its own, and pages of mapped files."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) / 1000 for line in lines if line.startswith("Rss")}
    return {"own": found["RssAnon"], "mapped": found["RssFile"]}


def train(folder: Path, images: int, steps: int) -> dict[str, float]:
    """Takes so many steps on images drawn from all over the cache; the most memory seen."""
    store = RowStore(folder, "pixels", (EDGE, EDGE, 3), "uint8")
    keys = [f"{i:064d}" for i in range(images)]
    labels = (np.arange(images) % 2).astype(np.int64)
    data = Data(store, keys, labels, keys[:1], labels[:1])
    spec = PreprocessSpec(EDGE, "stretch", "bicubic")
    network = load_pretrained(weights.require(STARTER), weights.describe(STARTER), spec, ("a", "b"), "hash").train()
    freeze_statistics(network)
    settings = TrainSettings(STARTER, Mode.THOROUGH, batch_size=32)
    groups = len(layer_groups(network))
    recipe = plan(settings, labels, Subject.of(network, any_edge=True), look=Augmentation(), device=CPU)
    parameters, optimizer = make_optimizer(
        network, trainable(network, groups), peak=1e-4, layer_decay=0.75, weight_decay=0.05, fused=True
    )
    stepper = Stepper(network, parameters, optimizer, recipe, CPU)
    batches = Batches(data, recipe.batch, CPU)
    most = {"own": 0.0, "mapped": 0.0}
    taken = 0
    while taken < steps:
        for batch in batches.epoch(order_of(labels, taken, balanced=False)):
            stepper.step(batch, torch.Generator().manual_seed(taken), EDGE)
            most = {key: max(most[key], value) for key, value in memory().items()}
            taken += 1
            if taken == steps:
                break
    return {key: round(value, 1) for key, value in most.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--worker", nargs=2, metavar=("FOLDER", "IMAGES"))
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(train(Path(options.worker[0]), int(options.worker[1]), options.steps)))
        return
    found = {}
    for images in (options.few, options.images):
        with tempfile.TemporaryDirectory() as place:
            write(Path(place), images)
            command = [sys.executable, "-m", "tests.bench.large", "--steps", str(options.steps)]
            done = subprocess.run(
                [*command, "--worker", place, str(images)], check=True, capture_output=True, text=True
            )
            found[images] = json.loads(done.stdout.splitlines()[-1])
    few, many = found[options.few]["own"], found[options.images]["own"]
    cache = options.images * EDGE * EDGE * 3 / 1e6
    print(
        json.dumps({"bench": "large", "megabytes": found, "cache_mb": round(cache), "own_ratio": round(many / few, 3)})
    )


if __name__ == "__main__":
    main()
