"""Labels leave the project and come back: the same images, classes, groups and parts, in every form that can hold them."""

from __future__ import annotations

import csv
import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, Recorder, paint
from tlstudio.domain.errors import Cancelled, CantWrite, DiskFull, NotEnoughImages, WrongUsage
from tlstudio.domain.events import Progress
from tlstudio.domain.exchange import LabelFormat
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import ImageRow
from tlstudio.storage import images, journal
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.labels_out import export_labels

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need special rights on Windows")
CARRIES = (LabelFormat.FOLDERS, LabelFormat.CVAT, LabelFormat.HUGGINGFACE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Thirty images of ten patients at two sites; some of the same name, a note, an image left out, one without a class."""
    lines = ["file,class,patient,site"]
    for i in range(30):
        label = ("crack", "größe, ä")[i // 3 % 2]
        path = paint(tmp_path / "data" / f"d{i % 2}", f"{i // 2}.png", tuple(COLOURS.values())[i % 3], seed=i)
        lines.append(f'{path.relative_to(tmp_path / "data")},"{label}",P{i // 3},S{i % 2}')
    (tmp_path / "data" / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    place = tmp_path / "project"
    import_images(ImportRequest(tmp_path / "data" / "list.csv", place))
    rows = rows_of(place)
    labeling.set_label(place, [rows[0].id], None)
    labeling.set_label(place, [rows[1].id], "crack" if rows[1].label != "crack" else "größe, ä")
    fields = [(rows[2].id, "excluded", 1), (rows[3].id, "note", 'see "P1",\nagain'), (rows[4].id, "unsure", 1)]
    journal.record(Project.open(place), Edit("looked through", fields=fields), "dr")
    return place


def rows_of(project: Path) -> list[ImageRow]:
    return images.list_images(Project.open(project))


def facts(project: Path) -> dict[str, tuple[object, ...]]:
    """What must come back, by the bytes of the file."""
    return {row.content: (row.label, row.group, row.split) for row in rows_of(project) if not row.excluded}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_comes_back(project: Path, tmp_path: Path) -> None:
    done = export_labels(project, tmp_path / "out" / "labels.csv", LabelFormat.CSV)
    assert (done.images, done.excluded, done.refused) == (30, 0, ())
    result = import_images(ImportRequest(done.file, tmp_path / "again"))
    assert (result.images, result.unlabeled) == (30, 1)
    first, second = rows_of(project), rows_of(tmp_path / "again")
    key = lambda row: (row.path, row.label, row.group, row.split)  # noqa: E731
    assert sorted(map(key, first), key=str) == sorted(map(key, second), key=str)
    columns = images.list_columns(Project.open(tmp_path / "again"))
    assert {c["site"] for c in columns.values()} == {"S0", "S1"}


def test_what_a_table_says(project: Path, tmp_path: Path) -> None:
    export_labels(project, tmp_path / "data" / "labels.csv", LabelFormat.CSV)
    rows = read(tmp_path / "data" / "labels.csv")
    assert list(rows[0])[:9] == ["path", "class", "group", "split", "excluded", "unsure", "note", "author", "time"]
    assert list(rows[0])[-1] == "site"
    by_path = {tmp_path / "data" / row["path"]: row for row in rows}
    images_ = rows_of(project)
    assert set(by_path) == {row.path for row in images_}, "below the table's folder by relative names"
    assert by_path[images_[0].path]["class"] == ""
    assert by_path[images_[1].path]["author"] == labeling.author_name()
    assert by_path[images_[5].path]["author"] == ""
    assert by_path[images_[1].path]["time"].endswith("Z")
    assert by_path[images_[2].path]["excluded"] == "yes"
    assert by_path[images_[3].path]["note"] == 'see "P1",\nagain'
    assert by_path[images_[4].path]["unsure"] == "yes"
    assert {row["content"] for row in rows} == {hashlib.sha256(r.path.read_bytes()).hexdigest() for r in images_}


@pytest.mark.parametrize("link", [False, pytest.param(True, marks=needs_links)], ids=["copies", "links"])
@pytest.mark.parametrize("form", [LabelFormat.FOLDERS, LabelFormat.HUGGINGFACE])
def test_folders_come_back(project: Path, tmp_path: Path, form: LabelFormat, link: bool) -> None:
    done = export_labels(project, tmp_path / "out", form, link=link)
    assert (done.images, done.excluded) == (29, 1)
    written = list(done.file.rglob("*.png"))
    assert len(written) == done.images
    assert all(p.is_symlink() is link for p in written)
    import_images(ImportRequest(done.file, tmp_path / "again"))
    assert facts(tmp_path / "again") == facts(project)


def test_class_folders_are_class_folders_for_everybody(project: Path, tmp_path: Path) -> None:
    done = export_labels(project, tmp_path / "out", LabelFormat.FOLDERS)
    assert {p.name for p in done.file.iterdir()} == {"train", "val", "test", "images.csv"}
    folders = {p.name for part in ("train", "val", "test") for p in (done.file / part).iterdir()}
    assert folders == {"crack", "größe, ä", "no_label"}
    (done.file / "images.csv").unlink()
    import_images(ImportRequest(done.file, tmp_path / "again"))
    assert facts(tmp_path / "again") == {c: (label, None, split) for c, (label, _, split) in facts(project).items()}


def test_cvat_comes_back(project: Path, tmp_path: Path) -> None:
    done = export_labels(project, tmp_path / "out.zip", LabelFormat.CVAT)
    assert (done.images, done.excluded) == (29, 1)
    assert "no groups" in done.lost
    with zipfile.ZipFile(done.file) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == {"crack", "größe, ä", "no_label", "images.csv"}
        assert all(name.count("/") == 1 for name in archive.namelist() if name != "images.csv")
    import_images(ImportRequest(done.file, tmp_path / "again"))
    assert facts(tmp_path / "again") == facts(project)


@pytest.mark.parametrize("form", list(LabelFormat))
def test_the_history_goes_along_on_request(project: Path, tmp_path: Path, form: LabelFormat) -> None:
    labeling.undo(project)
    labeling.rename_class(project, "crack", "fissure")
    done = export_labels(project, tmp_path / "out" / "labels", form, history=True)
    assert done.history is not None
    lines = read(done.history)
    assert [line["action"] for line in lines if line["field"] == "class"][:30] == ["import"] * 30
    assert {"import", "edit", "undo"} == {line["action"] for line in lines}
    taken = [line for line in lines if line["taken back"] == "yes"]
    assert {(line["field"], line["author"], line["title"]) for line in taken} == {
        (field, "dr", "looked through") for field in ("excluded", "note", "unsure")
    }
    renamed = [line for line in lines if line["field"] == "class name"]
    assert [(line["object"], line["before"], line["after"]) for line in renamed] == [("fissure", "crack", "fissure")]
    assert [line["change"] for line in lines] == sorted((line["change"] for line in lines), key=int)
    if form in (LabelFormat.FOLDERS, LabelFormat.HUGGINGFACE):
        assert import_images(ImportRequest(done.file, tmp_path / "again")).images == done.images


def test_files_of_one_name_do_not_overwrite_each_other(project: Path, tmp_path: Path) -> None:
    export_labels(project, tmp_path / "out", LabelFormat.HUGGINGFACE)
    written = list((tmp_path / "out").rglob("*.png"))
    assert len({p.read_bytes() for p in written}) == len(written) == 29
    assert any(p.stem.endswith("-2") for p in written)


@pytest.mark.parametrize(
    "pipe", [False, pytest.param(True, marks=pytest.mark.skipif(os.name == "nt", reason="has none"))]
)
@pytest.mark.parametrize("form", CARRIES)
def test_a_file_that_is_gone_costs_itself_alone(project: Path, tmp_path: Path, form: LabelFormat, pipe: bool) -> None:
    """So does one in whose place there is a pipe, which would keep a reader waiting."""
    gone = rows_of(project)[7].path
    gone.unlink()
    if pipe:
        os.mkfifo(gone)
    done = export_labels(project, tmp_path / ("out.zip" if form is LabelFormat.CVAT else "out"), form)
    assert [r.path for r in done.refused] == [str(gone)]
    import_images(ImportRequest(done.file, tmp_path / "again"))
    assert len(rows_of(tmp_path / "again")) == done.images


def test_pages_become_files_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for label in ("a", "b"):
        pages = [Image.fromarray(rng.integers(0, 255, (20, 24, 3), dtype=np.uint8)) for _ in range(3)]
        (tmp_path / "s" / label).mkdir(parents=True)
        pages[0].save(tmp_path / "s" / label / "scan.tif", save_all=True, append_images=pages[1:])
    import_images(ImportRequest(tmp_path / "s", tmp_path / "project", pages="all"))
    done = export_labels(tmp_path / "project", tmp_path / "out", LabelFormat.FOLDERS)
    assert sorted(p.name for p in done.file.rglob("*.png")) == sorted([f"scan-page{n}.png" for n in (1, 2, 3)] * 2)
    result = import_images(ImportRequest(done.file, tmp_path / "again"))
    assert (result.images, result.classes, result.groups) == (6, {"a": 3, "b": 3}, 2)
    table = export_labels(tmp_path / "project", tmp_path / "t.csv", LabelFormat.CSV).file
    assert import_images(ImportRequest(table, tmp_path / "third")).images == 6
    assert facts(tmp_path / "third") == facts(tmp_path / "project")


@pytest.mark.parametrize("form", [LabelFormat.FOLDERS, LabelFormat.HUGGINGFACE])
def test_a_folder_that_holds_something_is_left_alone(project: Path, tmp_path: Path, form: LabelFormat) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    with pytest.raises(CantWrite, match="already something"):
        export_labels(project, tmp_path / "out", form)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.docx"]
    (tmp_path / "out" / "thesis.docx").unlink()
    assert export_labels(project, tmp_path / "out", form).images > 0


@pytest.mark.parametrize("form", CARRIES)
def test_what_is_cancelled_or_fails_leaves_nothing(
    project: Path, tmp_path: Path, form: LabelFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(p.name for p in tmp_path.iterdir())
    stop = Recorder(cancel=lambda event: isinstance(event, Progress) and event.done == 5)
    with pytest.raises(Cancelled):
        export_labels(project, tmp_path / "out", form, reporter=stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == before

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    monkeypatch.setattr("zipfile.ZipFile.writestr", full)
    with pytest.raises(DiskFull):
        export_labels(project, tmp_path / "out", form)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_wishes_that_make_no_sense(project: Path, tmp_path: Path) -> None:
    for form in (LabelFormat.CSV, LabelFormat.CVAT):
        with pytest.raises(WrongUsage, match="links"):
            export_labels(project, tmp_path / "out", form, link=True)
    Project.create(tmp_path / "empty", "Empty")
    with pytest.raises(NotEnoughImages):
        export_labels(tmp_path / "empty", tmp_path / "out", LabelFormat.CSV)
    assert not (tmp_path / "out").exists()
