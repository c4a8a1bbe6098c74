"""Calls to the system that save something fail, as a topic of `tests.bench.attack`: see tests/faults."""

from __future__ import annotations

from pathlib import Path

from tests.faults import POSSIBLE, build, run_cases
from tests.hostile import Tally

KINDS, ERRORS = ("light", "torch"), ("ENOSPC", "EIO")
LONG = 40  # calls of a long path


def tally(folder: Path, every: int) -> Tally:
    """Every call of each path, or some of them, spread over all that it makes, where `every` is above 1."""
    found = Tally()
    if not POSSIBLE:
        return found
    shim, most = build(folder), 0 if every == 1 else max(2, LONG // every)
    for kind in KINDS:
        for error in ERRORS:
            for case, came in run_cases(shim, kind, error, folder, most).items():
                found.attempted += came["tried"]
                found.refused += sum(came["failed"].values())
                found.passed += came["tolerated"]
                found.defects += [f"{case}, {error}: {problem}" for problem in came["problems"]]
                named = ", ".join(f"{n} {name}" for name, n in came["failed"].items())
                print(
                    f"    {error:7}{case:32}{came['calls']:4} calls: {named or 'none failed'}, {came['tolerated']} overcome",
                    flush=True,
                )
    return found
