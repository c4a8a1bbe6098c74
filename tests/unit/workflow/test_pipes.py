"""A pipe in the place of a file keeps nobody waiting: whoever sends a project folder may have put one anywhere in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.unit.conftest import labels_now
from tlstudio.domain.errors import FileTrouble, ProjectDamaged, RunNotReady
from tlstudio.storage import backups, recovery
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
Pets = Callable[[Sequence[str | None]], Project]


def pipe(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def test_a_trained_model(tmp_path: Path) -> None:
    from tests.conftest import BUNDLED
    from tlstudio.catalog import weights
    from tlstudio.domain.preprocess import PreprocessSpec
    from tlstudio.training.loading import load_network, load_pretrained, save_network

    folder, card = weights.require(BUNDLED), weights.describe(BUNDLED)
    save_network(load_pretrained(folder, card, PreprocessSpec(32), ("a", "b"), "hash"), tmp_path)
    pipe(tmp_path / "model.safetensors")
    with pytest.raises(RunNotReady, match="missing or damaged"):
        load_network(tmp_path)


def test_a_checkpoint(tmp_path: Path) -> None:
    from tlstudio.training import checkpoint

    pipe(tmp_path / checkpoint.NAME)
    with pytest.raises(RunNotReady, match="damaged"):
        checkpoint.load(tmp_path)


def test_what_a_run_is_compared_with(tmp_path: Path) -> None:
    from tlstudio.training import baselines

    pipe(tmp_path / baselines.NAME)
    with pytest.raises(RunNotReady, match="damaged"):
        baselines.load_baselines(tmp_path)


def test_the_keys_of_kept_rows(tmp_path: Path) -> None:
    pipe(tmp_path / "pixels.keys")
    with pytest.raises(FileTrouble, match="not an ordinary file"):
        RowStore(tmp_path, "pixels", (2,), "uint8")


def test_kept_rows(tmp_path: Path) -> None:
    pipe(tmp_path / "pixels.rows")
    store = RowStore(tmp_path, "pixels", (2,), "uint8")
    assert not store.keys and store.array().shape == (0, 2)
    with pytest.raises(FileTrouble, match="not an ordinary file"), store.writer(1) as writer:
        writer.append("0" * 64, np.zeros(2, np.uint8))


@pytest.mark.parametrize("name", ["project.db", "project.db-journal", "project.db-wal", "project.db-shm"])
def test_a_database_and_what_lies_beside_it(pets: Pets, name: str) -> None:
    """The newest backup takes the place of it, and the pipe goes."""
    made = pets(["cat", "dog"])
    made.back_up()
    made.settle_log()
    pipe(made.folder / name)
    with pytest.raises(ProjectDamaged):
        recovery.require_whole(made.folder)
    with pytest.raises(ProjectDamaged, match="damaged"):
        labels_now(made)
    recovery.restore(made.folder, None, "test")
    assert labels_now(made) == ["cat", "dog"]
    assert (made.folder / "project.db").is_file()


def test_a_backup(pets: Pets) -> None:
    """It is listed as damaged, and the one before it is restored."""
    made = pets(["cat"])
    assert made.back_up() is not None
    pipe(made.folder / backups.FOLDER / "project-20990101-000000-000000Z_12345678.db")
    assert [each.damaged for each in backups.list_backups(made.folder)] == [True, False]
    assert not recovery.restore(made.folder, None, "test").backup.damaged
    assert labels_now(made) == ["cat"]


def test_small_pictures(tmp_path: Path) -> None:
    from tlstudio.images.inspect import grey_spread, write_once
    from tlstudio.images.small import read_small

    path = pipe(tmp_path / "a.jpg")
    assert read_small(path) is None
    assert grey_spread(path) is None
    write_once(path, b"made again")
    assert path.read_bytes() == b"made again"
