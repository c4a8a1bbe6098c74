"""How many training images a second this program reaches, against the barest loop there is.

The yardstick steps the same network with the same optimiser, precision and batch, again and again on one batch of random pixels
that lies in memory: no images to fetch, no changed views, no clipped gradients, no average, no report, no checkpoint.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from tests.bench.peers.data import Cell, open_cell, open_source, split_of
from tests.bench.peers.method import BATCH, watch
from tlstudio.catalog import weights
from tlstudio.domain.events import EpochDone, Event, Note, StepDone
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.training import devices
from tlstudio.training.compiling import BEGUN, VAIN
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.network import Network
from tlstudio.workflow.training import train

PER_CLASS = {"cpu": 30, "cuda": 150}  # of ten classes
EPOCHS = 6
STEPS = {"cpu": 5, "cuda": 100}
WARM_UP = 2


class Clock:
    """A reporter that notes when each step was done, and lets the bare loop run after each epoch: other programs on the machine
    then slow both alike."""

    def __init__(self, bare: Callable[[], float]) -> None:
        self.bare = bare
        self.rates: list[float] = []  # images a second of each epoch, between its first step and the last whole one
        self.bare_rates: list[float] = []
        self.rest: list[float] = []  # seconds of each epoch's validation and checkpoint
        self.compiled = False
        self._steps: list[tuple[int, float]] = []

    def report(self, event: Event) -> None:
        now = time.perf_counter()
        if isinstance(event, Note) and event.text in (BEGUN, VAIN):
            self.compiled = event.text == BEGUN
        elif isinstance(event, StepDone):
            self._steps.append((event.step, now))
        elif isinstance(event, EpochDone):
            (first, begun), (last, ended) = self._steps[0], self._steps[-2]
            self.rates.append(BATCH * (last - first) / (ended - begun))
            self.rest.append(now - self._steps[-1][1])
            self._steps = []
            self.bare_rates.append(self.bare())

    def check_cancelled(self) -> None:
        pass

    def stop_requested(self) -> bool:
        return False

    def ratios(self) -> list[float]:
        """Of each epoch in the second half, against the bare loop just before and just after it. In the first half the program
        may show smaller views, which would flatter it."""
        around = [(a + b) / 2 for a, b in pairwise(self.bare_rates)]
        both = list(zip(self.rates[1:], around, strict=True))
        return [mine / theirs for mine, theirs in both[len(self.rates) // 2 :]]


def throughput(given: argparse.Namespace, work: Path) -> dict[str, Any]:
    """`ratio`: images a second over the bare loop's, the median over the second half of the epochs; the target is 0.95."""
    source = open_source("digits", work, None)
    table = split_of(source, work / "splits", per_class=PER_CLASS[given.device], seed=0, cap=BATCH)
    folder = given.weights.resolve()
    cell = open_cell(table, source, work / "cell", folder, seed=0, device=given.device, threads=given.threads)
    torch.set_num_threads(given.threads)
    settings = TrainSettings(
        folder.name,
        Mode.THOROUGH,
        device=given.device,
        epochs=EPOCHS,
        batch_size=BATCH,
        patience=EPOCHS,
        rehearse=False,
        compile=given.compile,
    )
    clock = Clock(bare_loop(cell))
    train(cell.project, settings, reporter=clock)
    return {
        "bench": "throughput",
        "weights": folder.name,
        "device": given.device,
        "threads": given.threads,
        "compiled": clock.compiled,
        "ratio": round(statistics.median(clock.ratios()), 3),
        "images_per_second": [round(rate, 1) for rate in clock.rates[1:]],
        "bare_images_per_second": [round(rate, 1) for rate in clock.bare_rates],
        "validation_and_checkpoint_seconds": round(statistics.median(clock.rest), 2),
    }


def bare_loop(cell: Cell) -> Callable[[], float]:
    """The yardstick, ready to run: gives its images a second."""
    card, device = weights.describe(cell.weights.name), devices.choose(cell.device)
    network: Network = load_pretrained(cell.weights, card, preprocess_for(card), cell.classes, "")
    network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    for layer in network.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()  # as the program keeps them
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    pixels = torch.randint(0, 256, (BATCH, cell.size, cell.size, 3), dtype=torch.uint8, device=device)
    truth = torch.randint(0, len(cell.classes), (BATCH,), device=device)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with devices.mixed_precision(device):
            logits = network(pixels)
        functional.cross_entropy(logits.float(), truth, label_smoothing=0.1).backward()
        optimizer.step()

    def measured() -> float:
        for _ in range(WARM_UP):
            step()
        with watch(cell) as spent:
            for _ in range(STEPS[cell.device]):
                step()
        return BATCH * STEPS[cell.device] / spent.seconds

    return measured
