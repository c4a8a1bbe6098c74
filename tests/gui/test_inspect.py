"""The Inspect page in the real window: figures, the matrix and its images, mistakes and correcting labels."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel

from tests.gui.conftest import hit
from tlstudio.domain.predictions import ImagePrediction
from tlstudio.domain.results import ClassFigures, Evaluation
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval, Split
from tlstudio.gui.messages import percent
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.pages.inspect import InspectPage, findings
from tlstudio.gui.widgets.confidence_bars import ConfidenceBars
from tlstudio.gui.widgets.confusion_matrix import ConfusionMatrix
from tlstudio.workflow import browsing, labeling, openings

TEST_MODEL = "mobilenetv3_small_100.test"


@pytest.fixture(scope="module")
def page(studio, make_folder, tmp_path_factory: pytest.TempPathFactory) -> InspectPage:
    """A quick model of images whose labels are partly nonsense, so that it has to make mistakes."""
    folder = make_folder(tmp_path_factory.mktemp("inspect") / "shapes", each=18)
    for number in range(0, 18, 2):  # every second disc and square is swapped
        name = f"P{number // 3:03}_{number % 3}.png"
        disc, square = folder / "disc" / name, folder / "square" / name
        kept = folder / "kept.png"
        shutil.move(disc, kept)
        shutil.move(square, disc)
        shutil.move(kept, square)
    studio.import_folder(folder)
    assert studio.page("inspect").blocked()
    project = studio.window.session.project
    settings = TrainSettings(TEST_MODEL, Mode.QUICK, device="cpu", input_size=32)
    job = studio.window.bridge.submit("train", project=project, settings=settings, resume=None)
    studio.wait(lambda: job.over)
    shown = studio.page("inspect")
    assert isinstance(shown, InspectPage)
    return shown


@pytest.fixture
def measured(studio, page: InspectPage) -> Evaluation:
    studio.inspect()
    assert page.stack.currentWidget() is page.tabs
    page.tabs.setCurrentIndex(0)
    return page._measured[page.choosers.run(), page.choosers.split()]


def mistakes(evaluation: Evaluation) -> list[ImagePrediction]:
    return [evaluation.predictions[place] for place in evaluation.predictions.wrong()]


def test_the_test_images_are_opened_by_a_deed(studio, page: InspectPage) -> None:
    """And only once: later visits show what was opened."""
    project = studio.window.session.project
    studio.window.go("inspect")
    assert page._job is None and page.stack.currentWidget() is page.state
    assert page.state.title.text() == "The test images are closed"
    assert openings.test_use(project).times == 0
    page.choosers.split_box.setCurrentIndex(page.choosers.split_box.findData(Split.VAL.value))
    studio.wait(lambda: page._job is None)
    assert page.stack.currentWidget() is page.tabs
    page.tabs.setCurrentWidget(page.report)
    assert page.report.opens_test.isVisible(), "a report would open them"
    page.tabs.setCurrentIndex(0)
    assert openings.test_use(project).times == 0
    page.choosers.split_box.setCurrentIndex(page.choosers.split_box.findData(Split.TEST.value))
    assert page.stack.currentWidget() is page.state
    studio.click("inspect.state_button")
    studio.wait(lambda: page._job is None)
    assert page.stack.currentWidget() is page.tabs and openings.test_use(project).times == 1
    assert "used once to compare 1 training." in studio.find("inspect.cautions", QLabel).text()
    page.tabs.setCurrentWidget(page.report)
    assert not page.report.opens_test.isVisible()
    page.tabs.setCurrentIndex(0)
    studio.window.go("train")
    studio.window.go("inspect")
    assert page.stack.currentWidget() is page.tabs and openings.test_use(project).times == 1


def test_summary_says_how_good_and_what_that_means(studio, page: InspectPage, measured: Evaluation) -> None:
    assert measured.split is Split.TEST
    assert studio.find("inspect.accuracy_number", QLabel).text() == percent(measured.accuracy.value)
    words = studio.find("inspect.in_words", QLabel).text()
    error, chance = measured.ece, measured.ece_chance
    assert chance is not None
    told = studio.find("inspect.calibration", QLabel).text().replace("\N{NO-BREAK SPACE}", " ")
    assert told == f"{100 * error:.1f} % (by chance {100 * chance:.1f} %)"
    assert words.startswith("Over very many images like these, ")
    assert f"Only {measured.n} images are held out" in studio.find("inspect.cautions", QLabel).text()
    assert page.summary.table_model.rowCount() == 3
    assert not page.grab().isNull()


def test_a_cell_shows_its_images(studio, page: InspectPage, measured: Evaluation) -> None:
    matrix = page.summary.matrix
    for row in range(3):
        for column in range(3):
            where = matrix.cell_rect(row, column).center()
            QTest.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=where)
            assert page.summary.grid.images.rowCount() == measured.confusion[row][column]
    row = max(range(3), key=lambda n: measured.confusion[n][n])
    page.summary.show_cell(row, row)
    shown = page.summary.grid.images.image(0)
    assert shown.label == measured.classes[row]
    page.summary.grid.setFocus()
    page.summary.grid.go_to_row(0)
    hit(page.summary.grid, Qt.Key.Key_Space)
    assert page.viewer.image == shown
    hit(page.viewer, Qt.Key.Key_Right)
    hit(page.viewer, Qt.Key.Key_Escape)


def test_the_matrix_by_keyboard(page: InspectPage, measured: Evaluation) -> None:
    matrix = page.summary.matrix
    matrix.setFocus()
    matrix.select(0, 0)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Left):
        hit(matrix, key)
    assert matrix.current == (0, 1)
    hit(matrix, Qt.Key.Key_Return)
    assert page.summary.grid.images.rowCount() == measured.confusion[0][1]
    assert measured.classes[0] in matrix.accessibleName()


def test_mistakes_come_surest_first(page: InspectPage, measured: Evaluation) -> None:
    page.tabs.setCurrentIndex(1)
    wrong = mistakes(measured)
    assert wrong, "swapped labels make mistakes"
    assert [row.id for row in page.mistakes.grid.images.rows()] == [p.image for p in wrong]
    assert [p.confidence for p in wrong] == sorted((p.confidence for p in wrong), reverse=True)
    assert page.tabs.tabText(1) == f"Mistakes ({len(wrong)})"
    current = page.mistakes.grid.current_image()
    assert current is not None and current.id == wrong[0].image
    assert page.mistakes.predicted.name == wrong[0].predicted
    assert page.mistakes.labeled.name == wrong[0].label
    assert not page.grab().isNull()


def test_a_wrong_label_is_corrected_with_a_key_and_undone(studio, page: InspectPage, measured: Evaluation) -> None:
    page.tabs.setCurrentIndex(1)
    project = studio.window.session.project
    wrong = mistakes(measured)
    names = [c.name for c in browsing.classes(project)]
    page.mistakes.grid.setFocus()
    page.mistakes.grid.go_to_row(0)
    QTest.keyClicks(page.mistakes.grid, str(1 + names.index(wrong[0].predicted)))
    labels = {row.id: row.label for row in browsing.images(project)}
    assert labels[wrong[0].image] == wrong[0].predicted
    assert page.mistakes.grid.notes[wrong[0].image] == f"now {wrong[0].predicted}"
    assert page.choosers.changed_label.isVisible() and page.choosers.again_button.isVisible()
    assert page.stack.currentWidget() is page.tabs  # the list stays in front of the user
    studio.click("window.toast_action")
    labels = {row.id: row.label for row in browsing.images(project)}
    assert labels[wrong[0].image] == wrong[0].label
    assert page.mistakes.grid.notes[wrong[0].image].startswith("→ ")
    studio.click("inspect.again")
    studio.wait(lambda: page._job is None)
    assert not page.choosers.changed_label.isVisible()


def test_labels_changed_elsewhere_are_measured_anew(studio, page: InspectPage, measured: Evaluation) -> None:
    project = studio.window.session.project
    studio.window.go("labels")
    labeling.set_label(project, [measured.predictions[0].image], "cross")
    studio.window.session.refresh()
    studio.window.go("inspect")
    assert page._job is not None
    studio.wait(lambda: page._job is None)
    labeling.undo(project)
    studio.window.session.refresh()
    studio.wait(lambda: page._job is None)


def test_validation_images_and_their_caution(studio, page: InspectPage, measured: Evaluation) -> None:
    box = studio.find("inspect.split", QComboBox)
    box.setCurrentIndex(1)
    studio.wait(lambda: page._job is None)
    assert "a little too good" in studio.find("inspect.cautions", QLabel).text()
    box.setCurrentIndex(0)
    assert page._job is None  # measured already


def test_on_to_use(studio, page: InspectPage, measured: Evaluation) -> None:
    studio.click("inspect.primary")
    assert studio.shown == "use"
    assert studio.window.session.run_id == measured.run


# --- parts that need no window ------------------------------------------------------


def evaluation(n: int = 40, low: float = 0.88, high: float = 0.95, groups: int = 0) -> Evaluation:
    share = Interval(0.92, low, high)
    figures = ClassFigures(share, share, None, n)
    return Evaluation(
        "r", Split.TEST, n, share, share, None, 0.1, {"a": figures, "b": figures}, ((3, 1), (0, 4)), ("a", "b"), groups
    )  # fmt: skip


def test_the_interval_in_words() -> None:
    rest = "The next 100 can have fewer or more."
    told = findings.in_words(evaluation())
    assert told == f"Over very many images like these, 88 to 95 of 100 would be right. {rest}"
    assert findings.in_words(evaluation(low=0.92, high=0.92)).endswith(f"about 92 of 100 would be right. {rest}")


def test_the_calibration_error_stands_beside_that_of_a_right_model() -> None:
    assert findings.calibration(evaluation()) == ""
    right = replace(evaluation(n=400), ece=0.112, ece_chance=0.09, ece_limit=0.136)
    assert findings.calibration(right).replace("\N{NO-BREAK SPACE}", " ") == "11.2 % (by chance 9.0 %)"
    assert findings.cautions(right) == []
    off = replace(right, ece_limit=0.11)
    assert findings.cautions(off) == ["The confidence is off by more than chance explains (calibration error 11.2 %)."]


def test_cautions_only_where_they_are_true() -> None:
    assert findings.cautions(evaluation(n=400)) == []
    assert "Only 40 images" in findings.cautions(evaluation())[0]
    assert "12 independent groups" in findings.cautions(evaluation(n=400, groups=12))[0]


@pytest.mark.parametrize("size", [2, 5, 30])
def test_the_matrix_paints_any_number_of_classes(qapp: QApplication, size: int) -> None:
    names = [f"class {n}" for n in range(size)]
    matrix = ConfusionMatrix("m")
    matrix.show_matrix([[i * j for j in range(size)] for i in range(size)], names, ClassStyles(names))
    matrix.resize(matrix.sizeHint())
    matrix.show()
    assert not matrix.grab().isNull()
    assert matrix.describe(1, 1).endswith("%).")
    matrix.close()
    matrix.deleteLater()
    QTest.qWait(1)


def test_bars_keep_the_label_in_sight(qapp: QApplication) -> None:
    names = [f"class {n}" for n in range(20)]
    bars = ConfidenceBars("b", most=4)
    bars.show_classes(names, [0.5 / (n + 1) for n in range(20)], "class 19", ClassStyles(names))
    assert "class 19" in bars.accessibleName() and len(bars.accessibleName().split(", ")) == 4
    assert not bars.grab().isNull()
    bars.deleteLater()
    QTest.qWait(1)
