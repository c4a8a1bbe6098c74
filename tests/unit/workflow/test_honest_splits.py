"""The program must not report memory as skill: near-identical pictures and groups never lie on both sides of a split."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import TEST_MODEL
from tests.unit.images.test_looks import saved, scene
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.results import Evaluation
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.splits import divide
from tlstudio.storage import images, journal
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train

PATIENTS, EACH = 12, 8


def rows_of(project: Path) -> list[ImageRow]:
    return images.list_images(Project.open(project))


def again(patient: int, visit: int) -> Image.Image:
    """A patient's picture as taken on another visit: nearly the same."""
    rng = random.Random(f"{patient} {visit}")
    picture = scene(patient, (160, 140))
    left, top = rng.randint(0, 3), rng.randint(0, 3)
    cut = picture.crop((left, top, picture.width - rng.randint(0, 3), picture.height - rng.randint(0, 3)))
    bright = rng.uniform(0.95, 1.05)
    return saved(cut.point([min(255, round(v * bright)) for v in range(256)] * 3), rng.randint(70, 95))


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve patients with eight near-identical pictures each; a patient's class is the toss of a coin."""
    source = tmp_path_factory.mktemp("patients")
    labels = ["ill", "well"] * (PATIENTS // 2)
    random.Random(5).shuffle(labels)
    for patient, label in enumerate(labels):
        (source / label).mkdir(exist_ok=True)
        for visit in range(EACH):
            again(patient, visit).save(source / label / f"P{patient:02d}_{visit}.png")
    return source


def label_of(source: Path, patient: int) -> str:
    """Of another class it would join nothing: pictures that are nearly the same don't when somebody tells them apart."""
    return next(source.glob(f"*/P{patient:02d}_0.png")).parent.name


def trained(project: Path) -> Evaluation:
    result = train(project, TrainSettings(TEST_MODEL, Mode.QUICK, input_size=64))
    return evaluate(project, result.run, Split.TEST)


def patient_of(row: ImageRow) -> str:
    return row.name.split("_")[0]


def sides(rows: Sequence[ImageRow]) -> dict[str, set[Split]]:
    found: dict[str, set[Split]] = defaultdict(set)
    for row in rows:
        found[patient_of(row)].add(row.split)
    return found


@pytest.mark.parametrize("rule", [r"name:^(P\d+)_", "none"], ids=["by groups", "by looks alone"])
def test_random_labels_give_chance(patients: Path, tmp_path: Path, rule: str) -> None:
    import_images(ImportRequest(patients, tmp_path / "project", test_fraction=0.4, val_fraction=0.0, group_from=rule))
    assert all(len(parts) == 1 for parts in sides(rows_of(tmp_path / "project")).values())
    found = trained(tmp_path / "project")
    assert found.accuracy.low <= 0.5 <= found.accuracy.high
    assert found.accuracy.value < 0.9


def test_without_the_safeguards_memory_looks_like_skill(patients: Path, tmp_path: Path) -> None:
    """What the others prevent, so that they are known to prevent something."""
    project = tmp_path / "project"
    import_images(ImportRequest(patients, project, test_fraction=0.4, val_fraction=0.0, group_from="none"))
    rows = rows_of(project)
    torn = divide([r.label for r in rows], range(len(rows)), test=0.4, val=0.0, seed=0)
    fields = [(row.id, "split", split.value) for row, split in zip(rows, torn, strict=True)]
    journal.record(Project.open(project), Edit("torn", fields=fields), "test")
    assert trained(project).accuracy.value > 0.9


def test_near_duplicates_are_kept_with_the_project(patients: Path, tmp_path: Path) -> None:
    import_images(ImportRequest(patients, tmp_path / "project", group_from="none"))
    rows = rows_of(tmp_path / "project")
    assert all(len(row.look or "") == 16 for row in rows)
    clusters = defaultdict(set)
    for row in rows:
        clusters[row.alike].add(patient_of(row))
    assert None not in clusters
    assert all(len(names) == 1 for names in clusters.values())
    first = {row.id: row for row in rows}
    assert all(first[number].alike == number for number in clusters if number is not None)


def test_a_near_duplicate_that_is_added_joins_its_kin(patients: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    import_images(ImportRequest(patients, project, group_from="none"))
    before = {row.path: (row.split, row.alike, row.label) for row in rows_of(project)}
    for label in ("ill", "well"):
        (tmp_path / "later" / label).mkdir(parents=True)
    for patient in range(PATIENTS):
        again(patient, 100).save(tmp_path / "later" / label_of(patients, patient) / f"P{patient:02d}_new.png")
        scene(500 + patient).save(tmp_path / "later" / "well" / f"X{patient:02d}_new.png")
    import_images(ImportRequest(tmp_path / "later", project, seed=3, test_fraction=0.5))
    rows = rows_of(project)
    assert {row.path: (row.split, row.alike, row.label) for row in rows if row.path in before} == before
    assert all(len(parts) == 1 for parts in sides(rows).values())
    new = [row for row in rows if row.path not in before]
    assert {patient_of(row)[0]: row.alike is not None for row in new} == {"P": True, "X": False}
    assert Split.TEST in {row.split for row in new if row.name.startswith("X")}


def test_the_test_set_stays_as_it_is_however_often_images_are_added(patients: Path, tmp_path: Path) -> None:
    project, rule = tmp_path / "project", r"name:^([A-Z]\d+)_"
    import_images(ImportRequest(patients, project, group_from=rule))
    for round_ in range(3):
        before = {row.path: row.split for row in rows_of(project)}
        groups = {row.group: row.split for row in rows_of(project)}
        folder = tmp_path / f"more{round_}" / "ill"
        folder.mkdir(parents=True)
        for i in range(10):
            scene(1000 * (round_ + 1) + i).save(folder / f"{'P' if i % 2 else 'N'}{i:02d}_r{round_}.png")
        import_images(ImportRequest(folder.parent, project, group_from=rule, seed=round_, test_fraction=0.4))
        for row in rows_of(project):
            assert row.split is before.get(row.path, groups.get(row.group, row.split))


def test_projects_of_earlier_versions_learn_their_looks_when_images_are_added(patients: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    import_images(ImportRequest(patients, project, group_from="none"))
    with Project.open(project).write() as db:
        db.execute("UPDATE images SET look = NULL, alike = NULL")
    folder = tmp_path / "later" / label_of(patients, 0)
    folder.mkdir(parents=True)
    again(0, 100).save(folder / "P00_new.png")
    import_images(ImportRequest(tmp_path / "later", project))
    rows = rows_of(project)
    assert all(row.look and row.alike is not None for row in rows)
    assert len({row.split for row in rows if patient_of(row) == "P00"}) == 1
