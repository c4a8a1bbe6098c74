"""Finished results, one line each in a file that a killed benchmark goes on from; and what is computed from them."""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

Row = dict[str, Any]

# What makes two results the same measurement. recipe: of this program's own code, empty for the peers.
KEY = ("data", "per_class", "seed", "method", "weights", "device", "threads", "epochs_limit", "split", "recipe")
STUDIO = ("quick", "balanced", "thorough")
RATE = "timm@"
SWEPT = "timm"  # the rate that was best on validation
BARE = "forward"


class Results:
    """The file of rows. Every row is on the disk before the next measurement begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []
        if path.exists():
            # A last line without its end was being written when the benchmark was killed.
            whole = path.read_bytes().rpartition(b"\n")[0]
            self.rows = [json.loads(line) for line in whole.decode("utf-8").splitlines()]

    def has(self, row: Row) -> bool:
        return any(key_of(row) == key_of(known) for known in self.rows)

    def add(self, row: Row) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    file.seek(0)
                    file.truncate(file.read().rfind(b"\n") + 1)
            file.write(json.dumps(row).encode("utf-8") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.rows.append(row)


def key_of(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in KEY)


def with_sweep(rows: Sequence[Row], rates: int) -> list[Row]:
    """The rows, and one more for every finished sweep of that many rates: the best on validation, for the time of all."""
    sweeps: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["method"].startswith(RATE):
            sweeps[tuple(row[name] for name in KEY if name != "method")].append(row)
    swept = []
    for tried in sweeps.values():
        if len(tried) < rates:
            continue
        best = max(tried, key=lambda row: tuple(row["details"]["validation"]))
        swept.append({**best, "method": SWEPT, "seconds": sum(row["seconds"] for row in tried)})
    return [*rows, *swept]


def summary(rows: Sequence[Row], rates: int) -> Row:
    """Figures of every method on every set of images, and over the sets that all methods finished.

    The sets in the order in which they were measured, each with its smallest cut first and all of its images last.
    """
    everything = with_sweep(rows, rates)
    order = list(dict.fromkeys(row["data"] for row in everything))
    everything.sort(key=lambda row: (order.index(row["data"]), row["per_class"] or math.inf))
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in everything:
        groups[row["data"], str(row["per_class"] or "all")].append(row)
    cells = [
        {"data": data, "per_class": cut, "train": mine[0]["train"], "test": mine[0]["test"], "methods": figures(mine)}
        for (data, cut), mine in groups.items()
    ]
    return {"cells": cells, "overall": overall(cells)}


def joined(results: Sequence[Row]) -> Row:
    """Several results as one, for one table. Raises SystemExit where they were not measured in the same way."""
    first = results[0]
    for other in results[1:]:
        for name in ("weights", "device", "threads", "seeds", "rates", "epochs_limit"):
            mine, theirs = first["settings"][name], other["settings"][name]
            if mine != theirs:
                raise SystemExit(f"These results can't stand in one table: {name} is {mine} and {theirs}.")
    rows = [row for each in results for row in each["rows"]]
    return {
        **first,
        "planned": sum(each["planned"] for each in results),
        "missing": [row for each in results for row in each["missing"]],
        "rows": rows,
        "summary": summary(rows, len(first["settings"]["rates"])),
    }


def figures(rows: Sequence[Row]) -> dict[str, Row]:
    """What each method reached on one set of images, over the seeds that all of them have finished, or without any such over its
    own."""
    by_method: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        by_method[row["method"]][row["seed"]] = row
    seeds = sorted(set.intersection(*(set(each) for each in by_method.values())))
    result: dict[str, Row] = {}
    for method, each in by_method.items():
        mine = [each[seed] for seed in seeds or sorted(each)]
        result[method] = {"seeds": len(mine), "seconds": _mean(r["seconds"] for r in mine)}
        if mine[0]["accuracy"] is not None:
            accuracies = [r["accuracy"] for r in mine]
            result[method] |= {
                "accuracy": interval(accuracies),
                "balanced_accuracy": _mean(r["balanced_accuracy"] for r in mine),
                "error": 1 - _mean(accuracies),
            }
    _compare(result)
    return result


def _compare(methods: dict[str, Row]) -> None:
    """Adds each method's ratios: its error to the best peer's, its time to fastai's and to a bare forward pass."""
    theirs = [m["error"] for name, m in methods.items() if name not in STUDIO and "error" in m]
    for method in methods.values():
        if "error" in method and theirs:
            method["error_over_best_peer"] = ratio(method["error"], min(theirs))
        for name, yardstick in (("seconds_over_fastai", "fastai"), ("seconds_over_forward", BARE)):
            if yardstick in methods:
                method[name] = ratio(method["seconds"], methods[yardstick]["seconds"])


def overall(cells: Sequence[Row]) -> Row:
    """Mean errors of each method over the sets of images that all methods finished, each set counting the same, and their ratio
    to that of the peer whose mean is lowest."""
    names = sorted({name for cell in cells for name, m in cell["methods"].items() if "error" in m})
    whole = [cell["methods"] for cell in cells if set(names) <= set(cell["methods"])]
    if not whole:
        return {"cells": 0, "error": {}, "balanced_error": {}, "error_over_best_peer": {}}
    error = {name: _mean(m[name]["error"] for m in whole) for name in names}
    theirs = [value for name, value in error.items() if name not in STUDIO]
    return {
        "cells": len(whole),
        "error": error,
        "balanced_error": {name: 1 - _mean(m[name]["balanced_accuracy"] for m in whole) for name in names},
        "error_over_best_peer": {name: ratio(error[name], min(theirs)) for name in names} if theirs else {},
    }


def ratio(mine: float, theirs: float) -> float | None:
    """None where there is nothing to divide by."""
    return round(mine / theirs, 3) if theirs > 0 else None


def interval(values: Sequence[float]) -> Row:
    """Mean over the seeds with its 95 % interval by Student's t; none below three seeds, where it would say nothing."""
    mean = _mean(values)
    if len(values) < 3:
        return {"value": mean, "low": None, "high": None}
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return {"value": mean, "low": max(0.0, mean - half), "high": min(1.0, mean + half)}


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
