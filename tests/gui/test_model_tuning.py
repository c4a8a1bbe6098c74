"""The parts of a model and the search for a rate on the Model page, fed by jobs that do what the test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QSpinBox, QToolTip
from pytestqt.qtbot import QtBot

from tests.gui.conftest import hit
from tests.gui.still import StillJob
from tlstudio.domain.errors import OutOfMemory, UnknownModel
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.layers import LayerGroup, ModelLayers
from tlstudio.domain.rates import RateCurve
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui.models.class_style import contrast
from tlstudio.gui.pages.model import layer_panel, rate_panel
from tlstudio.gui.pages.model.advanced import AdvancedSettings
from tlstudio.gui.widgets.rate_chart import RateChart
from tlstudio.jobs.tasks import TASKS

pytestmark = pytest.mark.usefixtures("nothing_left")

NET = ModelLayers(
    "net.tag",
    (
        LayerGroup("Entry", 100, False),
        *(LayerGroup(f"Block {i}", 1000 * i, True) for i in range(1, 5)),
        LayerGroup("Last scaling", 10, False),
    ),
    fixed_statistics=True,
)
RATES = tuple(10 ** (-6 + i / 10) for i in range(41))
CURVE = RateCurve(
    rates=RATES,
    losses=tuple(2.0 - 0.02 * i if i < 30 else 1.4 + 0.1 * (i - 30) for i in range(41)),
    start=2.0,
    limit=4e-3,
    suggested=8.04e-4,
    usual=1e-3,
    diverged=True,
)


class Bench:
    """The advanced settings without a window, and the jobs that they asked for."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, dict[str, object], StillJob]] = []
        self.training: object | None = None
        bridge = SimpleNamespace(submit=self._submit, running=lambda task: self.training)
        self.session = SimpleNamespace(project=Path("p"), bridge=bridge)
        self.view = AdvancedSettings(self.session)  # type: ignore[arg-type]
        self.mode, self.why_not = Mode.BALANCED, ""
        self.view.changed.connect(self.choose)
        self.view.resize(280, 9000)  # room for everything, whatever the style makes of it
        self.view.show()

    def _submit(self, task: str, title: str = "", **arguments: object) -> StillJob:
        assert task in TASKS
        self.jobs.append((task, arguments, StillJob()))
        return self.jobs[-1][2]

    def choose(self, mode: Mode | None = None) -> None:
        """What the page does after every change."""
        self.mode = mode or self.mode
        self.view.show_choice("net.tag", self.mode, self.why_not)

    def job(self, task: str) -> StillJob:
        return next(job for name, _, job in reversed(self.jobs) if name == task)

    def control(self, setting: str) -> QSpinBox:
        control = self.view.controls[setting]
        assert isinstance(control, QSpinBox)
        return control


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Bench]:
    made = Bench()
    yield made
    made.view.close()
    made.view.deleteLater()
    QTest.qWait(1)


@pytest.fixture
def known(bench: Bench, qtbot: QtBot) -> Bench:
    """With the parts of the model there."""
    bench.view.fold_button.click()
    bench.job("model_layers").finished.emit(NET)
    picture = bench.view.layers.picture
    qtbot.waitUntil(lambda: picture.isVisible() and picture.height() >= picture.sizeHint().height(), timeout=60_000)
    return bench


# --- the parts of the model ------------------------------------------------------------


def test_the_parts_are_asked_for_once_and_only_when_somebody_looks(bench: Bench) -> None:
    bench.choose()
    assert bench.jobs == []
    bench.view.fold_button.click()
    assert [task for task, *_ in bench.jobs] == ["model_layers"]
    panel = bench.view.layers
    assert panel.words.text() == layer_panel.Text.waiting and not panel.picture.isVisible()
    job = bench.job("model_layers")
    job.finished.emit(NET)
    job.ended.emit()
    assert panel.picture.isVisible()
    bench.view.fold_button.click()
    bench.view.fold_button.click()
    assert len(bench.jobs) == 1


def test_a_model_that_is_not_known_is_said_in_words(bench: Bench) -> None:
    bench.view.fold_button.click()
    job = bench.job("model_layers")
    job.failed.emit(UnknownModel("There is no such model.", remedy="Check the name."))
    job.ended.emit()
    assert bench.view.layers.words.text() == "There is no such model. Check the name."
    assert not bench.view.layers.picture.isVisible()
    bench.choose(Mode.THOROUGH)
    assert len(bench.jobs) == 1, "it is not asked for again and again"
    bench.view.show_choice("other.net", bench.mode, "")
    bench.choose()
    assert [arguments["model"] for _, arguments, _ in bench.jobs] == ["net.tag", "other.net", "net.tag"]
    assert bench.view.layers.words.text() == layer_panel.Text.waiting


