"""How fast files become model input: `python -m tests.bench.decode [--images 120] [--rounds 9]`. Prints one JSON object.

- draft: a 12-megapixel JPEG into model input, against the library's full decode and resize (times faster, to stay above 3).
- cache: building the pixel cache on two cores, against two processes that do nothing but prepare the same files one after
  another. `share` is the cache's part of their speed, all processes ready (to stay above 0.85), the median of the rounds;
  `share_of_best` that of the fastest round of each side, the least disturbed ones; `share_cold` counts the start of the
  processes on both sides, `share_cold_against_ready` on the cache's alone. The share of processor time holds on a busy machine.
- way back: one picture of model input from a decoding process, with all that guards it, against nothing but the same bytes
  through a pipe (milliseconds).

Each ratio comes from one run, its sides taking turns, every other round in the other order, so that what else the machine does
weighs on both.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
from PIL import Image

from tlstudio.domain.events import SILENT
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images import cache
from tlstudio.images.guard import Guard
from tlstudio.images.inspect import content_key
from tlstudio.images.prepare import prepare
from tlstudio.storage.project import Project

SPEC = PreprocessSpec(224)
CORES = 2
PICTURE = (SPEC.size, SPEC.size, 3)
WAYS = 400


def write_photo(path: Path, seed: int) -> None:
    """12 megapixels with soft shapes, edges and grain, about as hard to decode as a photograph."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).resize((4000, 3000), Image.Resampling.BICUBIC)
    fine = Image.fromarray(rng.integers(0, 256, (750, 1000, 3), np.uint8)).resize(
        (4000, 3000), Image.Resampling.BILINEAR
    )
    Image.blend(soft, fine, 0.15).save(path, quality=90)


