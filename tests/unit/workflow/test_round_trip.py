"""Whatever classes are called: exported in any form and imported again they are the same, and so is the part of every image."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import COLOURS, paint
from tlstudio.domain.class_names import class_name
from tlstudio.domain.exchange import LabelFormat
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import Split
from tlstudio.storage import images
from tlstudio.storage.images import NewImage
from tlstudio.storage.project import Project
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.labels_out import export_labels

PICTURES = 8
AWKWARD = [
    "a/b", "a:b", "a_b", "no_label", 'x "y"', "=1+1", "'=1+1", "'", "-neg", "+2", "@x", "Cat", "cat", "CON", "..", ".hidden",
    "train", "x" * 300, "ende.", "it's; a, b|c\td", "名前", "é", "e\u0301", "\ufeffx", "images.csv",
    "unlabeled", "-1", "sep=;", "#page=2",
]  # fmt: skip
# Folders, tables and archives can't hold these in the same way; the rest is anything at all.
SIGNS = st.characters(exclude_categories=["Cs"])
NAMES = st.one_of(st.sampled_from(AWKWARD), st.text(SIGNS, min_size=1, max_size=12)).map(class_name)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    return [paint(folder, f"{i}.png", tuple(COLOURS.values())[i % 3], seed=i) for i in range(PICTURES)]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """An empty folder each time."""

    def make() -> Path:
        shutil.rmtree(tmp_path / "w", ignore_errors=True)
        (tmp_path / "w").mkdir()
        return tmp_path / "w"

    yield make
    shutil.rmtree(tmp_path / "w", ignore_errors=True)


def project_of(folder: Path, pictures: list[Path], labels: list[str | None], splits: list[Split]) -> Path:
    """A project of these images, without a look at them."""
    project = Project.create(folder, "p")
    rows = [
        NewImage(str(path), f"{i:064x}", 8, 8, path.stat().st_size, label, f"g{i // 2}", split)
        for i, (path, label, split) in enumerate(zip(pictures, labels, splits, strict=True))
    ]
    images.add_images(project, rows, [])
    return folder


def facts(project: Path, by: dict[bytes, int]) -> dict[int, tuple[str | None, str | None, Split]]:
    return {
        by[row.path.read_bytes()]: (row.label, row.group, row.split)
        for row in images.list_images(Project.open(project))
    }


@pytest.mark.parametrize("form", list(LabelFormat))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(names=AWKWARD[:7], splits=[Split.TRAIN] * PICTURES)
@example(names=AWKWARD[7:14], splits=[Split.TRAIN, Split.TEST] * (PICTURES // 2))
@example(names=AWKWARD[14:21], splits=[Split.VAL, *[Split.TRAIN] * (PICTURES - 1)])
@example(names=AWKWARD[21:], splits=[Split.TEST] * PICTURES)
@given(
    names=st.lists(NAMES, min_size=2, max_size=PICTURES - 1, unique=True),
    splits=st.lists(st.sampled_from(list(Split)), min_size=PICTURES, max_size=PICTURES),
)
def test_every_name_comes_back(
    form: LabelFormat, pictures: list[Path], empty: Callable[[], Path], names: list[str], splits: list[Split]
) -> None:
    names = list(dict.fromkeys(map(class_name, names)))
    folder = empty()
    labels: list[str | None] = [names[i % len(names)] for i in range(PICTURES - 1)]
    project = project_of(folder / "p", pictures, [*labels, None], splits)
    ending = {LabelFormat.CVAT: ".zip", LabelFormat.CSV: ".csv"}.get(form, "")
    done = export_labels(project, folder / f"out{ending}", form)
    assert (done.images, done.refused) == (PICTURES, ())
    result = import_images(ImportRequest(done.file, folder / "again"))
    assert result.refused == ()
    by = {path.read_bytes(): i for i, path in enumerate(pictures)}
    assert facts(folder / "again", by) == facts(project, by)
    for label, name in done.renamed.items():
        assert label != name and label in names


def test_without_its_table_every_class_still_has_a_folder_of_its_own(pictures: list[Path], tmp_path: Path) -> None:
    names = ["a/b", "a:b", "a_b", "no_label", "A_B"]
    project = project_of(tmp_path / "p", pictures[:6], [*names, None], [Split.TRAIN] * 6)
    done = export_labels(project, tmp_path / "out", LabelFormat.FOLDERS)
    assert done.renamed == {"a/b": "a_b-3", "a:b": "a_b-4", "no_label": "no_label-2", "a_b": "a_b-2"}
    (done.file / "images.csv").unlink()
    again = import_images(ImportRequest(done.file, tmp_path / "again"))
    assert again.classes == {"A_B": 1, "a_b-2": 1, "a_b-3": 1, "a_b-4": 1, "no_label-2": 1}
    assert again.unlabeled == 1
