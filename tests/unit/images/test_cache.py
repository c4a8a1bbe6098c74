"""The pixel cache: filled once, gone on with after anything, and bounded in memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.conftest import COLOURS, Recorder, paint
from tests.unit.conftest import image_row
from tlstudio.domain.errors import Cancelled, ProjectBusy
from tlstudio.domain.events import SILENT, Progress
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import ImageRow
from tlstudio.images import cache
from tlstudio.images.cache import fill_cache, in_order, pixel_store
from tlstudio.images.prepare import prepare
from tlstudio.storage.project import Project

SPEC = PreprocessSpec(16)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project", "p")


@pytest.fixture
def rows(tmp_path: Path) -> list[ImageRow]:
    """Nine images on the disk."""
    paths = [paint(tmp_path / "images", f"{i}.png", COLOURS["red"], seed=i) for i in range(9)]
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    return [image_row(i, "red", path=p, content=c) for i, (p, c) in enumerate(zip(paths, contents, strict=True))]


def assert_holds(project: Project, rows: list[ImageRow]) -> None:
    store = pixel_store(project, SPEC)
    assert store.missing(r.content for r in rows) == []
    for found, row in zip(store.take([r.content for r in rows]), rows, strict=True):
        assert np.array_equal(found, prepare(row.path, SPEC))


def count_decoding(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are decoded from now on."""
    decoded: list[Path] = []

    def counting(path: Path, spec: PreprocessSpec) -> object:
        decoded.append(path)
        return prepare(path, spec)

    monkeypatch.setattr(cache, "prepare", counting)
    return decoded


def test_filled_once_with_the_pixels_of_prepare(
    project: Project, rows: list[ImageRow], recorder: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = recorder()
    store, refused = fill_cache(project, SPEC, rows, listener)
    assert refused == []
    assert store.array().shape == (9, 16, 16, 3)
    assert listener.events[-1] == Progress("Reading images", 9, 9)
    assert_holds(project, rows)
    decoded = count_decoding(monkeypatch)
    fill_cache(project, SPEC, rows, SILENT)
    assert decoded == []


def test_only_new_images_are_decoded(project: Project, rows: list[ImageRow], monkeypatch: pytest.MonkeyPatch) -> None:
    fill_cache(project, SPEC, rows[:5], SILENT)
    decoded = count_decoding(monkeypatch)
    fill_cache(project, SPEC, [*rows, *rows], SILENT)
    assert sorted(decoded) == sorted(r.path for r in rows[5:])
    assert_holds(project, rows)


def test_another_specification_is_another_cache(project: Project, rows: list[ImageRow]) -> None:
    fill_cache(project, SPEC, rows, SILENT)
    other, _ = fill_cache(project, PreprocessSpec(16, "crop"), rows[:1], SILENT)
    assert len(other.keys) == 1


def test_a_file_that_broke_since_the_import_costs_itself_only(project: Project, rows: list[ImageRow]) -> None:
    rows[2].path.write_bytes(rows[2].path.read_bytes()[:200])
    rows[4].path.unlink()
    store, refused = fill_cache(project, SPEC, rows, SILENT)
    assert [r.path for r in refused] == [str(rows[2].path), str(rows[4].path)]
    assert "not there" in refused[1].reason
    assert len(store.keys) == 7
    assert_holds(project, [r for i, r in enumerate(rows) if i not in (2, 4)])


def test_cancelled_in_the_middle_and_gone_on_with(
    project: Project, rows: list[ImageRow], recorder: Callable[..., Recorder]
) -> None:
    before = threading.active_count()
    with pytest.raises(Cancelled):
        fill_cache(project, SPEC, rows, recorder(cancel=lambda e: e.done == 4))
    assert threading.active_count() == before
    assert len(pixel_store(project, SPEC).keys) == 4, "what was done is kept"
    _, refused = fill_cache(project, SPEC, rows, SILENT)
    assert refused == []
    assert_holds(project, rows)


def test_two_at_once_are_told_to_wait(project: Project, rows: list[ImageRow]) -> None:
    with pixel_store(project, SPEC).writer(1), pytest.raises(ProjectBusy):
        fill_cache(project, SPEC, rows, SILENT)


def test_results_come_in_order_however_long_each_takes() -> None:
    gates = [threading.Event() for _ in range(6)]

    def work(i: int) -> int:
        if i == 0:
            gates[0].wait(10)
        elif i == 1:
            gates[0].set()
        return i * i

    assert list(in_order(work, range(6))) == [(i, i * i) for i in range(6)]


def test_look_ahead_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 3)
    taken: list[int] = []

    def source() -> Iterator[int]:
        for i in range(100):
            taken.append(i)
            yield i

    for n, _ in enumerate(in_order(lambda i: i, source(), ahead=2), start=1):
        assert len(taken) <= n + 3 * 2
    assert n == len(taken) == 100


def test_nothing_in_nothing_out() -> None:
    assert list(in_order(str, [])) == []


def test_an_exception_comes_out_at_its_place_and_ends_the_threads() -> None:
    before = threading.active_count()
    seen = []
    with pytest.raises(ZeroDivisionError):
        for item, _ in in_order(lambda i: 1 // (5 - i), range(100)):
            seen.append(item)
    assert seen == [0, 1, 2, 3, 4]
    assert threading.active_count() == before


def test_a_consumer_that_leaves_early_ends_the_threads() -> None:
    before = threading.active_count()
    results = in_order(str, range(1000))
    assert next(results) == (0, "0")
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
