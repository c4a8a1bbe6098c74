"""Temperature and operating point along the whole way: trained, measured, exported, and followed by offline prediction."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import TEST_MODEL, paint
from tlstudio.domain.errors import NotEnoughImages, WrongUsage
from tlstudio.domain.events import Predicted
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.operating import LEFT_OUT, VALIDATION
from tlstudio.domain.runs import Mode, RunRow, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.evaluation.calibration import tempered
from tlstudio.evaluation.calibration_error import expected_calibration_error
from tlstudio.evaluation.decision import decide
from tlstudio.inference.bundle import Bundle
from tlstudio.storage import runs
from tlstudio.storage.project import Project
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.left_out import calibration_of, left_out_chances, measured_chances
from tlstudio.workflow.operating import kept_point
from tlstudio.workflow.predicting import predict, read_bundle
from tlstudio.workflow.training import train

CLASSES = ("crack", "good", "pore")


def draw_images(folder: Path, each: int) -> Path:
    """Three classes whose colours overlap, so that no model tells them apart without mistakes."""
    rng = np.random.default_rng(0)
    for k, name in enumerate(CLASSES):
        for i in range(each):
            red, green = rng.normal((100, 130, 160)[k], 22), rng.normal((100, 140, 110)[k], 22)
            paint(folder / name, f"{i:03d}.png", (int(red), int(green), 90), seed=1000 * k + i)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished quick run with some forty validation images of three classes that are hard to tell apart."""
    base = tmp_path_factory.mktemp("calibrated")
    source = draw_images(base / "images", 50)
    import_images(ImportRequest(source, base / "project", val_fraction=0.3, test_fraction=0.3))
    train(base / "project", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    return base / "project"


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained project that a test may change; its images stay where they are."""
    return Path(shutil.copytree(trained, tmp_path / "project"))


def run_of(project: Path) -> RunRow:
    found = runs.newest_finished(Project(project))
    assert found is not None
    return found


def set_temperature(project: Path, value: float | None) -> None:
    """Writes the temperature into the run's model; None as a run of an earlier version, which knows none."""
    folder = project / "runs" / run_of(project).id
    path = folder / "model" / "config.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    config.pop("temperature")
    if value is None:
        (folder / "left-out.json").unlink()
    else:
        config["temperature"] = value
    path.write_text(json.dumps(config), encoding="utf-8")


def test_training_ends_with_a_calibration_that_evaluation_uses(project: Path) -> None:
    run = run_of(project)
    told = calibration_of(Project(project), run)
    assert told is not None
    assert told.n >= 40
    config = json.loads((project / "runs" / run.id / "model" / "config.json").read_text(encoding="utf-8"))
    assert config["temperature"] == told.temperature
    kept = measured_chances(Project(project), run, Split.VAL)
    found = evaluate(project, split=Split.VAL)
    assert (found.temperature, found.calibration) == (told.temperature, told.reason)
    for prediction in found.predictions:
        assert kept[prediction.content] == pytest.approx(prediction.probabilities, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 2.5])
def test_the_temperature_changes_probabilities_and_nothing_else(project: Path, temperature: float) -> None:
    set_temperature(project, 1.0)
    plain = evaluate(project)
    assert plain.ece_before == plain.ece
    set_temperature(project, temperature)
    found = evaluate(project)
    before, after = (np.array([p.probabilities for p in e.predictions]) for e in (plain, found))
    truth = np.array([CLASSES.index(p.label) for p in found.predictions])
    assert np.allclose(after, tempered(before, temperature), atol=1e-9)
    assert [p.predicted for p in found.predictions] == [p.predicted for p in plain.predictions]
    assert (found.accuracy, found.confusion, found.per_class) == (plain.accuracy, plain.confusion, plain.per_class)
    assert found.ece == pytest.approx(expected_calibration_error(truth, after))
    assert found.ece_before == pytest.approx(plain.ece)
    assert found.ece != pytest.approx(plain.ece)
    data = found.to_json()
    assert (data["temperature"], data["ece"], data["ece_before"]) == (temperature, found.ece, found.ece_before)


def test_the_exported_file_is_calibrated_and_certified(project: Path) -> None:
    set_temperature(project, 1.0)
    plain = Bundle(export(project, project / "plain.onnx").file)
    set_temperature(project, 2.5)
    result = export(project, project / "calibrated.onnx")
    assert result.certificate.passed
    calibrated = Bundle(result.file)
    assert (plain.info.temperature, calibrated.info.temperature) == (1.0, 2.5)
    assert calibrated.info.metrics["temperature"] == 2.5
    pixels = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    before, after = plain.run(pixels)[0].astype(float), calibrated.run(pixels)[0].astype(float)
    assert np.allclose(after, tempered(before, 2.5), atol=1e-4)
    assert np.array_equal(after.argmax(axis=1), before.argmax(axis=1))