def write_many(folder: Path, count: int) -> list[Path]:
    """Files of different contents: a few photographs, each with a number at its end, which decoders pass over."""
    photos = []
    for seed in range(6):
        write_photo(folder / f"photo{seed}.jpg", seed)
        photos.append((folder / f"photo{seed}.jpg").read_bytes())
    paths = [folder / f"{i:04d}.jpg" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(photos[i % len(photos)] + i.to_bytes(4, "little"))
    return paths


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def full(path: Path) -> None:
    with Image.open(path) as image:
        np.asarray(image.convert("RGB").resize((SPEC.size, SPEC.size), Image.Resampling.BICUBIC))


def draft(paths: list[Path], rounds: int) -> dict[str, float]:
    full(paths[0])
    prepare(paths[0], SPEC)
    pairs = [(seconds(lambda p=p: full(p)), seconds(lambda p=p: prepare(p, SPEC))) for p in paths[:12] * rounds]
    theirs, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {
        "full_ms": theirs * 1e3,
        "ours_ms": ours * 1e3,
        "times_faster": statistics.median(a / b for a, b in pairs),
    }


def bare_loop(connection: Connection) -> None:
    """Prepares the files it is sent, says when it is done, and goes on until it is sent none."""
    connection.send("ready")
    while paths := connection.recv():
        for path in paths:
            prepare(path, SPEC)
        connection.send("done")


class Loops:
    """Two processes that do nothing but prepare files, each its half of them one after another."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._ends: list[tuple[Connection, BaseProcess]] = []
        for _ in range(CORES):
            near, far = context.Pipe()
            process = context.Process(target=bare_loop, args=(far,))
            process.start()
            self._ends.append((near, process))
        for near, _ in self._ends:
            near.recv()

    def run(self, paths: list[Path]) -> None:
        for k, (near, _) in enumerate(self._ends):
            near.send(paths[k::CORES])
        for near, _ in self._ends:
            near.recv()

    def end(self) -> None:
        for near, process in self._ends:
            near.send([])
            process.join()


def processor_seconds() -> float:
    """Spent so far by this process and those it has ended (0 for the latter on Windows)."""
    return sum(os.times()[:4])


def fill(project: Project, rows: list[ImageRow], guard: Guard) -> None:
    cache.DECODERS = guard
    _, refused = cache.fill_cache(project, SPEC, rows, SILENT)
    assert not refused


def in_turn(first: Callable[[], float], second: Callable[[], float], n: int) -> tuple[float, float]:
    """Both sides of round n; every other round begins with the other one, so that drift weighs on both."""
    if n % 2:
        later = second()
        return first(), later
    return first(), second()


def warm_rounds(paths: list[Path], rows: list[ImageRow], folder: Path, rounds: int) -> list[tuple[float, float]]:
    """Seconds of the loops and of the cache, with all processes ready."""
    loops = Loops()
    loops.run(paths[:CORES])
    with Guard(CORES) as guard:
        fill(Project.create(folder / "start", "bench"), rows[:CORES], guard)
        projects = [Project.create(folder / f"warm{n}", "bench") for n in range(rounds)]
        pairs = [
            in_turn(
                lambda: seconds(lambda: loops.run(paths)),
                lambda p=project: seconds(lambda: fill(p, rows, guard)),  # type: ignore[misc]
                n,
            )
            for n, project in enumerate(projects)
        ]
    loops.end()
    return pairs


@dataclass(frozen=True, slots=True)
class Cold:
    """One round that begins without processes. Seconds, with their start; `ready`: of the loops from when they were ready.

    work: processor time of the loops over that of the cache.
    """

    bare: float
    ready: float
    ours: float
    work: float


def cold_round(paths: list[Path], rows: list[ImageRow], folder: Path, n: int) -> Cold:
    ready, spent = 0.0, [0.0, 0.0]

    def bare() -> float:
        nonlocal ready
        spent[0], started = processor_seconds(), time.perf_counter()
        loops = Loops()
        ready = seconds(lambda: loops.run(paths))
        took = time.perf_counter() - started
        loops.end()
        spent[0] = processor_seconds() - spent[0]
        return took

    def ours() -> float:
        project = Project.create(folder / f"cold{n}", "bench")
        spent[1] = processor_seconds()
        with Guard(CORES) as guard:
            took = seconds(lambda: fill(project, rows, guard))
        spent[1] = processor_seconds() - spent[1]
        return took

    loops_took, cache_took = in_turn(bare, ours, n)
    return Cold(loops_took, ready, cache_took, spent[0] / spent[1])


def caching(paths: list[Path], folder: Path, rounds: int) -> dict[str, float]:
    rows = [ImageRow(i, p, content_key(p), 4000, 3000, "a", None, Split.TRAIN) for i, p in enumerate(paths)]
    warm = warm_rounds(paths, rows, folder, rounds)
    cold = [cold_round(paths, rows, folder, n) for n in range(rounds)]
    bare, ours = (sorted(side) for side in zip(*warm, strict=True))
    return {
        "images": len(paths),
        "rounds": rounds,
        "bare_seconds": statistics.median(bare),
        "cache_seconds": statistics.median(ours),
        "share": statistics.median(b / c for b, c in warm),
        "share_of_best": bare[0] / ours[0],
        "share_cold": statistics.median(c.bare / c.ours for c in cold),
        "share_cold_against_ready": statistics.median(c.ready / c.ours for c in cold),
        "share_of_processor_time": statistics.median(c.work for c in cold),
    }


def piped(connection: Connection) -> None:
    """The other way to hand a picture back: all its bytes through the pipe."""
    while connection.recv() is not None:
        connection.send_bytes(np.zeros(PICTURE, np.uint8).tobytes())


def way_back(rounds: int) -> dict[str, float]:
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=piped, args=(far,))
    process.start()

    def through_pipe() -> None:
        for _ in range(WAYS):
            near.send(0)
            np.frombuffer(near.recv_bytes(), np.uint8)

    with Guard(1) as guard:

        def ours() -> None:
            for _ in guard.in_order(partial(np.zeros, dtype=np.uint8), [PICTURE] * WAYS):
                pass

        through_pipe()
        ours()
        pairs = [(seconds(ours) / WAYS, seconds(through_pipe) / WAYS) for _ in range(rounds)]
    near.send(None)
    process.join()
    mine, pipe = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    return {"ours_ms": mine, "pipe_ms": pipe}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_many(folder, options.images)
        result = {
            "bench": "decode",
            "jpeg_bytes": paths[0].stat().st_size,
            "draft": draft(paths, options.rounds),
            "cache": caching(paths, folder, options.rounds),
            "way_back": way_back(options.rounds),
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
