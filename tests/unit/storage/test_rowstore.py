"""The row store: what is in it is whole and right, wherever a crash cut its files."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.conftest import content_of
from tlstudio.domain.errors import Cancelled, CantWrite, DiskFull, ProjectBusy
from tlstudio.storage import rowstore
from tlstudio.storage.rowstore import KEY_BYTES, LINE, RowStore

SHAPE, ROW_BYTES = (2, 3), 6
Row = npt.NDArray[np.uint8]


def store_in(folder: Path) -> RowStore:
    return RowStore(folder, "pixels", SHAPE, "uint8")


def key(i: int) -> str:
    return content_of(f"row {i}")


def row(i: int) -> Row:
    return np.full(SHAPE, i, np.uint8)


def fill(store: RowStore, numbers: range) -> None:
    with store.writer(len(numbers)) as writer:
        for i in numbers:
            writer.append(key(i), row(i))


def assert_whole(store: RowStore, numbers: range) -> None:
    assert set(store.keys) == {key(i) for i in numbers}
    assert store.array().shape == (len(numbers), *SHAPE)
    for i in numbers:
        assert np.array_equal(store.take([key(i)])[0], row(i))


def test_rows_come_back_by_key_in_any_order_after_reopening(tmp_path: Path) -> None:
    fill(store_in(tmp_path), range(5))
    again = store_in(tmp_path)
    assert_whole(again, range(5))
    assert again.take([key(4), key(0), key(4)])[:, 0, 0].tolist() == [4, 0, 4]
    assert again.missing([key(7), key(1), key(7), key(6)]) == [key(7), key(6)]
    with pytest.raises(KeyError):
        again.rows([key(9)])


def test_appending_goes_on_where_it_ended_and_a_known_key_is_kept(tmp_path: Path) -> None:
    fill(store_in(tmp_path), range(3))
    store = store_in(tmp_path)
    with store.writer(3) as writer:
        writer.append(key(0), row(99))
        writer.append(key(3), row(3))
        writer.append(key(3), row(99))
    assert_whole(store, range(4))
    assert_whole(store_in(tmp_path), range(4))


def test_an_empty_store_has_no_rows(tmp_path: Path) -> None:
    store = store_in(tmp_path / "not there yet")
    assert store.array().shape == (0, *SHAPE)
    assert store.missing(["a", "b", "a"]) == ["a", "b"]
    fill(store, range(0))
    assert store_in(tmp_path / "not there yet").keys == {}


def test_the_map_is_read_only(tmp_path: Path) -> None:
    fill(store_in(tmp_path), range(2))
    with pytest.raises(ValueError, match="read-only"):
        store_in(tmp_path).array()[0, 0, 0] = 1


# Every kind of place in a row or a line: its start, its first byte, its middle, its last byte.
@pytest.mark.parametrize("rows_cut", [0, 1, ROW_BYTES - 1, ROW_BYTES, ROW_BYTES + 1, 2 * ROW_BYTES, 4 * ROW_BYTES - 1])
@pytest.mark.parametrize("keys_cut", [0, 1, 2, KEY_BYTES, LINE, LINE + 1, 2 * LINE + 30, 4 * LINE])
def test_a_crash_costs_rows_and_never_leaves_a_wrong_one(tmp_path: Path, rows_cut: int, keys_cut: int) -> None:
    fill(store_in(tmp_path), range(4))
    os.truncate(tmp_path / "pixels.rows", 4 * ROW_BYTES - rows_cut)
    os.truncate(tmp_path / "pixels.keys", 4 * LINE - keys_cut)
    left = range(min((4 * ROW_BYTES - rows_cut) // ROW_BYTES, (4 * LINE - keys_cut) // LINE))
    store = store_in(tmp_path)
    assert_whole(store, left)
    fill(store, range(7))
    assert_whole(store, range(7))
    assert_whole(store_in(tmp_path), range(7))


def test_rows_without_keys_are_written_over(tmp_path: Path) -> None:
    fill(store_in(tmp_path), range(2))
    with (tmp_path / "pixels.rows").open("ab") as file:
        file.write(b"\x77" * (ROW_BYTES + 2))
    store = store_in(tmp_path)
    fill(store, range(2, 4))
    assert_whole(store, range(4))


def test_a_deleted_data_file_empties_the_store(tmp_path: Path) -> None:
    fill(store_in(tmp_path), range(3))
    (tmp_path / "pixels.rows").unlink()
    store = store_in(tmp_path)
    assert_whole(store, range(0))
    fill(store, range(3))
    assert_whole(store, range(3))


@pytest.mark.parametrize("thrown", [Cancelled(), ValueError("bug")], ids=lambda e: type(e).__name__)
def test_what_was_appended_before_an_exception_is_kept(tmp_path: Path, thrown: BaseException) -> None:
    store = store_in(tmp_path)
    with pytest.raises(type(thrown)), store.writer(5) as writer:
        writer.append(key(0), row(0))
        writer.append(key(1), row(1))
        raise thrown
    assert_whole(store, range(2))
    fill(store, range(5))
    assert_whole(store_in(tmp_path), range(5))


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with store.writer(1) as writer:
        with pytest.raises(ProjectBusy):
            store_in(tmp_path).writer(1)
        writer.append(key(0), row(0))
    fill(store_in(tmp_path), range(2))
    assert_whole(store_in(tmp_path), range(2))


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    fill(store_in(tmp_path), range(2))
    script = (
        "import sys, time; from pathlib import Path; import numpy as np; from tlstudio.storage.rowstore import RowStore\n"
        "writer = RowStore(Path(sys.argv[1]), 'pixels', (2, 3), 'uint8').writer(1).__enter__()\n"
        "writer.append('f' * 64, np.zeros((2, 3), np.uint8))\n"
        "print('locked', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(ProjectBusy):
            store_in(tmp_path).writer(1)
        other.kill()
    store = store_in(tmp_path)
    assert_whole(store, range(2))
    fill(store, range(4))
    assert_whole(store, range(4))


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(rowstore.shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 10**9, 10**9))
    store = store_in(tmp_path)
    with pytest.raises(DiskFull, match=r"6\.0 GB") as full:
        store.writer(10**9)
    assert "Free 5.2 GB" in full.value.remedy
    assert not (tmp_path / "pixels.rows").exists()
    fill(store, range(2))


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EACCES, CantWrite)])
def test_a_disk_that_fills_up_on_the_way_keeps_what_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    fill(store_in(tmp_path), range(2))
    store, real = store_in(tmp_path), os.write

    def half(handle: int, data: memoryview) -> int:
        real(handle, bytes(data)[:3])
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch, pytest.raises(kind), store.writer(3) as writer:
        writer.append(key(2), row(2))
        patch.setattr(rowstore.os, "write", half)
        writer.append(key(3), row(3))
    left = len(store.keys)
    assert left >= 2
    assert_whole(store, range(left))
    fill(store, range(6))
    assert_whole(store_in(tmp_path), range(6))


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 2), np.uint8), np.zeros(SHAPE, np.float32), np.zeros((1, *SHAPE), np.uint8)], ids=str
)
def test_rows_of_another_kind_are_a_mistake_of_the_program(tmp_path: Path, wrong: npt.NDArray[np.generic]) -> None:
    store = store_in(tmp_path)
    with pytest.raises(ValueError, match="wanted"), store.writer(1) as writer:
        writer.append(key(0), wrong)
    assert_whole(store, range(0))


@pytest.mark.parametrize("name", ["short", "x" * 65, "ä" * 64])
def test_keys_of_another_length_would_shift_all_others(tmp_path: Path, name: str) -> None:
    store = store_in(tmp_path)
    with pytest.raises(ValueError, match="key"), store.writer(1) as writer:
        writer.append(name, row(0))
    assert_whole(store, range(0))


def test_large_pictures_are_flushed_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowstore, "FLUSH_BYTES", 2 * ROW_BYTES)
    with store_in(tmp_path).writer(3) as writer:
        for i in range(3):
            writer.append(key(i), row(i))
        assert_whole(store_in(tmp_path), range(2))
    assert_whole(store_in(tmp_path), range(3))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def aged(folder: Path, name: str, days: float) -> RowStore:
    """A store that was used last so many days ago."""
    store = RowStore(folder, name, SHAPE, "uint8")
    fill(store, range(2))
    moment = time.time() - days * rowstore.DAY
    os.utime(folder / f"{name}.keys", (moment, moment))
    return store


def test_stores_that_nobody_uses_are_removed_after_a_month(tmp_path: Path) -> None:
    aged(tmp_path, "net-1.5", 30.1)
    aged(tmp_path, "net-1.6", 29.9)
    rowstore.remove_unused(tmp_path)
    assert names(tmp_path) == {"net-1.6.keys", "net-1.6.rows", "net-1.6.lock"}
    assert RowStore(tmp_path, "net-1.5", SHAPE, "uint8").keys == {}
    rowstore.remove_unused(tmp_path / "nowhere")


def test_a_store_that_is_used_stays(tmp_path: Path) -> None:
    store = aged(tmp_path, "net", 40)
    assert np.array_equal(store.take([key(1)])[0], row(1))
    rowstore.remove_unused(tmp_path)
    assert_whole(RowStore(tmp_path, "net", SHAPE, "uint8"), range(2))


def test_use_is_marked_once_a_day(tmp_path: Path) -> None:
    for days, marked in ((0.9, False), (1.1, True)):
        store = aged(tmp_path, f"net{days}", days)
        before = (tmp_path / f"net{days}.keys").stat().st_mtime
        store.take([key(1)])
        assert ((tmp_path / f"net{days}.keys").stat().st_mtime > before) is marked


def test_a_store_that_somebody_writes_to_stays(tmp_path: Path) -> None:
    store = aged(tmp_path, "net", 40)
    with store.writer(1):
        os.utime(tmp_path / "net.keys", (0, 0))
        rowstore.remove_unused(tmp_path)
        assert names(tmp_path) == {"net.keys", "net.rows", "net.lock"}
    rowstore.remove_unused(tmp_path)
    assert names(tmp_path) == set()
