"""Opening, listing, viewing and checking projects."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, Recorder, paint
from tests.unit.conftest import new_image
from tlstudio.domain.errors import ImageRefused, NotAProject, ProjectExists, StudioError
from tlstudio.domain.events import Progress
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
from tlstudio.domain.values import Interval, Refusal
from tlstudio.images.inspect import VIEW
from tlstudio.storage import images, journal, runs
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing, keeping, labeling, projects
from tlstudio.workflow.checking import check
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.viewing import view_image

Pets = Callable[..., Project]


@pytest.fixture
def target(source: Path, tmp_path: Path) -> Path:
    return import_images(ImportRequest(source, tmp_path / "project", name="Colours")).project


def finish_run(project: Project, accuracy: float) -> None:
    run = runs.start_run(project, TrainSettings("net.tag", Mode.QUICK), ("a", "b"))
    reached = Interval(accuracy, accuracy - 0.1, 1.0)
    runs.finish_run(project, TrainResult(run, "net.tag", Mode.QUICK, 0, reached, accuracy, "probe", "Only one.", 1.0))


def test_summary_of_a_project(target: Path) -> None:
    summary = projects.summary(target)
    assert (summary.name, summary.images, summary.unlabeled, summary.refused) == ("Colours", 20, 0, 0)
    assert {c.name: c.count for c in summary.classes} == {"blue": 10, "red": 10}
    assert (summary.best_accuracy, summary.opened_at) == (None, 0.0)
    assert len(summary.thumbnails) == 4
    assert all(path.is_file() for path in summary.thumbnails)
    project = Project.open(target)
    for accuracy in (0.7, 0.9, 0.8):
        finish_run(project, accuracy)
    best = projects.summary(target).best_accuracy
    assert best is not None
    assert best.value == 0.9


def test_opening_remembers_and_backs_up(target: Path) -> None:
    opened = projects.open_project(target)
    assert (opened.summary.opened_at > 0, opened.read_only, opened.unclean) == (True, "", False)
    keeping.look_after(target, opened.unclean)
    projects.close_project(target)
    assert len(list((target / "backups").glob("*.db"))) == 1
    assert [p.folder for p in projects.recent_projects()] == [target]
    projects.forget_project(target)
    assert list(projects.recent_projects()) == []
    assert target.is_dir()


def test_recent_projects_leave_out_the_broken_and_the_gone(target: Path, tmp_path: Path) -> None:
    for name in ("broken", "gone", "good"):
        projects.create_project(tmp_path / name, name)
        projects.open_project(tmp_path / name)
        projects.close_project(tmp_path / name)
    (tmp_path / "broken" / "project.db").write_text("no database")
    shutil.rmtree(tmp_path / "gone")
    assert [p.name for p in projects.recent_projects()] == ["good"]


def test_recent_projects_that_a_backup_can_bring_back_are_listed_with_their_trouble(
    target: Path, tmp_path: Path
) -> None:
    projects.create_project(tmp_path / "second", "Second")
    for folder in (target, tmp_path / "second"):
        projects.open_project(folder)
        keeping.back_up(folder)
        projects.close_project(folder)
    (target / "project.db").write_text("no database")
    (tmp_path / "second" / "project.db").unlink()
    gone, damaged = projects.recent_projects()
    assert (damaged.folder, damaged.trouble) == (target, "The project's database is damaged.")
    assert (gone.name, gone.trouble) == ("second", "The project's database is gone.")
    assert gone.opened_at > 0


def test_opening_what_is_no_project(tmp_path: Path) -> None:
    for call in (projects.open_project, projects.summary, check):
        with pytest.raises(NotAProject):
            call(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ProjectExists):
        projects.create_project(tmp_path, "x")


@pytest.mark.parametrize(("name", "suggested"), [("welds", "welds"), ("a:b?c*", "a_b_c_"), ("...", "project")])
def test_suggested_folder_is_free_and_has_a_possible_name(tmp_path: Path, name: str, suggested: str) -> None:
    source = tmp_path / name
    first = projects.suggested_folder(source)
    assert (first.name, first.exists()) == (suggested, False)
    first.mkdir(parents=True)
    assert projects.suggested_folder(source).name == f"{suggested} 2"


def test_refused_files_as_a_table(pets: Pets, tmp_path: Path) -> None:
    made = pets(["cat", "dog"])
    refused = [
        Refusal('/pictures/schön, "wild".png', "The file is empty."),
        Refusal("/pictures/中文.dcm", "DICOM files can't be read.\nSave it as PNG."),
    ]
    images.add_images(made, [], refused)
    browsing.save_refusals(made.folder, tmp_path / "refused.csv")
    raw = (tmp_path / "refused.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf"), "the mark lets spreadsheets see UTF-8"
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"file": r.path, "reason": r.reason} for r in refused]


def test_a_table_that_can_not_be_written_is_a_named_failure(pets: Pets, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudioError):
        browsing.save_refusals(pets(["cat"]).folder, tmp_path / "file" / "refused.csv")


def test_lists_are_in_import_order_and_the_user_s_order(pets: Pets) -> None:
    made = pets(["dog", "cat", None, "dog"])
    assert [(i.id, i.label) for i in browsing.images(made.folder)] == [(1, "dog"), (2, "cat"), (3, None), (4, "dog")]
    images.add_images(made, [new_image("z", "ape")], [])
    assert [(c.name, c.count) for c in browsing.classes(made.folder)] == [("cat", 1), ("dog", 2), ("ape", 1)]
    assert projects.summary(made.folder).unlabeled == 1


def test_view_is_a_jpeg_made_once(target: Path, tmp_path: Path) -> None:
    row = browsing.images(target)[0]
    view = view_image(target, row.path)
    assert view == target / "cache" / "views" / f"{row.content}.jpg"
    with Image.open(view) as picture:
        assert (picture.format, picture.size) == ("JPEG", (24, 20))
    made_at = view.stat().st_mtime_ns
    assert view_image(target, row.path) == view
    assert view.stat().st_mtime_ns == made_at


def test_view_of_a_large_deep_picture_is_small_and_visible(target: Path, tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(3000, 3400, 2000).astype(np.uint16), (1000, 1))
    Image.fromarray(ramp).save(tmp_path / "xray.png")
    with Image.open(view_image(target, tmp_path / "xray.png")) as view:
        assert view.size == (VIEW, VIEW // 2)
        low, high = view.convert("L").getextrema()
    assert low < 10
    assert high > 245


def test_strangers_of_one_name_are_not_mistaken_for_each_other(target: Path, tmp_path: Path) -> None:
    views = []
    for name in ("red", "blue"):
        paint(tmp_path / name, "IMG_0001.png", COLOURS[name], seed=1)
        views.append(view_image(target, tmp_path / name / "IMG_0001.png"))
    assert views[0].read_bytes() != views[1].read_bytes()


def test_view_of_what_can_not_be_read(target: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    for path in (tmp_path / "bad.png", tmp_path / "gone.png", tmp_path):
        with pytest.raises(ImageRefused):
            view_image(target, path)
    row = browsing.images(target)[0]
    row.path.unlink()
    with pytest.raises(ImageRefused, match="not there"):
        view_image(target, row.path)


def test_check_looks_at_every_image_and_tells_worst_first(source: Path, tmp_path: Path) -> None:
    Image.new("RGB", (24, 20), (9, 9, 9)).save(source / "red" / "blank.png")
    shutil.copy(source / "red" / "red_00.png", source / "blue" / "moved.png")
    target = import_images(ImportRequest(source, tmp_path / "project")).project
    listener = Recorder()
    findings = {f.kind: f for f in check(target, listener).findings}
    assert list(findings) == [
        *("conflicting_labels", "small_class", "blank"),
        *(
            "resolution",
            "unlike_pretraining",
            "no_groups",
            "tiny",
        ),  # noise in thumbnails' size is nothing the model has seen
    ]
    assert findings["blank"].files == (str(source / "red" / "blank.png"),)
    assert {Path(f).name for f in findings["conflicting_labels"].files} == {"moved.png", "red_00.png"}
    told = [e for e in listener.events if isinstance(e, Progress)]
    assert told, "a long look says how far it is"
    assert all(0 < e.done <= e.total for e in told)


def test_check_without_small_pictures_still_checks_the_rest(target: Path) -> None:
    shutil.rmtree(target / "cache")
    wanted = ["small_class", "resolution", "unlike_pretraining", "no_groups", "tiny"]
    assert [f.kind for f in check(target).findings] == wanted
    row = browsing.images(target)[0]
    damaged = browsing.thumbnail(target, row.content)
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(b"\xff\xd8\xff no jpeg")
    assert [f.kind for f in check(target).findings] == wanted


def test_figures_after_a_change_of_labels_need_no_count_of_parts_and_groups(pets: Pets) -> None:
    folder = pets(["cat", "dog", None]).folder
    before = projects.summary(folder)
    labeling.set_label(folder, [1], None)
    assert projects.summary(folder, before) == projects.summary(folder)
    journal.record(Project(folder), Edit("moved", fields=[(2, "split", "test")]), "ann")
    for expected in (True, False):  # the newest change moved an image to another part, the one before did not
        turned = labeling.undo(folder)
        assert turned is not None
        assert turned.parts is expected
