"""How many training images a second this program reaches, against the barest loop there is.

The yardstick steps the same network with the same optimiser, precision and batch, again and again on one batch of random pixels
that lies in memory: no images to fetch, no changed views, no clipped gradients, no average, no report, no checkpoint.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from tests.bench.peers.data import Cell, open_cell, open_source, split_of
from tests.bench.peers.method import BATCH, watch
from tlstudio.catalog import weights
from tlstudio.domain.events import EpochDone, Event, StepDone
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.training import devices
from tlstudio.training.finetune import freeze_statistics
from tlstudio.training.network import Network, load_pretrained, preprocess_for
from tlstudio.workflow.training import train

PER_CLASS = {"cpu": 30, "cuda": 150}  # of ten classes
EPOCHS = 4
STEPS = {"cpu": 6, "cuda": 100}
WARM_UP = 2


class Clock:
    """A reporter that notes when each step and each epoch was done, in seconds."""

    def __init__(self) -> None:
        self.steps: dict[int, list[float]] = {}
        self.epochs: list[float] = []

    def report(self, event: Event) -> None:
        if isinstance(event, StepDone):
            self.steps.setdefault(event.epoch, []).append(time.perf_counter())
        elif isinstance(event, EpochDone):
            self.epochs.append(time.perf_counter())

    def stop_requested(self) -> bool:
        return False

    def rates(self) -> list[float]:
        """Images a second of every epoch from the second on, between its first step and the last whole one."""
        return [BATCH * (len(t) - 2) / (t[-2] - t[0]) for epoch, t in self.steps.items() if epoch > 1 and len(t) > 2]

    def between_epochs(self) -> list[float]:
        """Seconds of every epoch from the second on, with its validation and checkpoint."""
        return [b - a for a, b in zip(self.epochs, self.epochs[1:], strict=False)]


def throughput(given: argparse.Namespace, work: Path) -> dict[str, Any]:
    """`ratio`: the loop's images a second over the bare loop's, measured before and after it; the target is 0.95."""
    table = split_of(
        open_source("digits", work, None), work / "splits", per_class=PER_CLASS[given.device], seed=0, cap=BATCH
    )
    folder = given.weights.resolve()
    cell = open_cell(table, work / "throughput", folder, seed=0, device=given.device, threads=given.threads)
    torch.set_num_threads(given.threads)
    settings = TrainSettings(
        folder.name, Mode.THOROUGH, device=given.device, epochs=EPOCHS, batch_size=BATCH, patience=EPOCHS
    )
    before = bare(cell)
    clock = Clock()
    train(cell.project, settings, reporter=clock)
    after = bare(cell)
    mine, theirs = statistics.median(clock.rates()), statistics.mean((before, after))
    return {
        "bench": "throughput",
        "weights": folder.name,
        "device": given.device,
        "threads": given.threads,
        "images_per_second": round(mine, 2),
        "bare_images_per_second": [round(before, 2), round(after, 2)],
        "ratio": round(mine / theirs, 3),
        "seconds_an_epoch": round(statistics.median(clock.between_epochs()), 2),
        "seconds_an_epoch_in_steps": round(statistics.median(t[-1] - t[0] for t in clock.steps.values()), 2),
    }


def bare(cell: Cell) -> float:
    """Images a second of the yardstick."""
    card, device = weights.describe(cell.weights.name), devices.choose(cell.device)
    network: Network = load_pretrained(cell.weights, card, preprocess_for(card), cell.classes, "")
    network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    freeze_statistics(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    pixels = torch.randint(0, 256, (BATCH, cell.size, cell.size, 3), dtype=torch.uint8, device=device)
    truth = torch.randint(0, len(cell.classes), (BATCH,), device=device)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with devices.mixed_precision(device):
            logits = network(pixels)
        functional.cross_entropy(logits.float(), truth, label_smoothing=0.1).backward()
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    with watch(cell) as spent:
        for _ in range(STEPS[cell.device]):
            step()
    return BATCH * STEPS[cell.device] / spent.seconds
