"""Whatever looks at figures on the test images opens them, and says so: evaluating, folds, reports and exports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import TEST_MODEL
from tlstudio.domain.errors import DiskFull
from tlstudio.domain.events import Note
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.openings import Way
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.storage import files
from tlstudio.workflow import openings, runs
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.folding import cross_validate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.reporting import report
from tlstudio.workflow.training import train

QUICK = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32)


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    place = tmp_path / "p"
    import_images(ImportRequest(make_images(16), place, val_fraction=0.25, test_fraction=0.25, seed=1))
    return place


def test_each_opening_is_counted_and_told(project: Path, tmp_path: Path, recorder: Callable) -> None:
    first = train(project, QUICK).run
    evaluate(project, first, Split.VAL)
    assert openings.test_use(project).times == 0, "neither training nor validation images open them"
    watch = recorder()
    found = evaluate(project, first, Split.TEST, watch)
    assert found.test_use is not None and found.test_use.times == 1
    assert found.to_json()["test_use"]["openings"][0]["run"] == first
    told = "The test images are opened. These images have been used once to compare 1 training."
    assert told in [note.text for note in watch.of(Note)]
    report(project, tmp_path / "one.html", first)
    page = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert "kept apart until the end" in page and "used 2 times to compare 1 training." in page
    second = train(project, QUICK).run
    cross_validate(project, second, 3)
    export(project, tmp_path / "model.onnx", second)
    report(project, tmp_path / "two.html", second)
    use = openings.test_use(project)
    assert [(o.run, o.way) for o in use.openings] == [
        (first, Way.EVALUATE),
        (first, Way.REPORT),
        (second, Way.FOLDS),
        (second, Way.EXPORT),
        (second, Way.REPORT),
    ]
    page = (tmp_path / "two.html").read_text(encoding="utf-8")
    assert "kept apart until the end" not in page and "used 5 times to compare 2 trainings" in page
    assert {row.id: row.test_openings for row in runs.list_runs(project)} == {first: 2, second: 3}
    compared = runs.compare(project, [first, second]).to_json()["runs"]
    assert [row["test_openings"] for row in compared] == [2, 3]


def test_without_test_images_there_is_nothing_to_open(make_images: Callable[..., Path], tmp_path: Path) -> None:
    place = tmp_path / "p"
    import_images(ImportRequest(make_images(8), place, val_fraction=0.3, test_fraction=0.0))
    run = train(place, QUICK).run
    assert cross_validate(place, run, 2).test_use is None
    report(place, tmp_path / "report.html", run)
    assert openings.test_use(place).times == 0 and not (place / "openings.jsonl").exists()
    assert "kept apart until the end" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_can_not_be_entered_is_not_looked_at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train(project, QUICK).run

    def full(path: Path, text: str) -> None:
        raise DiskFull("The disk is full.", path=path)

    monkeypatch.setattr(files, "append_line", full)
    with pytest.raises(DiskFull):
        evaluate(project, run)
    assert not (project / "runs" / run / "predictions-test.json").exists()
