"""The images page and sources other than class folders: tables, archives, exports, images without labels, pages, DICOM files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QTableView,
    QTableWidget,
)

from tests.gui.conftest import Studio, hit
from tests.unit.images.dicoms import make
from tlstudio.gui.models import class_table
from tlstudio.gui.models.class_table import Column
from tlstudio.gui.pages.images import ImagesPage
from tlstudio.gui.widgets import group_choice, import_columns, import_drop, import_encoding
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing


@pytest.fixture(autouse=True)
def without_project(studio: Studio) -> None:
    studio.window.session.close_project()
    studio.window.messages.hide()
    studio.page("images")._leave_preview()
    studio.window.go("images")


@pytest.fixture
def listed(make_folder: Callable[..., Path], tmp_path: Path) -> Path:
    """36 pictures, and beside them a table that calls their classes by one letter and says who took them."""
    source = make_folder(tmp_path / "listed" / "pictures")
    lines = ["Datei;Befund;Ort;wer"]
    for i, path in enumerate(sorted(source.rglob("*.png"))):
        lines.append(f"pictures/{path.parent.name}/{path.name};{path.parent.name[0]};S{i % 3};W{i // 4}")
    (tmp_path / "listed" / "list.csv").write_text("\n".join([*lines, "pictures/gone.png;d;S1;W1"]), encoding="cp1252")
    return tmp_path / "listed" / "list.csv"


def preview(studio: Studio, source: Path) -> None:
    studio.drop(studio.find("images.drop"), [source])
    idle(studio)


def idle(studio: Studio) -> None:
    studio.wait(lambda: studio.page("images")._looking is None)


def column(studio: Studio, name: str, which: Column) -> list[str]:
    model = studio.find(name, QTableView).model()
    return [model.index(row, which).data() for row in range(model.rowCount())]


def pick(studio: Studio, name: str, text: str) -> None:
    """Chooses the entry of a combo box that begins like this, by typing its first letter."""
    box = studio.find(name, QComboBox)
    assert box.isVisible()
    box.setFocus()
    QApplication.setKeyboardInputInterval(1)
    QTest.qWait(20)  # else it would be the second letter of the last choice
    QTest.keyClicks(box, text[0])
    idle(studio)
    assert box.currentText().startswith(text)


def check(studio: Studio, name: str) -> None:
    button = studio.find(name, QRadioButton)
    studio.find("images.options").ensureWidgetVisible(button)
    button.setFocus()
    hit(button, Qt.Key.Key_Space)
    assert button.isChecked()


def imported(studio: Studio) -> Path:
    studio.click("images.primary")
    studio.wait(lambda: studio.window.session.project is not None and studio.window.bridge.running("import") is None)
    project = studio.window.session.project
    assert project is not None
    return project


def test_a_table_is_chosen_its_columns_are_told_and_it_is_imported(studio: Studio, listed: Path) -> None:
    studio.click("images.open_file")
    studio.choose_in_dialog("images.source_dialog", listed)
    studio.wait(lambda: studio.page("images")._preview is not None)
    idle(studio)
    assert studio.find("images.import_error_what", QLabel).text() == "No column of list.csv is known to say the class."
    assert not studio.find("images.primary").isEnabled()
    assert studio.find("images.column_path", QComboBox).currentText() == "Datei"
    assert studio.find("images.column_class", QComboBox).currentText() == import_columns.Text.CHOOSE
    rows = studio.find("images.column_rows", QTableWidget)
    assert [rows.horizontalHeaderItem(i).text() for i in range(4)] == ["Datei", "Befund", "Ort", "wer"]
    assert rows.item(0, 1).text() == "c"
    name = studio.find("images.name", QLineEdit)
    name.setFocus()
    name.selectAll()
    studio.keys(name, "Shapes of mine")
    pick(studio, "images.column_class", import_columns.Text.NONE["class"])
    assert studio.find("images.found", QLabel).text() == "36 images, to be labeled here"
    pick(studio, "images.column_class", "Befund")
    assert studio.find("images.found", QLabel).text() == "36 images in 3 classes"
    assert column(studio, "images.found_classes", Column.NAME) == ["c", "d", "s"]
    assert studio.find("images.preview_refused_toggle").text() == "1 file could not be read"
    pick(studio, "images.column_group", "wer")
    assert studio.find("images.group_sentence", QLabel).text() == "“wer” says what belongs together: 9 groups."
    assert studio.find("images.group_keep", QRadioButton).isChecked()
    assert name.text() == "Shapes of mine", "what was answered stays"
    assert studio.find("images.primary").isEnabled()
    project = imported(studio)
    assert project.name == "Shapes of mine"
    assert {row.group for row in browsing.images(project)} == {f"W{i}" for i in range(9)}
    assert {c["Ort"] for c in images.list_columns(Project.open(project)).values()} == {"S0", "S1", "S2"}


def test_an_encoding_that_is_not_clear_is_chosen_by_what_it_says(studio: Studio, listed: Path) -> None:
    text = listed.read_text("cp1252").replace(";c;", ";zły;").replace("Befund", "Klasa").replace("Datei", "path")
    listed.write_bytes(text.replace("Klasa", "class").encode("cp1250"))
    preview(studio, listed)
    card, box = studio.find("images.encoding_row"), studio.find("images.encoding", QComboBox)
    assert card.isVisible()
    assert box.currentText() == import_encoding.Text.CHOOSE
    assert studio.find("images.import_error_what", QLabel).text().startswith("The text does not say its encoding")
    assert not studio.find("images.primary").isEnabled()
    words = [box.itemText(i) for i in range(box.count())]
    assert "Windows, central Europe (cp1250): zły" in words
    box.setCurrentIndex(box.findData("cp1250"))
    box.activated.emit(box.currentIndex())
    idle(studio)
    assert box.currentData() == "cp1250", "it stays chosen"
    assert column(studio, "images.found_classes", Column.NAME) == ["d", "s", "zły"]
    assert studio.find("images.primary").isEnabled()
    assert {row.label for row in browsing.images(imported(studio))} == {"d", "s", "zły"}


def test_a_table_that_says_its_encoding_asks_nothing(studio: Studio, listed: Path) -> None:
    preview(studio, listed)
    assert not studio.find("images.encoding_row").isVisible()


def test_several_questions_of_an_export_are_asked_about(studio: Studio, listed: Path) -> None:
    tasks = [
        {
            "image": f"pictures/{shape}/P{i:03}_0.png", "id": i, "shape": shape, "looks": "good",
            "annotator": 1, "annotation_id": i, "lead_time": 1.0,
        }
        for shape in ("disc", "square")
        for i in range(6)
    ]  # fmt: skip
    source = listed.with_name("tasks.json")
    source.write_text(json.dumps(tasks), encoding="utf-8")
    preview(studio, source)
    assert "answers several questions" in studio.find("images.import_error_what", QLabel).text()
    pick(studio, "images.column_class", "shape")
    assert column(studio, "images.found_classes", Column.NAME) == ["disc", "square"]
    assert {row.label for row in browsing.images(imported(studio))} == {"disc", "square"}


def test_a_column_can_group_and_can_be_passed_over(studio: Studio, listed: Path) -> None:
    preview(studio, listed)
    pick(studio, "images.column_class", "Befund")
    check(studio, "images.group_other")
    rules = studio.find("images.group_rule", QComboBox)
    rules.setCurrentIndex(rules.findData("column:Ort"))
    assert studio.find("images.group_example", QLabel).text() == group_choice.Text.COLUMN_EXAMPLE
    assert studio.page("images").preview_view.request("ask").group_from == "column:Ort"
    assert len({row.group for row in browsing.images(imported(studio))}) == 3


def test_the_groups_of_a_table_can_be_given_up(studio: Studio, listed: Path) -> None:
    preview(studio, listed)
    pick(studio, "images.column_class", "Befund")
    pick(studio, "images.column_group", "wer")
    check(studio, "images.group_alone")
    assert {row.group for row in browsing.images(imported(studio))} == {None}


def test_a_source_that_can_be_read_in_several_ways(studio: Studio, listed: Path) -> None:
    source = listed.parent / "pictures"
    (source / "l.csv").write_text("file,class\ndisc/P000_0.png,round\nsquare/P000_0.png,edged\n")
    preview(studio, source)
    box = studio.find("images.reading", QComboBox)
    assert [box.itemData(i) for i in range(box.count())] == ["l.csv", "folders", "unlabeled"]
    assert column(studio, "images.found_classes", Column.NAME) == ["edged", "round"]
    pick(studio, "images.reading", "Class folders")
    assert column(studio, "images.found_classes", Column.NAME) == ["cross", "disc", "square"]
    assert not studio.find("images.columns").isVisible()
    pick(studio, "images.reading", "Images without labels")
    assert studio.find("images.found", QLabel).text() == "36 images, to be labeled here"


def test_images_without_labels_become_a_project_without_classes(
    studio: Studio, make_folder: Callable[..., Path], tmp_path: Path
) -> None:
    preview(studio, make_folder(tmp_path / "flat", each=6, shapes=("disc",)) / "disc")
    assert "no class folders" in studio.find("images.error_what", QLabel).text()
    button = studio.find("images.unlabeled", QPushButton)
    assert button.text() == import_drop.Text.UNLABELED
    studio.click(button)
    idle(studio)
    assert column(studio, "images.found_classes", Column.NAME) == [class_table.Text.NO_CLASS]
    project = imported(studio)
    assert browsing.classes(project) == []
    assert [row.label for row in browsing.images(project)] == [None] * 6
    assert column(studio, "images.classes", Column.NAME) == [class_table.Text.NO_CLASS]
    for key in studio.window.rail.steps:
        studio.window.go(key)
    studio.window.go("images")


def test_a_folder_with_one_class_offers_the_same_way(
    studio: Studio, make_folder: Callable[..., Path], tmp_path: Path
) -> None:
    preview(studio, make_folder(tmp_path / "one", each=4, shapes=("disc",)))
    assert "one class" in studio.find("images.error_what", QLabel).text()
    assert studio.find("images.unlabeled").isVisible()
    (tmp_path / "empty").mkdir()
    preview(studio, tmp_path / "empty")
    assert "no images" in studio.find("images.error_what", QLabel).text()
    assert not studio.find("images.unlabeled").isVisible()


def test_an_archive_is_unpacked_into_the_project(
    studio: Studio, make_folder: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "packed", each=5)
    archive = Path(shutil.make_archive(str(folder), "zip", tmp_path, "packed"))
    shutil.rmtree(folder)
    preview(studio, archive)
    assert studio.find("images.found", QLabel).text() == "15 images in 3 classes"
    assert studio.find("images.unpacked").isVisible()
    assert not studio.find("images.copy").isVisible()
    project = imported(studio)
    assert all(row.path.is_relative_to(project / "images") for row in browsing.images(project))


def test_files_with_several_pages_are_asked_about_once(studio: Studio, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "pages" / label).mkdir(parents=True)
        for i in range(3):
            pages = [Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)) for _ in range(1 + i)]
            pages[0].save(tmp_path / "pages" / label / f"{i}.tif", save_all=True, append_images=pages[1:])
    preview(studio, tmp_path / "pages")
    assert studio.find("images.pages", QLabel).text() == "4 files hold several pages or frames, 10 in all."
    assert studio.find("images.pages_first", QRadioButton).isChecked()
    check(studio, "images.pages_all")
    assert len(browsing.images(imported(studio))) == 12


def test_dicom_files_are_kept_together_by_patient(studio: Studio, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(12):
        path = tmp_path / "scans" / ("ill", "well")[i % 2] / f"{i}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        made = make(
            rng.integers(0, 4096, (40, 40), dtype=np.uint16), PatientID=f"N{i // 2}", StudyInstanceUID=f"1.2.{i}"
        )
        made.save_as(path, enforce_file_format=True)
    preview(studio, tmp_path / "scans")
    assert studio.find("images.group_sentence", QLabel).text() == group_choice.Text.TAGGED
    assert studio.page("images").preview_view.request("ask").group_from == "dicom:PatientID"
    project = imported(studio)
    groups = {row.group for row in browsing.images(project)}
    assert len(groups) == 6
    assert not any("N" in str(group) for group in groups)


def test_more_images_for_the_open_project(studio: Studio, make_folder: Callable[..., Path], tmp_path: Path) -> None:
    project = studio.import_folder(make_folder(tmp_path / "first", each=6))
    before = {row.path: row.split for row in browsing.images(project)}
    studio.window.go("images")
    studio.click("images.add")
    assert studio.find("images.drop_headline", QLabel).text() == import_drop.Text.DROP_ADD.format("first")
    assert studio.page("images").sentence_label.text() == ImagesPage.Text.ADDING
    studio.click("images.back")
    assert studio.find("images.classes").isVisible()
    studio.click("images.add")
    preview(studio, make_folder(tmp_path / "second", each=4, shapes=("disc", "star")))
    assert studio.find("images.into_current", QRadioButton).isChecked()
    studio.click("images.primary")
    studio.wait(lambda: studio.window.session.summary.images == 26)
    assert studio.window.session.project == project
    assert {row.path: row.split for row in browsing.images(project) if row.path in before} == before
