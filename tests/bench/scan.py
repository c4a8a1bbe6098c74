"""Looking through a large folder, against its yardstick: the barest way to see the same files, and nothing else.

    python -m tests.bench.scan [--files 100000] [--rounds 5]

Writes that many tiny PNG files in ten class folders, and a table that lists them. Compared are the scan alone and the whole look
of the window before an import (classes, groups, pages, samples), for the class folders and for the table. Each is held against
os.scandir and the first bytes of every file (to stay under 1.5). A table is also held against what nobody can do without who
reads one: the csv module over its lines, and the first bytes of every file by the name in its line (`by_lines`).

Each figure is the median ratio of rounds in which all sides were measured one after another. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from tlstudio.images.scan import Wishes
from tlstudio.images.sources.registry import recognise
from tlstudio.workflow.previewing import preview_import

CLASSES = 10
HEADER = 64  # bytes


def png() -> bytes:
    """One grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def write(folder: Path, files: int) -> Path:
    """The files, and the table that lists them beside their folder."""
    data = png()
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "class", "patient"))
        for i in range(files):
            path = folder / "images" / f"class{i % CLASSES}" / f"P{i // 20:05d}_{i:06d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            table.writerow((path.relative_to(folder).as_posix(), path.parent.name, f"P{i // 20:05d}"))
    return folder / "images"


def plain(folder: Path) -> int:
    """The yardstick: every name once, the head of every file."""
    count, waiting = 0, [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                else:
                    with open(entry.path, "rb") as file:  # noqa: PTH123 - the barest way there is
                        file.read(HEADER)
                    count += 1
    return count


def plain_table(table: Path) -> int:
    """The yardstick of a table: every line once, the head of every file it names."""
    base, count = str(table.parent), 0
    with table.open(encoding="utf-8", newline="") as lines:
        for line in list(csv.reader(lines))[1:]:
            with open(f"{base}/{line[0]}", "rb") as file:  # noqa: PTH123 - the barest way there is
                file.read(HEADER)
            count += 1
    return count


def seconds(work: Callable[[], int], files: int) -> float:
    started = time.perf_counter()
    assert work() == files
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["TLSTUDIO_HOME"] = home
        source = write(Path(home), options.files)
        table = source.parent / "list.csv"
        works: dict[str, Callable[[], int]] = {
            "scan_folders": lambda: len(recognise(source).scan(Wishes()).found),
            "preview_folders": lambda: preview_import(source).images,
            "scan_table": lambda: len(recognise(table).scan(Wishes()).found),
            "preview_table": lambda: preview_import(table).images,
        }
        plain(source)  # fills the system's cache
        found: dict[str, float] = {}
        for name, work in works.items():
            sides = (work, lambda: plain(source), lambda: plain_table(table))
            rounds = [[seconds(side, options.files) for side in sides] for _ in range(options.rounds)]
            found[name] = round(statistics.median(mine / folders for mine, folders, _ in rounds), 3)
            if "table" in name:
                found[f"{name}_by_lines"] = round(statistics.median(mine / lines for mine, _, lines in rounds), 3)
            found[f"{name}_seconds"] = round(statistics.median(mine for mine, _, _ in rounds), 2)
            found["plain_seconds"] = round(statistics.median(folders for _, folders, _ in rounds), 2)
    print(json.dumps({"bench": "scan", "files": options.files, **found}))


if __name__ == "__main__":
    main()
