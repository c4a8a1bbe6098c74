"""The Threshold tab in the real window: a class that must not be missed, what that costs, keeping it and taking it back."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QSlider

from tests.gui.conftest import hit
from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.certificate import Certificate, Decisions
from tlstudio.domain.operating import LEFT_OUT, VALIDATION, OperatingPoint, PointFigures, ThresholdCurve
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval, Split
from tlstudio.gui.messages import percent, probability
from tlstudio.gui.models.prediction_table import PredictionRow
from tlstudio.gui.pages.inspect import InspectPage, threshold_words
from tlstudio.gui.pages.inspect.threshold import ThresholdTab
from tlstudio.gui.widgets import seal, threshold_chart
from tlstudio.gui.widgets.threshold_chart import ThresholdChart
from tlstudio.storage import runs
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.operating import keep_threshold, kept_point

TEST_MODEL = "mobilenetv3_small_100.test"


@pytest.fixture(scope="module")
def page(studio, make_folder, tmp_path_factory: pytest.TempPathFactory) -> InspectPage:
    """A quick model of images whose labels are partly nonsense, so that every threshold costs something."""
    folder = make_folder(tmp_path_factory.mktemp("threshold") / "shapes", each=24)
    for number in range(0, 24, 3):  # every third disc and square is swapped
        name = f"P{number // 3:03}_{number % 3}.png"
        disc, square, kept = folder / "disc" / name, folder / "square" / name, folder / "kept.png"
        shutil.move(disc, kept)
        shutil.move(square, disc)
        shutil.move(kept, square)
    studio.import_folder(folder)
    settings = TrainSettings(TEST_MODEL, Mode.QUICK, device="cpu", input_size=32)
    job = studio.window.bridge.submit("train", project=studio.window.session.project, settings=settings, resume=None)
    studio.wait(lambda: job.over)
    shown = studio.page("inspect")
    assert isinstance(shown, InspectPage)
    return shown


@pytest.fixture
def tab(studio, page: InspectPage) -> ThresholdTab:
    """The tab with thresholds compared for disc at 95 %, and nothing kept."""
    studio.inspect()
    page.tabs.setCurrentWidget(page.threshold)
    settle(studio, page.threshold)
    if kept(studio) is not None:
        studio.click("inspect.threshold_none")
        settle(studio, page.threshold)
    studio.find("inspect.threshold_class", QComboBox).setCurrentText("disc")
    settle(studio, page.threshold)
    studio.find("inspect.threshold_wanted", QSlider).setValue(95)
    return page.threshold


def settle(studio, tab: ThresholdTab) -> None:
    studio.wait(lambda: tab._job is None)


def kept(studio) -> OperatingPoint | None:
    project = Project(studio.window.session.project)
    return kept_point(project, runs.choose_run(project, None))


def text(studio, name: str) -> str:
    return str(studio.find(f"inspect.threshold_{name}", QLabel).text())


def test_what_a_wish_costs_in_words_and_figures(studio, page: InspectPage, tab: ThresholdTab) -> None:
    step = tab.step()
    assert step is not None
    assert step.point.name == "disc"
    assert step.n == page._measured[page.choosers.run(), Split.TEST].n
    assert text(studio, "words") == threshold_words.in_words(step)
    assert text(studio, "words").startswith(f"Of {step.positives} images of disc, {step.found} ")
    assert text(studio, "measured") == f"On {step.n} test images. Chosen on the validation images."
    assert "It takes 59" in text(studio, "cautions")
    assert text(studio, "choice").replace("\xa0", " ") == step.choice
    assert "It takes 59" in step.choice
    assert studio.find("inspect.threshold_choice", QLabel).property("tone") == "caution"
    assert tab.panel.facts.value("sensitivity") == step.sensitivity.percent()
    assert tab.stack.currentWidget() is tab.chart
    assert percent(step.sensitivity.value) in tab.chart.accessibleName()
    assert not page.grab().isNull()


def test_the_slider_answers_at_once(studio, tab: ThresholdTab) -> None:
    slider = studio.find("inspect.threshold_wanted", QSlider)
    slider.setFocus()
    seen = []
    for _ in range(9):
        hit(slider, Qt.Key.Key_PageDown)
        step = tab.step()
        assert step is not None
        assert tab._job is None, "no job for a step of the slider"
        assert round(step.point.wanted * 100) == slider.value()
        assert percent(slider.value() / 100) in tab.panel.wanted_label.text()
        assert text(studio, "words") == threshold_words.in_words(step)
        seen.append(step.point.threshold)
    assert seen == sorted(seen)


def test_the_chart_reads_out_what_is_under_the_mouse(tab: ThresholdTab) -> None:
    chart, step = tab.chart, tab.step()
    assert step is not None
    for x in (1, chart.width() // 3, chart.width() // 2, chart.width() - 2):
        QTest.mouseMove(chart, QPoint(x, chart.height() // 2))
        assert not chart.grab().isNull()
    assert chart.reading(step.point.threshold) == (
        f"From {probability(step.point.threshold)} on: {percent(step.sensitivity.value)} found,"
        f" {percent(step.specificity.value)} of the others left alone"
    )


def test_keeping_and_taking_back(studio, page: InspectPage, tab: ThresholdTab) -> None:
    keep, none = (studio.find(f"inspect.threshold_{key}", QPushButton) for key in ("keep", "none"))
    assert keep.property("role") == "primary"
    assert page.primary.property("role") != "primary", "one primary button at a time"
    assert keep.isEnabled() and not none.isEnabled()
    assert text(studio, "kept").startswith("No threshold is kept")
    step = tab.step()
    studio.click(keep)
    settle(studio, tab)
    assert step is not None
    assert kept(studio) == step.point
    assert text(studio, "kept").startswith("Kept: disc, 95")
    assert none.isEnabled() and not keep.isEnabled()
    studio.find("inspect.threshold_wanted", QSlider).setValue(60)
    assert keep.isEnabled()
    studio.click(none)
    settle(studio, tab)
    assert kept(studio) is None
    assert text(studio, "kept").startswith("No threshold is kept")
    page.tabs.setCurrentIndex(0)
    assert page.primary.property("role") == "primary"


def test_the_kept_class_comes_first(studio, page: InspectPage, tab: ThresholdTab) -> None:
    project = studio.window.session.project
    keep_threshold(project, page.choosers.run(), "square", 0.8)
    page.tabs.setCurrentIndex(0)
    page.measure()
    studio.wait(lambda: page._job is None)
    page.tabs.setCurrentWidget(page.threshold)
    settle(studio, tab)
    assert studio.find("inspect.threshold_class", QComboBox).currentText() == "square"
    assert studio.find("inspect.threshold_wanted", QSlider).value() == 80
    step = tab.step()
    assert step is not None and step.point == kept(studio)


def test_a_class_without_validation_images_leaves_the_others_to_choose(
    studio, page: InspectPage, tab: ThresholdTab
) -> None:
    project = studio.window.session.project
    rows = [r.id for r in browsing.images(project) if r.split is Split.VAL and r.label == "cross"]
    labeling.set_label(project, rows, "disc")
    box = studio.find("inspect.threshold_class", QComboBox)
    box.setCurrentText("cross")
    settle(studio, tab)
    assert tab.stack.currentWidget() is tab.state
    assert tab.state.title.text().startswith("None of the validation images is cross")
    assert not tab.state.button.isVisible()
    assert not studio.find("inspect.threshold_keep", QPushButton).isEnabled()
    labeling.undo(project)
    box.setCurrentText("square")
    settle(studio, tab)
    assert tab.stack.currentWidget() is tab.chart


def test_validation_images_not_looked_at_are_looked_at_on_a_click(studio, page: InspectPage, tab: ThresholdTab) -> None:
    folder = Project(studio.window.session.project).run_folder(page.choosers.run())
    (folder / "left-out.json").unlink()
    (folder / "predictions-val.json").unlink(missing_ok=True)
    studio.find("inspect.threshold_class", QComboBox).setCurrentText("square")
    settle(studio, tab)
    assert "validation images yet" in tab.state.title.text()
    studio.click("inspect.threshold_state_button")
    studio.wait(lambda: tab._job is None and tab.step() is not None)
    assert tab.stack.currentWidget() is tab.chart
    assert (folder / "predictions-val.json").is_file()


def test_validation_images_are_said_to_flatter(studio, page: InspectPage, tab: ThresholdTab) -> None:
    box = studio.find("inspect.split", QComboBox)
    box.setCurrentIndex(1)
    studio.wait(lambda: page._job is None)
    settle(studio, tab)
    studio.wait(lambda: tab.step() is not None)
    assert "chosen on these very images" in text(studio, "cautions")
    assert "validation images." in text(studio, "measured")
    box.setCurrentIndex(0)
    studio.wait(lambda: page._job is None)
    settle(studio, tab)


# --- parts that need no window ------------------------------------------------------


def figures(positives: int, found: int, flagged: int, n: int, chosen_on: str = VALIDATION) -> PointFigures:
    share = Interval(0.5, 0.4, 0.6)
    point = OperatingPoint("crack", 0.955, 0.004, chosen_on, 20)
    alone = max(0, found - 2)
    return PointFigures(
        point, n, positives, found, alone, flagged, n, share, share, share, None, share, "", ("Careful.",)
    )


def idle(one: PointFigures) -> PointFigures:
    return replace(one, point=replace(one.point, threshold=0.5))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            figures(40, 38, 50, 200),
            "Of 40 images of crack, 38 are found (36 without the threshold); of 160 others, 12 raise a false alarm.",
        ),
        (
            figures(1, 1, 2, 2),
            "Of 1 image of crack, 1 is found (0 without the threshold); of 1 other, 1 raises a false alarm.",
        ),
        (figures(0, 0, 0, 1200), "No image of crack is among these images; of 1,200 others, 0 raise a false alarm."),
        (figures(7, 0, 0, 7), "Of 7 images of crack, 0 are found (0 without the threshold)."),
        (idle(figures(40, 38, 38, 40)), "Of 40 images of crack, 38 are found."),
    ],
)
def test_sentences_count_right(one: PointFigures, words: str) -> None:
    assert threshold_words.in_words(one) == words


def test_sentences_about_where_it_comes_from() -> None:
    assert threshold_words.measured_on(figures(3, 2, 4, 30), Split.TEST) == (
        "On 30 test images. Chosen on the validation images."
    )
    assert "left out of training" in threshold_words.measured_on(figures(3, 2, 4, 30, LEFT_OUT), Split.TEST)
    assert threshold_words.cautions(figures(3, 2, 4, 30), 0) == ["Careful."]
    assert threshold_words.cautions(figures(3, 2, 4, 30), 5)[1].startswith("5 images are not counted")
    point = figures(3, 2, 4, 30).point
    assert "crack, 95.5 %, flagged from 0.4 % on" in threshold_words.kept(point).replace("\xa0", " ")
    for threshold in (0.5, 0.9999):
        kept = threshold_words.kept(replace(point, threshold=threshold))
        assert "flagged where it is the most likely" in kept
        assert kept.endswith("keep it again.")
    assert "earlier version" not in threshold_words.kept(replace(point, found=20, independent=20.0, shown=0.86))


@pytest.mark.parametrize(("shown", "tone"), [(None, "caution"), (0.9549, "caution"), (0.955, "good")])
def test_only_a_wish_that_is_reached_is_good_news(shown: float | None, tone: str) -> None:
    assert threshold_words.tone(replace(figures(3, 2, 4, 30).point, shown=shown)) == tone


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.5, "50 %"),
        (0.123, "12 %"),
        (0.034, "3.4 %"),
        (0.0041, "0.41 %"),
        (0.01, "1 %"),
        (0.999, "99.9 %"),
        (0.9997, "99.97 %"),
        (0.00002, "0.002 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
    ],
)
def test_probabilities_keep_the_digits_that_matter(share: float, words: str) -> None:
    assert probability(share).replace("\xa0", " ") == words


def test_a_model_file_says_its_threshold() -> None:
    plain = BundleInfo(("crack", "good"), PreprocessSpec(64), {"model": "net.tag"}, "ab12", {"tlstudio": "0.1"})
    careful = replace(plain, operating_point={"crack": 0.034})
    line = (seal.Text.THRESHOLD, "crack, flagged from 3.4\xa0% on, and where it is the most likely")
    assert line in seal.facts(careful)
    for old in (0.5, 0.9999):
        line = (seal.Text.THRESHOLD, "crack, flagged where it is the most likely")
        assert line in seal.facts(replace(plain, operating_point={"crack": old}))
    assert seal.Text.THRESHOLD not in dict(seal.facts(plain))


def test_a_model_file_says_what_its_threshold_decides() -> None:
    same = Decisions("crack", 0.034, 0, 0, 0, positives=20, found=19, found_trained=19, may_miss=0)
    info = BundleInfo(("crack", "good"), PreprocessSpec(64), {}, "ab12", {}, operating_point={"crack": 0.034})

    def said(decisions: Decisions | None) -> dict[str, str]:
        return dict(seal.facts(replace(info, certificate=Certificate(60, 1.0, 0.0, True, decisions=decisions))))

    assert said(same)[seal.Text.DECISIONS] == "Same decision on all 60 images"
    assert said(same)[seal.Text.FOUND] == "19 of 20 images of crack"
    other = said(replace(same, differ=2, may_differ=3, marks=4, found=18))
    assert other[seal.Text.DECISIONS] == (
        "Same decision on 58 of 60 images; up to 3 may differ; 4 with another mark, such as uncertain"
    )
    assert other[seal.Text.FOUND] == "18 of 20 images of crack; 19 by the trained model"
    assert seal.Text.FOUND not in said(replace(same, positives=0, found=0, found_trained=0))
    assert seal.Text.DECISIONS not in said(None), "a file of an earlier version"


@pytest.mark.parametrize(
    ("status", "label", "words"),
    [("ok", "good", "Confident"), ("ok", "crack", "Flagged"), ("uncertain", "crack", "Uncertain")],
)
def test_a_class_that_is_not_the_likeliest_is_flagged_not_confident(status: str, label: str, words: str) -> None:
    event = {"file": "x.png", "status": status, "label": label, "probabilities": {"crack": 0.2, "good": 0.8}}
    assert PredictionRow.read(event, 0).status_words() == words


@pytest.mark.parametrize(
    "curve",
    [
        ThresholdCurve((), (), ()),
        ThresholdCurve((0.0, 0.3, 0.5), (1.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        ThresholdCurve((0.0, 0.3, 0.5), (), (0.0, 0.0, 1.0)),
        ThresholdCurve(tuple(i / 10_000 for i in range(5001)), (1.0,) * 5001, (0.0,) * 5001),
    ],
)
def test_the_chart_paints_any_curve(qapp: QApplication, curve: ThresholdCurve) -> None:
    chart = ThresholdChart()
    chart.resize(500, 300)
    chart.show_curve(curve, "crack")
    for threshold in (None, 0.0, 0.2, 1.0):
        chart.set_threshold(threshold)
        assert not chart.grab().isNull()
    chart.deleteLater()
    QTest.qWait(1)


def test_the_scale_of_the_chart_ends_where_the_class_wins() -> None:
    assert [threshold_chart._place(share) for share in (0.0, 0.001, 0.5, 0.9999)] == pytest.approx([0, 0, 1, 1])
    for share in (0.001, 0.02, 0.3, 0.5):
        assert threshold_chart._probability(threshold_chart._place(share)) == pytest.approx(share)
