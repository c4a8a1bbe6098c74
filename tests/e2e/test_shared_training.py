"""A training that torchrun starts in several processes; one of them is killed, and one alone goes on with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import ROOT, TEST_MODEL

SECONDS = 240
TRAIN = (
    "train",
    "--project",
    "p",
    "--model",
    TEST_MODEL,
    "--mode",
    "balanced",
    "--input-size",
    "32",
    "--device",
    "cpu",
)

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs groups of processes")


def started(folder: Path, *words: object, several: bool) -> subprocess.Popen[str]:
    several_of = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2") if several else ()
    return subprocess.Popen(
        [sys.executable, *several_of, "-m", "tlstudio", *map(str, words), "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def events(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, said = process.communicate(timeout=SECONDS)
    found = [json.loads(line) for line in out.splitlines()]
    assert found, said
    return found


def of_rank(process: subprocess.Popen[str], rank: int) -> psutil.Process:
    children = psutil.Process(process.pid).children()
    return next(child for child in children if child.environ().get("RANK") == str(rank))


def test_one_is_killed_and_one_alone_goes_on(make_images: Callable[..., Path], tmp_path: Path) -> None:
    events(started(tmp_path, "import", make_images(24), "--project", "p", several=False))
    training = started(tmp_path, *TRAIN, "--no-rehearse", "--epochs", "400", several=True)
    assert training.stdout is not None
    try:
        for line in training.stdout:
            event = json.loads(line)
            if event["event"] == "started":
                assert event["device"].endswith(", 2 processes")
            if event["event"] == "epoch_done" and event["epoch"] == 2:
                time.sleep(0.05)  # within the epoch that follows
                of_rank(training, 1).kill()
                break
        last = events(training)[-1]
    finally:
        if training.poll() is None:
            os.killpg(training.pid, signal.SIGKILL)
    assert training.returncode == 1
    # torchrun asks the others to end as soon as it notices, and the first process may have noticed before.
    assert (last["event"], last["kind"]) in (("failed", "RankLost"), ("failed", "Cancelled"))
    (row,) = events(started(tmp_path, "runs", "list", "--project", "p", several=False))[-1]["runs"]
    assert row["state"] == ("failed" if last["kind"] == "RankLost" else "interrupted")
    done = events(started(tmp_path, "train", "--project", "p", "--resume", "--finish", several=False))[-1]
    assert (done["event"], done["run"]) == ("result", row["run"]) and done["epochs"] >= 2


def test_nothing_but_a_training_is_shared(tmp_path: Path) -> None:
    process = started(tmp_path, "runs", "list", "--project", "p", several=True)
    found = events(process)
    assert process.returncode == 1
    assert {(each["event"], each["kind"]) for each in found} == {("failed", "WrongUsage")}