def test_the_picture_follows_the_mode_and_the_field(known: Bench) -> None:
    picture = known.view.layers.picture
    assert picture.trained == 2 and picture.accessibleName() == "The last 2 of 6 parts are trained."
    known.choose(Mode.THOROUGH)
    assert picture.accessibleName() == "All 6 parts are trained."
    known.control("layers").setValue(1)
    assert picture.accessibleName() == "The last of 6 parts is trained."
    known.choose(Mode.BALANCED)
    assert picture.trained == 1, "a wish outlasts the mode"
    known.control("layers").setValue(0)
    assert "only the classes are learned" in picture.accessibleName()
    known.view.layers.mode_button.click()
    assert known.control("layers").value() == -1 and picture.trained == 2
    assert not known.view.layers.mode_button.isVisible()
    known.choose(Mode.QUICK)
    assert "Quick training leaves all 6 parts" in picture.accessibleName()


def test_a_click_on_a_part_trains_it_and_all_that_follow(known: Bench) -> None:
    picture = known.view.layers.picture
    for number, trained in ((1, 5), (6, 0), (4, 2)):
        place = picture.part_rect(number).center().toPoint()
        QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=place)
        assert known.control("layers").value() == trained == picture.trained
    assert not picture.grab().isNull()


def test_arrow_keys_train_more_and_fewer(known: Bench) -> None:
    picture, field = known.view.layers.picture, known.control("layers")
    picture.setFocus()
    for key, trained in (
        (Qt.Key.Key_Left, 3),
        (Qt.Key.Key_Home, 6),
        (Qt.Key.Key_Left, 6),
        (Qt.Key.Key_Right, 5),
        (Qt.Key.Key_End, 0),
        (Qt.Key.Key_Right, 0),
    ):
        hit(picture, key)
        assert picture.trained == trained
    assert field.value() == 0
    known.choose(Mode.QUICK)
    QTest.keyClick(picture, Qt.Key.Key_Left)
    assert field.value() == 0, "quick training changes no part, so there is nothing to choose"


def test_every_part_says_what_happens_to_it(known: Bench) -> None:
    picture = known.view.layers.picture
    assert picture.describe(0) == "Entry, 1 of 6: 0.99\N{NO-BREAK SPACE}% of the model; stays as it is"
    assert picture.describe(4).endswith("trained, at 56\N{NO-BREAK SPACE}% of the full rate")
    assert "always learned" in picture.describe(6)
    place = picture.part_rect(4).center().toPoint()
    QApplication.sendEvent(picture, QHelpEvent(QEvent.Type.ToolTip, place, picture.mapToGlobal(place)))
    assert QToolTip.text() == picture.describe(4)
    QToolTip.hideText()
    QTest.qWait(1)


def test_additions_and_fixed_statistics_are_said(known: Bench) -> None:
    panel = known.view.layers
    assert layer_panel.Text.statistics in panel.words.text()
    box = known.view.controls["adapter"]
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(1)
    assert panel.picture.accessibleName() == ("4 of 6 parts get small additions; the model itself stays as it is.")
    assert "small additions, at" in panel.picture.describe(3) and panel.picture.describe(5).endswith("stays as it is")
    QTest.mouseClick(panel.picture, Qt.MouseButton.LeftButton, pos=panel.picture.part_rect(0).center().toPoint())
    assert known.control("layers").value() == -1, "additions go into every part that takes them"


def test_what_is_trained_differs_in_more_than_colour(known: Bench) -> None:
    """A solid block is one colour inside; a hatched one is not."""
    picture = known.view.layers.picture
    image = picture.grab().toImage()
    ratio = image.devicePixelRatio()

    def colours(number: int) -> set[str]:
        middle, near = picture.part_rect(number).center(), range(-8, 9)
        places = [QPoint(round((middle.x() + x) * ratio), round((middle.y() + y) * ratio)) for x in near for y in near]
        return {image.pixelColor(place).name() for place in places}

    assert len(colours(4)) == 1 < len(colours(3))
    solid = image.pixelColor(QPoint(round(picture.part_rect(4).center().x() * ratio), round(70 * ratio)))
    assert contrast(solid, image.pixelColor(QPoint(1, 40))) >= 3


