"""Marks, notes, history and files on the Labels page, with real keys and drops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QMenu, QPushButton

from tests.gui.conftest import draw, hit, labels_page
from tlstudio.domain.findings import CheckResult, Finding, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.gui.pages.labels import LabelsPage
from tlstudio.workflow import browsing, labeling

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
HAND = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)


@pytest.fixture(scope="module")
def project(studio, shapes: Path) -> Path:
    return studio.import_folder(shapes)


@pytest.fixture
def page(studio, project: Path) -> Iterator[LabelsPage]:
    with labels_page(studio, project) as shown:
        yield shown
        shown.viewer.close_viewer()


def row(project: Path, image: int) -> ImageRow:
    return browsing.rows(project, [image])[0]


def choose(studio, box: str, words: str) -> None:
    studio.find(box, QComboBox).setCurrentText(words)


def test_u_marks_the_selection_as_unsure_and_takes_it_back(studio, page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(0)
    hit(page.grid, Qt.Key.Key_Right, SHIFT)
    chosen = page.grid.selected_ids()
    hit(page.grid, Qt.Key.Key_U)
    assert [row(project, i).unsure for i in chosen] == [True, True]
    assert page.grid.selected_ids() == chosen
    assert "unsure" in page.grid.images.index_of(chosen[0]).data(Qt.ItemDataRole.ToolTipRole)
    assert "2 images marked as unsure" in studio.find("window.toast_text", QLabel).text()
    choose(studio, "labels.mark", "Unsure")
    assert sorted(page.grid.images.ids()) == sorted(chosen)
    page.grid.go_to_row(0)
    hit(page.grid, Qt.Key.Key_U)
    assert page.grid.images.rowCount() == 1, "what is sure again leaves the list"
    assert page.grid.selected_count() == 1
    hit(page.grid, Qt.Key.Key_Z, CONTROL)
    assert page.grid.images.rowCount() == 2


def test_x_leaves_out_and_takes_back(studio, page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(3)
    image = page.grid.current_id()
    assert image is not None
    before = page.grid.grab(page.grid.visualRect(page.grid.currentIndex())).toImage()
    hit(page.grid, Qt.Key.Key_X)
    assert row(project, image).excluded
    assert row(project, image).label is not None, "the label stays"
    studio.wait(lambda: page.grid.grab(page.grid.visualRect(page.grid.currentIndex())).toImage() != before)
    choose(studio, "labels.mark", "Left out")
    assert list(page.grid.images.ids()) == [image]
    page.grid.setFocus()
    page.grid.go_to_row(0)
    hit(page.grid, Qt.Key.Key_X)
    assert not row(project, image).excluded


def test_n_writes_a_note_under_the_picture(studio, page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(1)
    image = page.grid.current_id()
    assert image is not None
    hit(page.grid, Qt.Key.Key_N)
    editor = studio.find("labels.note", QLineEdit)
    assert editor.isVisible() and editor.hasFocus()
    QTest.keyClicks(editor, "u1 scale bar")  # keys that mean something elsewhere
    hit(editor, Qt.Key.Key_Return)
    assert row(project, image).note == "u1 scale bar"
    assert (row(project, image).unsure, page.viewer.image) == (False, None)
    assert page.grid.hasFocus()
    hit(page.grid, Qt.Key.Key_N)
    assert editor.text() == "u1 scale bar"
    QTest.keyClicks(editor, "something else")
    hit(editor, Qt.Key.Key_Escape)
    assert row(project, image).note == "u1 scale bar"
    studio.keys(studio.find("labels.search", QLineEdit), "SCALE")
    studio.wait(lambda: list(page.grid.images.ids()) == [image])
    studio.find("labels.search", QLineEdit).clear()
    choose(studio, "labels.mark", "With a note")
    studio.wait(lambda: list(page.grid.images.ids()) == [image])


def test_the_viewer_tells_who_did_what_and_takes_marks_and_notes(studio, page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(0)
    first, second = page.grid.images.ids()[:2]
    hit(page.grid, Qt.Key.Key_Space)
    words = " ".join(label.text() for label in page.looking.details.findChildren(QLabel))
    assert f"Imported as {row(project, first).label}" in words
    hit(page.viewer, Qt.Key.Key_U)
    assert row(project, first).unsure
    assert studio.find("labels.unsure", QPushButton).isChecked()
    assert page.viewer.image is not None and page.viewer.image.id == first
    studio.click("labels.left_out")
    assert row(project, first).excluded
    hit(page.viewer, Qt.Key.Key_N)
    line = studio.find("labels.note_line", QLineEdit)
    QTest.keyClicks(line, "look x2")
    studio.click("labels.viewer_next")  # goes on without Return: the note is kept, for the image it was about
    assert page.viewer.image.id == second
    assert (row(project, first).note, row(project, second).note) == ("look x2", "")
    hit(page.viewer, Qt.Key.Key_Left)
    QTest.qWait(1)
    words = " ".join(label.text() for label in page.looking.details.findChildren(QLabel))
    for told in ("Note: look x2", "Left out", "Marked as unsure", labeling.author_name()):
        assert told in words
    hit(page.viewer, Qt.Key.Key_Z, CONTROL)
    assert row(project, first).note == ""
    assert line.text() == ""
    hit(page.viewer, Qt.Key.Key_Return)
    assert page.viewer.image is not None, "Return accepts suggestions and closes nothing"


def test_keys_walk_and_select(page: LabelsPage) -> None:
    grid = page.grid
    grid.setFocus()
    grid.go_to_row(0)
    hit(grid, Qt.Key.Key_End)
    assert grid.currentIndex().row() == grid.images.rowCount() - 1
    hit(grid, Qt.Key.Key_Home, SHIFT)
    assert grid.selected_count() == grid.images.rowCount()
    hit(grid, Qt.Key.Key_Home)
    hit(grid, Qt.Key.Key_PageDown)
    there = grid.currentIndex().row()
    assert there > 0
    hit(grid, Qt.Key.Key_PageUp)
    assert grid.currentIndex().row() == 0
    hit(grid, Qt.Key.Key_A, CONTROL)
    assert grid.selected_count() == grid.images.rowCount()


def test_tab_goes_from_the_filter_to_the_grid_and_on_to_the_classes(studio, page: LabelsPage) -> None:
    studio.find("labels.search", QLineEdit).setFocus()
    seen = []
    for _ in range(8):
        studio.press(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        seen.append("" if focused is None else focused.objectName())
    wanted = ["labels.class", "labels.split", "labels.mark", "labels.grid", "labels.buckets"]
    assert [name for name in seen if name in wanted] == wanted


def test_the_menu_of_an_image_does_what_the_keys_do(page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(2)
    image = page.grid.current_id()
    assert image is not None
    page.grid.customContextMenuRequested.emit(page.grid.visualRect(page.grid.currentIndex()).center())
    menu = page.grid.findChild(QMenu, "labels.menu")
    assert menu is not None
    words = [a.text().partition("\t")[0] for a in menu.actions()]
    assert {"Mark as unsure", "Leave out", "Write a note", "Take the class away"} <= set(words)
    assert "Accept the suggestion" not in words
    menu.actions()[words.index("Leave out")].trigger()
    menu.close()
    assert row(project, image).excluded


def test_labels_that_the_check_doubts_can_be_filtered(studio, page: LabelsPage, project: Path) -> None:
    rows = page.grid.images.rows()[:2]
    files = tuple(str(r.path) for r in rows)
    finding = Finding(
        "label_suspect", Severity.MEDIUM, 2, files, "2 labels may be wrong", "They teach the model wrongly."
    )
    box = studio.find("labels.mark", QComboBox)
    assert box.findText("Suspect labels") < 0
    job = type("Job", (), {"arguments": {"project": project}})()
    page._checked(job, CheckResult((finding,)))
    choose(studio, "labels.mark", "Suspect labels")
    assert set(page.grid.images.ids()) == {r.id for r in rows}
    page._checked(job, CheckResult(()))
    assert box.findText("Suspect labels") < 0
    assert page.grid.images.rowCount() > 2


# --- files from the file manager ----------------------------------------------------------


def drop_files(page: LabelsPage, label: str, paths: list[Path]) -> None:
    """Drags files over a class and lets go, as a file manager does."""
    buckets = page.panel.buckets
    spot = buckets.visualRect(buckets.classes.index(buckets.classes.row_of(label))).center()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(buckets.viewport(), QDragEnterEvent(spot, copy, mime, *HAND))
    over = QDragMoveEvent(spot, copy, mime, *HAND)
    QApplication.sendEvent(buckets.viewport(), over)
    assert over.isAccepted()
    assert buckets.lit_row == buckets.classes.row_of(label)
    QApplication.sendEvent(buckets.viewport(), QDropEvent(QPointF(spot), copy, mime, *HAND))


def test_a_file_of_the_project_dropped_on_a_class_gets_it(
    studio, page: LabelsPage, project: Path, tmp_path: Path
) -> None:
    rows = [r for r in page.grid.images.rows() if r.label == "disc"][:2]
    copy = tmp_path / "renamed.png"
    copy.write_bytes(rows[1].path.read_bytes())  # known by its content
    drop_files(page, "square", [rows[0].path, copy])
    studio.wait(lambda: row(project, rows[1].id).label == "square")
    assert row(project, rows[0].id).label == "square"
    assert not page.message.isVisible()
    studio.wait(lambda: studio.window.bridge.running("match_files") is None)


def test_other_files_are_offered_to_be_imported(
    studio, page: LabelsPage, project: Path, tmp_path: Path, make_folder: Callable[..., Path]
) -> None:
    draw(tmp_path / "new.png", "disc", 777)
    count = len(browsing.images(project))
    drop_files(page, "disc", [tmp_path / "new.png"])
    studio.wait(page.message.isVisible)
    assert "1 image is not in this project yet" in page.message.what.text()
    assert "as disc" in page.message.remedy.text()
    studio.click("labels.leave_dropped")
    assert not page.message.isVisible()
    drop_files(page, "disc", [tmp_path / "new.png"])
    studio.wait(page.message.isVisible)
    studio.click("labels.import_dropped")
    studio.wait(lambda: len(browsing.images(project)) == count + 1)
    studio.wait(lambda: studio.window.bridge.running("add_files") is None)
    assert browsing.images(project)[-1].label == "disc"
    assert sum(s.count for s in page.grid.images.sections) == count + 1
    assert "1 image imported as disc" in studio.find("window.toast_text", QLabel).text()


def test_files_over_the_page_light_the_way_to_the_classes(studio, page: LabelsPage, shapes: Path) -> None:
    file = next(shapes.rglob("*.png"))
    assert studio.drag_over(page.images_part, [file]) is not None
    assert page.panel.drop_hint.isVisible()
    studio.drag_away(page.images_part)
    assert not page.panel.drop_hint.isVisible()
    studio.drop(page.images_part, [file])
    assert "on a class" in studio.find("window.toast_text", QLabel).text()
    over = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, folder := QMimeData(), *HAND)
    folder.setUrls([QUrl.fromLocalFile(str(shapes))])
    over.ignore()
    QApplication.sendEvent(page.images_part, over)
    assert not page.panel.drop_hint.isVisible(), "a folder is the window's business"
