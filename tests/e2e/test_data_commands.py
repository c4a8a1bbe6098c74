"""Images and labels in and out, as the command line does it."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COLOURS, paint
from tests.e2e.test_commands import call, lines


@pytest.fixture
def table(make_images: Callable[..., Path]) -> Path:
    """36 images in class folders, and a table that calls the classes and nine patients by other names."""
    source = make_images(12)
    with (source / "list.csv").open("w", encoding="utf-16", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(("FILE", "LABEL", "PATIENT", "AGE"))
        for i, path in enumerate(sorted(source.rglob("*.png"))):
            writer.writerow((path.name, path.parent.name[0], f"P{i // 4}", 30 + i))
        writer.writerow(("gone.png", "r", "P1", 20))
    return source / "list.csv"


def result(capfd: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert call(*arguments, "--json") == 0
    return lines(capfd.readouterr().out)[-1]


def test_a_source_that_can_be_read_in_two_ways(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    columns = "path=FILE,class=LABEL,group=PATIENT"
    (table.parent / "list.csv").rename(table.parent / "x.txt")
    (table.parent / "l.csv").write_text("file,class\nred_000.png,cat\nblue_000.png,dog\n")
    assert call("import", table.parent, "--project", tmp_path / "p") == 2
    told = capfd.readouterr().err
    assert "more than one way" in told
    assert "--as l.csv or --as folders" in told
    assert result(capfd, "import", table.parent, "--project", tmp_path / "a", "--as", "l.csv")["images"] == 2
    assert result(capfd, "import", table.parent, "--project", tmp_path / "b", "--as", "folders")["images"] == 36
    done = result(capfd, "import", table.parent / "x.txt", "--project", tmp_path / "c", "--columns", columns)
    assert (done["images"], done["groups"], done["classes"]) == (36, 9, {"b": 12, "g": 12, "r": 12})
    assert [Path(r["file"]).name for r in done["refused"]] == ["gone.png"]
    assert done["recognised"].startswith("A table, x.txt")
    open_ = result(capfd, "import", table.parent, "--project", tmp_path / "d", "--unlabeled")
    assert (open_["images"], open_["unlabeled"], open_["classes"]) == (36, 36, {})


def test_labels_go_out_and_come_back(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = result(capfd, "import", table, "--project", tmp_path / "p", "--group-from", "column:patient")
    for form, out in (("csv", "l.csv"), ("folders", "f"), ("huggingface", "h"), ("cvat", "c.zip")):
        done = result(
            capfd,
            "labels",
            "export",
            "--project",
            tmp_path / "p",
            "--out",
            tmp_path / out,
            "--format",
            form,
            "--history",
        )
        assert (done["images"], done["refused"], done["format"]) == (36, [], form)
        assert Path(done["history"]).is_file()
        again = result(capfd, "import", tmp_path / out, "--project", tmp_path / f"again-{form}")
        keys = ("images", "classes") if form == "cvat" else ("images", "classes", "groups", "splits")
        assert {k: again[k] for k in keys} == {k: first[k] for k in keys}
    assert call("labels", "export", "--project", tmp_path / "p", "--out", tmp_path / "f", "--format", "folders") == 1
    assert "already something" in capfd.readouterr().err


def test_a_zip_file_that_reaches_out(tmp_path: Path, table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted(table.parent.glob("*/*.png")):
            archive.write(path, path.relative_to(table.parent))
        archive.writestr("../../evil.png", "evil")
    assert call("import", tmp_path / "a.zip", "--project", tmp_path / "p") == 0
    assert "leads out of the archive" in " ".join(capfd.readouterr().out.split())
    assert not list(tmp_path.parent.rglob("evil.png"))


def test_names_that_suggest_groups_are_asked_about(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for p in range(8):
        for i in range(5):
            label = ("red", "blue")[p % 2]
            paint(tmp_path / "images" / label, f"patient{p}_{i}.png", COLOURS[label], seed=10 * p + i)
    importing = ("import", tmp_path / "images", "--project", tmp_path / "p")
    assert call(*importing, "--json") == 2
    failed = lines(capfd.readouterr().out)[-1]
    assert (failed["event"], failed["kind"]) == ("failed", "GroupsNotStated")
    assert "“patient1_0.png” and “patient1_1.png” to “patient1”" in failed["what"]
    assert '--group-from "name:^(patient\\d+)[-_ ]"' in failed["remedy"]
    assert call(*importing) == 2
    assert "--group-from none" in capfd.readouterr().err
    rule = failed["remedy"].split('"')[1]
    assert call(*importing, "--group-from", "name:^(lot)") == 2
    assert "does not match any of the 40 names" in capfd.readouterr().err
    assert not (tmp_path / "p").exists()
    assert call(*importing, "--group-from", rule) == 0
    told = capfd.readouterr()
    assert "40 of 40 names matched, which makes 8 groups." in told.err
    assert "40 images added, 40 in" in told.out
    for i in range(3):
        paint(tmp_path / "more" / "no_label", f"{i}.png", COLOURS["red"], seed=900 + i)
    paint(tmp_path / "more" / "green", "0.png", COLOURS["green"], seed=950)
    assert call("import", tmp_path / "more", "--project", tmp_path / "p") == 0
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in capfd.readouterr().out.splitlines()]
    rows = {row[0]: row[1:3] for row in cells if len(row) == 6}
    assert rows == {
        "blue": ["0", "20"], "red": ["0", "20"], "green": ["1", "1"], "(no class)": ["3", "3"], "All": ["4", "44"]
    }  # fmt: skip


def test_a_part_without_images_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for label in ("red", "blue"):
        for i in range(6):
            paint(tmp_path / "x" / "test" / label, f"{i}.png", COLOURS[label], seed=i + 10 * len(label))
    done = result(capfd, "import", tmp_path / "x" / "test", "--project", tmp_path / "p", "--group-from", "name:.*(png)")
    assert done["empty_parts"] == ["val", "test"]
    assert "these images belong to one group" in done["empty_reason"]
    assert call("import", tmp_path / "x", "--project", tmp_path / "q") == 0
    out = " ".join(capfd.readouterr().out.split())
    assert "CAUTION: No image is left for training and validation. Nothing can be learned" in out
