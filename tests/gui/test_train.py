"""The Train page in the real window with the real worker: quick and balanced, pause, stop, and a worker that dies."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from tests.gui.conftest import hit
from tlstudio.domain.errors import MemoryFull, OutOfMemory, WorkerDied
from tlstudio.domain.events import EpochDone, FirstResult, Note, StepDone
from tlstudio.domain.runs import Adapter, Mode, RunState, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.gui.messages import percent
from tlstudio.gui.models import run_list
from tlstudio.gui.pages.model import ModelPage
from tlstudio.gui.pages.train import TrainPage
from tlstudio.gui.pages.train.panel import RunPanel
from tlstudio.gui.widgets.live_chart import LiveChart, Point
from tlstudio.workflow import runs

TEST_MODEL = "mobilenetv3_small_100.test"


@pytest.fixture(scope="module")
def project(studio, shapes: Path) -> Path:
    return studio.import_folder(shapes)


@pytest.fixture
def page(studio, project: Path) -> TrainPage:
    shown = studio.page("train")
    assert isinstance(shown, TrainPage)
    if shown._job is not None and shown.buttons.pause_button.text() == "Resume":
        studio.click("train.stop")  # a test that failed left it waiting
    studio.wait(lambda: shown._job is None)
    return shown


def settings(mode: Mode, epochs: int = 0) -> TrainSettings:
    return TrainSettings(TEST_MODEL, mode, device="cpu", input_size=32, epochs=epochs, patience=1000, rehearse=False)


def heavy_worker() -> psutil.Process:
    """The worker process that holds torch, the larger one."""
    children = [p for p in psutil.Process().children() if "resource_tracker" not in " ".join(p.cmdline())]
    return max(children, key=lambda p: p.memory_info().rss)


def test_not_reachable_before_a_training_was_started(studio, project: Path) -> None:
    assert studio.page("train").blocked()
    studio.window.go("train")
    assert studio.shown != "train"


def test_quick_from_the_model_page_to_the_results(studio, page: TrainPage, project: Path) -> None:
    studio.window.go("model")
    model = studio.page("model")
    assert isinstance(model, ModelPage)
    model.choose(TEST_MODEL)
    studio.click("model.mode_quick")
    studio.click("model.primary")
    assert studio.shown == "train"
    assert page._job is not None and not page.primary.isEnabled()
    assert studio.find("train.stop", QPushButton).isVisible()
    studio.wait(lambda: page._job is None)
    newest = runs.newest_finished(project)
    assert newest is not None and newest.mode is Mode.QUICK and newest.accuracy is not None
    assert studio.find("train.accuracy_number", QLabel).text() == percent(newest.accuracy.value)
    assert page.message.isVisible() and "Training is done" in page.message.what.text()
    assert "Balanced" in page.panel.chart.placeholder
    assert page.table.runs.rowCount() == 1
    assert page.done()
    studio.click("train.primary")
    assert studio.shown == "inspect"
    studio.wait(lambda: studio.window.bridge.running("evaluate") is None)


def test_balanced_draws_a_curve_and_can_be_paused_and_stopped(studio, page: TrainPage, project: Path) -> None:
    studio.window.go("train")
    page.start(settings(Mode.BALANCED, epochs=200))
    studio.wait(lambda: len(page.panel.chart.points) >= 2)
    assert page.panel.facts.value("epoch").endswith("of 200")
    assert studio.window.findChild(QObject, "desktop.follower") is not None
    assert page.panel.facts.value("first")
    assert page.panel.facts.value("device")
    assert "GB" in page.panel.facts.value("memory") or "MB" in page.panel.facts.value("memory")
    assert not page.panel.facts.value("gpu_memory")
    assert all(p.train_accuracy is not None and p.rate for p in page.panel.chart.points[:2])
    assert "labeled cross are taken for disc" in page.panel.views.confusion.matrix.describe(0, 1)
    assert "Epoch 1 of 200" in page.panel.views.log.text.toPlainText()
    studio.click("train.pause")
    assert page.buttons.pause_button.text() == "Resume"
    assert "Paused" in page.panel.now.text()
    stood = studio.settled(lambda: len(page.panel.chart.points))
    assert stood < 200, "it waits, and is not done"
    studio.click("train.pause")
    studio.wait(lambda: len(page.panel.chart.points) > stood)
    studio.click("train.stop")
    studio.wait(lambda: page._job is None)
    newest = runs.newest_finished(project)
    assert newest is not None and newest.mode is Mode.BALANCED and newest.epochs < 200
    assert "stopped" in page.message.what.text()
    assert len(page.panel.chart.points) == newest.epochs
    assert not page.grab().isNull()
    stored = page.panel.views.log.text.toPlainText()
    assert f"Run {newest.id}, Processor" in stored.splitlines()[1] and "Training is done." in stored
    assert page.panel.views.confusion.area.isVisibleTo(page.panel.views.confusion)


def test_a_worker_that_dies_costs_nothing_but_time(studio, page: TrainPage, project: Path) -> None:
    studio.window.go("train")
    page.start(settings(Mode.BALANCED, epochs=60))
    studio.wait(lambda: len(page.panel.chart.points) >= 2)
    os.kill(heavy_worker().pid, signal.SIGKILL)
    studio.wait(lambda: page._job is None)
    assert page.message.isVisible()
    interrupted = runs.resumable(project)
    assert interrupted is not None
    assert run_list._cell(interrupted, 3) == "–", "a list that does not read histories must not say 0"
    assert page.resume_button.isVisible() and page.restart_button.isVisible()
    before = len(runs.run(project, interrupted.id).history)
    studio.click("train.resume_run")
    assert not page.message.isVisible()
    assert len(page.panel.chart.points) == before  # the curve goes on where it was
    assert f"Epoch {before} of 60" in page.panel.views.log.text.toPlainText()
    studio.wait(lambda: len(page.panel.chart.points) > before)
    studio.click("train.stop")
    studio.wait(lambda: page._job is None)
    assert runs.run(project, interrupted.id).state is RunState.FINISHED
    assert not page.resume_button.isVisible()


def test_earlier_trainings_are_listed_and_shown(studio, page: TrainPage, project: Path) -> None:
    studio.window.go("train")
    rows = runs.list_runs(project)
    assert page.table.runs.rowCount() == len(rows) >= 3
    page.table.setFocus()
    page.table.selectRow(0)
    hit(page.table, Qt.Key.Key_Down)
    assert page._shown == rows[1].id
    quick = next(n for n, row in enumerate(rows) if row.mode is Mode.QUICK)
    page.table.selectRow(quick)
    assert page.panel.chart.points == []
    hit(page.table, Qt.Key.Key_Return)
    assert studio.shown == "inspect" and studio.window.session.run_id == rows[quick].id
    studio.wait(lambda: studio.window.bridge.running("evaluate") is None)


def test_several_trainings_stand_side_by_side(studio, page: TrainPage, project: Path) -> None:
    studio.window.go("train")
    rows = runs.list_runs(project)
    quick = next(n for n, row in enumerate(rows) if row.mode is Mode.QUICK)
    other = next(n for n, row in enumerate(rows) if row.mode is Mode.BALANCED and row.state is RunState.FINISHED)
    page.table.selectRow(quick)
    assert not page.comparison.isVisible()
    index = page.table.runs.index(other, 0)
    place = page.table.visualRect(index).center()
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place)
    assert page.comparison.isVisible() and not page.panel.isVisible()
    assert not page.primary.isEnabled()
    table = page.comparison.table
    captions = [table.verticalHeaderItem(n).text() for n in range(table.rowCount())]
    assert captions[0] == "Accuracy" and "Mode" in captions and "Practice rounds (epochs)" in captions
    reached = {table.item(0, column).text() for column in range(2)}
    assert reached == {rows[n].accuracy.percent() for n in (quick, other)}
    modes = {table.item(captions.index("Mode"), column).text() for column in range(2)}
    assert modes == {"Quick", "Balanced"}
    assert not page.comparison.grab().isNull()
    page.table.selectRow(quick)
    assert page.panel.isVisible() and not page.comparison.isVisible()


def test_a_model_that_is_not_here_fails_with_a_way_out(studio, page: TrainPage) -> None:
    studio.window.go("train")
    page.start(TrainSettings("resnet50.a1_in1k", Mode.QUICK))
    studio.wait(lambda: page._job is None)
    studio.wait(page.message.isVisible)
    assert "not on this machine" in page.message.what.text()


def click_row(page: TrainPage, number: int) -> None:
    place = page.table.visualRect(page.table.runs.index(number, 0)).center()
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def test_any_unfinished_training_can_be_gone_on_with(studio, page: TrainPage, project: Path) -> None:
    page.start(settings(Mode.BALANCED, epochs=3000))
    studio.window.go("train")
    studio.wait(lambda: len(page.panel.chart.points) >= 1)
    page._job.cancel()
    studio.wait(lambda: page._job is None)
    old = runs.list_runs(project)[0]
    page.start(settings(Mode.QUICK))
    studio.wait(lambda: page._job is None)
    assert not page.resume_button.isVisible(), "the newest one is finished"
    click_row(page, page.table.runs.number_of(old.id))
    assert page.resume_button.isVisible() and "interrupted" in page.message.what.text()
    click_row(page, 0)
    assert not page.message.isVisible()
    click_row(page, page.table.runs.number_of(old.id))
    studio.click("train.resume_run")
    studio.wait(lambda: len(page.panel.chart.points) >= 2)
    studio.click("train.stop")
    studio.wait(lambda: page._job is None)
    assert runs.run(project, old.id).state is RunState.FINISHED


def test_where_memory_was_short_small_additions_are_a_click_away(studio, page: TrainPage, project: Path) -> None:
    studio.window.go("train")
    row = next(row for row in runs.list_runs(project) if row.mode is Mode.BALANCED)
    wanted: list[TrainSettings] = []
    page.message.start.disconnect(page.start)
    page.message.start.connect(lambda settings, _: wanted.append(settings))
    for error in (OutOfMemory("It is full."), MemoryFull("Ended.")):
        page.message.tell_failure(error, row, None)
        studio.click("train.start_smaller")
    assert [each.adapter for each in wanted] == [Adapter.LORA] * 2 and wanted[0].epochs == row.settings.epochs
    page.message.tell_failure(WorkerDied("Gone."), row, None)
    assert not page.message.smaller_button.isVisible() and page.message.restart_button.isVisible()
    page.message.tell_failure(OutOfMemory("It is full."), replace(row, mode=Mode.QUICK), None)
    assert not page.message.smaller_button.isVisible(), "quick training has none"
    page.message.start.connect(page.start)
    page.message.hide()


# --- parts that need no window ------------------------------------------------------


def interval(value: float) -> Interval:
    return Interval(value, value - 0.05, min(1.0, value + 0.05))


def epoch(number: int, accuracy: float, best: float) -> EpochDone:
    return EpochDone(number, 30, 0.5, 0.6, interval(accuracy), interval(best), 1e-3, 100.0, 40.0)


@pytest.fixture
def panel(qapp: QApplication):
    view = RunPanel()
    view.resize(900, 500)
    view.show()
    view.begin(TrainSettings(TEST_MODEL), "Processor, 2 cores")
    yield view
    view.close()
    view.deleteLater()
    QTest.qWait(1)


def test_live_numbers(panel: RunPanel) -> None:
    panel.take(Note("Adjusting the last layers."))
    panel.take(FirstResult(interval(0.8), 3.0))
    assert panel.number.number.text() == percent(0.8)
    panel.take(StepDone(1, 30, 5, 10, 0.7, 123.4, 125.0))
    assert panel.facts.value("time_left") == "about 2 minutes"
    assert panel.facts.value("speed") == "123"
    panel.take(epoch(1, 0.85, 0.85))
    assert panel.number.number.text() == percent(0.85)
    assert panel.chart.points == [Point(1, 0.85, 0.5, 0.6, None, 1e-3)]
    assert panel.now.text() == "Adjusting the last layers."


def test_advice_only_when_it_is_true(panel: RunPanel) -> None:
    panel.take(FirstResult(interval(0.8), 3.0))
    panel.take(epoch(1, 0.85, 0.85))
    for number in range(2, 7):
        panel.take(epoch(number, 0.84, 0.85))
        assert not panel.advice.isVisible()
    panel.take(epoch(7, 0.85, 0.85))
    assert panel.advice.isVisible() and "6 epochs" in panel.advice.text()
    panel.take(epoch(8, 0.9, 0.9))
    assert not panel.advice.isVisible()


def test_no_gain_over_the_first_result_counts_too(panel: RunPanel) -> None:
    panel.take(FirstResult(interval(0.9), 3.0))
    for number in range(1, 7):
        panel.take(epoch(number, 0.85, 0.9))
    assert panel.advice.isVisible()


def test_a_figure_that_can_not_change_is_no_reason_to_stop(panel: RunPanel) -> None:
    """As after rehearsals, when no image is left to measure on."""
    panel.take(FirstResult(interval(0.8), 3.0))
    for number in range(1, 20):
        panel.take(epoch(number, 0.85, 0.85))
    assert not panel.advice.isVisible()


def test_a_rehearsal_is_not_to_be_stopped(panel: RunPanel) -> None:
    panel.take(FirstResult(interval(0.9), 3.0))
    for number in range(1, 12):
        panel.take(replace(epoch(number, 0.85 - number / 1000, 0.9), rehearsal=True))
        assert not panel.advice.isVisible()


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_chart_paints_any_number_of_epochs(qapp: QApplication, count: int) -> None:
    chart = LiveChart()
    chart.resize(600, 300)
    chart.set_first(0.5)
    for number in range(1, count + 1):
        chart.add(Point(number, 0.5 + 0.4 * number / (count + 1), 1.0 / number, 1.1 / number), 60)
    chart.show()
    QTest.mouseMove(chart, chart.rect().center())
    assert not chart.grab().isNull()
    if count:
        assert str(count) in chart.accessibleName()
        chart.add(Point(count, 0.5, 1.0, 1.0), 60)
        assert [p.epoch for p in chart.points] == list(range(1, count + 1)), "told twice, it is there once"
    chart.close()
    chart.deleteLater()
    QTest.qWait(1)
