"""Work that others are before: it says so, and nothing turns as if it were under way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from tlstudio.domain.events import Progress
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui import theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.train.panel import RunPanel
from tlstudio.gui.widgets.job_strip import JobItem

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def job(qapp: QApplication) -> Job:
    waiting = Job("train", "Training", {}, None)  # type: ignore[arg-type]
    waiting._tell = lambda wish: None  # type: ignore[method-assign]
    waiting.queued = True
    return waiting


@pytest.fixture
def item(job: Job) -> Iterator[JobItem]:
    shown = JobItem(job)
    shown.show()
    yield shown
    shown.close()
    shown.deleteLater()


def test_the_strip_says_that_it_waits(job: Job, item: JobItem) -> None:
    assert item.label.text() == "Training: waiting for its turn"
    assert not item.spinner.turning
    item.spinner.grab()  # painted without a mistake
    job.begin()
    assert not job.queued
    assert item.label.text() == "Training"
    assert item.spinner.turning or theme.calm()
    job.event.emit(Progress("Reading images", 1, 4))
    assert item.label.text().startswith("Training: reading images")


def test_what_waits_can_be_paused_and_cancelled(job: Job, item: JobItem) -> None:
    job.pause()
    assert item.label.text() == "Training: paused"
    job.resume()
    assert item.label.text() == "Training: waiting for its turn"
    job.cancel()
    assert item.label.text() == "Cancelling: Training"
    assert item.spinner.turning or theme.calm()


def test_begun_is_said_once(job: Job) -> None:
    told: list[bool] = []
    job.begun.connect(lambda: told.append(True))
    job.begin()
    job.begin()
    assert told == [True]


def test_the_train_page_says_that_it_waits(qapp: QApplication) -> None:
    panel = RunPanel()
    panel.begin(TrainSettings("resnet18", Mode.BALANCED), "Processor")
    assert panel.bar.maximum() == 0, "a bar without an end moves"
    panel.show_queued(True)
    assert panel.now.text().startswith("Waiting for its turn") and panel.bar.maximum() > 0
    panel.show_queued(False)
    assert panel.now.text() == "Getting ready" and panel.bar.maximum() == 0
    panel.show_paused(True)
    panel.show_queued(False)
    assert panel.now.text().startswith("Paused"), "of what is under way nothing is said"
    panel.deleteLater()
