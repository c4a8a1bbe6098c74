"""Kills imports, exports, predictions and reports at random moments, again and again, and looks at what is left.

    python -m tests.bench.work_kills [KILLS] [--seed N]

One process loads torch and all else and then forks a child for each deed, which decodes in processes of its own. It is killed
with SIGKILL at a random moment of the time that such a deed takes. Then what was there before must be there whole, what the deed
makes must be whole or not there at all, the decoding processes must have ended, and the next try must succeed and clear up.
Prints one JSON line. Needs fork, so not Windows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # a process whose threads have started can't be forked

import psutil
import torch

from tests.bench.kills import fingerprint
from tests.bench.train_kills import forked, wait_for
from tests.conftest import COLOURS, TEST_MODEL, paint
from tlstudio.domain.errors import StudioError
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.inference import opening
from tlstudio.storage.images import list_images
from tlstudio.storage.project import Project
from tlstudio.workflow import keeping
from tlstudio.workflow.exporting import export
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.predicting import predict
from tlstudio.workflow.reporting import report
from tlstudio.workflow.training import train

# What the deeds load when they are under way; a child has it already.
LOADED = (
    "tlstudio.reports.html",
    "tlstudio.reports.pdf",
    "tlstudio.quality.text",
    "timm",
    "onnx",
    "sklearn.linear_model",
)
SLOWEST = 300.0
ENDING = 10.0  # seconds after which no decoding process may be left


@dataclass(frozen=True)
class Deed:
    """do: in a folder with `images` and `project`. result: what it makes, under that folder. wrong: what is wrong with that."""

    do: Callable[[Path], object]
    result: str
    wrong: Callable[[Path], str]


def _import(folder: Path) -> None:
    with keeping.changing(folder / "new", "the child"):
        import_images(ImportRequest(folder / "images", folder / "new", group_from="none", copy=True))


def _imported(project: Path) -> str:
    """A project that is there holds nothing yet or all, and every copy that it names."""
    rows = list_images(Project.open(project, looking=True)) if (project / "project.db").exists() else []
    if rows and len(rows) != IMAGES:
        return f"{len(rows)} images of {IMAGES}"
    missing = sum(not row.path.is_file() for row in rows)
    return f"{missing} copies are missing" if missing else ""


def _model(path: Path) -> str:
    try:
        opening.read_description(opening.read_file(path), path)
    except StudioError as error:
        return error.what
    return ""


def _table(path: Path) -> str:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return "" if len(lines) == IMAGES + 1 else f"{len(lines)} lines"


def _page(path: Path) -> str:
    return "" if path.read_text(encoding="utf-8").rstrip().endswith("</html>") else "half a page"


PER_CLASS = 12
IMAGES = PER_CLASS * len(COLOURS)
DEEDS = {
    "import": Deed(_import, "new", _imported),
    "export": Deed(lambda f: export(f / "project", f / "out" / "model.onnx"), "out/model.onnx", _model),
    "predict": Deed(
        lambda f: predict(f / "before.onnx", [f / "images"], csv=f / "out" / "table.csv", recursive=True),
        "out/table.csv",
        _table,
    ),
    "report": Deed(lambda f: report(f / "project", f / "out" / "report.html"), "out/report.html", _page),
}


def prepare(folder: Path) -> None:
    """Pictures, a project with a quick run, and its model."""
    for colour, rgb in COLOURS.items():
        for n in range(PER_CLASS):
            paint(folder / "images" / colour, f"{n}.png", rgb, seed=n)
    import_images(ImportRequest(folder / "images", folder / "project", group_from="none"))
    train(folder / "project", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    export(folder / "project", folder / "before.onnx")


@dataclass
class Found:
    """kills: by deed. whole: kills after which the deed's result was there. wrong: sentences."""

    kills: Counter[str] = field(default_factory=Counter)
    whole: int = 0
    wrong: list[str] = field(default_factory=list)


class Killer:
    """One folder, many deeds."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.draw = random.Random(seed)
        self.found = Found()
        self._do(lambda: prepare(folder))
        self.before = fingerprint(Project(folder / "project"))
        self.seconds: dict[str, float] = {}
        for name, deed in DEEDS.items():
            started = time.monotonic()
            self._do(lambda deed=deed: deed.do(folder))  # type: ignore[misc]
            self.seconds[name] = time.monotonic() - started
            self._judge(name, deed)
            if not (folder / deed.result).exists():
                raise RuntimeError(f"{name} makes nothing")

    def run(self, kills: int) -> Found:
        for name, deed in DEEDS.items():
            share = -(-kills // len(DEEDS))
            tries = 0
            while self.found.kills[name] < share and tries < 3 * share:
                tries += 1
                self._kill(name, deed)
            self._do(lambda deed=deed: deed.do(self.folder))  # type: ignore[misc]
            self._judge(name, deed)
            left = [str(path) for path in (self.folder / "out").rglob("*.part*")]
            left += [str(path) for path in (self.folder / "new").rglob("*.part*")]
            if left:
                self.found.wrong.append(f"{name}: left behind: {left[:3]}")
        return self.found

    def _kill(self, name: str, deed: Deed) -> None:
        if self.draw.random() < 0.5:
            self._clear(deed)
        child = forked(lambda: deed.do(self.folder))
        ended, status = wait_for(child, self.draw.uniform(0.0, self.seconds[name]))
        if ended:
            if status:
                self.found.wrong.append(f"{name}: it ended by itself with status {status}")
            return
        decoders = psutil.Process(child).children(recursive=True)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.found.kills[name] += 1
        _, alive = psutil.wait_procs(decoders, timeout=ENDING)
        for process in alive:
            self.found.wrong.append(f"{name}: a process outlives its owner")
            process.kill()
        self._judge(name, deed)
        self.found.whole += (self.folder / deed.result).exists()

    def _clear(self, deed: Deed) -> None:
        place = self.folder / deed.result
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)

    def _judge(self, name: str, deed: Deed) -> None:
        place = self.folder / deed.result
        wrong = ""
        if place.exists():
            try:
                wrong = deed.wrong(place)
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
        if not wrong and fingerprint(Project(self.folder / "project")) != self.before:
            wrong = "the project is not as it was"
        if wrong:
            self.found.wrong.append(f"{name}, kill {self.found.kills[name]}: {wrong}")

    def _do(self, deed: Callable[[], object]) -> None:
        child = forked(deed)
        ended, status = wait_for(child, SLOWEST)
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if not ended or status:
            raise RuntimeError(f"a deed that was left alone did not succeed: {status}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in LOADED:
        with suppress(ImportError):
            import_module(name)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        os.environ["TLSTUDIO_HOME"] = f"{place}/home"
        found = Killer(Path(place) / "work", options.seed).run(options.kills)
    seconds = round(time.monotonic() - started)
    print(
        json.dumps(
            {
                "bench": "work_kills",
                "kills": found.kills,
                "whole": found.whole,
                "seconds": seconds,
                "wrong": found.wrong,
            }
        )
    )
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
