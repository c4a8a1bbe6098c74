"""Thresholds from predictions kept with a run: chosen on validation images, kept, renamed, removed, refused by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.conftest import content_of, new_image
from tlstudio.domain.errors import NotEnoughImages, NotMeasured, RunNotReady, WrongUsage
from tlstudio.domain.operating import LEFT_OUT, VALIDATION, OperatingPoint, Wish
from tlstudio.domain.runs import Mode, RunRow, TrainResult, TrainSettings
from tlstudio.domain.values import Interval, Split
from tlstudio.evaluation.operating import measure_point
from tlstudio.storage import runs
from tlstudio.storage.files import write_json
from tlstudio.storage.images import add_images, list_images
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling, operating
from tlstudio.workflow.left_out import calibrate, calibration_of, left_out_chances, measured_chances
from tlstudio.workflow.run_data import Sample

CLASSES = ("crack", "good")


@dataclass(frozen=True, slots=True)
class Made:
    """A project that exists in the database only, with a finished run."""

    project: Project
    run: RunRow

    @property
    def folder(self) -> Path:
        return self.project.folder

    def measured(self, split: Split, cracks: Sequence[float]) -> None:
        """As if `evaluate` had looked: the probability of crack for the first images of the split, in order."""
        rows = list_images(self.project, split=split)
        told = [{"content": r.content, "probabilities": [p, 1 - p]} for r, p in zip(rows, cracks, strict=False)]
        write_json(self.project.run_folder(self.run.id) / f"predictions-{split.value}.json", {"predictions": told})


def make(folder: Path, counts: dict[Split, tuple[int, int]]) -> Made:
    """counts: for each split, how many images of crack and of good; they are listed in that order."""
    project = Project.create(folder, "Welds")
    new = [
        new_image(f"{split.value}-{label}-{i:03d}", label, split=split)
        for split, numbers in counts.items()
        for label, number in zip(CLASSES, numbers, strict=True)
        for i in range(number)
    ]
    add_images(project, new, [])
    run = runs.start_run(project, TrainSettings("net.tag", Mode.QUICK), CLASSES)
    reached = Interval(0.8, 0.6, 0.9)
    runs.finish_run(project, TrainResult(run, "net.tag", Mode.QUICK, 0, reached, 0.8, "probe", "Only one.", 1.0))
    return Made(project, runs.get_run(project, run))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """20 + 30 validation and 40 + 60 test images, all looked at: cracks above 0.3, good ones below 0.5."""
    found = make(tmp_path / "p", {Split.TRAIN: (5, 5), Split.VAL: (20, 30), Split.TEST: (40, 60)})
    found.measured(Split.VAL, [*np.linspace(0.3, 0.9, 20), *np.linspace(0.01, 0.5, 30)])
    found.measured(Split.TEST, [*np.linspace(0.2, 0.9, 40), *np.linspace(0.01, 0.6, 60)])
    return found


def test_the_window_gets_every_wish_at_once(made: Made) -> None:
    choices = operating.thresholds(made.folder, made.run.id, "crack", Split.TEST)
    assert (choices.run, choices.name, choices.split, choices.kept) == (made.run.id, "crack", Split.TEST, None)
    assert [step.point.wanted for step in choices.steps] == list(operating.WANTED)
    thresholds = [step.point.threshold for step in choices.steps]
    assert thresholds == sorted(thresholds, reverse=True)
    for step in choices.steps:
        assert (step.n, step.positives) == (100, 40)
        point = operating.choose_point(made.project, made.run, Wish("crack", step.point.wanted))
        assert point == step.point
        at = next(i for i, t in enumerate(choices.curve.thresholds) if t >= point.threshold)
        assert step.sensitivity is not None and step.specificity is not None
        assert choices.curve.sensitivity[at] == pytest.approx(step.sensitivity.value)
        assert choices.curve.specificity[at] == pytest.approx(step.specificity.value)
    on_validation = operating.thresholds(made.folder, made.run.id, "crack", Split.VAL)
    for step in on_validation.steps:
        assert step.sensitivity is not None
        assert step.sensitivity.value >= step.point.wanted
        assert "chosen on these very images" in step.cautions[-1]
        assert step.point.reached is (step.point.wanted <= 0.86), "20 images can show 86 %"


def test_a_threshold_is_kept_replaced_and_removed(made: Made) -> None:
    assert operating.kept_point(made.project, made.run) is None
    point = operating.keep_threshold(made.folder, made.run.id, "crack", 0.95)
    assert (point.name, point.wanted, point.chosen_on, point.images) == ("crack", 0.95, VALIDATION, 20)
    assert operating.kept_point(made.project, made.run) == point
    other = operating.keep_threshold(made.folder, made.run.id, "good", 0.9)
    assert operating.kept_point(made.project, made.run) == other
    assert operating.thresholds(made.folder, made.run.id, "crack", Split.TEST).kept == other
    operating.drop_threshold(made.folder, made.run.id)
    operating.drop_threshold(made.folder, made.run.id)
    assert operating.kept_point(made.project, made.run) is None


def test_a_kept_threshold_follows_a_renamed_class(made: Made) -> None:
    point = operating.keep_threshold(made.folder, made.run.id, "crack", 0.9)
    labeling.rename_class(made.folder, "crack", "fissure")
    renamed = runs.get_run(made.project, made.run.id)
    kept = operating.kept_point(made.project, renamed)
    assert kept is not None
    assert (kept.name, kept.threshold) == ("fissure", point.threshold)
    assert operating.choose_point(made.project, renamed, Wish("fissure", 0.9)).threshold == point.threshold


def test_labels_count_as_they_are_now(made: Made) -> None:
    before = operating.choose_point(made.project, made.run, Wish("crack", 1.0))
    hardest = list_images(made.project, split=Split.VAL)[0]
    labeling.set_label(made.folder, [hardest.id], "good")
    after = operating.choose_point(made.project, made.run, Wish("crack", 1.0))
    assert after.threshold > before.threshold
    assert after.images == before.images - 1


def test_images_not_looked_at_are_told(made: Made) -> None:
    assert not operating.unmeasured(made.project, made.run)
    made.measured(Split.TEST, np.linspace(0.2, 0.9, 70))
    choices = operating.thresholds(made.folder, made.run.id, "crack", Split.TEST)
    assert (choices.unmeasured, choices.steps[0].n) == (30, 70)
    made.measured(Split.VAL, np.linspace(0.3, 0.9, 25))
    assert operating.unmeasured(made.project, made.run)


@pytest.mark.parametrize("split", [Split.VAL, Split.TEST])
def test_nothing_looked_at_yet(made: Made, split: Split) -> None:
    (made.project.run_folder(made.run.id) / f"predictions-{split.value}.json").unlink()
    with pytest.raises(NotMeasured, match=split.caption.lower()):
        operating.thresholds(made.folder, made.run.id, "crack", Split.TEST)


def test_unknown_classes_are_refused_with_the_known_ones(made: Made) -> None:
    for call in (
        lambda: operating.thresholds(made.folder, made.run.id, "rust", Split.TEST),
        lambda: operating.keep_threshold(made.folder, made.run.id, "rust", 0.9),
        lambda: operating.check_wish(made.project, made.run, Wish("rust", 0.9)),
    ):
        with pytest.raises(WrongUsage, match="rust") as caught:
            call()
        assert "crack, good" in caught.value.remedy
    with pytest.raises(WrongUsage):
        operating.keep_threshold(made.folder, made.run.id, "crack", 1.2)


def test_a_class_without_validation_images(tmp_path: Path) -> None:
    found = make(tmp_path / "p", {Split.TRAIN: (5, 5), Split.VAL: (0, 10), Split.TEST: (3, 3)})
    found.measured(Split.VAL, [0.1] * 10)
    with pytest.raises(NotEnoughImages, match="None of the validation images is crack"):
        operating.check_wish(found.project, found.run, Wish("crack", 0.9))
    operating.check_wish(found.project, found.run, Wish("good", 0.9))


def samples_of(project: Project) -> list[Sample]:
    return [
        Sample(r.id, r.content, CLASSES.index(str(r.label)), r.content, "train")
        for r in list_images(project, split=Split.TRAIN)
    ]


def test_without_validation_images_those_left_out_in_training(tmp_path: Path) -> None:
    found = make(tmp_path / "p", {Split.TRAIN: (10, 30), Split.TEST: (5, 5)})
    with pytest.raises(NotEnoughImages, match="did not learn from") as caught:
        operating.check_wish(found.project, found.run, Wish("crack", 0.9))
    assert "train again" in caught.value.remedy
    scores = np.array([*np.linspace(0.4, 0.9, 10), *np.linspace(0.1, 0.45, 30)])
    folder = found.project.run_folder(found.run.id)
    told = calibrate(folder, samples_of(found.project), np.column_stack([scores, 1 - scores]), LEFT_OUT)
    assert calibration_of(found.project, found.run) == told
    assert not operating.unmeasured(found.project, found.run)
    point = operating.choose_point(found.project, found.run, Wish("crack", 0.9))
    assert (point.chosen_on, point.images) == (LEFT_OUT, 10)
    kept = np.sort([left_out_chances(found.project, found.run)[s.content][0] for s in samples_of(found.project)[:10]])
    assert kept[0] - 1e-4 <= point.threshold <= kept[0], "ten are too few to leave one out"
    assert (point.found, point.independent, point.reached) == (10, 10.0, False)


def test_validation_images_seen_in_training_need_no_second_look(tmp_path: Path) -> None:
    found = make(tmp_path / "p", {Split.VAL: (4, 4)})
    rows = list_images(found.project, split=Split.VAL)
    samples = [Sample(r.id, r.content, CLASSES.index(str(r.label)), r.content, "val") for r in rows]
    scores = np.linspace(0.9, 0.1, 8)
    probabilities = np.column_stack([scores, 1 - scores])
    told = calibrate(found.project.run_folder(found.run.id), samples, probabilities, VALIDATION)
    assert (told.temperature, told.n) == (1.0, 8)
    assert not operating.unmeasured(found.project, found.run)
    assert left_out_chances(found.project, found.run) == {}
    assert measured_chances(found.project, found.run, Split.VAL)[rows[0].content] == (0.9, pytest.approx(0.1))
    assert measured_chances(found.project, found.run, Split.TEST) == {}
    assert operating.choose_point(found.project, found.run, Wish("crack", 1.0)).chosen_on == VALIDATION


def proof(**changed: object) -> str:
    data = {
        "class": 0,
        "wanted": 0.9,
        "threshold": 0.5,
        "chosen_on": "val",
        "images": 3,
        "found": 3,
        "independent": 3.0,
    }
    return json.dumps({**data, "shown": 0.37, **changed})


def test_what_its_images_prove_is_kept_with_it(made: Made) -> None:
    path = made.project.run_folder(made.run.id) / operating.NAME
    path.write_text(proof(), encoding="utf-8")
    assert operating.kept_point(made.project, made.run) == OperatingPoint(
        "crack", 0.9, 0.5, VALIDATION, 3, 3, 3.0, 0.37
    )


@pytest.mark.parametrize(("threshold", "idle"), [(0.2, False), (0.9999, True)])
def test_a_threshold_of_an_earlier_version_is_read_and_never_misses_more(
    made: Made, threshold: float, idle: bool
) -> None:
    path = made.project.run_folder(made.run.id) / operating.NAME
    old = {"class": 0, "wanted": 0.95, "threshold": threshold, "chosen_on": "val", "images": 20}
    path.write_text(json.dumps(old), encoding="utf-8")
    kept = operating.kept_point(made.project, made.run)
    assert kept == OperatingPoint("crack", 0.95, threshold, VALIDATION, 20)
    assert (kept.idle, kept.reached) == (idle, None)
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])
    figures = measure_point(kept, 0, np.array([0, 0, 0]), probabilities, Split.TEST)
    assert (figures.found, figures.found_alone) == (2 if idle else 3, 2)
    assert "earlier version" in figures.choice
    operating.keep_point(made.project, made.run, kept)
    assert json.loads(path.read_text(encoding="utf-8")) == old


def test_images_of_a_group_count_as_one_when_choosing(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "Welds")
    new = [
        replace(new_image(f"val-{label}-{i:03d}", label, split=Split.VAL), group=f"{label} {i // 4}")
        for label in CLASSES
        for i in range(60)
    ]
    add_images(project, new, [])
    run = runs.start_run(project, TrainSettings("net.tag", Mode.QUICK), CLASSES)
    found = Made(project, runs.get_run(project, run))
    found.measured(Split.VAL, [*np.linspace(0.2, 0.4, 60), *np.linspace(0.01, 0.1, 60)])
    point = operating.choose_point(project, found.run, Wish("crack", 0.95))
    assert (point.images, point.found, point.independent, point.reached) == (60, 60, 15.0, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"class": 7, "wanted": 0.9, "threshold": 0.5, "chosen_on": "val", "images": 3}',
        '{"class": -1, "wanted": 0.9, "threshold": 0.5, "chosen_on": "val", "images": 3}',
        '{"class": 0, "wanted": 0.9, "threshold": 5, "chosen_on": "val", "images": 3}',
        '{"class": 0, "wanted": 9, "threshold": 0.5, "chosen_on": "val", "images": 3}',
        '{"class": 0, "wanted": 0.9, "threshold": 0.5, "chosen_on": "val", "images": 3, "shown": 0.3}',
        proof(found=4),
        proof(found=-1),
        proof(independent=0),
        proof(independent=1e999),
        proof(shown=1.1),
        proof(shown=-0.1),
        proof(shown="much"),
    ],
)
def test_a_damaged_threshold_is_named_and_can_be_removed(made: Made, text: str) -> None:
    path = made.project.run_folder(made.run.id) / operating.NAME
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunNotReady, match="damaged") as caught:
        operating.kept_point(made.project, made.run)
    assert caught.value.path == str(path)
    operating.drop_threshold(made.folder, made.run.id)
    assert operating.kept_point(made.project, made.run) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"part": "val"}', '{"part": "val", "images": [{"content": 1}]}'])
def test_damaged_predictions_are_named(made: Made, text: str) -> None:
    path = made.project.run_folder(made.run.id) / "left-out.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunNotReady, match="damaged") as caught:
        measured_chances(made.project, made.run, Split.VAL)
    assert caught.value.path == str(path)


def test_a_run_of_an_earlier_version_has_no_calibration(made: Made) -> None:
    assert calibration_of(made.project, made.run) is None
    assert json.loads((made.project.run_folder(made.run.id) / "predictions-val.json").read_text(encoding="utf-8"))
    assert content_of("val-crack-000") in measured_chances(made.project, made.run, Split.VAL)
