"""Images without a class in a training: which may be learned from, what is said of it, and what is kept for a resumed run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TEST_MODEL, Recorder
from tlstudio.domain.errors import Cancelled, WrongUsage
from tlstudio.domain.events import Note, Started, StepDone
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.training.pseudo_labels import Tried, fit_with
from tlstudio.workflow import labeling, preparing
from tlstudio.workflow import unlabeled as module
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.packing import pack
from tlstudio.workflow.training import train
from tlstudio.workflow.unlabeled import FEW, TIMES, collect_unlabeled, sentence

ASKED = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32, batch_size=8, epochs=2, pseudo_labels=True)
PLAIN = replace(ASKED, pseudo_labels=False)


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    """Of 60 images in groups of four or three, those of most training groups have no class any more."""
    place = tmp_path / "project"
    source = make_images(30, classes=("red", "blue"), groups=10)
    import_images(ImportRequest(source, place, group_from=r"name:^(part\d+)", test_fraction=0.2, val_fraction=0.2))
    train = [r for r in rows_of(place) if r.split is Split.TRAIN]
    groups = {label: sorted({str(r.group) for r in train if r.label == label}) for label in ("red", "blue")}
    kept = {group for found in groups.values() for group in found[:2]}
    labeling.set_label(place, [r.id for r in train if r.group not in kept], None)
    return place


def rows_of(place: Path) -> list[ImageRow]:
    return images.list_images(Project(place))


def notes(watch: Recorder) -> list[str]:
    return [event.text for event in watch.of(Note)]  # type: ignore[attr-defined]


def always(features: np.ndarray, labels: np.ndarray, classes: int, unlabeled: np.ndarray, **more: object) -> Tried:
    """Takes pseudo-labels whatever they bring."""
    first, views = more["first"], more["views"]
    head = fit_with(features, labels, classes, unlabeled, views=views, first=first)  # type: ignore[arg-type]
    return Tried(replace(first, head=head), 0.5, 0.75)  # type: ignore[type-var]


def test_those_of_the_training_part_that_wait_are_learned_from(project: Path) -> None:
    found = collect_unlabeled(Project(project))
    waiting = {r.content for r in rows_of(project) if r.label is None}
    assert {s.content for s in found} == waiting and len(found) == 24
    assert [s.content for s in found] == sorted(waiting), "always in the same order"
    assert {(s.label, s.part) for s in found} == {(-1, "unlabeled")}
    labeling.set_left_out(project, [found[0].image], True)
    assert found[0] not in collect_unlabeled(Project(project))


def test_nothing_of_the_test_part_nor_kin_of_a_labeled_image(project: Path) -> None:
    rows = rows_of(project)
    tested = next(r for r in rows if r.split is Split.TEST)
    labeled = [r for r in rows if r.split is Split.TRAIN and r.label is not None]
    kin = [r.id for r in labeled if r.group == labeled[0].group][1:]
    before = collect_unlabeled(Project(project))
    labeling.set_label(project, [r.id for r in rows if r.group == tested.group], None)
    labeling.set_label(project, kin, None)
    assert kin and collect_unlabeled(Project(project)) == before


def test_at_most_so_many(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = collect_unlabeled(Project(project))
    monkeypatch.setattr(module, "MOST", 5)
    assert collect_unlabeled(Project(project)) == whole[:5]


def test_they_are_learned_from_where_they_help(
    project: Path, recorder: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = recorder()
    monkeypatch.setattr(preparing, "try_pseudo_labels", always)
    run = train(project, ASKED, reporter=watch).run
    assert sentence(Tried(None, 0, 0), 0) not in notes(watch)
    told = [text for text in notes(watch) if text.startswith("24 images without a class teach the model as well")]
    assert len(told) == 1 and "75 % instead of 50 %" in told[0]
    kept = json.loads((project / "runs" / run / module.FILE).read_text(encoding="utf-8"))
    assert [each["content"] for each in kept] == [s.content for s in collect_unlabeled(Project(project))]


@pytest.mark.parametrize("better", [False, True])
def test_a_fine_tuning_begins_with_what_they_taught_and_goes_on_with_the_same(
    project: Path, recorder: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch, better: bool
) -> None:
    given: list[int] = []

    def noted(features: np.ndarray, labels: np.ndarray, classes: int, unlabeled: np.ndarray, **more: object) -> Tried:
        given.append(len(unlabeled))
        return always(features, labels, classes, unlabeled, **more) if better else Tried(None, 0.75, 0.5)

    monkeypatch.setattr(preparing, "try_pseudo_labels", noted)
    wish = replace(ASKED, mode=Mode.BALANCED, rehearse=True)
    watch = recorder(cancel=lambda event: isinstance(event, StepDone) and event.epoch == 2)
    with pytest.raises(Cancelled):
        train(project, wish, reporter=watch)
    labeling.set_label(project, [collect_unlabeled(Project(project))[0].image], "red")
    run = watch.of(Started)[0].run  # type: ignore[attr-defined]
    assert train(project, wish, resume=run).run == run
    assert given == [24, 24], "as many as it began with"
    assert any(("teach" if better else "bring nothing") in text for text in notes(watch))


def test_without_any_it_is_said(
    make_images: Callable[..., Path], tmp_path: Path, recorder: Callable[..., Recorder]
) -> None:
    import_images(ImportRequest(make_images(10), tmp_path / "p", group_from="none"))
    watch = recorder()
    train(tmp_path / "p", ASKED, reporter=watch)
    assert module.NONE in notes(watch)


def test_it_is_advised_where_few_have_a_class_and_many_none(
    project: Path, recorder: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (FEW, TIMES) == (10, 3)
    training = sum(r.split is Split.TRAIN and r.label is not None for r in rows_of(project))
    for few, times, told in (
        (training / 2, 1, True),
        (training / 2 - 0.5, 1, False),
        (100, 24 / training + 0.01, False),
    ):
        monkeypatch.setattr(module, "FEW", few)
        monkeypatch.setattr(module, "TIMES", times)
        watch = recorder()
        train(project, PLAIN, reporter=watch)
        assert any("24 images have no class. They may help" in text for text in notes(watch)) is told


def test_what_came_of_it_is_a_sentence() -> None:
    some = Tried(None, 0.8, 0.7)
    assert sentence(some, 1).startswith("Images without a class bring nothing here") and "70 %" in sentence(some, 1)
    assert sentence(Tried(None, 0, 0), 4) == module.UNTOLD and sentence(Tried(None, 0, 0), 0) == module.NONE


def test_a_packed_training_has_none(project: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="labeled images alone"):
        pack(project, tmp_path / "a.tlpack", ASKED)
