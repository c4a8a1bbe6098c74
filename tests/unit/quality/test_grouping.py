"""What the check says of groups that nobody stated: torn, suggested, unknown, and nothing once somebody has spoken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.quality.conftest import images_of
from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.grouping import groups


def patients(splits: str, each: int = 4) -> list[ImageRow]:
    """A patient for each letter, who lies in training, and with one image in (v)alidation or (t)est instead."""
    parts = {"v": Split.VAL, "t": Split.TEST, "-": Split.TRAIN}
    rows = []
    for p, letter in enumerate(splits):
        for i, row in enumerate(images_of(("ill", "well")[p % 2], each, 100 * p)):
            path = Path(f"/pictures/{row.label}/patient{p}_{i}.png")
            rows.append(replace(row, path=path, split=Split.TRAIN if i else parts[letter]))
    return rows


def found(rows: list[ImageRow], *, groups_open: bool = True) -> Finding | None:
    return groups(Evidence(rows, groups_open=groups_open))


def test_groups_that_the_division_tears() -> None:
    finding = found(patients("--vtttvt"))
    assert finding is not None
    assert (finding.kind, finding.severity, finding.repair) == ("torn_groups", Severity.HIGH, Repair.REGROUP)
    assert finding.title == (
        "6 of the 8 groups that the file names suggest are spread over training, validation and test"
    )
    assert "“patient0_0.png” and “patient0_1.png” seem to belong to “patient0”" in finding.harm
    assert finding.count == 24, "the images of what is torn"
    assert len(finding.sets) == 8 and len(finding.files) == len(finding.notes) == 32, "all of them become groups"
    assert [kin[0] for kin in finding.sets[:4]] == [
        f"/pictures/{label}/patient{p}_0.png" for p, label in ((3, "well"), (4, "ill"), (5, "well"), (7, "well"))
    ], "what spoils the test figures first"
    assert dict(zip(finding.files, finding.notes, strict=True))["/pictures/ill/patient6_2.png"] == "patient6"


def test_one_torn_group() -> None:
    finding = found([*patients("------t-")])
    assert finding is not None
    assert finding.title == "1 of the 8 groups that the file names suggest is spread over training and test"


def test_groups_that_happen_to_be_whole_are_good_to_know() -> None:
    rows = patients("--------")
    finding = found([*rows[:-4], *(replace(row, split=Split.TEST) for row in rows[-4:])])
    assert finding is not None
    assert (finding.kind, finding.severity, finding.repair) == ("no_groups", Severity.LOW, Repair.REGROUP)
    assert finding.title == "The file names suggest groups (8), and nobody said whether they count"
    assert finding.count == 32


def test_nothing_known_is_good_to_know() -> None:
    rows = [*images_of("cat", 20, 0), *images_of("dog", 20, 100, split=Split.TEST)]
    finding = found(rows)
    assert finding is not None
    assert (finding.kind, finding.severity, finding.repair) == ("no_groups", Severity.LOW, None)
    assert finding.title == "Nothing says which images belong together"
    assert finding.count == len(finding.files) == 40
    assert finding.page == "images" and "rule for groups" in finding.advice
    assert found([replace(rows[0], group="a"), *rows[1:]]) is None, "some groups are known"


@pytest.mark.parametrize("splits", ["--vtttvt", "--------"])
def test_silence_once_somebody_has_said_what_counts(splits: str) -> None:
    assert found(patients(splits), groups_open=False) is None


def test_silence_where_nothing_is_divided() -> None:
    assert found(patients("--------")) is None


def test_images_that_have_a_group_are_none_of_its_business() -> None:
    assert found([replace(row, group=row.name.split("_")[0]) for row in patients("--vtttvt")]) is None
    torn = found([replace(row, group="g") if "patient3" in row.name else row for row in patients("--vtttvt")])
    assert torn is not None
    assert "5 of the 7 groups" in torn.title


def test_folders_inside_the_class_folders() -> None:
    rows = [
        replace(row, path=Path(f"/pictures/{row.label}/{row.name.split('_')[0][-1]}{i // 4:02d}/{i % 4}.png"))
        for i, row in enumerate(patients("--vtttvt"))
    ]
    finding = found(rows)
    assert finding is not None
    assert finding.title.startswith("6 of the 8 groups that the folders suggest")
