"""What the window says is what is: of work that waits, of the last project, of ticks, pressed buttons and the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QMainWindow,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from tests.gui.conftest import Studio, hit
from tlstudio.domain.events import EpochDone, FirstResult, Progress, Started, StepDone, Unit
from tlstudio.domain.results import Ranked, Recommendation
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.gui import first_fit, theme
from tlstudio.gui.desktop.following import Follower
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.labels.page import LabelsPage
from tlstudio.gui.widgets.job_strip import JobItem
from tlstudio.gui.widgets.stop_button import StopButton
from tlstudio.workflow import browsing, labeling, models, training

CONTROL = Qt.KeyboardModifier.ControlModifier


class Hand:
    """Jobs that no worker does, so that a test can say what they tell."""

    def __init__(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        self.studio, self.bridge = studio, studio.window.bridge
        self.jobs: list[Job] = []
        self._patch = monkeypatch

    def job(self, task: str, title: str = "", *events: object, **arguments: Any) -> Job:
        job = Job(task, title, arguments, self.bridge._lanes["light"])
        job.number = -len(self.jobs) - 2
        self.jobs.append(job)
        self.bridge.job_started.emit(job)
        for event in events:
            self.tell(job, event)
        return job

    def tell(self, job: Job, event: object) -> None:
        job.latest = event
        job.event.emit(event)

    def instead_of_workers(self) -> None:
        self._patch.setattr(self.bridge, "submit", self.job)

    def end(self, job: Job, result: object = None) -> None:
        if job.over:
            return
        job.over = True
        if result is None:
            job.cancelled.emit()
        else:
            job.finished.emit(result)
        job.ended.emit()
        self.bridge.job_ended.emit(job)

    def strip(self) -> list[str]:
        """What the strip says."""
        return [item.label.text() for item in self.studio.window.strip.items() if item.isVisible()]


@pytest.fixture
def hand(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    made = Hand(studio, monkeypatch)
    yield made
    for job in made.jobs:
        made.end(job)


def trained(studio: Studio, source: Path) -> Path:
    project = studio.import_folder(source)
    training.train(project, TrainSettings(model=models.default_model(), mode=Mode.QUICK, device="cpu", input_size=32))
    studio.window.session.runs_changed.emit()
    studio.wait(lambda: not studio.window.bridge.jobs())
    return project


@pytest.fixture(scope="module")
def one(studio: Studio, make_folder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(studio, make_folder(tmp_path_factory.mktemp("one") / "welds", each=9))


@pytest.fixture(scope="module")
def other(
    studio: Studio, one: Path, make_folder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return trained(studio, make_folder(tmp_path_factory.mktemp("other") / "pipes", each=8, shapes=("disc", "square")))


def training_of(hand: Hand, project: Path) -> Job:
    run = hand.studio.page("train").runs.all()[0].id
    settings = TrainSettings(model=models.default_model(), mode=Mode.BALANCED)
    job = hand.job("train", "Training", settings=settings, project=project, resume=None)
    hand.tell(job, Started(run, "Processor"))
    hand.tell(job, StepDone(2, 36, 4, 20, 0.5, 12.0, 1860.0))
    return job


def open_(studio: Studio, project: Path, page: str) -> None:
    if studio.window.session.project != project:
        studio.window.open_project(project)
    studio.window.go(page)
    studio.wait(lambda: not studio.window.bridge.jobs())


# --- work that waits -----------------------------------------------------------------------


def test_a_paused_training_rests_on_every_page(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "labels")
    job = training_of(hand, one)
    item = studio.find("strip.job", JobItem)
    assert hand.strip() == ["Training: epoch 2 of 36 · about 31 minutes left"]
    job.pause()
    for page in ("labels", "model", "use", "images"):
        studio.window.go(page)
        assert hand.strip() == ["Training: paused"], page
        assert not item.spinner.turning
    hand.tell(job, StepDone(2, 36, 5, 20, 0.5, 12.0, 1800.0))
    assert hand.strip() == ["Training: paused"], "what was on its way before the pause says nothing of it"
    job.resume()
    assert hand.strip() == ["Training: epoch 2 of 36 · about 30 minutes left"]
    assert item.spinner.turning or theme.calm()


def test_the_pause_button_and_the_strip_know_the_same_job(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "train")
    job = training_of(hand, one)
    studio.click("train.pause")
    assert job.paused and studio.page("train").panel.now.text().startswith("Paused")
    assert not studio.page("train").panel.facts.value("time_left")
    studio.window.go("labels")
    assert hand.strip() == ["Training: paused"]
    studio.click("strip.cancel")
    assert job.stopping and not job.paused
    assert hand.strip() == ["Finishing: Training"]
    studio.window.go("train")
    assert studio.page("train").panel.now.text().startswith("Stopping after this step")
    assert not studio.find("train.stop", QPushButton).isEnabled()


def test_a_rehearsal_is_not_the_best_so_far(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "train")
    job = training_of(hand, one)
    first, half = Interval(0.79, 0.7, 0.86), Interval(0.71, 0.6, 0.8)
    hand.tell(job, FirstResult(first, 12.0))
    hand.tell(job, EpochDone(1, 36, 0.5, 0.5, half, half, 1e-3, 12.0, 1800.0, rehearsal=True))
    number = studio.page("train").panel.number
    assert number.number.text() == "79\N{NO-BREAK SPACE}%" and number.caption.text().startswith("First result")
    earnest = Interval(0.83, 0.75, 0.9)
    hand.tell(job, EpochDone(25, 36, 0.5, 0.5, earnest, earnest, 1e-3, 12.0, 600.0))
    assert number.number.text() == "83\N{NO-BREAK SPACE}%" and number.caption.text().startswith("Best accuracy so far")


# --- said once, with one way out -------------------------------------------------------------


def ways_out(studio: Studio) -> list[str]:
    return [b.objectName() for b in studio.window.findChildren(StopButton) if b.isVisible()]


def bars(studio: Studio) -> list[str]:
    return [b.objectName() for b in studio.window.findChildren(QProgressBar) if b.isVisible()]


def test_a_comparison_is_told_once(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "model")
    hand.instead_of_workers()
    studio.wait(lambda: studio.find("model.compare", QPushButton).isVisible())
    studio.page("model").advice.button.setEnabled(True)
    studio.click("model.compare")
    job = hand.jobs[-1]
    hand.tell(job, Progress("Trying ResNet 50 (1 of 5)", 24, 1000, 250.0, Unit.SHARES))
    assert (
        studio.page("model").advice.words.text()
        == "Trying ResNet 50 (1 of 5) · 2\N{NO-BREAK SPACE}% · about 4 minutes left"
    )
    assert ways_out(studio) == ["model.compare_stop"] and bars(studio) == ["model.compare_progress"]
    studio.window.go("labels")
    assert hand.strip() == ["Trying ResNet 50 (1 of 5) · 2\N{NO-BREAK SPACE}% · about 4 minutes left"]
    assert ways_out(studio) == ["strip.cancel"]
    studio.window.go("model")
    assert hand.strip() == []


def test_a_training_is_told_once_on_its_own_page(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "train")
    training_of(hand, one)
    assert ways_out(studio) == ["train.stop"] and hand.strip() == []
    studio.window.go("use")
    assert ways_out(studio) == ["strip.cancel"] and len(hand.strip()) == 1


def test_a_measurement_can_be_stopped_where_it_is_shown(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "model")
    hand.instead_of_workers()
    studio.page("inspect")._measured.clear()
    studio.page("inspect")._shown = None
    studio.window.go("inspect")
    assert not hand.jobs  # the test images are opened knowingly
    studio.click("inspect.state_button")
    assert hand.jobs[-1].task == "evaluate"
    hand.tell(hand.jobs[-1], Progress("Looking at the held-out images", 3, 9, 20.0))
    assert ways_out(studio) == ["inspect.state_stop"] and hand.strip() == []
    studio.click("inspect.state_stop")
    assert hand.jobs[-1].cancelling
    hand.end(hand.jobs[-1])
    assert studio.find("inspect.state_button", QPushButton).text() == "Measure again"


# --- the keyboard stays beside where it was ------------------------------------------------------


def on_a_way_out() -> bool:
    return isinstance(QApplication.focusWidget(), StopButton)


def focus(studio: Studio, widget: QWidget) -> None:
    studio.window.activateWindow()
    assert QTest.qWaitForWindowActive(studio.window, 5000)
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    assert widget.hasFocus()


def test_the_keyboard_does_not_fall_onto_a_way_out(studio: Studio, one: Path, hand: Hand) -> None:
    """Whatever vanishes, is greyed or is taken away under it, a running job must not end by the next key."""
    open_(studio, one, "labels")
    hand.job("export", "Exporting", Progress("Writing", 1, 9))
    page = studio.window.stack.current
    for vanish in (QWidget.hide, lambda w: w.setEnabled(False), lambda w: w.setParent(None)):
        button = QPushButton("Ignore")
        page.extra.addWidget(button)  # the last of the page: what comes next is the strip's
        button.show()
        focus(studio, button)
        vanish(button)
        QTest.qWait(1)
        assert not on_a_way_out(), vanish
        button.deleteLater()
    assert page.isAncestorOf(QApplication.focusWidget()) or QApplication.focusWidget() in (page, None)


def test_after_stop_and_after_a_job_has_ended(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "labels")
    first = hand.job("export", "Exporting", Progress("Writing", 1, 9))
    second = hand.job("report", "Writing a report", Progress("Writing", 1, 9))
    cancel = studio.window.strip.items()[0].button
    focus(studio, cancel)
    QTest.keyClick(cancel, Qt.Key.Key_Space)
    assert first.cancelling and not on_a_way_out()
    hand.end(first)
    assert not on_a_way_out()
    QTest.keyClick(QApplication.focusWidget() or studio.window, Qt.Key.Key_Space)
    assert not second.cancelling, "the next key is not for the next job"
    focus(studio, studio.window.strip.items()[0].button)
    assert on_a_way_out(), "a person who goes there by Tab is let there"


def test_a_button_does_not_become_the_way_out_of_what_it_has_begun(studio: Studio, one: Path, hand: Hand) -> None:
    """Return pressed twice must not begin and end."""
    open_(studio, one, "model")
    hand.instead_of_workers()
    compare = studio.page("model").advice.button
    compare.setEnabled(True)
    focus(studio, compare)
    for _ in range(2):
        QTest.keyClick(QApplication.focusWidget() or studio.window, Qt.Key.Key_Space)
    begun = [job for job in hand.jobs if job.task == "recommend"]
    assert len(begun) == 1 and not begun[0].cancelling and not on_a_way_out()


def test_a_download_does_not_take_the_keyboard_to_cancel(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "model")
    card = next(iter(studio.page("model").shelf.cards.values()))
    card.panel.ask()
    assert card.panel.go_button.hasFocus() or not studio.window.isActiveWindow()
    card.panel.show_running(None)
    assert not card.panel.back_button.hasFocus()
    card.panel.hide()
    card.panel._running = False


# --- another project ------------------------------------------------------------------------------


def bundle(studio: Studio, project: Path) -> Path:
    file = project / "exports" / f"{project.name}.onnx"
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        job = studio.window.bridge.submit("export", "", project=project, run=None, out=file)
        studio.wait(lambda: job.over)
    return file


def test_the_model_of_the_last_project_does_not_stay(studio: Studio, one: Path, other: Path) -> None:
    open_(studio, one, "use")
    panel = studio.page("use").panel
    panel.open_bundle(bundle(studio, one))
    studio.wait(lambda: panel.bundle is not None)
    panel.predict(sorted((one.parent.parent).glob("nothing/*")) or [next(iter(browsing.images(one))).path])
    studio.wait(lambda: panel.job is None and len(panel.table.table.rows) == 1)
    assert studio.window.rail.steps["use"].state.done
    open_(studio, other, "use")
    assert panel.bundle is None and not panel.table.table.rows
    assert not studio.window.rail.steps["use"].state.done
    assert studio.find("use.drop_model").isVisible()
    open_(studio, one, "use")
    studio.wait(lambda: panel.bundle is not None)
    assert panel.bundle == bundle(studio, one), "each project has its own"
    assert studio.window.rail.steps["use"].state.done
    studio.window.session.close_project()
    studio.window.go("use")
    assert panel.bundle is None


def test_use_this_model_opens_the_one_at_hand(studio: Studio, one: Path) -> None:
    open_(studio, one, "use")
    bundle(studio, one)
    old = studio.page("use").runs.finished()[0].id
    training.train(one, TrainSettings(model=models.default_model(), mode=Mode.QUICK, device="cpu", input_size=40))
    studio.window.session.runs_changed.emit()
    new = studio.page("use").runs.finished()[0].id
    assert new != old
    panel = studio.page("use").panel
    for run, there in ((old, True), (new, False), (old, True)):
        studio.window.session.run_id = run
        studio.window.go("inspect")
        studio.wait(lambda: studio.find("inspect.primary", QPushButton).isEnabled() and not studio.window.bridge.jobs())
        assert studio.page("inspect").choosers.run() == run
        studio.click("inspect.primary")
        studio.wait(lambda: studio.shown == "use" and not studio.window.bridge.jobs())
        assert (panel.bundle is not None) is there, "only what was exported of this very training"
        assert studio.page("use").card.runs.currentData() == run
        if there:
            assert panel.info is not None and panel.info.run == run


def test_a_file_that_the_user_chose_stays_while_they_look_elsewhere(studio: Studio, one: Path, other: Path) -> None:
    foreign = bundle_of(studio, other)
    open_(studio, one, "use")
    panel = studio.page("use").panel
    studio.window.open_path(foreign)
    studio.wait(lambda: panel.bundle == foreign)
    studio.window.go("labels")
    studio.window.go("use")
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert panel.bundle == foreign


def bundle_of(studio: Studio, project: Path) -> Path:
    open_(studio, project, "use")
    return bundle(studio, project)


# --- ticks ------------------------------------------------------------------------------------------


def ticks(studio: Studio) -> set[str]:
    studio.window.refresh_rail()
    return {key for key, step in studio.window.rail.steps.items() if step.state.done}


def test_ticks_are_there_after_reopening(studio: Studio, one: Path, other: Path) -> None:
    bundle_of(studio, one)
    open_(studio, one, "inspect")
    studio.inspect()
    studio.wait(lambda: studio.page("inspect")._shown is not None)
    studio.window.go("use")
    studio.wait(lambda: studio.page("use").panel.bundle is not None)
    before = ticks(studio)
    assert {"model", "train", "inspect", "use"} <= before
    open_(studio, other, "labels")
    assert "inspect" not in ticks(studio), "nobody has looked at this one"
    open_(studio, one, "labels")
    assert before - {"check"} <= ticks(studio)
    studio.window.session.close_project()
    studio.window.open_project(one)
    assert {"model", "train", "inspect", "use"} <= ticks(studio)


def test_a_tick_goes_when_what_was_seen_is_true_no_more(studio: Studio, one: Path) -> None:
    open_(studio, one, "inspect")
    studio.inspect()
    studio.wait(lambda: "inspect" in ticks(studio))
    studio.window.go("labels")
    image = browsing.images(one)[0]
    page = studio.page("labels")
    assert isinstance(page, LabelsPage)
    page.assign([image.id], "square" if image.label != "square" else "disc")
    assert "inspect" not in ticks(studio)
    studio.window.session.close_project()
    studio.window.open_project(one)
    assert "inspect" not in ticks(studio)
    labeling.undo(one)


def test_an_empty_class_does_not_count(studio: Studio, one: Path) -> None:
    labeling.add_class(one, "nothing of it yet")
    try:
        open_(studio, one, "images")
        assert studio.find("images.amounts", QLabel).text().endswith("in 3 classes")
        studio.window.go("start")
        studio.wait(lambda: any(card.summary.folder == one for card in studio.page("start")._cards))
        card = next(card for card in studio.page("start")._cards if card.summary.folder == one)
        assert "3 classes · " in card.accessibleName() and "4 classes" not in card.accessibleName()
    finally:
        labeling.remove_class(one, "nothing of it yet")
        studio.window.session.close_project()


# --- pressed buttons ---------------------------------------------------------------------------------


def picture(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : 4 * image.width()].astype(int)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_pressed_looks_pressed(studio: Studio, one: Path, scheme: str) -> None:
    """One like every button of the window that stays down, greyed ones too: its edge is clearly another one then."""
    open_(studio, one, "labels")
    theme.apply(studio.application, scheme)
    try:
        found = [
            b
            for b in studio.window.findChildren(QAbstractButton)
            if b.isCheckable() and type(b) in (QPushButton, QToolButton) and not b.property("fold")
        ]
        assert {"labels.unsure", "labels.left_out", "labels.compare_unsure"} & {b.objectName() for b in found}
        for button in found:
            twin = type(button)(studio.window.body)
            twin.setText(button.text() or "x")
            twin.setProperty("role", button.property("role"))
            twin.setCheckable(True)
            twin.resize(120, theme.HIT)
            twin.show()
            for able in (True, False):
                twin.setEnabled(able)
                looks = []
                for down in (False, True):
                    twin.setChecked(down)
                    looks.append(picture(twin))
                changed = np.abs(looks[0] - looks[1]).max()
                assert changed > 60, f"{button.objectName()}, enabled {able}, looks as if it were not pressed"
            twin.hide()
            twin.deleteLater()
    finally:
        theme.apply(studio.application, "light")


# --- selecting and looking -----------------------------------------------------------------------------


def key(studio: Studio, what: Qt.Key, held: Qt.KeyboardModifier) -> None:
    """As from a keyboard: while it is pressed, Qt knows that the modifier is down."""
    studio.window.activateWindow()
    assert QTest.qWaitForWindowActive(studio.window, 5000)
    QTest.keyClick(studio.window.windowHandle(), what, held)
    QTest.qWait(5)


def at_the_first_image(studio: Studio, project: Path) -> LabelsPage:
    open_(studio, project, "labels")
    page = studio.page("labels")
    assert isinstance(page, LabelsPage)
    page.filter_bar.clear()
    page.grid.setFocus()
    page.grid.go_to_row(0)
    return page


def test_undo_by_key_selects_the_image_alone(studio: Studio, one: Path) -> None:
    page = at_the_first_image(studio, one)
    moved = page.grid.current_id()
    label = page.grid.current_image().label
    page.assign([moved], next(name for name in page.gallery.names if name != label))
    assert page.grid.selected_ids() != [moved]
    key(studio, Qt.Key.Key_Z, CONTROL)
    assert browsing.rows(one, [moved])[0].label == label
    assert page.grid.selected_ids() == [moved]


def test_the_viewer_goes_through_the_images_in_their_order(studio: Studio, one: Path) -> None:
    page = at_the_first_image(studio, one)
    ids = list(page.grid.images.ids())
    hit(page.grid, Qt.Key.Key_Space)
    viewer, total = page.viewer, len(ids)
    seen = []
    for place in range(1, 4):
        assert viewer.image is not None
        seen.append(viewer.image.id)
        assert viewer.facts.text().startswith(f"{place} of {total} ·")
        other = next(n for n, name in enumerate(page.gallery.names, start=1) if name != viewer.image.label)
        QTest.keyClicks(viewer, str(other))
    assert seen == ids[:3], "one after the other, although each has moved to another place in the grid"
    hit(viewer, Qt.Key.Key_Left)
    assert viewer.image is not None and viewer.image.id == ids[2] and viewer.facts.text().startswith("3 of")
    assert viewer.image.label == browsing.rows(one, [ids[2]])[0].label
    for _ in range(total):
        hit(viewer, Qt.Key.Key_Right)
    assert viewer.image.id == ids[-1] and viewer.facts.text().startswith(f"{total} of {total}")
    QTest.keyClicks(viewer, "1")
    assert viewer.image is not None and viewer.image.id == ids[-1], "the last one stays"
    hit(viewer, Qt.Key.Key_Escape)
    while labeling.can_undo(one):
        labeling.undo(one)
    studio.window.session.refresh()


def test_an_image_that_leaves_the_filter_can_be_gone_back_to(studio: Studio, one: Path) -> None:
    open_(studio, one, "labels")
    page = studio.page("labels")
    assert isinstance(page, LabelsPage)
    page.filter_bar.class_box.setCurrentIndex(page.filter_bar.class_box.findData("disc"))
    page.grid.setFocus()
    page.grid.go_to_row(0)
    first = page.grid.current_id()
    hit(page.grid, Qt.Key.Key_Space)
    QTest.keyClicks(page.viewer, str(1 + page.gallery.names.index("square")))
    assert page.viewer.image is not None and page.viewer.image.id != first
    hit(page.viewer, Qt.Key.Key_Left)
    assert page.viewer.image.id == first and page.viewer.image.label == "square"
    hit(page.viewer, Qt.Key.Key_U)
    assert page.viewer.image.id == first and page.viewer.image.unsure
    key(studio, Qt.Key.Key_Z, CONTROL)
    assert page.viewer.image is not None and page.viewer.image.id == first and not page.viewer.image.unsure
    hit(page.viewer, Qt.Key.Key_Escape)
    page.filter_bar.clear()
    while labeling.can_undo(one):
        labeling.undo(one)
    studio.window.session.refresh()


# --- the choice of a model ---------------------------------------------------------------------------


def test_no_choice_changes_in_silence(studio: Studio, one: Path, hand: Hand) -> None:
    open_(studio, one, "model")
    page = studio.page("model")
    hand.instead_of_workers()
    before = page._model
    best = next(model for model in page.shelf.statuses if model != before)
    page.advice.button.setEnabled(True)
    studio.click("model.compare")
    ranked = Ranked(best, 0.9, Interval(0.9, 0.8, 0.95), 9.0, None, 10**7, 30)
    hand.end(next(job for job in hand.jobs if job.task == "recommend"), Recommendation((ranked,), 30, (), (), ()))
    assert page._model == best
    assert f"It is chosen now, in place of {page.shelf.title(before)}." in page.advice.words.text()
    page.choose(before)


def test_a_time_that_is_not_known_says_why_and_is_measured_once_it_can_be(
    studio: Studio, one: Path, hand: Hand
) -> None:
    open_(studio, one, "model")
    page = studio.page("model")
    tile = page.modes.tiles[Mode.BALANCED]
    status = page.shelf.statuses[page._model]
    from dataclasses import replace

    hand.instead_of_workers()
    page.shelf.statuses[page._model] = replace(status, images_per_second=None)
    hand._patch.setattr(hand.bridge, "computing", lambda: True)
    page._update()
    assert "when other work has ended" in tile.time.text()
    hand._patch.setattr(hand.bridge, "computing", lambda: False)
    hand.end(hand.job("report", "Writing a report"))
    assert hand.jobs[-1].task == "measure_speed" and "Measuring" in tile.time.text()
    hand.end(hand.jobs[-1], replace(status, images_per_second=20.0))
    assert "about" in tile.time.text().lower() or "few seconds" in tile.time.text()
    said = [label.text() for label in tile.findChildren(QLabel)]
    assert "minutes" not in said and "seconds" not in said, "no second word on time that could disagree"


# --- what else of the last project does not go along -----------------------------------------------------


def test_nothing_set_or_offered_for_one_project_is_there_in_the_next(
    studio: Studio, one: Path, other: Path, hand: Hand
) -> None:
    open_(studio, one, "model")
    page = studio.page("model")
    page.advanced.controls["epochs"].setValue(7)
    page.modes.set_mode(Mode.THOROUGH)
    studio.window.toast.say("9 images moved", "Undo", lambda: pytest.fail("it would undo something else"))
    hand.instead_of_workers()
    studio.page("use").card.export_to(one / "exports" / "later.onnx")
    exporting = hand.jobs[-1]
    assert exporting.task == "export" and studio.page("use").card.job is exporting
    hand._patch.undo()
    open_(studio, other, "model")
    usual = TrainSettings(model="m", mode=Mode.BALANCED)
    assert page.advanced.settings("m", Mode.BALANCED) == usual and page.modes.mode() is Mode.BALANCED
    assert not studio.window.toast.isVisible()
    card = studio.page("use").card
    assert card.job is None and card.can_export()
    said = card.sentence.text()
    hand.tell(exporting, Progress("Writing the file", 1, 3))
    assert card.sentence.text() == said, "that of the last project is told in the strip alone"


def test_trouble_with_a_source_does_not_hide_the_next_project(
    studio: Studio, one: Path, other: Path, tmp_path: Path
) -> None:
    open_(studio, one, "images")
    page = studio.page("images")
    page.look_into(tmp_path / "not there")
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert page.trouble.isVisible()
    open_(studio, other, "images")
    assert studio.find("images.classes").isVisible() and not page.trouble.isVisible()


def test_the_desktop_hears_nothing_of_a_paused_training() -> None:
    told: list[float | None] = []
    desktop = type("Desktop", (), {"progress": lambda self, share: told.append(share), "notify": None, "end": None})()
    parent = QWidget()
    follower = Follower(parent, desktop, lambda: True)
    job = Job("train", "Training", {}, None)  # type: ignore[arg-type]
    job._tell = lambda wish: None  # type: ignore[method-assign]
    follower.follow(job)
    job.event.emit(StepDone(2, 4, 10, 20, 0.5, 12.0, 60.0))
    job.pause()
    job.resume()
    assert told == [0.375, None, 0.375]
    parent.deleteLater()


# --- the first window ------------------------------------------------------------------------------------------


class Framed(QMainWindow):
    """A window on a desktop that draws a frame some time after it was shown."""

    def __init__(self, free: QRect) -> None:
        super().__init__()
        self.free, self.frame = free, 0
        self.resize(free.width(), free.height())

    def frameGeometry(self) -> QRect:  # noqa: N802 - Qt's name
        return QRect(self.pos(), self.size()).adjusted(0, 0, 2 if self.frame else 0, self.frame)

    def screen(self) -> Any:
        return SimpleNamespace(availableGeometry=lambda: self.free)


@pytest.mark.parametrize(
    ("frame", "by_hand", "size"), [(25, False, (1278, 695)), (25, True, (900, 650)), (0, False, (1280, 720))]
)
def test_the_first_window_lies_whole_on_the_screen(
    studio: Studio, frame: int, by_hand: bool, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_fit, "MS", 10)
    window = Framed(QRect(0, 0, 1280, 720))
    fit = first_fit.FirstFit(window)
    fit.begin()
    studio.wait(lambda: fit._looks > 1)
    if by_hand:
        window.resize(900, 650)
    window.frame = frame
    studio.wait(lambda: not fit._timer.isActive())  # it looks no more
    assert window.size().toTuple() == size
    window.deleteLater()
