"""The data check on real pictures: the planted problems of the sample, what is kept, and what each part costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.conftest import ROOT, TEST_WEIGHTS, Recorder
from tests.unit.images import dicoms
from tlstudio.domain.errors import Cancelled, NotEnoughImages
from tlstudio.domain.events import SILENT, Note, Progress
from tlstudio.domain.findings import CheckResult, Finding, FirstFindings
from tlstudio.domain.importing import ImportRequest
from tlstudio.images.samples.metal import GROUP_RULE, MetalSample, write_metal
from tlstudio.storage import images, journal
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project
from tlstudio.workflow import checking_evidence, checking_suspects, checking_text
from tlstudio.workflow.browsing import thumbnail
from tlstudio.workflow.checking import check, check_quickly
from tlstudio.workflow.importing import import_images

MakeImages = Callable[..., Path]


def by_kind(result: CheckResult | FirstFindings) -> dict[str, Finding]:
    return {finding.kind: finding for finding in result.findings}


# --- the sample with planted problems -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """The metal sample, its project, what the check found in it, and what it told on the way."""

    sample: MetalSample
    project: Path
    result: CheckResult
    told: Recorder

    def sets(self, kind: str) -> set[frozenset[str]]:
        """The pairs of files, relative to the sample, that a finding puts together."""
        finding = by_kind(self.result).get(kind)
        found = [] if finding is None else finding.sets
        names = [[Path(file).relative_to(self.sample.folder).as_posix() for file in kin] for kin in found]
        return {frozenset((a, b)) for kin in names for i, a in enumerate(kin) for b in kin[i + 1 :]}

    def files(self, kind: str) -> list[str]:
        finding = by_kind(self.result).get(kind)
        return [] if finding is None else [Path(f).relative_to(self.sample.folder).as_posix() for f in finding.files]


@pytest.fixture(scope="module")
def metal(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """Checked with the model that is part of the program, as on a machine that has no other."""
    place = tmp_path_factory.mktemp("check")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(place / "home"))
        patch.setenv("TLSTUDIO_WEIGHTS", str(TEST_WEIGHTS))
        sample = write_metal(place / "metal", SILENT)
        import_images(ImportRequest(sample.folder, place / "project", group_from=GROUP_RULE))
        told = Recorder()
        return Checked(sample, place / "project", check(place / "project", told), told)


def test_every_planted_copy_conflict_and_blank_is_found(metal: Checked) -> None:
    planted = metal.sample.planted
    assert metal.sets("exact_duplicate") == {frozenset((t.original, t.copy)) for t in planted.exact_duplicates}
    assert metal.sets("conflicting_labels") == {frozenset((t.original, t.copy)) for t in planted.conflicting_labels}
    assert metal.files("blank") == list(planted.blank)
    assert metal.files("unreadable") == list(planted.truncated)


def test_the_planted_near_duplicates_are_found_and_little_else(metal: Checked) -> None:
    near = {frozenset((t.original, t.copy)) for t in metal.sample.planted.near_duplicates}
    found = metal.sets("near_duplicate")
    assert len(found & near) >= len(near) - 1  # see test_alike: one lies in what looks like a series
    others = found - near
    assert len(others) <= 3
    assert all(len({Path(name).stem.split("_")[0] for name in pair}) == 1 for pair in others), (
        "of one part, hardly moved"
    )


def test_most_wrong_labels_are_among_the_first_suspects(metal: Checked) -> None:
    wrong = {w.file for w in metal.sample.planted.wrong_labels}
    suspects = metal.files("label_suspect")
    assert len(wrong & set(suspects[: round(1.5 * len(wrong))])) >= 0.8 * len(wrong)
    assert len(suspects) <= 2 * len(wrong), "few false alarms"


def test_nothing_is_told_that_is_not_there(metal: Checked) -> None:
    """The sample is balanced, sharp, grey all over and without text; its classes are large enough."""
    kinds = set(by_kind(metal.result))
    assert kinds <= {
        *("leak", "conflicting_labels", "near_duplicate", "exact_duplicate"),
        *("blank", "unreadable", "label_suspect", "grey"),
    }


def test_what_is_quick_is_told_first(metal: Checked) -> None:
    (first,) = metal.told.of(FirstFindings)
    assert isinstance(first, FirstFindings)
    assert {"conflicting_labels", "exact_duplicate", "blank"} <= set(by_kind(first))
    assert "label_suspect" not in by_kind(first)
    before = metal.told.events[: metal.told.events.index(first)]
    stages = {e.stage for e in before if isinstance(e, Progress)}
    assert "Comparing the labels" not in stages
    assert "Comparing the labels" in {e.stage for e in metal.told.of(Progress) if isinstance(e, Progress)}


def test_nothing_is_looked_at_twice(metal: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("this was known")

    monkeypatch.setattr(checking_evidence, "measure", never)
    monkeypatch.setattr(checking_evidence, "DECODERS", None)
    monkeypatch.setattr(checking_text, "DECODERS", None)
    told = Recorder()
    again = check(metal.project, told)
    assert again == metal.result
    stages = {e.stage for e in told.of(Progress) if isinstance(e, Progress)}
    assert stages == {"Comparing the labels"}


def test_images_that_are_left_out_are_not_looked_at(metal: Checked) -> None:
    """And what the user marked for another look is not accused again. All of it is taken back at the end."""
    project = Project.open(metal.project)
    rows = {str(row.path): row for row in images.list_images(project)}
    found = by_kind(metal.result)
    gone = [rows[kin[1]] for kin in found["exact_duplicate"].sets] + [rows[f] for f in found["blank"].files]
    marked = [rows[f] for f in found["label_suspect"].files[:3]]
    fields = [(r.id, "excluded", 1) for r in gone] + [(r.id, "unsure", 1) for r in marked]
    journal.record(project, Edit("Several", fields=fields), "")
    try:
        quick = by_kind(check_quickly(metal.project))
        assert not {"exact_duplicate", "blank"} & set(quick)
        left = by_kind(check(metal.project))["label_suspect"].files
        assert not {str(r.path) for r in (*gone, *marked)} & set(left)
    finally:
        journal.undo(project)


# --- on small projects ---------------------------------------------------------------------------------------------------


@pytest.fixture
def project(make_images: MakeImages, tmp_path: Path) -> Path:
    import_images(ImportRequest(make_images(12), tmp_path / "project"))
    return tmp_path / "project"


def test_a_quick_check_loads_no_torch(project: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tlstudio.workflow.checking import check_quickly\n"
        "if __name__ == '__main__':\n"
        "    print(len(check_quickly(Path(sys.argv[1])).findings), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.split() == ["2", "False"], done.stderr


def test_what_somebody_deleted_from_the_cache_is_made_again(project: Path) -> None:
    before = check_quickly(project)
    shutil.rmtree(project / "cache")
    assert check_quickly(project) == before
    row = images.list_images(Project.open(project))[0]
    assert thumbnail(project, row.content).is_file()


def test_a_check_writes_nothing_to_the_database(project: Path) -> None:
    database = project / "project.db"
    before = database.read_bytes()
    check(project)
    assert database.read_bytes() == before


def test_images_whose_file_has_gone_are_told(project: Path) -> None:
    row = images.list_images(Project.open(project))[5]
    row.path.unlink()
    finding = by_kind(check(project))["unreadable"]
    assert finding.files == (str(row.path),)


def test_cancelling_ends_each_part(project: Path) -> None:
    for stage in (checking_evidence.STAGE, checking_text.STAGE, "Comparing the labels"):
        stop = Recorder(cancel=lambda e, stage=stage: isinstance(e, Progress) and e.stage == stage)
        with pytest.raises(Cancelled):
            check(project, stop)
    assert check(project).findings, "and what was done is kept"


def test_labels_that_cannot_be_judged_cost_that_part_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch, recorder: Callable[..., Recorder]
) -> None:
    def fail(*_: object) -> None:
        raise NotEnoughImages("There are too few.")

    monkeypatch.setattr(checking_suspects, "label_suspects", fail)
    told = recorder()
    assert "small_class" in by_kind(check(project, told))
    assert any("There are too few." in e.text for e in told.of(Note) if isinstance(e, Note))


def test_one_class_alone_is_checked_too(project: Path) -> None:
    opened = Project.open(project)
    rows = [row for row in images.list_images(opened) if row.label != "red"]
    journal.record(opened, Edit("One class", fields=[(row.id, "excluded", 1) for row in rows]), "")
    told = Recorder()
    assert isinstance(check(project, told), CheckResult)
    assert any("not checked" in e.text for e in told.of(Note) if isinstance(e, Note))


def test_a_second_check_beside_a_running_one_is_made_without_keeping(project: Path) -> None:
    shutil.rmtree(project / "cache" / "checks", ignore_errors=True)
    opened = Project.open(project)
    store = checking_evidence.measures_store(opened)
    with store.writer(1):
        found = check_quickly(project)
    assert found == check_quickly(project)


def test_text_in_the_pictures(make_images: MakeImages, tmp_path: Path) -> None:
    source = make_images(10)
    for path in sorted((source / "red").glob("*.png"))[:4]:
        write_on(path, "ID 004711")
    project = tmp_path / "project"
    import_images(ImportRequest(source, project))
    assert "burned_in_text" not in by_kind(check_quickly(project)), "it takes a look at the pictures in large"
    finding = by_kind(check(project))["burned_in_text"]
    assert {Path(f).name for f in finding.files} == {f"red_{i:03d}.png" for i in range(4)}
    assert by_kind(check_quickly(project))["burned_in_text"] == finding, "what is known is told at once"


def write_on(path: Path, text: str) -> None:
    picture = Image.new("RGB", (480, 360), (70, 30, 30))
    ImageDraw.Draw(picture).text((12, 10), text, font=ImageFont.load_default(22), fill="white")
    picture.save(path)


def test_a_dicom_file_is_believed(make_images: MakeImages, tmp_path: Path) -> None:
    source = make_images(6)
    shade = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint16)
    for i, says in enumerate(("YES", "NO")):
        data = dicoms.make(shade + i, BurnedInAnnotation=says, Manufacturer="Acme", ManufacturerModelName="X1")
        dicoms.save(data, source / "red" / f"{says}.dcm")
    project = tmp_path / "project"
    import_images(ImportRequest(source, project, group_from="none"))
    finding = by_kind(check_quickly(project))["burned_in_text"]
    assert [Path(f).name for f in finding.files] == ["YES.dcm"]
    kept = json.loads((project / "cache" / "checks" / checking_evidence.ORIGINS).read_text(encoding="utf-8"))
    assert ["DICOM", "Acme X1", True, 0] in kept.values()
    text = json.dumps(kept)
    assert not any(name in text for name in dicoms.NAMES)


def some_of(source: Path, target: Path) -> Path:
    """Of more than 500 images a part: every fourth of a class of hundreds, every second of the others."""
    if sum(p.is_file() for p in source.rglob("*")) <= 500:
        return source
    for place in sorted(p for p in source.iterdir() if p.is_dir()):
        files = sorted(p for p in place.iterdir() if p.is_file())
        step = 4 if len(files) > 500 else 2
        (target / place.name).mkdir(parents=True)
        for file in files[::step]:
            shutil.copy(file, target / place.name)
    return target


@pytest.mark.shared
@pytest.mark.parametrize(("folder", "most"), [("magnetic_tile", 7), ("chest_xray", 6)])
def test_real_images_give_few_findings(shared: Path, tmp_path: Path, folder: str, most: int) -> None:
    images_ = some_of(shared / "data" / folder, tmp_path / "images")
    rule = r"name:^(\d{8})_" if folder == "chest_xray" else None
    import_images(ImportRequest(images_, tmp_path / "project", group_from=rule))
    found = by_kind(check(tmp_path / "project"))
    assert len(found) <= most, list(found)
    if folder == "chest_xray":
        assert {"shortcut", "burned_in_text"} <= set(found), "one class comes from journals, the others from a hospital"
        assert not {"near_duplicate", "leak", "blurred", "outlier"} & set(found)
    else:
        assert "imbalance" in found
        assert not {"blurred", "burned_in_text", "mixed_colour", "blank"} & set(found)
