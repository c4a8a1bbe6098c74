"""A training that is killed again and again ends with the same bits as one that is left alone; the bench does it at length."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

KILLS = 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, so that torch is loaded once and not each time")
def test_kills_change_nothing() -> None:
    command = [sys.executable, "-m", "tests.bench.train_kills", str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["same_bits"] and told["kills"] >= KILLS, told
