"""How fast files become model input: `python -m tests.bench.decode [--images 120] [--rounds 5]`. Prints one JSON object.

- draft: a 12-megapixel JPEG into model input, against the library's full decode and resize (times faster, to stay above 3).
- cache: building the pixel cache on two cores, against two processes that do nothing but prepare the same files one after
  another (share of their speed, to stay above 0.85); `cold` counts the start of the decoding processes too; the share of
  processor time, starts included on both sides, holds on a busy machine as well.
- way back: one picture of model input from a decoding process, against the same bytes through shared memory (milliseconds).

Each ratio comes from one run, its sides taking turns, so that what else the machine does weighs on both.
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
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
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


def bare_loop(paths: list[Path], connection: Connection) -> None:
    prepare(paths[0], SPEC)
    connection.send("ready")
    connection.recv()
    for path in paths:
        prepare(path, SPEC)
    connection.send("done")


def bare_loops(paths: list[Path]) -> float:
    """Seconds for two processes that share the files, from the moment both are ready."""
    context = multiprocessing.get_context("spawn")
    ends = []
    for k in range(CORES):
        near, far = context.Pipe()
        process = context.Process(target=bare_loop, args=(paths[k::CORES], far))
        process.start()
        near.recv()
        ends.append((near, process))

    def run() -> None:
        for near, _ in ends:
            near.send("go")
        for near, _ in ends:
            near.recv()

    took = seconds(run)
    for _, process in ends:
        process.join()
    return took


def processor_seconds() -> float:
    """Spent so far by this process and those it has ended (0 for the latter on Windows)."""
    return sum(os.times()[:4])


def build_cache(rows: list[ImageRow], folder: Path, guard: Guard) -> float:
    cache.DECODERS = guard
    project = Project.create(folder, "bench")
    return seconds(lambda: cache.fill_cache(project, SPEC, rows, SILENT))


def caching(paths: list[Path], folder: Path, rounds: int) -> dict[str, float]:
    rows = [ImageRow(i, p, content_key(p), 4000, 3000, "a", None, Split.TRAIN) for i, p in enumerate(paths)]
    warm, cold, bare, work = [], [], [], []
    for n in range(rounds):
        before = processor_seconds()
        bare.append(bare_loops(paths))
        between = processor_seconds()
        with Guard(CORES) as guard:
            cold.append(build_cache(rows, folder / f"cold{n}", guard))
        work.append((between - before) / (processor_seconds() - between))
        with Guard(CORES) as guard:
            build_cache(rows[:CORES], folder / f"start{n}", guard)
            warm.append(build_cache(rows, folder / f"warm{n}", guard))
    return {
        "images": len(paths),
        "bare_seconds": statistics.median(bare),
        "cache_seconds": statistics.median(warm),
        "share": statistics.median(b / w for b, w in zip(bare, warm, strict=True)),
        "share_cold": statistics.median(b / c for b, c in zip(bare, cold, strict=True)),
        "share_of_processor_time": statistics.median(work),
    }


def shared(connection: Connection, name: str) -> None:
    """The other way to hand a picture back: written where both processes see it, and a word that it is there."""
    memory = SharedMemory(name)
    seen = np.ndarray(PICTURE, np.uint8, memory.buf)
    while connection.recv() is not None:
        seen[:] = np.zeros(PICTURE, np.uint8)
        connection.send("there")
    del seen
    memory.close()


def way_back() -> dict[str, float]:
    memory = SharedMemory(create=True, size=int(np.prod(PICTURE)))
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=shared, args=(far, memory.name))
    process.start()

    def through_memory() -> None:
        near.send(0)
        near.recv()
        np.ndarray(PICTURE, np.uint8, memory.buf).copy()

    with Guard(1) as guard:

        def through_pipe() -> None:
            guard.call(partial(np.zeros, dtype=np.uint8), PICTURE, Path("x"))

        through_memory()
        through_pipe()
        pairs = [(seconds(through_pipe), seconds(through_memory)) for _ in range(WAYS)]
    near.send(None)
    process.join()
    memory.close()
    memory.unlink()
    pipe, plain = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    return {"pipe_ms": pipe, "shared_memory_ms": plain}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_many(folder, options.images)
        result = {
            "bench": "decode",
            "jpeg_bytes": paths[0].stat().st_size,
            "draft": draft(paths, options.rounds),
            "cache": caching(paths, folder, options.rounds),
            "way_back": way_back(),
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
