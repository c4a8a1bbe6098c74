"""This program's training against its peers: the same split, pretrained weights, threads and decoded images for all of them.

    python -m pip install "fastai>=2.8"         # the dependency group `bench`
    python -m tests.bench.peers IMAGES [IMAGES …] --weights FOLDER [--per-class all 5 10 20] [--seeds 5] [--out FOLDER]
    python -m tests.bench.peers --throughput --weights FOLDER
    python -m tests.bench.peers --readme RESULTS.json [RESULTS.json …] [--file README.md]

IMAGES: a folder of class folders, or a sample of the program's own (`digits`, `metal-surfaces`). FOLDER: a timm local directory,
`<architecture>.<tag>`. With `--per-class all` the images are divided into 55 % for training, 15 % for validation and 30 % for the
test; with a number, so many of each class are for training and the rest (at most --test-cap) is the test. Images that look alike
never lie on both sides. Compared are

- this program's modes at their defaults, and a bare forward pass as the yardstick of quick training's time,
- fastai, scikit-learn and a timm loop; what each of them is given is said at the top of its module.

Nothing sees the test images before it has finished. The time is that of the training alone: images are decoded before, for all.
Every finished training is one line of OUT/rows.jsonl at once; a rerun goes on from there, and measures this program's modes again
only after a change of the code that trains. OUT/splits holds the divisions, OUT/results.json the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.peers.results import STUDIO, Results, Row, joined, key_of, summary
from tests.bench.peers.table import markdown, write_between

RATES = (3e-5, 1e-4, 3e-4, 1e-3)
PEERS = ("sklearn", "fastai", "fastai-20", "timm")
OUT = Path(__file__).parents[1] / "results" / "peers"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", nargs="*", metavar="IMAGES")
    parser.add_argument("--weights", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--per-class", nargs="+", default=["all"], metavar="N", help="all, or images of each class")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--modes", nargs="*", default=list(STUDIO), choices=STUDIO)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--rates", nargs="+", type=float, default=list(RATES), help="of the timm loop's sweep")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as this program takes by itself")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    # Every method plans five epochs or more, so that up to there the limit means the same to all of them.
    parser.add_argument(
        "--epochs-limit", type=int, default=0, choices=range(6), help="for every method; the table says so"
    )
    parser.add_argument("--hours", type=float, default=0.0, help="begin no training after so long; the table says so")
    parser.add_argument("--test-cap", type=int, default=0, metavar="N", help="most test images, drawn by the seed")
    parser.add_argument("--group-from", metavar="RULE", help="what belongs together, as for `tlstudio import`")
    parser.add_argument("--throughput", action="store_true", help="training images a second against bare stepping")
    parser.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        help="with --throughput: this program's network, not the bare one",
    )
    parser.add_argument(
        "--readme", type=Path, nargs="+", metavar="RESULTS.json", help="write the table between the markers of --file"
    )
    parser.add_argument("--file", type=Path, default=Path("README.md"))
    given = parser.parse_args()
    if given.readme is None and given.weights is None:
        parser.error("--weights FOLDER is needed")
    if given.readme is None and not given.throughput and not given.images:
        parser.error("at least one IMAGES is needed")
    return given


@dataclass(frozen=True, slots=True)
class Planned:
    """One training to be measured. row: everything of its result that is known before."""

    row: Row
    run: Callable[[Any], Any]


class Bench:
    """All cells of one call, one after the other; each in a project of its own that goes when its methods are done."""

    def __init__(self, given: argparse.Namespace, work: Path) -> None:
        from tests.bench.peers.methods import chosen
        from tests.bench.peers.studio import recipe_hash
        from tlstudio.catalog.weights import weights_hash

        self.given = given
        self.work = work
        self.folder: Path = given.weights.resolve()
        self.hash = weights_hash(self.folder)[:12]
        self.recipe = recipe_hash()
        self.methods = chosen(given.modes, given.peers, given.rates)
        self.results = Results(given.out / "rows.jsonl")
        self.planned: list[Row] = []
        self.until = time.monotonic() + given.hours * 3600 if given.hours else float("inf")
        self.unavailable: dict[str, str] = {}

    def run(self) -> Row:
        for source, per_class, seed in self._cells():
            self._measure(source, per_class, seed)
        wanted = {key_of(row) for row in self.planned}
        rows = [row for row in self.results.rows if key_of(row) in wanted]
        done = {key_of(row) for row in rows}
        missing = [row for row in self.planned if key_of(row) not in done]
        result = {
            "bench": "peers",
            "settings": self._settings(),
            "planned": len(self.planned),
            "missing": [{name: row[name] for name in ("data", "per_class", "seed", "method")} for row in missing],
            "unavailable": self.unavailable,
            "summary": summary(rows, len(self.given.rates)),
            "rows": rows,
        }
        (self.given.out / "results.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
        return result

    def _settings(self) -> Row:
        import timm
        import torch

        given = self.given
        return {
            "weights": self.folder.name,
            "device": given.device,
            "threads": given.threads,
            "seeds": given.seeds,
            "rates": given.rates,
            "epochs_limit": given.epochs_limit,
            "test_cap": given.test_cap,
            "versions": {"torch": torch.__version__, "timm": timm.__version__},
            "date": time.strftime("%Y-%m-%d"),
        }

    def _cells(self) -> Iterator[tuple[Any, int | None, int]]:
        """One seed of everything first, so that a benchmark that is cut short has something of all."""
        from tests.bench.peers.data import open_source

        sources = [open_source(named, self.work, self.given.group_from) for named in self.given.images]
        if len({source.name for source in sources}) < len(sources):
            raise SystemExit("Two of the folders of images have the same name; it stands for them in the results.")
        cuts = [None if cut == "all" else int(cut) for cut in self.given.per_class]
        for seed in range(self.given.seeds):
            for source in sources:
                for cut in cuts:
                    yield source, cut, seed

    def _measure(self, source: Any, per_class: int | None, seed: int) -> None:
        from tests.bench.peers.data import open_cell, read_split, split_hash, split_of

        given = self.given
        table = split_of(source, given.out / "splits", per_class=per_class, seed=seed, cap=given.test_cap)
        split = split_hash(read_split(table))
        here = {"data": source.name, "per_class": per_class, "seed": seed, "split": split}
        planned = [Planned({**here, **self._how(name)}, run) for name, run in self.methods.items()]
        self.planned += [each.row for each in planned]
        open_ones = [each for each in planned if not self.results.has(each.row)]
        if not open_ones or time.monotonic() > self.until:
            return
        project = self.work / "cells" / table.stem
        cell = open_cell(
            table,
            source,
            project,
            self.folder,
            seed=seed,
            device=given.device,
            threads=given.threads,
            epochs_limit=given.epochs_limit,
        )
        for each in open_ones:
            if time.monotonic() < self.until and each.row["method"] not in self.unavailable:
                self._one(each, cell)
        shutil.rmtree(project, ignore_errors=True)

    def _how(self, name: str) -> Row:
        """The part of a row that does not depend on the images."""
        return {
            "method": name,
            "weights": self.hash,
            "device": self.given.device,
            "threads": self.given.threads,
            "epochs_limit": self.given.epochs_limit,
            "recipe": self.recipe if name in STUDIO else "",
        }

    def _one(self, planned: Planned, cell: Any) -> None:
        import torch

        from tests.bench.peers.method import Missing

        torch.set_num_threads(self.given.threads)
        try:
            outcome = planned.run(cell)
        except Missing as missing:
            self.unavailable[planned.row["method"]] = str(missing)
            print(f"left out: {missing}", file=sys.stderr)
            return
        parts = {name: len(part) for name, part in cell.parts.items()}
        row = {
            **planned.row,
            **parts,
            "accuracy": outcome.accuracy,
            "balanced_accuracy": outcome.balanced_accuracy,
            "seconds": outcome.seconds,
            "details": outcome.details,
            "finished": time.time(),
        }
        self.results.add(row)
        reached = "" if outcome.accuracy is None else f" {outcome.accuracy:.4f}"
        name = f"{row['data']} {row['per_class'] or 'all'} seed {row['seed']} {row['method']}"
        print(f"{time.strftime('%H:%M:%S')} {name}:{reached} in {outcome.seconds:.1f} s", file=sys.stderr, flush=True)


def same_threads(threads: int) -> int:
    """Makes this program take so many threads, too, which by itself takes one for each core; returns the number."""
    import psutil

    cores: int = psutil.cpu_count(logical=False) or 1
    if not threads:
        return cores
    psutil.cpu_count = lambda logical=True: threads  # the program asks here how many to take
    return threads


def main() -> None:
    given = options()
    if given.readme is not None:
        write_between(given.file, markdown(joined([json.loads(path.read_text("utf-8")) for path in given.readme])))
        return
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        work = Path(name).resolve()
        os.environ |= {
            "TLSTUDIO_HOME": str(work / "home"),
            "TLSTUDIO_WEIGHTS": str(given.weights.resolve().parent),
            "HF_HUB_OFFLINE": "1",
        }
        given.threads = same_threads(given.threads)
        if given.throughput:
            from tests.bench.peers.throughput import throughput

            print(json.dumps(throughput(given, work)))
            return
        given.out.mkdir(parents=True, exist_ok=True)
        result = Bench(given, work).run()
    print(markdown(result))


if __name__ == "__main__":
    main()
