"""A training so small that a test can run it: noisy squares, and a bundled model on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import TEST_MODEL
from tlstudio.catalog import weights
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import Data
from tlstudio.training.loading import load_pretrained
from tlstudio.training.network import Network
from tlstudio.training.recipe import Recipe, Subject, plan

CLASSES = ("dark", "light")
EDGE = 32
CPU = torch.device("cpu")


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """20 + 10 noisy squares, dark and light, not quite told apart."""
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 2
    store = RowStore(tmp_path / "cache", "pixels", (EDGE, EDGE, 3), "uint8")
    keys = [f"{i:064d}" for i in range(30)]
    with store.writer(30) as writer:
        for key, label in zip(keys, labels, strict=True):
            writer.append(key, np.clip(rng.normal(110 + 20 * label, 50, (EDGE, EDGE, 3)), 0, 255).astype(np.uint8))
    return Data(store, keys[:20], labels[:20].astype(np.int64), keys[20:], labels[20:].astype(np.int64))


def network() -> Network:
    card, where = weights.describe(TEST_MODEL), weights.require(TEST_MODEL)
    torch.manual_seed(0)
    return load_pretrained(where, card, PreprocessSpec(EDGE, "stretch", "bicubic"), CLASSES, "hash")


def recipe(data: Data, budget: float | None = None, **wishes: object) -> Recipe:
    settings = TrainSettings(TEST_MODEL, Mode.THOROUGH, **{"epochs": 3, "batch_size": 4, "compile": False, **wishes})  # type: ignore[arg-type]
    return plan(
        settings,
        data.train_labels,
        Subject.of(network(), any_edge=True),
        look=Augmentation(),
        device=CPU,
        budget=budget,
    )
