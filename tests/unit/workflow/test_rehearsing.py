"""With few images to choose by, halves of the training images decide: what is asked of them, kept of them, and told of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.conftest import TEST_MODEL
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import EpochDone, Note, Started, StepDone
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.planning import rehearses
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.storage import clocks, run_records, runs
from tlstudio.storage.project import Project
from tlstudio.training.candidates import AVERAGE, HALF_WAY, PROBE, Candidate
from tlstudio.training.choosing import Choice, Evidence
from tlstudio.training.pace import Pace
from tlstudio.workflow import rehearsing, transfer, tuning
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.rehearsing import PartOfCourse, Rehearsal
from tlstudio.workflow.run_data import Sample
from tlstudio.workflow.training import train

SETTINGS = TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=32, epochs=2, batch_size=8)


def samples(labels: list[int], units: list[int] | None = None) -> list[Sample]:
    kin = units or list(range(len(labels)))
    return [
        Sample(i, f"{i:064d}", label, str(unit), "train")
        for i, (label, unit) in enumerate(zip(labels, kin, strict=True))
    ]


def evidence(right: dict[str, float], n: int = 80) -> Evidence:
    """Each kind is right on that share of n images of two classes, and the shares are nested."""
    truth = np.arange(n) % 2
    said = {}
    for kind, share in right.items():
        chances = np.full((n, 2), 0.2)
        hit = np.arange(n) < share * n
        chances[np.arange(n), np.where(hit, truth, 1 - truth)] = 0.8
        said[kind] = chances
    return Evidence(said, truth, np.arange(n), tuple(map(str, range(n))))


def test_few_images_to_choose_by_are_what_it_takes() -> None:
    assert rehearses(SETTINGS, 60, 9) and rehearses(SETTINGS, 60, 0)
    assert not rehearses(SETTINGS, 60, 80), "enough to choose by"
    assert not rehearses(SETTINGS, 5000, 0), "some can be spared for choosing"
    assert not rehearses(replace(SETTINGS, mode=Mode.QUICK, rehearse=True), 60, 0)
    assert not rehearses(replace(SETTINGS, rehearse=False), 60, 0)


def test_halves_hold_every_class_and_divide_no_group() -> None:
    train = samples([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 2, 3, 2, 3])
    one, other = rehearsing.halves(train, seed=0)
    assert sorted([*one, *other]) == list(range(8))
    for half in (one, other):
        assert {train[i].label for i in half} == {0, 1}
    assert not {train[i].unit for i in one} & {train[i].unit for i in other}


def test_a_class_of_one_group_can_not_be_halved() -> None:
    assert rehearsing.halves(samples([0, 0, 0, 1, 1], [0, 1, 2, 3, 3]), seed=0) == []


def test_only_what_convinces_takes_the_place_of_the_probe() -> None:
    assert rehearsing.likeliest(evidence({PROBE: 0.6, AVERAGE: 0.8, HALF_WAY: 0.8}), balanced=False) == HALF_WAY
    assert rehearsing.likeliest(evidence({PROBE: 0.6, AVERAGE: 0.8, HALF_WAY: 0.6}), balanced=False) == AVERAGE
    assert rehearsing.likeliest(evidence({PROBE: 0.8, AVERAGE: 0.6, HALF_WAY: 0.81}), balanced=False) == PROBE


@pytest.mark.parametrize(("right", "hopeless"), [(0.8, True), (0.8125, False), (0.7, True)])
def test_what_was_no_better_on_one_half_is_not_tried_on_the_other(right: float, hopeless: bool) -> None:
    """One image more of 80 is hope enough."""
    assert rehearsing.hopeless(evidence({PROBE: 0.8, AVERAGE: right, HALF_WAY: 0.5}), balanced=False) is hopeless


def test_what_is_no_number_is_no_hope() -> None:
    found = evidence({PROBE: 0.8, AVERAGE: 0.8})
    found.said[AVERAGE][:] = np.nan
    assert rehearsing.hopeless(found, balanced=False)


def test_as_often_right_but_surer_of_it_is_hope() -> None:
    found = evidence({PROBE: 0.8, AVERAGE: 0.8})
    wrong = found.said[AVERAGE].argmax(axis=1) != found.truth
    found.said[AVERAGE][wrong] = 0.5
    assert not rehearsing.hopeless(found, balanced=False)


def test_what_one_brought_is_kept_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    done = Rehearsal(evidence({PROBE: 0.5, AVERAGE: 0.75}), flip=True, flip_vertical=False, epochs=7)
    rehearsing.keep(tmp_path, 1, done, "these images")
    again = rehearsing.kept(tmp_path, 1, "these images")
    assert again is not None and (again.flip, again.flip_vertical, again.epochs) == (True, False, 7)
    assert all(np.array_equal(again.evidence.said[kind], said) for kind, said in done.evidence.said.items())
    assert rehearsing.kept(tmp_path, 2, "these images") is None
    assert rehearsing.kept(tmp_path, 1, "others") is None
    (tmp_path / "rehearsal-1.json").write_text("{", encoding="utf-8")
    assert rehearsing.kept(tmp_path, 1, "these images") is None
    rehearsing.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_parts_are_told_as_one_course(recorder: Callable) -> None:
    watch = recorder()
    course = PartOfCourse(watch, before=4, parts_after=1, work_after=2.0)
    course.report(StepDone(1, 4, 5, 10, 0.5, 20.0, seconds_left=35.0))
    course.report(EpochDone(4, 4, 0.1, 0.1, Interval(1, 1, 1), Interval(1, 1, 1), 0.0, 20.0, seconds_left=0.0))
    step, epoch = watch.events
    assert (step.epoch, step.epochs) == (5, 12)
    assert step.seconds_left == pytest.approx(35 + 2 * 35, abs=1), (
        "this part takes 35 seconds in all, and twice that comes"
    )
    assert (epoch.epoch, epoch.seconds_left) == (8, pytest.approx(0, abs=1)), "no time has passed here"


def test_a_pause_within_a_part_costs_the_parts_after_it_nothing(
    recorder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(clocks, "awake", lambda: now)
    watch = recorder()
    course = PartOfCourse(watch, parts_after=1, work_after=2.0)
    now += 5
    with clocks.pause():
        now += 1800
    course.report(StepDone(1, 4, 5, 10, 0.5, 20.0, seconds_left=35.0))
    assert watch.events[0].seconds_left == pytest.approx(35 + 2 * 40)


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    place = tmp_path / "project"
    import_images(ImportRequest(make_images(10, groups=5), place, val_fraction=0.0, group_from=r"name:^(part\d+)"))
    return place


@pytest.fixture
def convinced(monkeypatch: pytest.MonkeyPatch) -> None:
    """These images are too easy for anything to beat the probe: here the likeliest is believed all the same."""

    def first(probe: Candidate, rivals: Sequence[Candidate], truth: object, **more: object) -> Choice:
        return Choice(rivals[0], np.array(rivals[0].score.predicted))

    monkeypatch.setattr(rehearsing, "choose", first)
    monkeypatch.setattr(rehearsing, "hopeless", lambda *_, **__: False)
    monkeypatch.setattr("tlstudio.training.finalists.choose", first)


@pytest.mark.usefixtures("convinced")
def test_after_the_rehearsals_all_images_are_learned_from(project: Path, recorder: Callable) -> None:
    watch = recorder()
    result = train(project, SETTINGS, reporter=watch)
    told = [event for event in watch.of(EpochDone) if isinstance(event, EpochDone)]
    assert [event.epoch for event in told] == [1, 2, 3, 4, 5, 6]
    assert {event.epochs for event in told} == {6}
    assert [event.rehearsal for event in told] == [True] * 4 + [False] * 2
    assert told[-1].accuracy == result.accuracy, "the figure of the rehearsals, on images that were left out"
    assert (result.chosen, result.epochs) == (HALF_WAY, 6)
    assert "images that were left out" in result.reason and "corrected for having been chosen" in result.reason
    assert result.measured == result.accuracy, "here the same is chosen whatever is left out"
    assert runs.get_run(Project(project), result.run).measured == result.measured
    assert tuning.IN_EARNEST in [note.text for note in watch.of(Note)]
    kept = runs.read_history(Project(project), result.run)
    assert [row.rehearsal for row in kept] == [event.rehearsal for event in told]
    assert any(row.rehearsal for row in kept) and not kept[-1].rehearsal
    assert all(not event.confusion for event in told if event.rehearsal), "its model is given up"
    compared = run_records.read_transfer(Project(project), result.run)
    assert compared is not None and compared.images == transfer.HALVES, "all of them have learned from the same halves"
    left = {path.name for path in (project / "runs" / result.run).iterdir()}
    assert not [name for name in left if name.startswith(("rehearsal", "checkpoint", "best"))]


@pytest.mark.usefixtures("convinced")
def test_event_files_tell_of_the_rehearsals_too(project: Path) -> None:
    from tensorboardX.proto.event_pb2 import Event

    result = train(project, replace(SETTINGS, events=True))
    (file,) = (project / "runs" / result.run / "events").iterdir()
    raw, steps, firsts = file.read_bytes(), set(), []
    while raw:  # TensorFlow's records: length, its checksum, the event, its checksum
        length = int.from_bytes(raw[:8], "little")
        event = Event.FromString(raw[12 : 12 + length])
        steps |= {event.step for value in event.summary.value if value.tag == "loss/train"}
        firsts += [value.simple_value for value in event.summary.value if value.tag == "accuracy/first_result"]
        raw = raw[16 + length :]
    assert steps == {1, 2, 3, 4, 5, 6}
    assert len(firsts) == 6 and len(set(firsts)) == 1 and 0 < firsts[0] <= 1, "a line that the others are beside"


@pytest.mark.usefixtures("convinced")
def test_cut_short_in_every_part_it_goes_on_to_the_same_model(project: Path, recorder: Callable) -> None:
    whole = train(project, SETTINGS)
    run = None
    for epoch in (1, 3, 5):
        watch = recorder(cancel=lambda e, epoch=epoch: isinstance(e, StepDone) and e.epoch == epoch)
        with pytest.raises(Cancelled):
            train(project, SETTINGS, resume=run, reporter=watch)
        run = watch.of(Started)[0].run
    assert run is not None
    result = train(project, SETTINGS, resume=run)
    model = [(project / "runs" / name / "model" / "model.safetensors").read_bytes() for name in (whole.run, run)]
    assert model[0] == model[1]
    assert result.accuracy == whole.accuracy
    assert [row.epoch for row in runs.get_run(Project(project), run).history] == [1, 2, 3, 4, 5, 6]


def test_where_nothing_convinces_the_first_result_stays_and_no_time_is_lost(project: Path, recorder: Callable) -> None:
    watch = recorder()
    result = train(project, SETTINGS, reporter=watch)
    assert result.chosen == PROBE and result.epochs in (2, 4), "after one rehearsal, where it held out no hope"
    assert len(watch.of(EpochDone)) == result.epochs
    assert "more than luck" in result.reason


@pytest.mark.parametrize(("minutes", "told"), [(0.05, True), (60.0, False)])
def test_too_little_time_is_told_before_the_first_step(
    project: Path, recorder: Callable, monkeypatch: pytest.MonkeyPatch, minutes: float, told: bool
) -> None:
    """A look at the images to judge by takes a second here, so that two epochs and what follows them take many."""
    monkeypatch.setattr("tlstudio.training.finetune.pace_of", lambda *_, **__: Pace(2, look=1.0))
    watch = recorder(stop=lambda event: isinstance(event, StepDone))
    result = train(project, replace(SETTINGS, minutes=minutes), reporter=watch)
    assert result.chosen == PROBE
    assert bool(watch.of(StepDone)) is not told
    assert ("min here" in result.reason) is told
    if told:
        assert result.reason.startswith(
            "Adjusting the model to these images takes at least about 1 min here, and 0.05 were given"
        )


@pytest.mark.parametrize(
    ("mode", "share", "needed"),
    [(Mode.BALANCED, 0.25, 2 * (1.7 * 2 + 1) + 6), (Mode.THOROUGH, 1.0, 2 * (3.2 * 2 + 1) + 6)],
)
def test_how_much_time_two_epochs_take(
    monkeypatch: pytest.MonkeyPatch, mode: Mode, share: float, needed: float
) -> None:
    """40 images to learn from and 20 to judge by, at which a look takes a second; nothing has been spent yet."""
    monkeypatch.setattr(tuning, "working", lambda: 100.0)

    def asked(budget: float | None) -> float:
        """The seconds that it says must be given; 0 where the budget is enough."""
        recipe = SimpleNamespace(budget=budget)
        data = SimpleNamespace(train_keys=range(40), val_keys=range(20))
        tuner = SimpleNamespace(recipe=recipe, data=data, pace=Pace(2, look=1.0))
        this = SimpleNamespace(settings=replace(SETTINGS, mode=mode), started=100.0)
        try:
            tuning.Tuning._need_time(this, tuner, share)  # type: ignore[arg-type]
        except tuning._NoTime as no_time:
            return no_time.seconds
        return 0.0

    assert asked(needed - 0.01) == pytest.approx(needed / share)
    assert asked(needed + 0.01) == 0.0
    assert asked(None) == 0.0, "nobody is in a hurry"
