"""From a folder to a project: what is taken, what is refused, how it is divided, and nothing left after a failure."""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COLOURS, Recorder, paint
from tlstudio.domain.errors import (
    Cancelled,
    CantWrite,
    DiskFull,
    NotEnoughImages,
    NothingToImport,
    ProjectExists,
    WrongUsage,
)
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.previewing import preview_import
from tlstudio.workflow.run_data import collect


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "projects" / "mine"


def rows_of(project: Path) -> list[ImageRow]:
    return images.list_images(Project.open(project))


def split_of(project: Path) -> dict[str, Split]:
    return {row.name: row.split for row in rows_of(project)}


def everything_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_image_is_in_the_project_as_it_is_on_the_disk(source: Path, target: Path) -> None:
    before = everything_below(source)
    result = import_images(ImportRequest(source, target, name="Colours"))
    assert (result.images, result.refused, result.project) == (20, (), target)
    assert result.classes == {"blue": 10, "red": 10}
    assert result.splits == {"train": 12, "val": 4, "test": 4}
    assert Project.open(target).meta("name") == "Colours"
    rows = rows_of(target)
    assert {row.path for row in rows} == set(source.rglob("*.png"))
    assert all((row.width, row.height, row.label) == (24, 20, row.path.parent.name) for row in rows)
    assert all(browsing.thumbnail(target, row.content).is_file() for row in rows)
    assert everything_below(source) == before, "originals are never touched"


def test_fractions_and_seed_decide_the_split(source: Path, tmp_path: Path) -> None:
    def divided(name: str, **options: object) -> dict[str, Split]:
        import_images(ImportRequest(source, tmp_path / name, **options))
        return split_of(tmp_path / name)

    half = divided("half", test_fraction=0.5, val_fraction=0.0)
    assert Counter(half.values()) == {Split.TRAIN: 10, Split.TEST: 10}
    first, again, other = divided("a", seed=1), divided("b", seed=1), divided("c", seed=2)
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "wrong",
    [
        {"test_fraction": 0.95},
        {"val_fraction": -0.1},
        {"group_from": "name:("},
        {"group_from": "column:patient"},
        {"group_from": "patients"},
    ],
    ids=str,
)
def test_wrong_wishes_are_told_before_anything_is_read(source: Path, target: Path, wrong: dict[str, object]) -> None:
    listener = Recorder()
    with pytest.raises(WrongUsage):
        import_images(ImportRequest(source, target, **wrong), listener)
    assert listener.events == []
    assert not target.parent.exists()


def test_groups_by_name_are_never_divided(make_images: Callable[..., Path], target: Path) -> None:
    source = make_images(24, groups=6)
    result = import_images(ImportRequest(source, target, group_from=r"name:^(part\d+)_"))
    assert result.groups == 18
    parts: dict[str | None, set[Split]] = defaultdict(set)
    for row in rows_of(target):
        assert row.name.startswith(f"{row.group}_")
        parts[row.group].add(row.split)
    assert all(len(p) == 1 for p in parts.values())
    assert set().union(*parts.values()) == set(Split)


def test_groups_by_folder(tmp_path: Path, target: Path) -> None:
    for part in range(8):
        for i in range(3):
            label = ("red", "blue")[part % 2]
            paint(tmp_path / "nested" / label / f"part{part}", f"{i}.png", COLOURS[label], seed=10 * part + i)
    import_images(ImportRequest(tmp_path / "nested", target, group_from="folder"))
    parts: dict[str | None, set[Split]] = defaultdict(set)
    for row in rows_of(target):
        parts[row.group].add(row.split)
    assert {f"red/part{p}" for p in (0, 2, 4, 6)} <= {g for g in parts if g}
    assert len(parts) == 8
    assert all(len(p) == 1 for p in parts.values())


def test_copies_of_one_file_stay_together(source: Path, target: Path) -> None:
    for i in range(10):
        shutil.copy(source / "red" / f"red_{i:02d}.png", source / "red" / f"copy_{i:02d}.png")
    import_images(ImportRequest(source, target))
    splits = split_of(target)
    assert all(splits[f"copy_{i:02d}.png"] == splits[f"red_{i:02d}.png"] for i in range(10))


def test_split_folders_of_the_source_are_kept_and_what_they_lack_is_cut_from_training(
    tmp_path: Path, target: Path
) -> None:
    for part, count in (("train", 20), ("test", 3)):
        for k, label in enumerate(("red", "blue")):
            for i in range(count):
                paint(tmp_path / "split" / part / label, f"{part}_{label}_{i}.png", COLOURS[label], seed=100 * k + i)
    result = import_images(ImportRequest(tmp_path / "split", target, val_fraction=0.1, test_fraction=0.5))
    assert result.splits == {"train": 36, "val": 4, "test": 6}
    assert {name for name, split in split_of(target).items() if split is Split.TEST} == {
        f"test_{label}_{i}.png" for label in ("red", "blue") for i in range(3)
    }


def test_bad_files_are_refused_one_by_one_and_remembered(source: Path, target: Path) -> None:
    (source / "red" / "empty.png").touch()
    (source / "red" / "letter.png").write_text("Dear colleague")
    (source / "blue" / "half.png").write_bytes((source / "blue" / "blue_00.png").read_bytes()[:300])
    (source / "blue" / "scan.heic").write_bytes(b"ftypheic")
    (source / "stray.png").write_bytes((source / "blue" / "blue_00.png").read_bytes())
    result = import_images(ImportRequest(source, target))
    assert result.images == 20
    told = {Path(r.path).name: r.reason for r in result.refused}
    assert set(told) == {"empty.png", "letter.png", "half.png", "scan.heic", "stray.png"}
    assert all(reason.endswith(".") for reason in told.values())
    assert "empty" in told["empty.png"]
    assert {Path(r.path).name: r.reason for r in browsing.refusals(target)} == told
    assert [r["file"] for r in result.to_json()["refused"]] == [r.path for r in result.refused]


