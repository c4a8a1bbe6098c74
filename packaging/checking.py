"""The checks that a change must pass, in the order of how fast they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_AT_ONCE = 4  # each process of tests holds torch and a window: about 1.5 GB


def steps(python: Path, pytest_arguments: list[str]) -> list[tuple[str, list[str]]]:
    """Name and command of every check.

    Which lines the tests reach is told with `--cov` after the command: to watch each of them takes a third more time.
    """
    module = [str(python), "-m"]
    return [
        ("style (ruff check)", [*module, "ruff", "check", "."]),
        ("layout (ruff format)", [*module, "ruff", "format", "--check", "."]),
        ("types (mypy)", [*module, "mypy"]),
        ("tests (pytest)", [*module, "pytest", *side_by_side(), *pytest_arguments]),
    ]


def side_by_side() -> list[str]:
    """One process of tests for each core; `-n 0` after the command runs them in one.

    Files stay whole, because the tests of one share a window or a trained model that takes seconds to make; they are dealt out in
    the order of their names, which leaves the quick ones for the end.
    """
    return ["-n", str(min(MOST_AT_ONCE, os.cpu_count() or 1)), "--dist", "loadfile", "--no-loadscope-reorder"]


def environment() -> dict[str, str]:
    """Without a screen the tests draw into memory, unless QT_QPA_PLATFORM says otherwise."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    no_screen = sys.platform == "linux" and not (kept.get("DISPLAY") or kept.get("WAYLAND_DISPLAY"))
    if no_screen:
        kept.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Tests run side by side: threads that wait for each other on cores that are taken cost several times what they gain.
    kept.setdefault("OMP_NUM_THREADS", "1")
    return kept


def run_checks(python: Path, pytest_arguments: list[str]) -> int:
    """Runs the checks until one fails, names it, and returns its exit status; 0 when all pass."""
    for name, command in steps(python, pytest_arguments):
        print(f"\n== {name}", flush=True)
        status = subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
        if status:
            print(f"\nFailed: {name}, exit status {status}.", file=sys.stderr)
            # A check that was killed has a negative number here, which would not fit an exit status.
            return status if 0 < status < 256 else 1
    print("\nAll checks passed.")
    return 0
