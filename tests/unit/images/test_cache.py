"""The pixel cache: filled once, gone on with after anything, and bounded in memory."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, Recorder, paint
from tests.unit.conftest import image_row
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import SILENT, Progress
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import ImageRow
from tlstudio.images.address import join
from tlstudio.images.cache import fill_cache, pixel_store
from tlstudio.images.inspect import content_key
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


def test_filled_once_with_the_pixels_of_prepare(
    project: Project, rows: list[ImageRow], recorder: Callable[..., Recorder]
) -> None:
    listener = recorder()
    store, refused = fill_cache(project, SPEC, rows, listener)
    assert refused == []
    assert store.array().shape == (9, 16, 16, 3)
    assert listener.events[-1] == Progress("Reading images", 9, 9)
    assert_holds(project, rows)
    again = recorder()
    fill_cache(project, SPEC, rows, again)
    assert again.events == []


def test_only_new_images_are_decoded(project: Project, rows: list[ImageRow], recorder: Callable[..., Recorder]) -> None:
    fill_cache(project, SPEC, rows[:5], SILENT)
    for row in rows[:5]:
        row.path.unlink()  # so that a second look would be a refusal
    listener = recorder()
    _, refused = fill_cache(project, SPEC, [*rows, *rows], listener)
    assert refused == []
    assert listener.events == [Progress("Reading images", done, 4) for done in range(1, 5)]
    assert len(pixel_store(project, SPEC).keys) == 9


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


def test_two_at_once_wait_for_each_other(project: Project, rows: list[ImageRow], tmp_path: Path) -> None:
    with pixel_store(project, SPEC).writer(1), pytest.raises(Cancelled):
        fill_cache(project, SPEC, rows, Recorder(cancel=lambda e: "Waiting" in e.stage))
    done, _ = fill_cache(Project.create(tmp_path / "other", "o"), SPEC, rows[:3], SILENT)
    told = Recorder()
    waiting = threading.Thread(target=fill_cache, args=(project, SPEC, rows, told))
    with pixel_store(project, SPEC).writer(3) as writer:
        waiting.start()
        while not told.events:
            time.sleep(0.01)
        for row in rows[:3]:
            writer.append(row.content, done.take([row.content])[0])
    waiting.join(60)
    assert_holds(project, rows)
    assert told.events[-1] == Progress("Reading images", 6, 6), "what the other one has read is not read again"


def test_a_copy_stands_in_for_a_file_that_is_gone_or_changed(project: Project, rows: list[ImageRow]) -> None:
    first = rows[0]
    elsewhere = [first.path.with_name(f"copy{k}.png") for k in range(3)]
    for path in elsewhere:
        path.write_bytes(first.path.read_bytes())
    copies = [image_row(20 + k, "red", path=path, content=first.content) for k, path in enumerate(elsewhere)]
    first.path.unlink()
    elsewhere[0].write_bytes(rows[1].path.read_bytes())
    _, refused = fill_cache(project, SPEC, [first, *copies], SILENT)
    assert refused == []
    assert np.array_equal(pixel_store(project, SPEC).take([first.content])[0], prepare(elsewhere[2], SPEC))


def test_pages_are_cached_like_files(project: Project, tmp_path: Path) -> None:
    pages = [Image.new("L", (20, 20), 60 * k) for k in range(4)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    paths = [join(tmp_path / "stack.tif", page) for page in range(1, 5)]
    rows = [image_row(k, "red", path=path, content=content_key(path)) for k, path in enumerate(paths)]
    _, refused = fill_cache(project, SPEC, rows, SILENT)
    assert refused == []
    assert_holds(project, rows)
    assert pixel_store(project, SPEC).take([rows[3].content])[0, 0, 0, 0] == 180
