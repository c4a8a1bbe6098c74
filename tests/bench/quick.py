"""Quick training against its two yardsticks: a bare forward pass over the same images, and scikit-learn on the same features.

    python -m tests.bench.quick IMAGES WEIGHTS [--seeds 3]

IMAGES: a folder of class folders. WEIGHTS: a timm local directory, `<architecture>.<tag>`. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tlstudio.catalog import weights
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.evaluation.metrics import balanced_accuracy
from tlstudio.images.cache import pixel_store
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import BATCH, feature_store
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.network import Network
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train


def bare_forward(network: Network, project: Path, keys: list[str]) -> float:
    """Seconds for the network over these images, already decoded, and nothing else."""
    pixels = pixel_store(Project(project), network.spec.preprocess).take(keys)
    network.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        network.embed(torch.from_numpy(pixels[:BATCH]))
        started = time.perf_counter()
        for i in range(0, len(pixels), BATCH):
            network.embed(torch.from_numpy(pixels[i : i + BATCH]))
    return time.perf_counter() - started


def scikit_learn(network: Network, project: Path) -> tuple[float, float]:
    """Accuracy and balanced accuracy of standardised logistic regression at its defaults, trained and tested on our split."""
    rows = images.list_images(Project(project), labeled=True)
    names = sorted({str(r.label) for r in rows})
    labels = np.array([names.index(str(r.label)) for r in rows])
    features = np.asarray(feature_store(Project(project), network).take([r.content for r in rows]))[
        :, : network.spec.final
    ]
    training = np.array([r.split is Split.TRAIN for r in rows])
    scaler = StandardScaler().fit(features[training])
    model = LogisticRegression(max_iter=5000).fit(scaler.transform(features[training]), labels[training])
    said, truth = model.predict(scaler.transform(features[~training])), labels[~training]
    return float((said == truth).mean()), float(balanced_accuracy(truth, said, len(names)) or 0)


def one(source: Path, model: str, seed: int, folder: Path) -> dict[str, float]:
    project = folder / f"seed{seed}"
    import_images(ImportRequest(source, project, test_fraction=0.3, val_fraction=0.0, seed=seed, may_ask=False))
    result = train(project, TrainSettings(model, Mode.QUICK, device="cpu", seed=seed))
    found = evaluate(project, result.run)
    card, where = weights.describe(model), weights.require(model)
    network = load_pretrained(where, card, preprocess_for(card), found.classes, weights.weights_hash(where))
    opened = Project(project)
    keys = [r.content for r in images.list_images(opened, split=Split.TRAIN)]
    bare = bare_forward(network, project, keys)
    from tlstudio.domain.events import SILENT
    from tlstudio.training.features import frozen_features

    every = [r.content for r in images.list_images(opened)]
    store = pixel_store(opened, network.spec.preprocess)
    frozen_features(opened, network, store, every, device=devices.choose("cpu"), reporter=SILENT)
    theirs = scikit_learn(network, project)
    return {
        "seed": seed,
        "accuracy": found.accuracy.value,
        "balanced": found.balanced_accuracy.value,
        "sklearn_accuracy": theirs[0],
        "sklearn_balanced": theirs[1],
        "quick_seconds": result.seconds,
        "bare_seconds": bare,
        "allowed_seconds": 1.5 * bare + 10,
        "time_over_allowed": result.seconds / (1.5 * bare + 10),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    os.environ["TLSTUDIO_WEIGHTS"] = str(options.weights.resolve().parent)
    with tempfile.TemporaryDirectory() as folder:
        rows = [one(options.images, options.weights.name, seed, Path(folder)) for seed in range(options.seeds)]
    mean = {k: float(np.mean([r[k] for r in rows])) for k in rows[0] if k != "seed"}
    print(json.dumps({"bench": "quick", "rows": rows, "mean": mean}, indent=1))


if __name__ == "__main__":
    main()
