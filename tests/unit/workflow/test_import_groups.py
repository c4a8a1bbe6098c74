"""What belongs together by a table's column or a DICOM tag: never divided, and no patient's number in the project."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, paint
from tests.unit.images.dicoms import make
from tests.unit.images.sources.test_registry import zipped
from tlstudio.domain.errors import GroupsNotStated, WrongUsage
from tlstudio.domain.events import Note
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow.adding_files import add_files
from tlstudio.workflow.checking import check_quickly
from tlstudio.workflow.importing import import_images


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "project"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """24 pictures of 8 patients at 4 sites, listed in a table."""
    lines = ["image;diagnosis;patient;site;age"]
    for i in range(24):
        label, name = ("red", "blue")[i // 3 % 2], f"{i:02d}.png"
        paint(tmp_path / "data" / "pictures", name, COLOURS[label], seed=i)
        lines.append(f"pictures/{name};{label};P{i // 3};S{i // 6};{40 + i}")
    (tmp_path / "data" / "list.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    return tmp_path / "data" / "list.csv"


def rows_of(project: Path) -> list[ImageRow]:
    return images.list_images(Project.open(project))


def parts_of(rows: Sequence[ImageRow]) -> dict[str | None, set[Split]]:
    parts: dict[str | None, set[Split]] = defaultdict(set)
    for row in rows:
        parts[row.group].add(row.split)
    return parts


def test_a_table_says_classes_groups_and_more(table: Path, target: Path) -> None:
    result = import_images(ImportRequest(table, target))
    assert (result.images, result.classes, result.groups) == (24, {"blue": 12, "red": 12}, 8)
    assert result.recognised.startswith("A table, list.csv: 24 rows")
    rows = rows_of(target)
    assert all(row.path.parent.name == "pictures" for row in rows)
    parts = parts_of(rows)
    assert set(parts) == {f"P{i}" for i in range(8)}
    assert all(len(p) == 1 for p in parts.values())
    columns = images.list_columns(Project.open(target))
    numbers = {row.id: int(row.path.stem) for row in rows}
    assert columns == {row.id: {"site": f"S{numbers[row.id] // 6}", "age": f"{40 + numbers[row.id]}"} for row in rows}


@pytest.mark.parametrize(
    ("rule", "groups"), [("column:site", 4), ("column:SITE", 4), ("column:patient", 8), ("none", 0), (r"name:^(\d)", 3)]
)
def test_another_rule_counts_more_than_the_table(table: Path, target: Path, rule: str, groups: int) -> None:
    assert import_images(ImportRequest(table, target, group_from=rule)).groups == groups
    if groups:
        assert all(len(p) == 1 for p in parts_of(rows_of(target)).values())
    if rule == "column:site":
        assert {c["patient"] for c in images.list_columns(Project.open(target)).values()} == {f"P{i}" for i in range(8)}


def test_an_unknown_column_is_told_with_the_others_and_leaves_nothing(table: Path, target: Path) -> None:
    with pytest.raises(WrongUsage, match="no column “lab”") as wrong:
        import_images(ImportRequest(table, target, group_from="column:lab"))
    assert "“patient”, “site”, “age”" in wrong.value.remedy
    assert not target.exists()


def test_images_added_by_a_second_table_join_their_group(table: Path, target: Path) -> None:
    import_images(ImportRequest(table, target))
    before = {row.path: row.split for row in rows_of(target)}
    known = {row.group: row.split for row in rows_of(target)}
    lines = ["image;diagnosis;patient"]
    for i in range(16):
        paint(table.parent / "later", f"{i:02d}.png", COLOURS["red"], seed=500 + i)
        lines.append(f"later/{i:02d}.png;red;P{i // 2}")
    (table.parent / "later.csv").write_text("\n".join(lines))
    assert import_images(ImportRequest(table.parent / "later.csv", target, seed=7)).images == 16
    rows = rows_of(target)
    assert all(row.split is before.get(row.path, known[row.group]) for row in rows)


def write_dicoms(folder: Path, patients: int = 6, each: int = 2) -> None:
    rng = np.random.default_rng(0)
    for p in range(patients):
        for i in range(each):
            pixels = rng.integers(0, 4096, (32, 32), dtype=np.uint16)
            path = folder / ("sick", "well")[p % 2] / f"{p}{i}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            made = make(pixels, PatientID=f"PAT-{4711 + p}", StudyInstanceUID=f"1.2.{p}.{i}")
            made.save_as(path, enforce_file_format=True)


def test_a_patients_number_groups_and_is_not_kept(tmp_path: Path, target: Path) -> None:
    write_dicoms(tmp_path / "scans")
    assert import_images(ImportRequest(tmp_path / "scans", target, group_from="dicom:PatientID")).groups == 6
    rows = rows_of(target)
    assert all(len({r.name[0] for r in rows if r.group == group}) == 1 for group in parts_of(rows))
    assert all(len(p) == 1 for p in parts_of(rows).values())
    for file in target.rglob("*"):
        if file.is_file():
            assert b"PAT-47" not in file.read_bytes(), f"a patient's number is in {file.name}"
    again = import_images(ImportRequest(tmp_path / "scans", tmp_path / "second", group_from="dicom:PatientID"))
    assert {r.group for r in rows_of(again.project)} == {r.group for r in rows}, "the same user's hashes agree"


def test_a_tag_that_no_file_has(source: Path, tmp_path: Path, target: Path) -> None:
    write_dicoms(tmp_path / "scans")
    for folder, rule in ((source, "dicom:PatientID"), (tmp_path / "scans", "dicom:AccessionNumber")):
        with pytest.raises(WrongUsage, match="None of the images has"):
            import_images(ImportRequest(folder, target, group_from=rule))
        assert not target.exists()
    with pytest.raises(WrongUsage, match="not a DICOM keyword"):
        import_images(ImportRequest(source, target, group_from="dicom:Patient"))


def test_pages_are_images_of_one_group(tmp_path: Path, target: Path, recorder: type) -> None:
    from PIL import Image

    rng = np.random.default_rng(3)
    for k, label in enumerate(("red", "blue")):
        for i in range(6):
            path = tmp_path / "tiffs" / label / f"{i}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            pages = [Image.fromarray(rng.integers(0, 200, (24, 24, 3), dtype=np.uint8)) for _ in range(1 + (i + k) % 3)]
            pages[0].save(path, save_all=True, append_images=pages[1:])
    listener = recorder()
    assert import_images(ImportRequest(tmp_path / "tiffs", target), listener).images == 12
    assert any("several pages" in note.text for note in listener.of(Note))
    result = import_images(ImportRequest(tmp_path / "tiffs", tmp_path / "all", pages="all", copy=True))
    assert (result.images, result.groups) == (24, 8)
    rows = rows_of(tmp_path / "all")
    assert all(len(p) == 1 for group, p in parts_of(rows).items() if group is not None)
    assert len({row.content for row in rows}) == 24
    assert len(list((tmp_path / "all" / "images").rglob("*.tif"))) == 12, "a file is copied once, however many pages"


# --- what nobody said ---------------------------------------------------------------------------------------------------


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    """Eight patients of five pictures each, in two classes."""
    for p in range(8):
        for i in range(5):
            label = ("red", "blue")[p % 2]
            paint(tmp_path / "patients" / label, f"patient{p}_{i}.png", COLOURS[label], seed=10 * p + i)
    return tmp_path / "patients"


def test_names_that_suggest_groups_are_asked_about(patients: Path, target: Path) -> None:
    with pytest.raises(GroupsNotStated) as asked:
        import_images(ImportRequest(patients, target))
    assert "“patient1_0.png” and “patient1_1.png” to “patient1”. 8 such groups hold 40 images." in asked.value.what
    assert '--group-from "name:^(patient\\d+)[-_ ]"' in asked.value.remedy
    assert "--group-from none" in asked.value.remedy
    assert (asked.value.exit_status, asked.value.kind) == (2, "GroupsNotStated")
    assert not target.exists(), "nothing is left behind"


@pytest.mark.parametrize(("rule", "torn"), [(r"name:^(patient\d+)[-_ ]", 0), ("none", 7)])
def test_the_answer_counts_and_is_remembered(patients: Path, target: Path, rule: str, torn: int) -> None:
    import_images(ImportRequest(patients, target, group_from=rule))
    sides = defaultdict(set)
    for row in rows_of(target):
        sides[row.name.split("_")[0]].add(row.split)
    assert sum(len(parts) > 1 for parts in sides.values()) == torn
    for i in range(5, 8):
        paint(patients / "red", f"patient0_{i}.png", COLOURS["red"], seed=900 + i)
    assert import_images(ImportRequest(patients, target)).images == 3, "nobody is asked again"
    groups = {row.group for row in rows_of(target) if row.name.startswith("patient0_")}
    assert groups == ({None} if rule == "none" else {"patient0"})


def test_files_that_are_added_are_asked_about_only_where_they_matter(
    patients: Path, source: Path, target: Path
) -> None:
    import_images(ImportRequest(source, target))
    for row, i in (("red", 0), ("blue", 1)):
        paint(source / row, f"other{i}.png", COLOURS[row], seed=70 + i)
    assert import_images(ImportRequest(source, target)).images == 2
    with pytest.raises(GroupsNotStated):
        import_images(ImportRequest(patients, target))
    assert import_images(ImportRequest(patients, target, may_ask=False)).images == 40
    assert {row.group for row in rows_of(target)} == {None}
    assert import_images(ImportRequest(patients, target)).images == 0, "nothing new, nothing to ask"


def test_a_source_that_names_all_parts_is_not_asked_about(patients: Path, tmp_path: Path, target: Path) -> None:
    for part in ("train", "val", "test"):
        for label in ("red", "blue"):
            for file in sorted((patients / label).iterdir())[:5]:
                place = tmp_path / "divided" / part / label / file.name
                place.parent.mkdir(parents=True, exist_ok=True)
                file.rename(place)
    assert import_images(ImportRequest(tmp_path / "divided", target)).splits == {"train": 10, "val": 10, "test": 10}


def test_a_table_that_says_groups_is_not_asked_about(patients: Path, target: Path) -> None:
    lines = [
        "file,class,patient",
        *(f"{f.parent.name}/{f.name},{f.parent.name},x{f.name[7]}" for f in patients.rglob("*.png")),
    ]
    (patients / "list.csv").write_text("\n".join(lines))
    assert import_images(ImportRequest(patients / "list.csv", target)).groups == 8


def test_dicom_files_of_one_patient_are_asked_about(tmp_path: Path, target: Path) -> None:
    write_dicoms(tmp_path / "scans")
    for path in (tmp_path / "scans", zipped(tmp_path / "scans")):
        with pytest.raises(GroupsNotStated, match="several of them say the same PatientID") as asked:
            import_images(ImportRequest(path, target))
        assert '--group-from "dicom:PatientID"' in asked.value.remedy
        assert "PAT-" not in str(asked.value)
        assert not target.exists()
    write_dicoms(tmp_path / "alone", patients=8, each=1)
    assert import_images(ImportRequest(tmp_path / "alone", target)).groups == 0


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (r"name:^(patient[01])_", "10 of 40 names matched, which makes 2 groups."),
        (r"name:^(P\d+)_", "does not match any of the 40 names, such as “patient1_0.png”"),
        ("folder", "No image lies in a folder inside its class folder."),
        ("dicom:PatientID", "None of the images has the DICOM tag PatientID."),
    ],
)
def test_how_many_a_rule_fits_is_told(patients: Path, target: Path, recorder: type, rule: str, told: str) -> None:
    listener = recorder()
    request = ImportRequest(patients, target, group_from=rule)
    if "matched" in told:
        import_images(request, listener)
        assert told in [note.text for note in listener.of(Note)]
    else:
        with pytest.raises(WrongUsage, match=re.escape(told)):
            import_images(request, listener)
        assert not target.exists()


def test_an_empty_column_is_refused(table: Path, target: Path) -> None:
    table.write_text(
        table.read_text("utf-8-sig").replace(";site;", ";empty;site;").replace(";S", ";;S"), encoding="utf-8-sig"
    )
    with pytest.raises(WrongUsage, match="The column “empty” is empty for every image"):
        import_images(ImportRequest(table, target, group_from="column:empty"))
    assert not target.exists()


def test_the_check_knows_what_was_said(patients: Path, target: Path) -> None:
    import_images(ImportRequest(patients, target, may_ask=False))
    found = {f.kind: f for f in check_quickly(target).findings}
    assert found["torn_groups"].title.startswith("7 of the 8 groups that the file names suggest are spread over")
    import_images(ImportRequest(patients, target.with_name("none"), group_from="none"))
    assert not {"torn_groups", "no_groups"} & {f.kind for f in check_quickly(target.with_name("none")).findings}


def test_dropped_files_follow_the_rule_of_the_import(patients: Path, tmp_path: Path, target: Path) -> None:
    import_images(ImportRequest(patients, target, group_from=r"name:^(patient\d+)"))
    known = {row.group: row.split for row in rows_of(target)}
    new = [paint(tmp_path / "new", f"patient{p}_9.png", COLOURS["red"], seed=600 + p) for p in range(8)]
    other = paint(tmp_path / "new", "stranger.png", COLOURS["red"], seed=700)
    assert add_files(target, [*new, other], "red").images == 9
    rows = {row.path: row for row in rows_of(target)}
    assert all(rows[path].split is known[f"patient{p}"] for p, path in enumerate(new))
    assert rows[other].group is None
