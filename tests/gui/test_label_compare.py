"""Two people's labels side by side in the real window: the table, the figures, and settling image by image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QWidget

from tests.gui.conftest import hit, labels_page
from tlstudio.gui.pages.labels import LabelsPage
from tlstudio.workflow import browsing, labeling


@pytest.fixture(scope="module")
def project(studio, shapes: Path) -> Path:
    return studio.import_folder(shapes)


@pytest.fixture
def page(studio, project: Path) -> Iterator[LabelsPage]:
    with labels_page(studio, project) as shown:
        yield shown
        studio.wait(lambda: not shown.comparing._figures.isActive() and shown.comparing._job is None)
        shown.comparing.closed.emit()


@pytest.fixture
def table(project: Path, tmp_path: Path) -> Path:
    """Ben calls the first three discs squares, and agrees on the next ten images."""
    rows = browsing.images(project)
    discs = [row for row in rows if row.label == "disc"][:3]
    others = [row for row in rows if row not in discs][:10]
    lines = ["file,class", *(f"{r.path},square" for r in discs), *(f"{r.path},{r.label}" for r in others)]
    path = tmp_path / "Ben.csv"
    path.write_text("\n".join([*lines, "nowhere.png,disc"]), encoding="utf-8")
    return path


def compared(studio, page: LabelsPage) -> None:
    studio.wait(lambda: page.comparing._job is None and page.comparison.stack.currentIndex() == 1)
    studio.window.activateWindow()  # a file dialog had the keyboard
    QTest.qWait(1)


def row_of(project: Path, image: int):
    return browsing.rows(project, [image])[0]


def test_without_labels_of_another_person_the_page_says_how_to_begin(studio, page: LabelsPage) -> None:
    studio.click("labels.compare")
    assert studio.find("labels.compare_state").isVisible()
    button = studio.find("labels.compare_state_button", QPushButton)
    assert button.isVisible() and button.text() == "Choose a table"
    assert not studio.find("labels.people", QComboBox).isVisible()
    studio.click("labels.compare_back")
    assert page.grid.isVisible()


def test_a_table_is_chosen_and_the_figures_come_with_intervals(studio, page: LabelsPage, table: Path) -> None:
    studio.click("labels.compare")
    studio.click("labels.choose_table")
    studio.choose_in_dialog("labels.table_dialog", table)
    compared(studio, page)
    words = studio.find("labels.agreement", QLabel).text().replace("\N{NO-BREAK SPACE}", " ")
    assert words.startswith("You and Ben agree on 77 % (")
    assert words.endswith("of 13 images.")
    assert "kappa" in studio.find("labels.kappa", QLabel).text()
    assert "nowhere.png" in studio.find("labels.unused", QLabel).toolTip()
    assert studio.find("labels.people", QComboBox).currentText() == "Ben"
    studio.click("labels.by_class")
    assert page.comparison.summary.table.isVisible()
    assert page.comparison.summary.model.rowCount() == 3
    assert [row.label for row in page.comparison.grid.images.rows()] == ["disc"] * 3


def test_keep_take_and_unsure_by_key_each_one_undo(studio, page: LabelsPage, project: Path, table: Path) -> None:
    studio.click("labels.compare")
    page.comparing.take_in(table)
    compared(studio, page)
    first, second, third = page.comparison.grid.images.ids()
    grid = page.comparison.grid
    assert grid.current_id() == first
    assert (page.comparison.detail.mine.name, page.comparison.detail.theirs.name) == ("disc", "square")
    hit(grid, Qt.Key.Key_M)
    assert grid.current_id() == second
    hit(grid, Qt.Key.Key_T)
    assert row_of(project, second).label == "square"
    hit(grid, Qt.Key.Key_U)
    assert row_of(project, third).unsure
    assert row_of(project, first).label == "disc"
    assert labeling.history(project, first)[0].after == "disc"
    assert "all settled" in studio.find("labels.compare_place", QLabel).text()
    studio.wait(lambda: "85" in studio.find("labels.agreement", QLabel).text())
    assert list(grid.images.ids()) == [first, second, third], "what is settled stays in the list"
    studio.click("labels.undo")
    assert not row_of(project, third).unsure
    studio.click("labels.undo")
    assert row_of(project, second).label == "disc"
    assert grid.current_id() == second
    studio.wait(lambda: "77" in studio.find("labels.agreement", QLabel).text())
    studio.wait(lambda: page.comparing._settled == {first: "m"})
    studio.click("labels.redo")
    studio.wait(lambda: page.comparing._settled == {first: "m", second: "t"})


def test_the_same_by_button_and_changing_one_s_mind(studio, page: LabelsPage, project: Path, table: Path) -> None:
    studio.click("labels.compare")
    page.comparing.take_in(table)
    compared(studio, page)
    first = page.comparison.grid.current_id()
    studio.click("labels.take_theirs")
    page.comparison.grid.go_to_row(0)
    assert row_of(project, first).label == "square"
    assert studio.find("labels.take_theirs", QPushButton).isChecked()
    studio.click("labels.keep_mine")
    assert row_of(project, first).label == "disc"
    page.comparison.grid.go_to_row(0)
    studio.click("labels.compare_unsure")
    assert row_of(project, first).unsure
    studio.click("labels.compare_back")
    assert page.grid.isVisible()
    assert {s.label: s.count for s in page.grid.images.sections} == {c.name: c.count for c in browsing.classes(project)}


def test_a_table_can_be_dropped_and_a_wrong_one_is_told(studio, page: LabelsPage, table: Path, tmp_path: Path) -> None:
    studio.click("labels.compare")
    wrong = tmp_path / "prices.csv"
    wrong.write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    studio.drop(page.comparison, [wrong])
    state = page.comparison.state
    studio.wait(lambda: page.comparing._job is None and "column" in state.title.text())
    studio.drop(page.comparison, [table])
    compared(studio, page)
    assert studio.find("labels.differences", QWidget).isVisible()


def test_when_both_agree_there_is_nothing_to_settle(studio, page: LabelsPage, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "Eve.csv"
    lines = [f"{row.path},{row.label}" for row in browsing.images(project)[:8]]
    path.write_text("\n".join(["file,class", *lines]), encoding="utf-8")
    studio.click("labels.compare")
    page.comparing.take_in(path)
    compared(studio, page)
    assert studio.find("labels.compare_agreed").isVisible()
    assert not page.comparison.detail.isVisible()
    box = studio.find("labels.people", QComboBox)
    assert box.currentText() == "Eve"
    box.setCurrentText("Ben")
    box.textActivated.emit("Ben")
    compared(studio, page)
    assert page.comparison.detail.isVisible()