def test_copies_into_the_project_need_the_originals_no_more(source: Path, target: Path) -> None:
    (source / "red" / "inner").mkdir()
    for name in ("red_00.png", "RED_01.png"):
        shutil.copy(source / "red" / name.lower(), source / "red" / "inner" / name)
    (source / "red" / "inner" / "deeper").mkdir()
    shutil.copy(source / "red" / "red_00.png", source / "red" / "inner" / "deeper" / "red_00.png")
    originals = Counter(p.read_bytes() for p in source.rglob("*.png"))
    result = import_images(ImportRequest(source, target, copy=True))
    shutil.rmtree(source)
    moved = target.rename(target.with_name("moved"))
    rows = rows_of(moved)
    assert len(rows) == result.images == 23
    assert all(row.path.is_relative_to(moved / "images" / str(row.label)) for row in rows)
    assert Counter(row.path.read_bytes() for row in rows) == originals


def test_one_class_only(source: Path, target: Path) -> None:
    shutil.rmtree(source / "blue")
    for call in (lambda: import_images(ImportRequest(source, target)), lambda: preview_import(source)):
        with pytest.raises(NotEnoughImages, match="“red”") as failure:
            call()
        assert "second sub-folder" in failure.value.remedy
    assert not target.exists()


def test_one_class_only_because_the_other_can_not_be_read(source: Path, target: Path) -> None:
    for path in (source / "blue").iterdir():
        path.write_text("no picture")
    with pytest.raises(NotEnoughImages, match="“red”"):
        import_images(ImportRequest(source, target))
    assert not target.exists()


def test_nothing_that_can_be_read(source: Path, target: Path) -> None:
    for path in source.rglob("*.png"):
        path.write_text("no picture")
    with pytest.raises(NothingToImport):
        import_images(ImportRequest(source, target))
    assert not target.exists()


@pytest.mark.parametrize("inside", [".", "red", "new/project"])
def test_a_project_inside_its_images_is_refused(source: Path, inside: str) -> None:
    before = everything_below(source)
    with pytest.raises(ProjectExists, match="inside the folder of images"):
        import_images(ImportRequest(source, source / inside))
    assert everything_below(source) == before


def test_a_folder_with_other_things_in_it_is_left_alone(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    (target / "thesis.docx").write_text("years of work")
    with pytest.raises(ProjectExists):
        import_images(ImportRequest(source, target))
    assert everything_below(target) == {"thesis.docx": b"years of work"}


@pytest.mark.parametrize("copy", [False, True], ids=["in place", "copied"])
@pytest.mark.parametrize("moment", ["note", "first", "last"])
def test_a_cancelled_import_leaves_nothing(source: Path, target: Path, copy: bool, moment: str) -> None:
    def now(event: object) -> bool:
        if moment == "note":
            return isinstance(event, Note)
        stage = "Copying images" if copy else "Reading images"
        return isinstance(event, Progress) and event.stage == stage and event.done == (1 if moment == "first" else 20)

    with pytest.raises(Cancelled):
        import_images(ImportRequest(source, target, copy=copy), Recorder(cancel=now))
    assert not target.exists()


def test_a_full_disk_is_named_and_leaves_nothing(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tlstudio.workflow.import_places.write_once", full)
    with pytest.raises(DiskFull):
        import_images(ImportRequest(source, target))
    assert not target.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_place_where_nobody_may_write(source: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(CantWrite):
        import_images(ImportRequest(source, tmp_path / "locked" / "project"))


def test_preview_tells_what_the_import_will_find(source: Path) -> None:
    (source / "red" / "scan.heic").touch()
    preview = preview_import(source)
    assert preview.classes == {"blue": 10, "red": 10}
    assert (preview.splits, preview.guess) == ({}, None)
    assert [Path(r.path).name for r in preview.refused] == ["scan.heic"]
    assert all(len(paths) == 8 and paths[0].is_file() for paths in preview.samples.values())
    assert preview.suggested_project.name == "source"
    assert not preview.suggested_project.exists()


def test_preview_guesses_groups_that_the_import_can_use(make_images: Callable[..., Path], target: Path) -> None:
    preview = preview_import(make_images(12, groups=4))
    assert preview.guess is not None
    result = import_images(ImportRequest(preview.source, target, group_from=preview.guess.rule))
    assert result.groups == preview.guess.groups == 12


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_class_of_a_few_images_can_be_trained_on_and_is_told(source: Path, tmp_path: Path, n: int) -> None:
    for i in range(n):
        paint(source / "rare", f"{i}.png", COLOURS["green"], seed=700 + i)
    result = import_images(ImportRequest(source, tmp_path / "project"))
    row = next(row for row in result.rows if row.label == "rare")
    assert row.splits == {"train": 2, "val": int(n > 3), "test": int(n > 2)}
    classes, samples = collect(Project.open(tmp_path / "project"))
    assert "rare" in classes and samples
    told = [text for text in result.warnings if "“rare” has too few images for every part" in text]
    assert len(told) == int(n < 4)
    assert n != 3 or "(2 for training, 0 for validation, 1 for test)" in told[0]


def test_classes_that_look_alike_are_told_at_once(source: Path, tmp_path: Path) -> None:
    for i in range(4):
        paint(source / "Red ", f"{i}.png", COLOURS["red"], seed=800 + i)
    result = import_images(ImportRequest(source, tmp_path / "project"))
    assert any("Classes that differ only in how they are written: “Red” and “red”." in text for text in result.warnings)
