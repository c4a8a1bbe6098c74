"""Files that are dropped on a class join the project with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint
from tlstudio.domain.errors import NothingToImport
from tlstudio.domain.importing import ImportRequest
from tlstudio.workflow import browsing
from tlstudio.workflow.adding_files import add_files
from tlstudio.workflow.importing import import_images


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    return import_images(ImportRequest(make_images(5), tmp_path / "project")).project


def test_files_from_anywhere_join_with_their_class(project: Path, tmp_path: Path) -> None:
    before = {r.id: r.label for r in browsing.images(project)}
    new = [paint(tmp_path / "a, b" / f"x{i}", "new “1”.png", COLOURS["red"], seed=900 + i) for i in range(3)]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    known = browsing.images(project)[0].path
    result = add_files(project, [*new, broken, known], "blue")
    assert result.images == 3
    assert [Path(r.path) for r in result.refused] == [broken]
    rows = {r.path: r for r in browsing.images(project)}
    assert {rows[path].label for path in new} == {"blue"}
    assert {number: r.label for r in rows.values() for number in [r.id] if number in before} == before
    assert browsing.thumbnail(project, rows[new[0]].content).is_file()


def test_files_without_a_class_wait_for_one(project: Path, tmp_path: Path) -> None:
    new = paint(tmp_path / "new", "n.png", COLOURS["green"], seed=77)
    assert add_files(project, [new], None).unlabeled == 1


def test_files_that_are_no_images(project: Path, tmp_path: Path) -> None:
    broken = tmp_path / "letter.txt"
    broken.write_text("Dear Sir or Madam")
    with pytest.raises(NothingToImport):
        add_files(project, [broken], "red")
