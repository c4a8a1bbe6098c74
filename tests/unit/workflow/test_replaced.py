"""Images that are exchanged under their own names: noticed at import, check and training, and taken or kept as the user says."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import TEST_MODEL, Recorder, paint
from tlstudio.domain.errors import Cancelled, ImagesChanged, WrongUsage
from tlstudio.domain.events import SILENT, Note, Progress
from tlstudio.domain.findings import Repair, Severity
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.inspect import content_key
from tlstudio.storage import images, runs
from tlstudio.storage.project import Project
from tlstudio.storage.runs import choose_run
from tlstudio.workflow import browsing, checking_by_kind, replaced
from tlstudio.workflow.checking import check_quickly
from tlstudio.workflow.checking_repairs import consider_again, repair, set_aside
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.run_data import read_samples
from tlstudio.workflow.training import train

SEEDS = itertools.count(9000)


@pytest.fixture
def source(make_images: Callable[..., Path]) -> Path:
    return make_images(10, classes=("red", "blue"))


@pytest.fixture
def project(source: Path, tmp_path: Path) -> Project:
    import_images(ImportRequest(source, tmp_path / "project"))
    return Project.open(tmp_path / "project")


def rows(project: Project) -> dict[str, ImageRow]:
    return {row.name: row for row in images.list_images(project)}


def exchange(source: Path, *names: str) -> None:
    """Other pictures under the same names, of another size in bytes and pixels."""
    for name in names:
        paint(source / name.split("_")[0], name, (20, 200, 40), seed=next(SEEDS), size=(50, 44))


def changed(project: Project) -> list[str]:
    return sorted(each.row.name for each in replaced.look_again(project, images.list_images(project), SILENT))


NAMES = ("red_003.png", "blue_001.png")


def test_nothing_has_changed_right_after_the_import(project: Project) -> None:
    assert changed(project) == []
    assert check_kinds(project) & {"changed"} == set()


def check_kinds(project: Project) -> set[str]:
    return {f.kind for f in check_quickly(project.folder).findings if not f.ignored}


def test_exchanged_files_are_noticed(project: Project, source: Path) -> None:
    exchange(source, *NAMES)
    assert changed(project) == sorted(NAMES)
    (source / "red" / "red_004.png").unlink()
    assert changed(project) == sorted(NAMES), "a file that is gone is another matter"


def test_the_same_size_and_another_picture_is_noticed_too(project: Project, source: Path) -> None:
    path = source / "red" / "red_003.png"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    assert changed(project) == ["red_003.png"]


def test_the_same_picture_written_again_is_no_change(project: Project, source: Path) -> None:
    path = source / "red" / "red_003.png"
    path.write_bytes(path.read_bytes())
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert changed(project) == []


def test_files_are_read_once_until_their_time_changes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaced, "SETTLED_NS", 0)

    def read() -> int:
        recorder = Recorder()
        replaced.look_again(project, images.list_images(project), recorder)
        return sum(1 for event in recorder.of(Progress) if event.stage == replaced.STAGE)

    (project.cache / replaced.FILE).unlink(missing_ok=True)
    assert [read(), read()] == [20, 0]
    os.utime(rows(project)["red_003.png"].path, (1_000_000_000, 1_000_000_000))
    assert [read(), read()] == [1, 0]
    (project.cache / replaced.FILE).write_text("[]", encoding="utf-8")
    assert [read(), read()] == [20, 0]


def test_what_was_written_just_now_is_read_again(project: Project, source: Path) -> None:
    """A second change within the clock's grain must not pass for the first."""
    path = source / "red" / "red_003.png"
    path.touch()
    recorder = Recorder()
    for _ in range(2):
        replaced.look_again(project, images.list_images(project), recorder)
    told = [event.total for event in recorder.of(Progress) if event.stage == replaced.STAGE and event.done == 1]
    assert len(told) == 2


