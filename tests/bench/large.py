"""Memory of a whole training whose pixel cache is much larger than what a batch needs.

    python -m tests.bench.large [--images 20000] [--few 1000]

Makes a project whose cache holds noise at 224 px (20,000 images are 3 GB), trains all of the lighter bundled model for one epoch,
from the features to the comparison at the end, and does the same with few images. Anonymous memory (what the process has made
its own) must not grow by the pixels; features (4 kB an image) and figures do grow. Pages of the map belong to the system's cache,
which takes them back when it needs them. Prints one JSON line: the most memory of each kind, and in which part of the training.
Linux only: other systems don't tell the kinds apart.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

BUNDLED = "tf_efficientnet_lite0.in1k"
CLASSES = ("a", "b", "c", "d", "e")
PICTURES = 60  # different ones: nobody looks at them
GROUP = 10
EVERY = 0.05  # seconds between two looks at the memory


def make_project(folder: Path, count: int) -> Path:
    """Labeled images that exist in the database and in the pixel cache only; one group in seven is for validation."""
    from tlstudio.catalog import weights
    from tlstudio.domain.values import Split
    from tlstudio.images.cache import pixel_store
    from tlstudio.storage.images import NewImage, add_images
    from tlstudio.storage.project import Project
    from tlstudio.training.loading import preprocess_for

    project = Project.create(folder / "project", "Bench")
    contents = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(count)]
    rows = []
    for i, content in enumerate(contents):
        group = i // GROUP
        split = Split.VAL if group % 7 == 0 else Split.TRAIN
        label = CLASSES[i % len(CLASSES)]
        rows.append(NewImage(f"/pictures/{i:06}.png", content, 640, 480, 10**5, label, f"part{group}", split))
    add_images(project, rows, [])
    spec = preprocess_for(weights.describe(BUNDLED))
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 160, (PICTURES, spec.size, spec.size, 3), dtype=np.uint8)
    pictures += (np.arange(PICTURES, dtype=np.uint8) % len(CLASSES) * 20)[:, None, None, None]
    with pixel_store(project, spec).writer(count) as writer:
        for i, content in enumerate(contents):
            writer.append(content, pictures[i % PICTURES])
    return project.folder


def memory() -> dict[str, float]:
    """Megabytes of this process: its own, and pages of mapped files."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) / 1000 for line in lines if line.startswith("Rss")}
    return {"own": found["RssAnon"], "mapped": found["RssFile"]}


class Watch:
    """A reporter that knows which part of the training it is, and looks at the memory all the time."""

    def __init__(self) -> None:
        self.part = "beginning"
        self.most: dict[str, float] = {}
        self.mapped = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory")
        self._thread.start()

    def report(self, event: Any) -> None:
        from tlstudio.domain.events import Note

        if isinstance(event, Note):
            self.part = event.text

    def check_cancelled(self) -> None:
        pass

    def stop_requested(self) -> bool:
        return False

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            now = memory()
            self.most[self.part] = max(self.most.get(self.part, 0.0), now["own"])
            self.mapped = max(self.mapped, now["mapped"])


def train(project: Path) -> dict[str, Any]:
    """One epoch of everything."""
    from tlstudio.domain.runs import Mode, TrainSettings
    from tlstudio.workflow.training import train as fit

    settings = TrainSettings(BUNDLED, Mode.THOROUGH, device="cpu", epochs=1, rehearse=False, compile=False)
    watch = Watch()
    try:
        fit(project, settings, reporter=watch)
    finally:
        watch.end()
    parts = {part: round(most, 1) for part, most in watch.most.items()}
    return {"own": max(parts.values()), "mapped": round(watch.mapped, 1), "parts": parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--worker", type=Path, metavar="PROJECT")
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(train(options.worker)))
        return
    found = {}
    for images in (options.few, options.images):
        with tempfile.TemporaryDirectory() as place:
            os.environ["TLSTUDIO_HOME"] = str(Path(place) / "home")
            project = make_project(Path(place), images)
            command = [sys.executable, "-m", "tests.bench.large", "--worker", str(project)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[images] = json.loads(done.stdout.splitlines()[-1])
    few, many = found[options.few]["own"], found[options.images]["own"]
    cache = options.images * 224 * 224 * 3 / 1e6
    print(
        json.dumps({"bench": "large", "megabytes": found, "cache_mb": round(cache), "own_ratio": round(many / few, 3)})
    )


if __name__ == "__main__":
    main()
