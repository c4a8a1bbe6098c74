"""A report on a model that was really trained: in both formats, on the right images, and without a trace of who is in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COLOURS, TEST_MODEL, paint
from tests.unit.reports.reading import pdf_streams, pdf_text
from tlstudio.domain.errors import DiskFull, NotAProject, NotEnoughImages, RunNotFound, RunNotReady, WrongUsage
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.storage import files, images
from tlstudio.storage.project import Project
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.labeling import set_left_out
from tlstudio.workflow.reporting import outline, report
from tlstudio.workflow.training import train

# Names that tell who is in a picture: of a folder, of groups, of files. None of them may reach a report.
FOLDER, PATIENT, FILE = "Clinic-of-Dr-Geheimrat", "Mustermann", "Brustbild"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished quick run; a copy and a blank make findings, a text file is refused."""
    base = tmp_path_factory.mktemp("report") / FOLDER
    for k, (name, colour) in enumerate(COLOURS.items()):
        for i in range(14):
            paint(base / "images" / name, f"{PATIENT}{k}{i // 2:02d}_{FILE}{i:02d}.png", colour, seed=100 * k + i)
    first = base / "images" / "red" / f"{PATIENT}000_{FILE}00.png"
    shutil.copy(first, first.with_name(f"{PATIENT}999_{FILE}copy.png"))
    (base / "images" / "red" / f"{PATIENT}_refused.png").write_bytes(b"no picture")
    import_images(ImportRequest(base / "images", base / "project", name="Colours", group_from=rf"name:({PATIENT}\d+)_"))
    train(base / "project", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    return base / "project"


def projects_copy(trained: Path, tmp_path: Path) -> Project:
    """The same project, to be changed. Opened once, as it lies elsewhere: then it knows where its images are."""
    shutil.copytree(trained, tmp_path / "copy")
    return Project.open(tmp_path / "copy")


def move(project: Project, source: Split, target: Split) -> None:
    with project.write() as db:
        db.execute("UPDATE images SET split = ? WHERE split = ?", (target.value, source.value))


def test_both_formats_say_the_same(trained: Path, tmp_path: Path, recorder: Callable) -> None:
    watch = recorder()
    web = report(trained, tmp_path / "r.html", reporter=watch)
    paper = report(trained, tmp_path / "R.PDF")
    assert web.run == paper.run
    assert (web.bytes, paper.bytes) == (web.file.stat().st_size, paper.file.stat().st_size)
    assert web.to_json() == {"run": web.run, "file": str(tmp_path / "r.html"), "bytes": web.bytes}
    assert web.notes == paper.notes == ()
    page, drawn = web.file.read_text(encoding="utf-8"), pdf_text(paper.file)
    assert paper.file.read_bytes().startswith(b"%PDF-")
    tested = len(images.list_images(Project(trained), split=Split.TEST, labeled=True))
    for words in ("Colours", "How good it is", f"{tested} test images", "Exact copies of other images", web.run):
        assert words in page
        assert words in drawn
    assert watch.of(Progress)
    assert any("Writing" in e.text for e in watch.of(Note))


def test_no_picture_path_file_or_group_is_in_a_report(trained: Path, tmp_path: Path) -> None:
    web = report(trained, tmp_path / "r.html").file
    paper = report(trained, tmp_path / "r.pdf").file
    groups = {i.group for i in images.list_images(Project(trained)) if i.group}
    assert len(groups) > 10  # there is something to keep back
    written = [web.read_bytes(), paper.read_bytes(), pdf_text(paper).encode(), *pdf_streams(paper)]
    for secret in (FOLDER, PATIENT, FILE, str(trained), str(tmp_path)):
        for data in written:
            assert secret.encode() not in data
            assert secret.encode("utf-16-be") not in data
            assert secret.encode().hex().encode() not in data.lower()
    assert b"/Subtype /Image" not in paper.read_bytes()
    assert b"data:" not in web.read_bytes()


def test_the_outline_is_known_before_anything_is_measured(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing is measured")

    monkeypatch.setattr("tlstudio.workflow.evaluating.evaluate", never)
    lines = outline(trained)
    assert lines[0].title == "At a glance"
    assert lines[1].holds == "3 classes, 43 images, and how they were divided."


def test_without_test_images_validation_images_are_measured(trained: Path, tmp_path: Path) -> None:
    project = projects_copy(trained, tmp_path)
    move(project, Split.TEST, Split.TRAIN)
    page = report(project.folder, tmp_path / "r.html").file.read_text(encoding="utf-8")
    assert "Measured on validation images, because there are no test images." in page
    move(project, Split.VAL, Split.TRAIN)
    for what in (lambda: report(project.folder, tmp_path / "x.html"), lambda: outline(project.folder)):
        with pytest.raises(NotEnoughImages, match="no labeled test or validation images"):
            what()
    assert not (tmp_path / "x.html").exists()


def test_images_that_the_model_learned_from_are_told(trained: Path, tmp_path: Path) -> None:
    project = projects_copy(trained, tmp_path)
    move(project, Split.TEST, Split.VAL)
    move(project, Split.TRAIN, Split.TEST)
    page = report(project.folder, tmp_path / "r.html").file.read_text(encoding="utf-8")
    tested = len(images.list_images(project, split=Split.TEST))
    assert f"The model has learned from {tested} of the {tested} test images" in page


def test_images_left_out_by_hand_count_nowhere_and_are_told(trained: Path, tmp_path: Path) -> None:
    project = projects_copy(trained, tmp_path)
    tested = images.list_images(project, split=Split.TEST, labeled=True)
    set_left_out(project.folder, [tested[0].id], True)
    page = report(project.folder, tmp_path / "r.html").file.read_text(encoding="utf-8")
    assert f"Measured on {len(tested) - 1} test images" in page
    assert "Left out: 1 test image that a person left out by hand." in page
    assert outline(project.folder)[1].holds == "3 classes, 42 images, and how they were divided."


def test_originals_that_are_gone_are_told_by_name(trained: Path, tmp_path: Path) -> None:
    project = projects_copy(trained, tmp_path)
    shutil.rmtree(project.cache)
    rows = images.list_images(project, split=Split.TEST)
    originals, away = trained.parent / "images", tmp_path / "away"
    shutil.copytree(originals, away)
    try:
        rows[0].path.unlink()
        page = report(project.folder, tmp_path / "r.html").file.read_text(encoding="utf-8")
        assert "Left out: 1 test image that can&#39;t be read any more." in page
        shutil.rmtree(project.cache)
        shutil.rmtree(originals)
        with pytest.raises(NotEnoughImages, match="can be found any more"):
            report(project.folder, tmp_path / "x.pdf")
    finally:
        shutil.rmtree(originals, ignore_errors=True)
        shutil.copytree(away, originals)
    assert not (tmp_path / "x.pdf").exists()


def test_a_training_with_epochs_shows_its_course(trained: Path, tmp_path: Path) -> None:
    project = projects_copy(trained, tmp_path)
    done = train(
        project.folder, TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=32, epochs=2, batch_size=8, rehearse=False)
    )
    page = report(project.folder, tmp_path / "r.html", done.run).file.read_text(encoding="utf-8")
    assert "Validation accuracy over 2 epochs" in page
    assert "Balanced: starting from the quick result" in page
    assert report(project.folder, tmp_path / "r.pdf", done.run).run == done.run


def test_missing_characters_are_noted_and_the_file_is_written(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder: Callable
) -> None:
    from tlstudio.reports import fonts

    monkeypatch.setattr(fonts, "folders", tuple)
    project = projects_copy(trained, tmp_path)
    project.set_meta("name", "Ж")
    watch = recorder()
    done = report(project.folder, tmp_path / "r.pdf", reporter=watch)
    assert len(done.notes) == 1
    assert "“Ж”" in done.notes[0]
    assert done.notes[0] in [e.text for e in watch.of(Note)]
    assert report(project.folder, tmp_path / "r.html").notes == ()


def test_named_failures(trained: Path, tmp_path: Path) -> None:
    for name in ("report", "report.docx", "report.htm"):
        with pytest.raises(WrongUsage, match=r"\.html or \.pdf"):
            report(trained, tmp_path / name)
    with pytest.raises(NotAProject):
        report(tmp_path, tmp_path / "r.pdf")
    with pytest.raises(RunNotFound):
        report(trained, tmp_path / "r.pdf", "no-such-run")
    project = projects_copy(trained, tmp_path)
    (run,) = (project.folder / "runs").iterdir()
    (run / "model" / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunNotReady):
        report(project.folder, tmp_path / "r.pdf")
    assert list(tmp_path.glob("*.pdf")) == []


@pytest.mark.parametrize("name", ["r.html", "r.pdf"])
def test_a_full_disk_leaves_the_old_report(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import errno
    import os

    (tmp_path / name).write_bytes(b"the old one")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    monkeypatch.setattr(os, "fsync", full)
    from tlstudio.workflow import evaluating

    monkeypatch.setattr(evaluating.files, "write_json", lambda *_: None)
    with pytest.raises(DiskFull):
        report(trained, tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"the old one"
    assert [p.name for p in tmp_path.iterdir()] == [name]