def test_an_import_reads_nothing_twice(source: Path, tmp_path: Path) -> None:
    for path in source.rglob("*.png"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    settled = replaced.SETTLED_NS
    replaced.SETTLED_NS = 0
    try:
        import_images(ImportRequest(source, tmp_path / "other"))
        recorder = Recorder()
        made = Project.open(tmp_path / "other")
        replaced.look_again(made, images.list_images(made), recorder)
        assert not recorder.events
    finally:
        replaced.SETTLED_NS = settled


def test_importing_again_takes_the_new_ones_with_label_and_part(project: Project, source: Path) -> None:
    before = rows(project)
    exchange(source, *NAMES)
    recorder = Recorder()
    result = import_images(ImportRequest(source, project.folder), recorder)
    assert (result.images, result.changed, result.total, result.to_json()["changed"]) == (2, 2, 20, 2)
    notes = [note.text for note in recorder.of(Note)]
    assert any(text.startswith("2 images have changed since the import. The new ones are taken") for text in notes)
    after = rows(project)
    for name, row in after.items():
        old = before[name]
        assert (row.id, row.label, row.split, row.group) == (old.id, old.label, old.split, old.group)
        assert (row.content != old.content) == (name in NAMES)
        assert row.content == content_key(row.path)
        assert (row.width, row.height) == ((50, 44) if name in NAMES else (40, 32))
        assert browsing.thumbnail(project.folder, row.content).is_file()
    assert import_images(ImportRequest(source, project.folder)).changed == 0
    assert changed(project) == []


def test_the_old_ones_are_kept_until_the_files_change_again(project: Project, source: Path) -> None:
    before = rows(project)
    exchange(source, *NAMES)
    recorder = Recorder()
    result = import_images(ImportRequest(source, project.folder, changed="keep"), recorder)
    assert (result.images, result.changed) == (0, 0)
    assert any("The old ones are kept" in note.text for note in recorder.of(Note))
    assert {name: row.content for name, row in rows(project).items()} == {n: r.content for n, r in before.items()}
    assert replaced.open_changes(project, images.list_images(project), SILENT) == []
    assert "changed" not in check_kinds(project)
    exchange(source, NAMES[1])
    found = replaced.open_changes(project, images.list_images(project), SILENT)
    assert [each.row.name for each in found] == [NAMES[1]]


def test_asking_stops_before_anything_is_done(project: Project, source: Path) -> None:
    exchange(source, *NAMES)
    with pytest.raises(ImagesChanged, match="2 images have changed since the import") as asked:
        replaced.settle(project, images.list_images(project), "ask", SILENT)
    assert asked.value.remedy
    assert changed(project) == sorted(NAMES)
    with pytest.raises(WrongUsage):
        replaced.settle(project, images.list_images(project), "drop", SILENT)


def test_a_file_that_can_not_be_read_any_more_leaves_its_image_as_it_was(project: Project, source: Path) -> None:
    before = rows(project)["red_003.png"]
    (source / "red" / "red_003.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    exchange(source, "blue_001.png")
    result = import_images(ImportRequest(source, project.folder))
    assert result.changed == 1
    assert [Path(refusal.path).name for refusal in result.refused] == ["red_003.png"]
    assert rows(project)["red_003.png"] == before


def test_the_check_tells_it_and_repairs_it(project: Project, source: Path) -> None:
    exchange(source, *NAMES)
    (finding,) = [f for f in check_quickly(project.folder).findings if f.kind == "changed"]
    assert (finding.count, finding.severity, finding.repair) == (2, Severity.HIGH, Repair.TAKE_NEW)
    assert finding.title == "2 images have changed since the import"
    assert sorted(Path(file).name for file in finding.files) == sorted(NAMES)
    done = repair(project.folder, finding)
    assert (done.images, done.sentence) == (2, "2 images taken anew")
    assert "changed" not in check_kinds(project)
    assert repair(project.folder, finding).images == 0


def test_the_finding_is_set_aside_file_by_file(project: Project, source: Path) -> None:
    exchange(source, NAMES[0])
    (finding,) = [f for f in check_quickly(project.folder).findings if f.kind == "changed"]
    set_aside(project.folder, finding, "the old ones are right")
    assert replaced.open_changes(project, images.list_images(project), SILENT) == []
    exchange(source, *NAMES[1:])
    told = [f for f in check_quickly(project.folder).findings if f.kind == "changed"]
    assert [(f.ignored, f.count, f.title) for f in told] == [
        (False, 1, "1 image has changed since the import"),
        (True, 1, "1 image has changed since the import"),
    ]
    consider_again(project.folder, told[1])
    assert len(replaced.open_changes(project, images.list_images(project), SILENT)) == 2


def test_by_its_kind_as_the_command_line_does(project: Project, source: Path) -> None:
    exchange(source, *NAMES)
    found = checking_by_kind.ignore(project.folder, "changed", "kept", quick=True)
    assert [f.reason for f in found.findings if f.kind == "changed"] == ["kept"]
    checking_by_kind.unignore(project.folder, "changed", quick=True)
    done = checking_by_kind.check_and_repair(project.folder, ["changed"], quick=True)
    assert [each.images for each in done.repaired] == [2]
    assert changed(project) == []


def test_pages_of_a_file_are_renewed_together(tmp_path: Path) -> None:
    folder = tmp_path / "stacks"
    rng = np.random.default_rng(3)

    def write(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pages = [Image.fromarray(rng.integers(0, 255, (20, 24), np.uint8)) for _ in range(3)]
        pages[0].save(path, save_all=True, append_images=pages[1:])

    for name in ("a/1.tif", "a/2.tif", "b/1.tif", "b/2.tif"):
        write(folder / name)
    import_images(ImportRequest(folder, tmp_path / "project", pages="all", group_from="none"))
    project = Project.open(tmp_path / "project")
    assert changed(project) == []
    write(folder / "a" / "1.tif")
    assert changed(project) == ["1.tif", "1.tif#page=2", "1.tif#page=3"]
    assert import_images(ImportRequest(folder, project.folder, pages="all", group_from="none")).changed == 3
    assert changed(project) == []


def test_cancelling_leaves_everything_as_it_was(project: Project, source: Path) -> None:
    exchange(source, *NAMES)
    before = rows(project)
    stop = Recorder(cancel=lambda event: isinstance(event, Progress) and event.stage == "Reading images")
    with pytest.raises(Cancelled):
        replaced.settle(project, images.list_images(project), "take", stop)
    assert rows(project) == before


def test_copies_in_the_project_are_not_touched_by_the_originals(source: Path, tmp_path: Path) -> None:
    import_images(ImportRequest(source, tmp_path / "copied", copy=True))
    made = Project.open(tmp_path / "copied")
    shutil.rmtree(source)
    assert changed(made) == []


# --- what is made of the images ------------------------------------------------------------------------------------------


def learned(project: Project) -> set[str]:
    run = choose_run(project, None)
    return {sample.content for sample in read_samples(project, run.id)}


def test_a_training_takes_keeps_or_asks(project: Project, source: Path) -> None:
    settings = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32)
    old = {row.content for row in rows(project).values() if row.split is not Split.TEST}
    first, second = [name for name, row in rows(project).items() if row.split is Split.TRAIN][:2]
    exchange(source, first)
    with pytest.raises(ImagesChanged):
        train(project.folder, settings, changed="ask")
    assert runs.list_runs(project) == [], "nothing was begun"
    watch = Recorder()
    train(project.folder, settings, reporter=watch, changed="keep")
    assert any("have changed" in n.text or "has changed" in n.text for n in watch.of(Note))
    assert learned(project) <= old
    exchange(source, second)
    watch = Recorder()
    train(project.folder, settings, reporter=watch)
    assert any("1 image has changed since the import. The new ones are taken" in n.text for n in watch.of(Note))
    assert content_key(rows(project)[second].path) in learned(project)
    assert content_key(rows(project)[first].path) not in learned(project), "that one is kept"


def test_an_export_is_compared_on_what_can_still_be_read(project: Project, source: Path, tmp_path: Path) -> None:
    train(project.folder, TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    test = [name for name, row in rows(project).items() if row.split is Split.TEST]
    exchange(source, test[0])
    watch = Recorder()
    done = export(project.folder, tmp_path / "a.onnx", reporter=watch)
    assert done.certificate.passed and done.certificate.images == len(test) - 1
    assert any(
        "are left out of the comparison" in n.text or "left out of the comparison" in n.text for n in watch.of(Note)
    )
    watch = Recorder()
    evaluate(project.folder, split=Split.TEST, reporter=watch)
    assert any("The figures are about what was imported" in n.text for n in watch.of(Note))
    exchange(source, *test)
    with pytest.raises(ImagesChanged, match="All images that the file could be compared on have changed") as refused:
        export(project.folder, tmp_path / "b.onnx")
    assert "import them again" in refused.value.remedy.lower()
    import_images(ImportRequest(source, project.folder))
    assert export(project.folder, tmp_path / "b.onnx").certificate.images == len(test)
