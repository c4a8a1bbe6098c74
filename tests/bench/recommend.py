"""How much is lost by taking the recommended model instead of trying all: regret in points, and the cost of asking.

    python -m tests.bench.recommend IMAGES --weights FOLDER [--mode balanced] [--each N] [--epochs N] [--seeds 1]

IMAGES: a folder of class folders. FOLDER: timm local directories with real weights; the bundled models and two networks with
random weights are added. Each model is trained in the mode and measured on the test images; regret is the best of these figures
minus that of the model recommended beforehand. Cost is the time of `recommend` over that of all trainings, each on a cold cache.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.random_weights import make_random
from tlstudio.catalog import weights
from tlstudio.domain.cards import Where
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.recommending import recommend
from tlstudio.workflow.training import train

RANDOM = (("mobilenetv3_small_100", 0), ("resnet18", 1))


def reduced(source: Path, target: Path, each: int) -> Path:
    """At most `each` images of every class, the same ones every time; all of them for 0."""
    for folder in sorted(p for p in source.iterdir() if p.is_dir()):
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        chosen = np.random.default_rng(0).permutation(len(files))[: each or None]
        (target / folder.name).mkdir(parents=True)
        for i in chosen:
            shutil.copy(files[i], target / folder.name)
    return target


def one(source: Path, folder: Path, mode: Mode, seed: int, epochs: int) -> dict[str, Any]:
    project = folder / f"seed{seed}"
    import_images(ImportRequest(source, project, test_fraction=0.35, val_fraction=0.15, seed=seed, may_ask=False))
    started = time.perf_counter()
    found = recommend(project)
    asked = time.perf_counter() - started
    shutil.rmtree(project / "cache" / "features")
    shutil.rmtree(project / "cache" / "pixels")
    rows = {}
    for ranked in found.ranking:
        started = time.perf_counter()
        result = train(project, TrainSettings(ranked.model, mode, seed=seed, epochs=epochs))
        seconds = time.perf_counter() - started
        measured = evaluate(project, result.run)
        rows[ranked.model] = {
            "predicted": ranked.score,
            "neighbours": ranked.neighbours.value if ranked.neighbours else None,
            "accuracy": measured.accuracy.value,
            "balanced": measured.balanced_accuracy.value,
            "train_seconds": seconds,
            "ask_seconds": ranked.seconds,
        }
        print(ranked.model, rows[ranked.model], flush=True)
    best = max(row["accuracy"] for row in rows.values())
    return {
        "seed": seed,
        "recommended": found.ranking[0].model,
        "regret_points": 100 * (best - rows[found.ranking[0].model]["accuracy"]),
        "ask_seconds": asked,
        "train_seconds": sum(row["train_seconds"] for row in rows.values()),
        "cost_share": asked / sum(row["train_seconds"] for row in rows.values()),
        "models": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--mode", choices=[m.value for m in Mode], default="balanced")
    parser.add_argument("--each", type=int, default=0, help="images of each class; default: all")
    parser.add_argument("--epochs", type=int, default=0, help="default: chosen by the program")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for architecture, seed in RANDOM:
            make_random(folder / "random", architecture, seed)
        os.environ["TLSTUDIO_HOME"] = str(folder / "home")
        os.environ["TLSTUDIO_WEIGHTS"] = os.pathsep.join(map(str, (options.weights.resolve(), folder / "random")))
        here = [s.card.id for s in weights.statuses() if s.where is not Where.DOWNLOAD]
        images = reduced(options.images, folder / "images", options.each)
        rows = [one(images, folder, Mode(options.mode), seed, options.epochs) for seed in range(options.seeds)]
    summary = {
        "bench": "recommend",
        "models": here,
        "mode": options.mode,
        "mean_regret_points": float(np.mean([r["regret_points"] for r in rows])),
        "mean_cost_share": float(np.mean([r["cost_share"] for r in rows])),
        "rows": rows,
    }
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
