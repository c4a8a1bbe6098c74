"""A training that is killed again and again, against one that is left alone: the same bits at the end?

    python -m tests.bench.train_kills [KILLS] [--seed N]

One process loads torch and then starts, kills (SIGKILL) and starts again a child that trains with a checkpoint after every step,
as often as asked; the moments are drawn at random, also while a checkpoint is written. Prints one JSON line. Needs fork, so not
Windows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # a process whose threads have started can't be forked

import numpy as np
import torch

from tlstudio.catalog import weights
from tlstudio.domain.events import SILENT
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.storage.files import remove_leftovers
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import finetune
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import Data
from tlstudio.training.finetune import FineTuner
from tlstudio.training.loading import load_pretrained
from tlstudio.training.recipe import Subject, plan

BUNDLED = "tf_efficientnet_lite0.in1k"
EDGE, IMAGES, HELD = 32, 40, 20
SLOWEST = 600.0  # seconds after which something hangs


def make_data(folder: Path) -> Data:
    rng = np.random.default_rng(0)
    labels = (np.arange(IMAGES + HELD) % 2).astype(np.int64)
    keys = [f"{i:064d}" for i in range(IMAGES + HELD)]
    store = RowStore(folder, "pixels", (EDGE, EDGE, 3), "uint8")
    with store.writer(len(keys)) as writer:
        for key, label in zip(keys, labels, strict=True):
            writer.append(key, np.clip(rng.normal(110 + 20 * label, 50, (EDGE, EDGE, 3)), 0, 255).astype(np.uint8))
    return Data(store, keys[:IMAGES], labels[:IMAGES], keys[IMAGES:], labels[IMAGES:])


def train(data: Data, folder: Path, epochs: int) -> None:
    """Goes on from what is there; writes `result` at the end."""
    folder.mkdir(exist_ok=True)
    remove_leftovers(folder)
    card, where = weights.describe(BUNDLED), weights.require(BUNDLED)
    torch.manual_seed(0)
    network = load_pretrained(where, card, PreprocessSpec(EDGE, "stretch", "bicubic"), ("dark", "light"), "hash")
    settings = TrainSettings(BUNDLED, Mode.THOROUGH, epochs=epochs, batch_size=4)
    recipe = plan(
        settings,
        data.train_labels,
        Subject.of(network, any_edge=True),
        look=Augmentation(),
        device=torch.device("cpu"),
    )
    tuner = FineTuner(network, data, recipe, device=torch.device("cpu"), folder=folder)
    tuner.resume()
    tuner.run(SILENT, lambda epoch: None)
    tuner.keep_best()
    digest = hashlib.sha256()
    for value in (*tuner.parameters.values(), *tuner.average.weights.values(), *network.state_dict().values()):
        digest.update(value.detach().contiguous().numpy().tobytes())
    (folder / "result").write_text(f"{tuner.finalists.chosen.name} {digest.hexdigest()}", encoding="utf-8")


def forked(deed: Callable[[], None]) -> int:
    """Starts a child that does it and ends; returns its process id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            deed()
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    return child


def killed_until_done(data: Data, folder: Path, kills: int, epochs: int, draw: random.Random) -> tuple[int, int]:
    """(kills that hit a living child, starts). The last start is left alone."""
    hits = starts = 0
    while not (folder / "result").exists():
        child, starts = forked(lambda: train(data, folder, epochs)), starts + 1
        patience = SLOWEST if hits >= kills else draw.uniform(0.05, 1.2)
        ended, status = wait_for(child, patience)
        if ended:
            assert status == 0, f"the training ended with status {status}"
            continue
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        hits += 1
    return hits, starts


def wait_for(child: int, seconds: float) -> tuple[bool, int]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return True, status
        time.sleep(0.005)
    return False, 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        data = make_data(base / "cache")
        ended, status = wait_for(forked(lambda: train(data, base / "whole", options.epochs)), SLOWEST)
        assert ended and status == 0, "the training that was left alone failed"
        finetune.SAVE_EVERY = -1.0
        draw = random.Random(options.seed)
        hits = starts = 0
        same = True
        while hits < options.kills:  # a fast machine comes to the end of a training before it was killed often enough
            folder = base / f"killed-{starts}"
            more, begun = killed_until_done(data, folder, options.kills - hits, options.epochs, draw)
            hits, starts = hits + more, starts + begun
            same = same and (base / "whole" / "result").read_text() == (folder / "result").read_text()
    print(json.dumps({"bench": "train_kills", "kills": hits, "starts": starts, "same_bits": same}))
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
