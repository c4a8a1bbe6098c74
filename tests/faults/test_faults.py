"""Calls that save something fail, on every path: what was there is intact, the failure has a name, and nothing is left.

The calls fail before they reach the system, by a library that stands before the C library; so Python, SQLite and the tensor
library are treated alike. Here some calls of each path are tried, with `python -m tests.bench.attack calls` every one. Linux
with a C compiler only; tests/unit/storage/test_files.py tries the like in Python everywhere.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import POSSIBLE, build, run_cases
from tests.faults.cases import CASES, TORCH_CASES

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="needs Linux and a C compiler")
MOST = 10

Run = Callable[[str, str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Gives what came of all cases of a kind with one error; each kind and error is run once."""
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    shim = build(tmp_path_factory.mktemp("faults"))
    yield functools.cache(lambda kind, error: run_cases(shim, kind, error, place, MOST))
    shutil.rmtree(place)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("case", [*CASES, *TORCH_CASES])
def test_a_failing_call_costs_nothing_that_was_there(run: Run, case: str, error: str) -> None:
    found = run("torch" if case in TORCH_CASES else "light", error)[case]
    assert found["problems"] == []
    assert found["tried"] >= min(5, found["calls"]) > 0
    assert sum(found["failed"].values()) + found["tolerated"] == found["tried"]
    assert set(found["failed"]) <= ({"DiskFull"} if error == "ENOSPC" else {"FileTrouble", "CantWrite"})