def test_a_run_of_an_earlier_version_is_as_it_was(project: Path) -> None:
    set_temperature(project, None)
    found = evaluate(project)
    assert (found.temperature, found.calibration, found.operating_point) == (1.0, "", None)
    assert found.ece_before == found.ece
    assert measured_chances(Project(project), run_of(project), Split.VAL) == {}
    chosen = evaluate(project, sensitivity="crack=0.9").operating_point  # looks at the validation images first
    assert chosen is not None
    assert chosen.point.chosen_on == VALIDATION
    assert export(project, project / "old.onnx").certificate.passed


def test_an_operating_point_is_kept_shown_and_removed(project: Path) -> None:
    chosen = evaluate(project, sensitivity="crack=0.95").operating_point
    assert chosen is not None
    assert (chosen.point.name, chosen.point.wanted, chosen.point.chosen_on) == ("crack", 0.95, VALIDATION)
    assert kept_point(Project(project), run_of(project)) == chosen.point
    again = evaluate(project)
    assert again.operating_point == chosen
    probabilities = np.array([p.probabilities for p in again.predictions])
    flagged = decide(probabilities, 0, chosen.point.threshold) == 0
    assert chosen.flagged == int(flagged.sum())
    assert chosen.n == again.n
    assert again.to_json()["operating_point"]["class"] == "crack"
    on_validation = evaluate(project, split=Split.VAL).operating_point
    assert on_validation is not None and on_validation.sensitivity is not None
    assert on_validation.sensitivity.value >= 0.95
    same = evaluate(project, split=Split.VAL, sensitivity="crack=0.95").operating_point
    assert same is not None
    assert same.point.threshold == pytest.approx(chosen.point.threshold, abs=1e-5)
    gone = evaluate(project, sensitivity="none")
    assert gone.operating_point is None
    assert gone.to_json()["operating_point"] is None
    assert evaluate(project).operating_point is None


def test_wishes_that_make_no_sense_change_nothing(project: Path) -> None:
    chosen = evaluate(project, sensitivity="crack=0.9").operating_point
    assert chosen is not None
    for text in ("rust=0.9", "crack=90", "crack", "=1"):
        with pytest.raises(WrongUsage):
            evaluate(project, sensitivity=text)
    with pytest.raises(WrongUsage) as caught:
        evaluate(project, sensitivity="rust=0.9")
    assert caught.value.remedy.endswith("crack, good, pore.")
    assert kept_point(Project(project), run_of(project)) == chosen.point


def labels_by(bundle: Path, folder: Path, recorder: Any) -> dict[str, dict[str, Any]]:
    watch = recorder()
    predict(bundle, [folder], reporter=watch)
    return {Path(e.row["file"]).name: e.row for e in watch.of(Predicted)}


def test_predictions_follow_the_exported_operating_point(project: Path, trained: Path, recorder: Any) -> None:
    plain = export(project, project / "plain.onnx").file
    chosen = evaluate(project, sensitivity="crack=1").operating_point
    assert chosen is not None
    careful = export(project, project / "careful.onnx").file
    assert read_bundle(plain).operating_point is None
    assert read_bundle(careful).operating_point == {"crack": chosen.point.threshold}
    assert read_bundle(careful).metrics["operating_point"]["wanted"] == 1.0
    changed = 0
    for name in CLASSES:
        folder = trained.parent / "images" / name
        before, after = labels_by(plain, folder, recorder), labels_by(careful, folder, recorder)
        for file, row in after.items():
            chances = list(row["probabilities"].values())
            assert row["label"] == CLASSES[decide(np.array([chances]), 0, chosen.point.threshold)[0]]
            assert row["probabilities"] == before[file]["probabilities"]
            changed += row["label"] != before[file]["label"]
    assert changed, "finding every crack takes calling some images cracks that look more like something else"
    evaluate(project, sensitivity="none")
    assert read_bundle(export(project, project / "again.onnx").file).operating_point is None


@pytest.mark.parametrize("mode", [Mode.QUICK, Mode.BALANCED])
def test_without_validation_images(tmp_path: Path, mode: Mode) -> None:
    place = tmp_path / "project"
    import_images(ImportRequest(draw_images(tmp_path / "images", 20), place, val_fraction=0.0))
    result = train(place, TrainSettings(TEST_MODEL, mode, input_size=32, epochs=1))
    opened, run = Project(place), run_of(place)
    told, chances = calibration_of(opened, run), left_out_chances(opened, run)
    assert told is not None
    assert told.n == len(chances)
    assert result.accuracy.value > 0.4
    chosen = evaluate(place, sensitivity="pore=0.8").operating_point
    assert chosen is not None
    assert chosen.point.chosen_on == LEFT_OUT
    assert 0 < chosen.point.images <= 20
    (place / "runs" / run.id / "left-out.json").unlink()
    with pytest.raises(NotEnoughImages, match="did not learn from"):
        evaluate(place, sensitivity="pore=0.8")
    assert evaluate(place).operating_point == chosen, "what is kept stays"
