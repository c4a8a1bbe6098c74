"""fastai as its documentation shows it: `vision_learner(...).fine_tune(5)`, and with 20 epochs, which few images need.

Its pictures have WIDER times the edge, and `aug_transforms(size=…)` shrinks them after all its changes ("presizing").
Normalisation by the backbone's own mean and deviation, a head with concatenated pooling, batch normalisation and dropout, Adam,
the one-cycle schedule, a first epoch with the body frozen, a learning rate of 2e-3: all of it fastai's defaults. The batch is its
64, or less where an epoch would have fewer than eight steps. It needs no validation images, so it trains on all for training.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
import torch

from tests.bench.peers.data import Cell, Part
from tests.bench.peers.method import Missing, Outcome, judged, watch

EPOCHS = 5
RATE = 2e-3
HOW_TO_INSTALL = 'fastai is not installed: python -m pip install "fastai>=2.8"'


def batch_for(images: int) -> int:
    """fastai's 64; the largest power of two from 8 that leaves eight steps an epoch where that is less."""
    return max(size for size in (8, 16, 32, 64) if size == 8 or size * 8 <= images)


def fine_tune(cell: Cell, epochs: int = EPOCHS) -> Outcome:
    """Raises Missing without fastai."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import fastai.vision.all  # noqa: F401
        except ImportError as error:
            raise Missing(HOW_TO_INSTALL) from error
        return _fine_tune(cell, epochs)


def _fine_tune(cell: Cell, epochs: int) -> Outcome:
    from fastai.data.block import CategoryBlock, DataBlock
    from fastai.data.transforms import IndexSplitter
    from fastai.torch_core import set_seed
    from fastai.vision.augment import aug_transforms
    from fastai.vision.data import ImageBlock
    from fastai.vision.learner import vision_learner

    set_seed(cell.seed, reproducible=cell.device == "cpu")
    train, val, test = (cell.parts[name] for name in ("train", "val", "test"))
    # fastai wants some images to print figures for; they decide nothing.
    shown = val if len(val) else Part(train.keys[:1], train.labels[:1])
    known = len(train) + len(shown)
    keys, labels = (*train.keys, *shown.keys, *test.keys), np.concatenate([train.labels, shown.labels])
    rows, array = cell.wide.rows(keys), cell.wide.array()
    batch = batch_for(len(train))
    with watch(cell) as spent:
        block = DataBlock(
            blocks=(ImageBlock, CategoryBlock(vocab=list(range(len(cell.classes))), sort=False)),
            get_x=lambda i: np.array(array[rows[i]]),
            get_y=lambda i: int(labels[i]),
            splitter=IndexSplitter(list(range(len(train), known))),
            batch_tfms=aug_transforms(size=cell.size),
        )
        # Loading in processes of its own pays only beside a graphics processor.
        workers = min(8, os.cpu_count() or 1) if cell.device == "cuda" else 0
        loaders = block.dataloaders(list(range(known)), bs=batch, num_workers=workers, device=torch.device(cell.device))
        learner = vision_learner(loaders, f"local-dir:{cell.weights}")
        if cell.device == "cuda":
            learner.to_bf16()
        with learner.no_bar(), learner.no_logging():
            learner.fine_tune(cell.epochs(epochs), RATE)
    with learner.no_bar(), learner.no_logging():
        said, _ = learner.get_preds(dl=loaders.test_dl(list(range(known, len(keys))), num_workers=0))
    return judged(cell, said.argmax(dim=1).numpy(), spent.seconds, epochs=cell.epochs(epochs), rate=RATE, batch=batch)
