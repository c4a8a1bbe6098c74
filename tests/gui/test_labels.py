"""The Labels page in the real window: looking at images by class and giving them another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QMenu, QWidget

from tests.gui.conftest import hit, labels_page
from tlstudio.gui.models.image_list import IMAGE_MIME, pack_ids, unpack_ids
from tlstudio.gui.pages.labels import LabelsPage, gallery
from tlstudio.gui.pages.wishes import show_images
from tlstudio.workflow import browsing

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
HAND = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)


@pytest.fixture(scope="module")
def project(studio, shapes: Path) -> Path:
    return studio.import_folder(shapes)


@pytest.fixture
def page(studio, project: Path) -> Iterator[LabelsPage]:
    with labels_page(studio, project) as shown:
        yield shown


def labels(project: Path) -> dict[int, str | None]:
    return {row.id: row.label for row in browsing.images(project)}


def counts(project: Path) -> dict[str, int]:
    return {c.name: c.count for c in browsing.classes(project)}


def drag_images(ids: list[int], target: QWidget, where: QPoint) -> bool:
    """Drags images over a spot of a widget and lets go; False when the spot takes none."""
    mime = pack_ids(ids)
    move = Qt.DropAction.MoveAction
    QApplication.sendEvent(target, QDragEnterEvent(where, move, mime, *HAND))
    over = QDragMoveEvent(where, move, mime, *HAND)
    QApplication.sendEvent(target, over)
    if not over.isAccepted() or over.dropAction() == Qt.DropAction.IgnoreAction:
        return False
    QApplication.sendEvent(target, QDropEvent(QPointF(where), move, mime, *HAND))
    QTest.qWait(1)
    return True


def test_every_image_stands_under_its_class(page: LabelsPage, project: Path) -> None:
    assert {s.label: s.count for s in page.grid.images.sections} == counts(project)
    for section in page.grid.images.sections:
        shown = page.grid.images.rows()[section.start : section.start + section.count]
        assert {row.label for row in shown} == {section.label}


def test_dragging_images_onto_a_bucket_and_undo_from_the_toast(studio, page: LabelsPage, project: Path) -> None:
    before = labels(project)
    moved = [row.id for row in page.grid.images.rows() if row.label == "cross"][:3]
    buckets = page.panel.buckets
    spot = buckets.visualRect(buckets.classes.index(buckets.classes.row_of("disc"))).center()
    assert drag_images(moved, buckets.viewport(), spot)
    assert all(labels(project)[i] == "disc" for i in moved)
    assert "3 images moved to disc" in studio.find("window.toast_text", QLabel).text()
    studio.click("window.toast_action")
    assert labels(project) == before
    assert {s.label: s.count for s in page.grid.images.sections} == counts(project)


def test_dragging_an_image_onto_an_image_of_another_class(page: LabelsPage, project: Path) -> None:
    rows = page.grid.images.rows()
    target = next(n for n, row in enumerate(rows) if row.label == "square")
    page.grid.scrollTo(page.grid.images.index(target))
    moved = [row.id for row in rows if row.label == "cross"][:2]
    spot = page.grid.visualRect(page.grid.images.index(target)).center()
    assert drag_images(moved, page.grid.viewport(), spot)
    assert [labels(project)[i] for i in moved] == ["square", "square"]


def test_files_dragged_over_the_grid_are_left_to_the_window(page: LabelsPage) -> None:
    mime = QMimeData()  # the event keeps no reference of its own
    event = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, mime, *HAND)
    event.ignore()
    QApplication.sendEvent(page.grid.viewport(), event)
    assert not event.isAccepted()


def test_a_drag_carries_the_ids_of_the_selection(page: LabelsPage) -> None:
    indexes = [page.grid.images.index(n) for n in (1, 2)]
    mime = page.grid.images.mimeData(indexes)
    assert mime.hasFormat(IMAGE_MIME)
    assert unpack_ids(mime) == [page.grid.images.image(n).id for n in (1, 2)]


def test_number_keys_label_and_go_on(page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(0)
    first, second, third = (row.id for row in page.grid.images.rows()[:3])
    hit(page.grid, Qt.Key.Key_Right, SHIFT)
    number = str(1 + list(counts(project)).index("square"))
    QTest.keyClicks(page.grid, number)
    assert labels(project)[first] == labels(project)[second] == "square"
    assert page.grid.selected_ids() == [third]


def test_a_number_without_a_class_does_nothing(page: LabelsPage, project: Path) -> None:
    before = labels(project)
    page.grid.setFocus()
    page.grid.go_to_row(0)
    hit(page.grid, Qt.Key.Key_9)
    assert labels(project) == before


def test_undo_and_redo_by_keyboard_and_button(studio, page: LabelsPage, project: Path) -> None:
    before = labels(project)
    page.assign([page.grid.images.image(0).id], "square")
    after = labels(project)
    page.grid.setFocus()
    hit(page.grid, Qt.Key.Key_Z, CONTROL)
    assert labels(project) == before
    hit(page.grid, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert labels(project) == after
    studio.click("labels.undo")
    assert labels(project) == before
    assert not studio.find("labels.undo", QAbstractButton).isEnabled()


def test_taking_the_class_away_counts_as_waiting(studio, page: LabelsPage, project: Path) -> None:
    image = page.grid.images.image(0).id
    page.assign([image], None)
    assert labels(project)[image] is None
    assert page.waiting() == 1 and not page.done()
    assert page.grid.images.sections[0].label is None
    box = studio.find("labels.class", QComboBox)
    box.setCurrentIndex(1)
    assert [row.id for row in page.grid.images.rows()] == [image]
    page.grid.setFocus()
    page.grid.go_to_row(0)
    hit(page.grid, Qt.Key.Key_1)
    assert page.waiting() == 0


def test_filters_by_text_class_and_split(studio, page: LabelsPage, project: Path) -> None:
    total = len(labels(project))
    search = studio.find("labels.search", QLineEdit)
    studio.keys(search, "p001")
    studio.wait(lambda: page.grid.images.rowCount() == 9)
    search.clear()
    studio.wait(lambda: page.grid.images.rowCount() == total)
    studio.find("labels.class", QComboBox).setCurrentText("disc")
    assert {row.label for row in page.grid.images.rows()} == {"disc"}
    studio.find("labels.split", QComboBox).setCurrentIndex(3)
    assert {row.split.value for row in page.grid.images.rows()} <= {"test"}
    assert " of " in studio.find("labels.shown", QLabel).text()
    studio.keys(search, "no such image")
    studio.wait(lambda: page.grid.images.rowCount() == 0)
    assert page.grid.placeholder
    assert not page.grid.grab().isNull()


def test_only_the_images_another_page_points_at(studio, page: LabelsPage) -> None:
    wanted = [row.path for row in page.grid.images.rows()[::7]]
    show_images(studio.window.session, "Nearly the same picture", wanted)
    assert {row.path for row in page.grid.images.rows()} == set(wanted)
    assert studio.find("labels.wish", QLabel).text() == "Nearly the same picture"
    studio.click("labels.show_all")
    assert page.grid.images.rowCount() > len(wanted)


def test_the_worker_looks_up_very_many_images(studio, page: LabelsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "MANY", 3)
    wanted = [row.path for row in page.grid.images.rows()[::5]]
    show_images(studio.window.session, "Nearly the same picture", wanted)
    assert studio.window.bridge.running("look_up_files") is not None
    studio.wait(lambda: studio.window.bridge.running("look_up_files") is None)
    assert {row.path for row in page.grid.images.rows()} == set(wanted)
    studio.click("labels.show_all")


def test_large_view_zoom_next_label_and_back(studio, page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(0)
    first, second = (row.id for row in page.grid.images.rows()[:2])
    hit(page.grid, Qt.Key.Key_Space)
    viewer = page.viewer
    assert viewer.image is not None and viewer.image.id == first
    studio.wait(lambda: viewer.canvas.pixmap is not None and viewer.canvas.pixmap.width() == 64)
    middle = QPointF(viewer.canvas.rect().center())
    for _ in range(3):
        turn = QWheelEvent(middle, viewer.canvas.mapToGlobal(middle), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
                           Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
        QApplication.sendEvent(viewer.canvas, turn)
    assert viewer.canvas.zoom > 1.5
    hit(viewer, Qt.Key.Key_Right)
    assert viewer.image.id == second and viewer.canvas.zoom == 1.0
    hit(viewer, Qt.Key.Key_Left)
    QTest.keyClicks(viewer, str(1 + list(counts(project)).index("square")))
    assert labels(project)[first] == "square"
    assert viewer.image.id == second
    hit(viewer, Qt.Key.Key_Escape)
    assert viewer.image is None and page.grid.hasFocus()


def test_new_class_rename_and_delete(studio, page: LabelsPage, project: Path) -> None:
    studio.keys(studio.find("labels.new_class", QLineEdit), "ring")
    studio.click("labels.add_class")
    assert counts(project)["ring"] == 0
    buckets = page.panel.buckets
    assert buckets.current_label() == "ring"
    buckets.setFocus()
    hit(buckets, Qt.Key.Key_F2)
    editor = buckets.findChild(QLineEdit, "labels.rename")
    assert editor is not None
    QTest.keyClicks(editor, "hoop")
    hit(editor, Qt.Key.Key_Return)
    studio.wait(lambda: "hoop" in counts(project))
    assert "ring" not in counts(project)
    buckets.select_label("hoop")
    studio.click("labels.delete_class")
    assert "hoop" not in counts(project)


def ask_to_delete(studio, page: LabelsPage, name: str) -> None:
    page.panel.buckets.select_label(name)
    page.panel.buckets.setFocus()
    hit(page.panel.buckets, Qt.Key.Key_Delete)
    assert studio.find("labels.question").isVisible()


def test_deleting_a_class_with_images_asks_what_becomes_of_them(studio, page: LabelsPage, project: Path) -> None:
    before = counts(project)
    ask_to_delete(studio, page, "disc")
    assert f"“disc” has {before['disc']} images" in studio.find("labels.question_words", QLabel).text()
    studio.click("labels.question_keep")
    assert counts(project) == before
    assert studio.find("labels.new_class").isVisible()
    ask_to_delete(studio, page, "disc")
    studio.find("labels.question_target", QComboBox).setCurrentText("square")
    studio.click("labels.question_move")
    assert counts(project) == {"cross": before["cross"], "square": before["disc"] + before["square"]}
    assert "disc merged into square" in studio.find("window.toast_text", QLabel).text()
    studio.click("window.toast_action")
    assert counts(project) == before
    ask_to_delete(studio, page, "disc")
    studio.click("labels.question_let_go")
    assert page.waiting() == before["disc"]
    page.grid.setFocus()
    hit(page.grid, Qt.Key.Key_Z, CONTROL)
    assert counts(project) == before
    assert page.waiting() == 0


def menu_of(page: LabelsPage, name: str) -> QMenu:
    buckets = page.panel.buckets
    spot = buckets.visualRect(buckets.classes.index(buckets.classes.row_of(name))).center()
    buckets.customContextMenuRequested.emit(spot)
    menu = page.panel.findChild(QMenu, "labels.class_menu")
    assert menu is not None
    return menu


def test_the_menu_of_a_class_merges_and_renames(studio, page: LabelsPage, project: Path) -> None:
    before = counts(project)
    menu = menu_of(page, "cross")
    into = next(a.menu() for a in menu.actions() if a.menu() is not None)
    assert [a.text() for a in into.actions()] == ["disc", "square"]
    next(a for a in into.actions() if a.text() == "square").trigger()
    menu.close()
    assert counts(project) == {"disc": before["disc"], "square": before["cross"] + before["square"]}
    studio.click("labels.undo")
    assert counts(project) == before
    menu = menu_of(page, "cross")
    menu.actions()[0].trigger()
    menu.close()
    editor = page.panel.buckets.findChild(QLineEdit, "labels.rename")
    assert editor is not None
    hit(editor, Qt.Key.Key_Escape)


def test_a_class_name_that_is_taken_is_refused_in_words(studio, page: LabelsPage, project: Path) -> None:
    before = counts(project)
    studio.keys(studio.find("labels.new_class", QLineEdit), "disc")
    studio.click("labels.add_class")
    assert counts(project) == before
    assert studio.find("window.toast_text", QLabel).text()
    page.panel.name_edit.clear()


def test_return_on_a_bucket_labels_the_selection(page: LabelsPage, project: Path) -> None:
    page.grid.go_to_row(0)
    image = page.grid.selected_ids()[0]
    page.panel.buckets.select_label("square")
    page.panel.buckets.setFocus()
    hit(page.panel.buckets, Qt.Key.Key_Return)
    assert labels(project)[image] == "square"


def test_originals_stay_untouched(page: LabelsPage, shapes: Path) -> None:
    def state() -> dict[str, str]:
        files = sorted(p for p in shapes.rglob("*") if p.is_file())
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    before = state()
    page.assign([row.id for row in page.grid.images.rows()[:20]], "disc")
    assert state() == before


def test_continue_leads_to_the_check(studio, page: LabelsPage) -> None:
    studio.click("labels.primary")
    assert studio.shown == "check"
    studio.wait(lambda: studio.window.bridge.running("check") is None)