# --- the search for a rate --------------------------------------------------------------


def test_a_rate_is_found_shown_and_used(known: Bench) -> None:
    panel = known.view.rate
    assert panel.words.text() == rate_panel.Text.what and not panel.chart.isVisible()
    panel.button.click()
    task, arguments, job = known.jobs[-1]
    assert task == "find_rate" and arguments["settings"] == TrainSettings("net.tag")
    assert panel.bar.isVisible() and panel.stop.isVisible() and not panel.button.isVisible()
    job.event.emit(Note("Finding the first result."))
    assert panel.words.text() == "Finding the first result."
    job.event.emit(Progress("Trying learning rates", 40, 100, 30.0))
    assert panel.bar.value() == 400 and "about 30 s left" in panel.words.text()
    job.finished.emit(CURVE)
    assert panel.chart.isVisible() and not panel.bar.isVisible() and panel.words.text() == CURVE.sentence
    assert "0.0008" in panel.chart.accessibleName() and not panel.chart.grab().isNull()
    assert panel.use_button.accessibleName() == "Use this rate, 0.0008"
    panel.use_button.click()
    field = known.view.controls["learning_rate"]
    assert isinstance(field, QDoubleSpinBox) and field.value() == pytest.approx(0.0008) and field.text() == "0.0008"
    assert known.view.settings("net.tag", Mode.BALANCED).learning_rate == 0.0008
    assert panel.chart.isVisible(), "the curve holds for every rate"


def test_a_curve_holds_only_for_its_settings(known: Bench) -> None:
    panel = known.view.rate
    panel.button.click()
    known.job("find_rate").finished.emit(CURVE)
    known.control("epochs").setValue(9)
    assert panel.chart.isVisible(), "how long is trained changes nothing about it"
    known.control("layers").setValue(5)
    assert not panel.chart.isVisible() and not panel.use_button.isVisible()
    assert panel.words.text() == rate_panel.Text.other and panel.button.text() == rate_panel.Text.again
    known.control("layers").setValue(-1)
    assert panel.chart.isVisible()
    panel.forget()
    assert not panel.chart.isVisible() and panel.words.text() == rate_panel.Text.what


def test_a_curve_that_names_no_rate_offers_none(known: Bench) -> None:
    panel = known.view.rate
    panel.button.click()
    flat = RateCurve(RATES[:9], (2.0,) * 9, 2.0, None, None, 1e-3, False)
    known.job("find_rate").finished.emit(flat)
    assert panel.chart.isVisible() and not panel.use_button.isVisible()
    assert "names no rate" in panel.words.text() and not panel.chart.grab().isNull()


def test_the_search_can_be_cancelled_and_can_fail(known: Bench) -> None:
    panel = known.view.rate
    panel.button.click()
    panel.stop.click()
    job = known.job("find_rate")
    assert job.wishes == ["cancel"]
    job.cancelled.emit()
    assert panel.words.text() == rate_panel.Text.what and panel.button.text() == rate_panel.Text.find
    panel.button.click()
    known.job("find_rate").failed.emit(OutOfMemory("The memory is full.", remedy="Choose a smaller batch."))
    assert panel.words.text() == "The memory is full. Choose a smaller batch." and panel.button.isEnabled()
    job.finished.emit(CURVE)
    assert panel.curve is None, "an answer to an older question"


def test_why_no_rate_can_be_looked_for(known: Bench) -> None:
    panel = known.view.rate
    known.choose(Mode.QUICK)
    assert not panel.button.isEnabled() and "Quick" in panel.words.text()
    known.why_not = "Download it first."
    known.choose(Mode.BALANCED)
    assert not panel.button.isEnabled() and panel.words.text() == "Download it first."
    known.why_not = ""
    known.choose()
    assert panel.button.isEnabled()


def test_the_chart_reads_between_steps() -> None:
    assert RateChart.loss_at(CURVE, RATES[3]) == pytest.approx(CURVE.losses[3])
    middle = (RATES[3] * RATES[4]) ** 0.5
    assert RateChart.loss_at(CURVE, middle) == pytest.approx((CURVE.losses[3] + CURVE.losses[4]) / 2)
    assert RateChart.loss_at(CURVE, 1.0) == CURVE.losses[-1]
