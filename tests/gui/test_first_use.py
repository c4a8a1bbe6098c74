"""Using the first result while the training goes on: in the real window, with the worker beside the one that trains."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from tlstudio.domain.runs import Mode, RunState, TrainSettings
from tlstudio.gui.messages import percent
from tlstudio.gui.pages.inspect import InspectPage
from tlstudio.gui.pages.train import TrainPage
from tlstudio.workflow import runs

TEST_MODEL = "mobilenetv3_small_100.test"
LONG = TrainSettings(
    TEST_MODEL, Mode.BALANCED, device="cpu", input_size=32, epochs=5000, patience=10_000, rehearse=False
)


@pytest.fixture(scope="module")
def project(studio, shapes: Path) -> Path:
    return studio.import_folder(shapes)


@pytest.fixture
def page(studio, project: Path) -> TrainPage:
    shown = studio.page("train")
    assert isinstance(shown, TrainPage)
    studio.wait(lambda: shown._job is None)
    return shown


def stop(studio, page: TrainPage) -> None:
    studio.window.go("train")
    studio.click("train.stop")
    studio.wait(lambda: page._job is None)


def test_inspected_and_exported_beside_the_training(studio, page: TrainPage, project: Path, tmp_path: Path) -> None:
    page.start(LONG)
    studio.window.go("train")
    assert page.primary.text() == "Use the first result" and not page.primary.isEnabled()
    studio.wait(page.primary.isEnabled)
    assert "while the training goes on" in page.hint_label.text()
    first = page.panel.facts.value("first")
    studio.click("train.primary")
    assert not page.primary.isEnabled(), "once is enough"
    studio.wait(lambda: studio.shown == "inspect")
    kept = runs.newest_finished(project)
    assert kept is not None and kept.mode is Mode.QUICK and studio.window.session.run_id == kept.id
    assert kept.accuracy is not None and kept.accuracy.percent() == first
    inspect = studio.page("inspect")
    assert isinstance(inspect, InspectPage)
    studio.click("inspect.state_button")
    studio.wait(lambda: inspect.stack.currentIndex() == 1)
    assert page._job is not None, "measured while the training goes on"
    assert inspect.summary.transfer.isVisibleTo(inspect)
    studio.click("inspect.primary")
    use = studio.page("use")
    use.card.export_to(tmp_path / "first.onnx")
    studio.wait(lambda: use.card.job is None)
    assert (tmp_path / "first.onnx").exists() and page._job is not None
    studio.window.go("train")
    assert page._job is not None and not page.table.isVisible()
    studio.click("train.primary")  # again: it is there already
    studio.wait(lambda: studio.shown == "inspect")
    stop(studio, page)
    rows = runs.list_runs(project)
    assert [(row.mode, row.state) for row in rows] == [
        (Mode.BALANCED, RunState.FINISHED),
        (Mode.QUICK, RunState.FINISHED),
    ]
    assert page.table.current().id == rows[0].id


def test_its_verdict_is_told_when_it_is_done(studio, page: TrainPage, project: Path) -> None:
    studio.window.go("train")
    found = runs.records(project).transfer
    assert found is not None
    views = page.panel.views
    views.setCurrentWidget(views.transfer)
    assert views.transfer.card.isVisible() and not views.transfer.words.isVisible()
    assert studio.find("train.transfer", QLabel).accessibleName() == found.sentence
    assert page.message.isVisible() and found.sentence in page.message.remedy.text()
    views.setCurrentWidget(views.chart)


def test_who_has_gone_on_is_not_taken_away(studio, page: TrainPage, project: Path) -> None:
    page.start(LONG)
    studio.window.go("train")
    studio.wait(page.primary.isEnabled)
    page.continue_clicked()
    studio.window.go("labels")
    studio.wait(lambda: studio.window.bridge.running("keep_first") is None)
    studio.wait(lambda: "can be used now" in studio.window.toast.label.text())
    assert studio.shown == "labels"
    studio.window.toast.action.click()
    assert studio.shown == "inspect" and studio.window.session.run_id == runs.newest_finished(project).id
    stop(studio, page)


def test_better_results_are_not_left_for_it(studio, page: TrainPage, project: Path) -> None:
    """The training ends while its first result is being kept."""
    page.start(LONG)
    studio.window.go("train")
    studio.wait(page.primary.isEnabled)
    studio.click("train.primary")
    page.first.forget()  # as at the end of the training
    stop(studio, page)
    studio.wait(lambda: studio.window.bridge.running("keep_first") is None)
    rows = runs.list_runs(project)
    studio.wait(lambda: page.table.runs.rowCount() == len(rows))
    assert studio.shown == "train"
    assert studio.window.session.run_id == rows[0].id and rows[0].mode is Mode.BALANCED
    assert rows[1].first_of == rows[0].id and page.table.runs.rowCount() == len(rows)
    assert page.table.runs.index(1, 1).data() == "First result"


def test_a_project_opened_meanwhile_is_left_alone(
    studio, page: TrainPage, project: Path, make_folder, tmp_path
) -> None:
    page.start(LONG)
    studio.window.go("train")
    studio.wait(page.primary.isEnabled)
    studio.click("train.primary")
    other = studio.import_folder(make_folder(tmp_path / "other"))
    studio.wait(lambda: studio.window.bridge.running("keep_first") is None)
    QTest.qWait(50)
    assert studio.window.session.project == other and studio.window.session.run_id == ""
    assert studio.shown == "images"
    assert page._job is None and studio.window.bridge.running("train") is not None
    assert studio.window.session.open_project(project)
    studio.window.go("train")
    assert page._job is not None, "back again, it is followed as before"
    assert page.panel.facts.value("first") and page.panel.chart.points and page.primary.isEnabled()
    assert "Finding the first result." in page.panel.views.log.text.toPlainText()
    studio.click("train.pause")
    assert studio.window.session.open_project(other)
    assert studio.window.session.open_project(project)
    studio.window.go("train")
    assert page.buttons.pause_button.text() == "Resume" and "Paused" in page.panel.now.text()
    studio.click("train.pause")
    before = len(page.panel.chart.points)
    studio.wait(lambda: len(page.panel.chart.points) > before)
    assert [p.epoch for p in page.panel.chart.points] == list(range(1, len(page.panel.chart.points) + 1))
    stop(studio, page)


def test_quick_training_is_its_own_first_result(studio, page: TrainPage) -> None:
    page.start(TrainSettings(TEST_MODEL, Mode.QUICK, device="cpu", input_size=32))
    studio.window.go("train")
    assert page.primary.text() == "See the results" and not page.primary.isEnabled()
    studio.wait(lambda: page._job is None)
    assert page.primary.isEnabled()
    assert studio.find("train.accuracy_number", QLabel).text() == percent(
        runs.list_runs(page.session.project)[0].accuracy.value
    )
