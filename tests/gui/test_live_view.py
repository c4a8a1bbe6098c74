"""What the Train page shows of a run beside its number: curves, mix-ups, log, memory. Fed with events; no worker runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.gui.conftest import hit
from tlstudio.domain.events import Confusion, EpochDone, FirstResult, Memory, Note, Started, StepDone
from tlstudio.domain.runs import EpochRow, LogLine, Mode, RunRecords, RunRow, RunState, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.pages.run_reader import StoredRun
from tlstudio.gui.pages.train import views
from tlstudio.gui.pages.train.panel import RunPanel
from tlstudio.gui.widgets import live_chart, log_view, paint
from tlstudio.gui.widgets.chart_lanes import RIGHT, apart, below
from tlstudio.gui.widgets.live_chart import LiveChart, Point

CLASSES = ("cat", "dog")
STYLES = ClassStyles(CLASSES)
SETTINGS = TrainSettings("mobilenetv3_small_100.test")
GB = 1024**3


def interval(value: float) -> Interval:
    return Interval(value, value - 0.05, min(1.0, value + 0.05))


def epoch(number: int, **more: object) -> EpochDone:
    known = {"train_accuracy": 0.9, "memory": Memory(2 * GB), "confusion": ((5, 1), (2, 4)), **more}
    return EpochDone(number, 30, 0.5, 0.6, interval(0.8), interval(0.8), 1e-3, 100.0, 40.0, **known)  # type: ignore[arg-type]


@pytest.fixture
def panel(qapp: QApplication) -> Iterator[RunPanel]:
    view = RunPanel()
    view.resize(900, 500)
    view.show()
    view.begin(SETTINGS, "Processor, 2 cores")
    yield view
    view.close()
    view.deleteLater()
    QTest.qWait(1)


def words(view: RunPanel) -> str:
    return view.views.confusion.words.text()


def log_of(view: RunPanel) -> str:
    return view.views.log.text.toPlainText()


def test_an_epoch_brings_both_accuracies_and_the_rate(panel: RunPanel) -> None:
    panel.take(epoch(1))
    assert panel.chart.points == [Point(1, 0.8, 0.5, 0.6, 0.9, 1e-3)]


def test_memory_of_the_process_and_of_the_card(panel: RunPanel) -> None:
    panel.take(StepDone(1, 30, 5, 10, 0.7, 123.4, 125.0, Memory(int(1.2 * GB))))
    assert panel.facts.value("memory") == "1.2 GB" and not panel.facts.value("gpu_memory")
    panel.take(epoch(1, memory=Memory(GB, int(5.1 * GB), 8 * GB)))
    assert (panel.facts.value("memory"), panel.facts.value("gpu_memory")) == ("1.0 GB", "5.1 of 8 GB")
    panel.take(StepDone(2, 30, 5, 10, 0.7, 123.4, 125.0))
    assert panel.facts.value("memory") == "1.0 GB"
    panel.begin(SETTINGS, "")
    assert not panel.facts.value("memory")


def test_the_device_is_the_one_that_the_training_has_taken(panel: RunPanel) -> None:
    panel.set_device("GPU NVIDIA RTX 4070")
    panel.take(Started("run-1", "Processor, 2 cores"))
    assert panel.facts.value("device") == "Processor, 2 cores"
    assert "Run run-1, Processor, 2 cores" in log_of(panel)
    panel.take(Started("run-1"))
    assert panel.facts.value("device") == "Processor, 2 cores"


def test_mix_ups_follow_the_best_so_far(panel: RunPanel) -> None:
    mixed = panel.views.confusion
    assert words(panel) == views.Text.no_confusion and not mixed.area.isVisibleTo(mixed)
    panel.take(FirstResult(interval(0.7), 2.0, ((4, 2), (3, 3))))
    panel.name_classes(CLASSES, STYLES)  # whichever comes first
    assert "3 of 6 labeled dog are taken for cat" in mixed.matrix.describe(1, 0)
    panel.take(epoch(1))
    assert "2 of 6 labeled dog are taken for cat" in mixed.matrix.describe(1, 0)
    panel.take(epoch(2, confusion=()))
    assert "2 of 6 labeled dog" in mixed.matrix.describe(1, 0)


def test_a_chosen_cell_stays_chosen_while_the_counts_change(panel: RunPanel) -> None:
    panel.name_classes(CLASSES, STYLES)
    panel.take(epoch(1))
    panel.views.setCurrentWidget(panel.views.confusion)
    matrix = panel.views.confusion.matrix
    place: QPoint = matrix.cell_rect(0, 1).center()
    QTest.mouseClick(matrix, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert words(panel).startswith("1 of 6 labeled cat are taken for dog")
    panel.take(epoch(2, confusion=((3, 3), (0, 6))))
    assert words(panel).startswith("3 of 6 labeled cat are taken for dog")


def test_the_log_has_a_line_for_what_lasts(panel: RunPanel) -> None:
    assert not panel.views.log.copy_button.isEnabled()
    for event in (Started("run-1"), Note("Preparing the images."), StepDone(1, 30, 5, 10, 0.7, 1.0, 1.0), epoch(1)):
        panel.take(event)
    lines = log_of(panel).splitlines()
    assert len(lines) == 4  # the day before them
    assert [line[10:] for line in lines[1:]] == [
        "Run run-1",
        "Preparing the images.",
        "Epoch 1 of 30: 80 % (75 to 85), best 80 % (75 to 85), 100 images/s",
    ]


def test_the_log_is_copied(panel: RunPanel) -> None:
    panel.take(Note("Preparing the images."))
    panel.views.setCurrentWidget(panel.views.log)
    hit(panel.views.log.copy_button, Qt.Key.Key_Space)
    assert QApplication.clipboard().text() == log_of(panel)
    assert panel.views.log.done.text() == log_view.Text.copied
    panel.take(Note("And on."))
    assert panel.views.log.done.text() == ""


def test_a_pause_loses_nothing_that_was_on_its_way(panel: RunPanel) -> None:
    panel.show_paused(True)
    paused = panel.now.text()
    for event in (epoch(1), Note("Adjusting."), StepDone(2, 30, 1, 10, 0.7, 1.0, 500.0)):
        panel.take_quietly(event)
    assert panel.now.text() == paused and not panel.facts.value("time_left")
    assert len(panel.chart.points) == 1 and "Adjusting." in log_of(panel)


def stored(log: tuple[LogLine, ...] = (), confusion: Confusion = ()) -> StoredRun:
    history = (EpochRow(1, 0.5, 0.6, 0.7, 1e-3, 2.0), EpochRow(2, 0.4, 0.5, 0.8, 5e-4, 2.0, 0.75))
    row = RunRow("run-1", SETTINGS.model, Mode.BALANCED, RunState.INTERRUPTED, 1.0, SETTINGS, CLASSES, history=history)
    return StoredRun(row, RunRecords("run-1", CLASSES, log, confusion), STYLES)


def test_a_stored_run_shows_what_was_kept(panel: RunPanel) -> None:
    lines = (LogLine(1_760_000_000.0, "Run run-1"), LogLine(1_760_100_000.0, "Epoch 1"))
    panel.show_run(stored(lines, ((5, 1), (2, 4))))
    assert [p.train_accuracy for p in panel.chart.points] == [None, 0.75]
    assert "2 of 6 labeled dog" in panel.views.confusion.matrix.describe(1, 0)
    told = log_of(panel).splitlines()
    assert told[0] == messages.day(lines[0].moment) and told[2] == messages.day(lines[1].moment)
    assert panel.views.log.text.maximumBlockCount() == log_view.MOST


def test_a_run_of_an_earlier_version_says_that_nothing_was_kept(panel: RunPanel) -> None:
    panel.name_classes(CLASSES, STYLES)
    panel.take(epoch(1))
    panel.show_run(stored())
    assert words(panel) == views.Text.none_kept and log_of(panel) == ""
    assert panel.views.log.text.placeholderText() == log_view.Text.none


def test_a_resumed_run_goes_on_in_its_own_log(panel: RunPanel) -> None:
    panel.continue_from(stored((LogLine(1.0, "Run run-1"),), ((5, 1), (2, 4))))
    panel.take(Started("run-1"))
    panel.name_classes(CLASSES, STYLES)
    assert log_of(panel).count("Run run-1") == 2
    assert "2 of 6 labeled dog" in panel.views.confusion.matrix.describe(1, 0)


def test_help_stands_beside_the_curves_only(panel: RunPanel) -> None:
    button = panel.views.help_button
    assert button.isVisible()
    panel.views.setCurrentWidget(panel.views.log)
    assert not button.isVisible()


# --- the chart ---


@pytest.fixture
def chart(qapp: QApplication) -> Iterator[LiveChart]:
    view = LiveChart()
    view.resize(600, 400)
    view.show()
    yield view
    view.close()
    view.deleteLater()
    QTest.qWait(1)


def test_the_learning_rate_gives_way_where_there_is_no_room(chart: LiveChart) -> None:
    chart.set_points([Point(n, 0.8, 0.5, 0.6, 0.7, 1e-3) for n in (1, 2, 3)], 3)
    assert len(chart._frames()) == 3
    chart.resize(600, 200)
    assert len(chart._frames()) == 2
    assert all(above.bottom() < below.top() for above, below in pairwise(chart._frames()))
    assert not chart.grab().isNull()
    chart.resize(600, 400)
    chart.set_points([Point(1, 0.8, 0.5, 0.6)], 3)  # of an earlier version
    assert len(chart._frames()) == 2 and not chart.grab().isNull()


def test_the_reading_tells_everything_of_an_epoch() -> None:
    accuracy, rest = live_chart._reading(Point(5, 0.89, 0.64, 0.78, 0.9, 8.7e-4))
    assert accuracy == f"Epoch 5: accuracy {messages.percent(0.89)} validation, {messages.percent(0.9)} training"
    assert rest == "Loss 0.64 training, 0.78 validation · learning rate 8.7e-4"
    assert "training" not in live_chart._reading(Point(5, 0.89, 0.64, 0.78))[0]


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([], []),
        ([5.0], [5.0]),
        ([0.0, 50.0], [0.0, 50.0]),
        ([0.0, 4.0], [-6.0, 10.0]),
        ([0.0, 4.0, 8.0], [-12.0, 4.0, 20.0]),
        ([0.0, 30.0, 34.0], [0.0, 24.0, 40.0]),
        ([0.0, 20.0, 24.0], [-1.0 - 1 / 3, 14.0 + 2 / 3, 30.0 + 2 / 3]),
    ],
)
def test_names_that_would_meet_are_kept_apart(places: list[float], moved: list[float]) -> None:
    assert apart(places, 16) == pytest.approx(moved)


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (0.5, "0.5"), (0.05, "0.05"), (1e-3, "1e-3"), (3.5e-4, "3.5e-4"), (1e-10, "1e-10")]
)
def test_small_numbers_in_few_signs(value: float, said: str) -> None:
    assert messages.small(value) == said


def test_every_control_of_the_views_has_a_name(panel: RunPanel) -> None:
    for name in (
        "train.tabs",
        "train.chart",
        "train.mixed_up",
        "train.log_text",
        "train.log_copy",
        "train.curves_help",
    ):
        found = panel.findChild(QWidget, name)
        assert found is not None and found.accessibleName(), name


@pytest.mark.parametrize(
    ("places", "placed"), [([4.0, 20.0, 90.0], [9.0, 25.0, 90.0]), ([-4.0, 12.0, 28.0], [9.0, 25.0, 41.0]), ([], [])]
)
def test_figures_at_the_upper_edge_are_not_cut_off(places: list[float], placed: list[float]) -> None:
    assert below(places, 16.0, top=9.0) == placed


def test_the_longest_figure_has_room_beside_the_curve(qapp) -> None:  # type: ignore[no-untyped-def]
    words = live_chart.Text.learning.format(share="100 %")
    assert paint.text_width(words, size=theme.TEXT_SECONDARY) <= RIGHT - theme.S
