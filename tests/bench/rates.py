"""A training with the learning rate that the search suggests, against one with the usual rate.

    python -m tests.bench.rates [IMAGES …] [--model ID] [--mode balanced] [--seeds 3]

IMAGES: folders of class folders; without any, the two samples. Prints one JSON line for each training: the share that is right
among the test images, and how long it took.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.models import LIGHT
from tlstudio.workflow.rate_finding import find_rate
from tlstudio.workflow.samples import SAMPLES, import_sample
from tlstudio.workflow.training import train


def measure(project: Path, settings: TrainSettings) -> None:
    """One search, and one training with each of the two rates."""
    started = time.perf_counter()
    found = find_rate(project, settings)
    seconds = time.perf_counter() - started
    told = {"images": project.name, "seed": settings.seed, "limit": found.limit, "usual": found.usual}
    say(told | {"suggested": found.suggested, "steps": len(found.rates), "seconds": round(seconds, 1)})
    for name, rate in (("usual", found.usual), ("suggested", found.suggested)):
        if rate is None:
            continue
        started = time.perf_counter()
        result = train(project, replace(settings, learning_rate=rate))
        seconds = time.perf_counter() - started
        judged = evaluate(project, result.run, Split.TEST)
        right = {"validation": result.accuracy.value, "test": judged.accuracy.value, "chosen": result.chosen}
        say({"images": project.name, "seed": settings.seed, "rate": name, **right, "seconds": round(seconds, 1)})


def say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def projects(sources: list[Path], folder: Path) -> list[Path]:
    """One for each folder of images, or for each sample."""
    for source in sources:
        import_images(ImportRequest(source, folder / source.name, test_fraction=0.25, may_ask=False))
    if not sources:
        for sample in SAMPLES:
            import_sample(sample, folder / "images" / sample.key, folder / sample.key)
    return [folder / name for name in ([s.name for s in sources] or [s.key for s in SAMPLES])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, nargs="*")
    parser.add_argument("--model", default=LIGHT)
    parser.add_argument("--mode", type=Mode, default=Mode.BALANCED)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ.setdefault("TLSTUDIO_HOME", str(Path(place) / "home"))
        for project in projects(options.images, Path(place)):
            for seed in range(options.seeds):
                measure(project, TrainSettings(options.model, options.mode, device="cpu", seed=seed))


if __name__ == "__main__":
    main()
