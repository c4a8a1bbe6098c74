"""Kills at random moments, as a topic of `tests.bench.attack`: changes, imports, exports, predictions, reports, trainings.

What a kill may cost is what was not acknowledged yet; nobody refuses anything, so a kill does no harm or is a defect.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.hostile import Tally

# Of changes (tests.bench.kills), of what makes files (work_kills), and of trainings (train_kills).
CHANGES, WORKS, TRAININGS = 360, 120, 30
ROOT = Path(__file__).resolve().parents[2]
POSSIBLE = hasattr(os, "fork")


def tally(folder: Path, every: int) -> Tally:
    """every: as of the other topics, a share of all."""
    found = Tally()
    if not POSSIBLE:
        return found
    from tests.bench.kills import InThisProcess, Killer
    from tlstudio.workflow import importing

    pool = importing.DECODERS
    importing.DECODERS = InThisProcess()  # type: ignore[assignment]
    try:
        changes = Killer(folder, seed=0).run(max(1, CHANGES // every))
    finally:
        importing.DECODERS = pool
    found.attempted += changes.kills
    found.defects += changes.lost + [f"left behind: {name}" for name in changes.left]
    for name, kills in (("work_kills", WORKS), ("train_kills", TRAININGS)):
        told = _run(name, max(1, kills // every))
        counted = told.get("kills", 0)
        found.attempted += sum(counted.values()) if isinstance(counted, dict) else counted
        found.defects += [f"{name}: {words}" for words in told.get("wrong", [])]
        if not told.get("same_bits", True):
            found.defects.append("train_kills: not the same bits")
    found.passed = found.attempted - len(found.defects)
    return found


def _run(name: str, kills: int) -> dict[str, object]:
    """In a process of its own: what is forked must not have threads."""
    command = [sys.executable, "-m", f"tests.bench.{name}", str(kills)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    told: dict[str, object] = json.loads(lines[-1]) if lines else {"wrong": [done.stderr.strip()[-2000:]]}
    return told
