"""Failing writes: calls to the system that save something fail, one at a time, on every path that saves something."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
POSSIBLE = sys.platform.startswith("linux") and COMPILER is not None


def build(folder: Path) -> Path:
    """Compiles the library that stands before the C library."""
    shim = folder / "shim.so"
    source = Path(__file__).parent / "shim.c"
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-O1", "-o", str(shim), str(source), "-ldl"], check=True)
    return shim


def run_cases(shim: Path, kind: str, error: str, folder: Path, most: int = 0) -> dict[str, dict[str, Any]]:
    """Runs all cases of a kind (`light` or `torch`) with one error (`ENOSPC` or `EIO`); see tests/faults/child.py."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.child", kind, error, str(folder / "work"), str(most)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "LD_PRELOAD": str(shim), "TLSTUDIO_HOME": str(folder / "home")},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"case"')]
    return {line["case"]: line for line in lines}
