"""One of several processes that train together: `python -m tests.unit.training.in_ranks FOLDER SCENARIO …`.

Writes into FOLDER what came of it: the trained weights, as SCENARIO-N.npz by the first process and as last-N.npz by every one.
"""

from __future__ import annotations

import errno
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from tests.unit.training.conftest import CPU, network, recipe
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import SILENT, Event, PassingReporter, StepDone
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import adapters, following, ranks
from tlstudio.training.batches import Data
from tlstudio.training.features import frozen_batches
from tlstudio.training.finetune import FineTuner
from tlstudio.training.folding import folded

WISHES: dict[str, dict[str, object]] = {
    "random": {"dropout": 0.3},
    "mixed": {"mixup": 0.4},
    "few": {"batch_size": 3},  # the last batch has fewer images than there are processes
    "adapters": {"adapter": "lora"},
}
Arrays = dict[str, np.ndarray]


def data_in(folder: Path) -> Data:
    """19 + 10 noisy squares, made once."""
    rng = np.random.default_rng(0)
    labels = (np.arange(29) % 2).astype(np.int64)
    store = RowStore(folder / "cache", "pixels", (32, 32, 3), "uint8")
    keys = [f"{i:064d}" for i in range(29)]
    if store.missing(keys):
        with store.writer(29) as writer:
            for key, label in zip(keys, labels, strict=True):
                writer.append(key, np.clip(rng.normal(110 + 20 * label, 50, (32, 32, 3)), 0, 255).astype(np.uint8))
    return Data(store, keys[:19], labels[:19], keys[19:], labels[19:])


class _Until(PassingReporter):
    """Cancels once so many steps are told."""

    def __init__(self, steps: int) -> None:
        super().__init__(SILENT)
        self._left = steps

    def report(self, event: Event) -> None:
        self._left -= isinstance(event, StepDone)
        if self._left < 0:
            raise Cancelled


def train(folder: Path, scenario: str) -> Arrays:
    data, net = data_in(folder), network()
    own = folder / scenario
    own.mkdir(exist_ok=True)
    torch.manual_seed(5)
    with torch.no_grad():
        net.head.weight.normal_(0, 0.1)
    if scenario == "adapters":
        adapters.attach(net, 4, seed=1)
    plan = recipe(data, layers=2, epochs=500 if scenario == "long" else 2, **WISHES.get(scenario, {}))
    tuner = FineTuner(net, data, plan, device=CPU, folder=own)
    begun = tuner.resume()
    if scenario == "resumed" and not begun:
        with suppress(Cancelled):
            tuner.run(_Until(7), lambda epoch: None)
        tuner.keeper.save()
        shutil.copytree(own, folder / "begun")
        return train(folder, scenario)
    tuner.run(SILENT, lambda epoch: None)
    return {name: p.detach().numpy() for name, p in tuner.parameters.items()}


def look(folder: Path) -> Arrays:
    data, net = data_in(folder), network().eval()
    keys = [*data.train_keys, *data.val_keys]
    light = folded(net, torch.from_numpy(data.pixels.take(keys[:1])))
    assert light is not net
    seen: Arrays = {}
    for some, rows in frozen_batches(net, light, data.pixels, keys, CPU):
        seen |= dict(zip(some, rows, strict=True))
    return seen


def _not_there(store: RowStore) -> np.ndarray:
    raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/elsewhere/pixels.rows")


def lead(folder: Path, scenario: str) -> Arrays:
    return look(folder) if scenario == "features" else train(folder, scenario)


def main() -> None:
    folder, scenarios = Path(sys.argv[1]), sys.argv[2:]
    with ranks.joined() as share:
        if share.rank and "unseen" in scenarios:
            RowStore.array = _not_there
        if share.rank:
            follower = following.Follower()
            follower.work()
            learning = follower.learning
            assert learning is not None
            found = {name: p.detach().numpy() for name, p in learning.stepper.parameters.items()}
        for scenario in scenarios if not share.rank else ():
            found = lead(folder, scenario)
            np.savez(folder / f"{scenario}.npz", **found)
    np.savez(folder / f"last-{share.rank}.npz", **found)


if __name__ == "__main__":
    main()
