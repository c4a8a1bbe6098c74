"""Several processes that train one model: the same that one alone trains; nobody is left waiting."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import ROOT
from tests.unit.training.conftest import network, recipe
from tests.unit.training.in_ranks import Arrays, lead
from tlstudio.storage import processes
from tlstudio.training import adapters, ranks
from tlstudio.training.batches import Batch, Data
from tlstudio.training.branches import drop_shares, put_drop_shares
from tlstudio.training.lessons import ALL, Share, lesson

SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, *scenarios: str, rank: int, port: int, count: int = 2) -> subprocess.Popen[str]:
    env = dict(os.environ, OMP_NUM_THREADS="1", TORCHELASTIC_RUN_ID="test", MASTER_ADDR="127.0.0.1")
    env |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_PORT": str(port)}
    command = [sys.executable, "-m", "tests.unit.training.in_ranks", str(folder), *scenarios]
    return subprocess.Popen(command, cwd=ROOT, env=env, text=True, stderr=subprocess.PIPE)


def two(folder: Path, scenario: str) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    port = free_port()
    return start(folder, scenario, rank=0, port=port), start(folder, scenario, rank=1, port=port)


def told(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=SECONDS)[1]


def apart(one: Arrays, other: Arrays) -> float:
    assert set(one) == set(other) and one
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)


def test_three_processes_train_what_one_trains(tmp_path: Path) -> None:
    """Whatever is random in it: dropout, mixup, adapters; with fewer images in a batch than there are processes; begun by one."""
    scenarios = ("features", "random", "mixed", "few", "adapters", "resumed")
    by_one = {scenario: lead(tmp_path / "one", scenario) for scenario in scenarios}
    (tmp_path / "three").mkdir()
    shutil.copytree(tmp_path / "one" / "begun", tmp_path / "three" / "resumed")
    port = free_port()
    started = [start(tmp_path / "three", *scenarios, rank=rank, port=port, count=3) for rank in range(3)]
    words = [told(process) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], words
    by_three = {scenario: dict(np.load(tmp_path / "three" / f"{scenario}.npz")) for scenario in scenarios}
    largest = max(np.abs(row).max() for row in by_one["features"].values())
    assert list(by_three["features"]) == list(by_one["features"]) and len(by_one["features"]) == 29
    assert apart(by_three.pop("features"), by_one.pop("features")) < 1e-4 * largest
    for scenario, found in by_three.items():
        assert apart(found, by_one[scenario]) < 1e-6, f"{scenario}: but for the rounding of sums"
    last = [dict(np.load(tmp_path / "three" / f"last-{rank}.npz")) for rank in range(3)]
    assert apart(last[0], last[1]) == apart(last[0], last[2]) == 0, "every process has the same network"


@pytest.mark.parametrize("killed", [0, 1])
def test_a_process_that_is_killed_leaves_nobody_waiting_and_is_named(tmp_path: Path, killed: int) -> None:
    both = two(tmp_path, "long")
    while not (tmp_path / "long" / "checkpoint.safetensors").exists():
        assert both[0].poll() is None
    both[killed].kill()
    both[killed].communicate()
    other = both[1 - killed]
    assert f"RankLost: {ranks.GONE}" in told(other) and other.returncode == 1


def test_who_can_not_see_the_images_says_so(tmp_path: Path) -> None:
    both = two(tmp_path, "unseen")
    words = [told(process) for process in both]
    assert [process.returncode for process in both] == [1, 1], words
    assert all("RankLost" in each and "can't read the prepared images" in each for each in words)


# --- shares ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("images", "count"), [(1, 2), (7, 2), (32, 5), (3, 8)])
def test_every_image_is_in_one_share(images: int, count: int) -> None:
    parts = [Share(rank, count).of(images).tolist() for rank in range(count)]
    assert [image for part in parts for image in part] == list(range(images))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert ALL.of(images).tolist() == list(range(images))


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_the_shares_of_a_lesson_are_the_lesson(data: Data, mixup: float) -> None:
    batch = Batch(0, torch.from_numpy(np.array(data.pixels.take(data.train_keys[:5]))), torch.arange(5) % 2)
    plan = recipe(data, dropout=0.25, mixup=mixup)

    def of(share: Share):  # type: ignore[no-untyped-def]
        return lesson(batch, plan, torch.Generator().manual_seed(3), 24, classes=2, features=40, share=share)

    whole, parts = of(ALL), [of(Share(rank, 3)) for rank in range(3)]
    assert [len(part) for part in parts] == [2, 2, 1] and {part.of for part in parts} == {5}
    for name in ("views", "targets", "kept"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name)), name
    assert whole.kept.unique().tolist() == pytest.approx([0, 1 / 0.75])
    spare = of(Share(7, 8))
    assert (len(spare), spare.weight, spare.of) == (1, 0.0, 5) and whole.weight == 1.0


# --- what is passed on ---------------------------------------------------------------------------------------------------


def test_the_rank_of_adapters_is_found(data: Data) -> None:
    net = network()
    assert adapters.rank_of(net) == 0
    adapters.attach(net, 4, seed=1)
    assert adapters.rank_of(net) == 4


def test_branches_that_are_left_out_are_the_same_elsewhere() -> None:
    import timm

    one, other = (timm.create_model("convnext_atto", drop_path_rate=rate) for rate in (0.2, 0.0))
    shares = drop_shares(one)
    assert max(shares.values()) == pytest.approx(0.2)
    put_drop_shares(one, {})
    assert set(drop_shares(one).values()) == {0.0}
    put_drop_shares(one, shares)
    assert drop_shares(one) == shares
    assert drop_shares(other) == {}


@pytest.mark.parametrize(
    ("given", "shares", "follows"),
    [
        ({}, False, False),
        ({"WORLD_SIZE": "4", "RANK": "1"}, False, False),  # some other program's
        ({"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "1", "RANK": "0"}, False, False),
        ({"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "2", "RANK": "0"}, True, False),
        ({"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "2", "RANK": "1"}, True, True),
        ({"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "many", "RANK": "1"}, False, False),
        ({"TORCHELASTIC_RUN_ID": "x"}, False, False),
    ],
)
def test_only_torchrun_makes_several_of_one(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], shares: bool, follows: bool
) -> None:
    for name in ("TORCHELASTIC_RUN_ID", "WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert (processes.shares_work(), processes.follows()) == (shares, follows)


def test_one_alone_has_everything() -> None:
    assert ranks.share() is ALL and not ranks.leading()
    assert "process" not in ranks.describe(torch.device("cpu")).removeprefix("Processor")
