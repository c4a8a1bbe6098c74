"""Is the time left that a training tells what it then takes? Trains on generated pictures and compares, epoch by epoch.

    python -m tests.bench.time_left [--images 240] [--epochs 6] [--edge 192] [--weights FOLDER] [--only NAME] [--processor-time]

Four trainings: at full size throughout; with the first half on smaller views; the whole model instead of its last layers; and by
the clock. Printed after each epoch: the time left that was told, over what it took to the very end, comparison with simpler ways
included. WEIGHTS: a timm local directory, `<architecture>.<tag>`, for another model than the bundled one. Ends with a JSON line.
With --processor-time seconds of this process count instead of those on the wall: on a machine that others use too, they tell
how good the estimate is, and the wall tells how busy the others were.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tlstudio.domain.events import EpochDone, Event
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.training import schedule
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train

BUNDLED = "tf_efficientnet_lite0.in1k"
CLASSES = 4
HONEST = 0.2  # by how much the time left may be off after the first epoch


def draw(folder: Path, images: int, edge: int) -> Path:
    """Noisy pictures whose classes differ in their stripes, hard enough that no epoch is like the other."""
    rng = np.random.default_rng(0)
    for k in range(CLASSES):
        (folder / f"class{k}").mkdir(parents=True)
        for i in range(images // CLASSES):
            x, y = np.meshgrid(np.arange(edge), np.arange(edge))
            stripes = 40 * np.sin((x * np.cos(k * 0.5) + y * np.sin(k * 0.5)) / (3 + k % 2))
            noise = rng.normal(0, 70, (edge, edge, 3))
            pixels = np.clip(128 + stripes[:, :, None] + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"class{k}" / f"{i:04d}.png")
    return folder


class Watch:
    """A reporter that notes when each epoch told how much time was left."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.told: list[tuple[float, float]] = []

    def report(self, event: Event) -> None:
        if isinstance(event, EpochDone) and event.seconds_left is not None:
            self.told.append((self.now(), event.seconds_left))

    def check_cancelled(self) -> None:
        pass

    def stop_requested(self) -> bool:
        return False

    def ratios(self, ended: float) -> list[float]:
        return [left / max(ended - moment, 1e-9) for moment, left in self.told]


def settings(model: str, epochs: int, edge: int) -> dict[str, TrainSettings]:
    def wish(mode: Mode = Mode.BALANCED, **more: object) -> TrainSettings:
        known = {"device": "cpu", "input_size": edge, "epochs": epochs, **more}
        return TrainSettings(model, mode, **known)  # type: ignore[arg-type]

    return {
        "full size": wish(low_resolution=False),
        "first half smaller": wish(low_resolution=True),
        "whole model": wish(Mode.THOROUGH, low_resolution=True),
        "by the clock": wish(minutes=1.0, low_resolution=False),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=240)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--edge", type=int, default=192)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--only")
    parser.add_argument("--processor-time", action="store_true")
    options = parser.parse_args()
    if options.weights:
        os.environ["TLSTUDIO_WEIGHTS"] = str(options.weights.resolve().parent)
    model = options.weights.name if options.weights else BUNDLED
    now = time.process_time if options.processor_time else time.monotonic
    schedule.Stopwatch.__init__.__defaults__ = (now, 0.0)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        source = draw(Path(folder) / "images", options.images, options.edge)
        import_images(ImportRequest(source, project, test_fraction=0.1, val_fraction=0.2, seed=0, may_ask=False))
        for name, wishes in settings(model, options.epochs, options.edge).items():
            if options.only in (None, name):
                watch = Watch(now)
                train(project, wishes, reporter=watch)
                ended = now()
                found[name] = watch.ratios(ended)
                told = "  ".join(f"{ratio:.2f}" for ratio in found[name])
                seconds = ended - watch.told[0][0] if watch.told else 0.0
                print(f"{name:20} {seconds:5.0f} s after the first epoch; told / taken: {told}", flush=True)
    first = {name: round(ratios[0], 3) for name, ratios in found.items() if ratios}
    honest = all(abs(ratio - 1) <= HONEST for ratio in first.values())
    print(json.dumps({"bench": "time_left", "after_first_epoch": first, "within_20_percent": honest}))


if __name__ == "__main__":
    main()
