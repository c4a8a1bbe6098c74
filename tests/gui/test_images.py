"""The images page: preview, choices, import, and the project's images afterwards."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QRadioButton, QSpinBox, QTableView, QTableWidget

from tlstudio.domain.values import Split
from tlstudio.gui.models.class_table import Column
from tlstudio.gui.models.class_table import Text as Classes
from tlstudio.gui.pages.images import ImagesPage
from tlstudio.gui.widgets import group_choice, import_options, import_preview, refusals
from tlstudio.workflow import browsing


@pytest.fixture(autouse=True)
def without_project(studio) -> None:
    studio.window.session.close_project()
    studio.window.messages.hide()
    page = studio.page("images")
    if page._preview is not None:
        page._leave_preview()
    page.trouble.hide()
    studio.window.go("images")


def preview(studio, folder: Path) -> None:
    studio.drop(studio.find("images.drop"), [folder])
    studio.wait(lambda: studio.page("images")._looking is None)


def column(studio, name: str, which: Column) -> list[str]:
    model = studio.find(name, QTableView).model()
    return [model.index(row, which).data() for row in range(model.rowCount())]


def test_before_the_import_the_page_explains_itself(studio) -> None:
    assert studio.find("images.drop").isVisible()
    assert not studio.find("images.primary").isVisible()
    assert not studio.find("images.error").isVisible()


def test_preview_counts_classes_and_finds_groups(studio, shapes: Path) -> None:
    preview(studio, shapes)
    # A preview does not decode: the two files that can't be read still count.
    assert studio.find("images.found", QLabel).text() == "38 images in 3 classes"
    assert column(studio, "images.found_classes", Column.NAME) == ["cross", "disc", "square"]
    assert column(studio, "images.found_classes", Column.COUNT) == ["12", "13", "13"]
    assert "P00" in studio.find("images.group_sentence", QLabel).text()
    assert studio.find("images.group_keep", QRadioButton).isChecked()
    assert studio.find("images.primary").text() == "Import 38 images"
    assert studio.find("images.name", QLineEdit).text() == "shapes"


def test_shares_move_the_bar_and_leave_enough_for_training(studio, shapes: Path) -> None:
    preview(studio, shapes)
    test, validation = studio.find("images.test", QSpinBox), studio.find("images.validation", QSpinBox)
    test.setFocus()
    test.selectAll()
    studio.keys(test, "50")
    studio.press(Qt.Key.Key_Tab)
    assert studio.find("images.division_test", QLabel).text().startswith("Test about 19 (50")
    assert validation.maximum() == 100 - import_options.LEAST_TRAINING - 50


def test_a_rule_of_ones_own_is_tried_on_the_names_at_once(studio, shapes: Path) -> None:
    preview(studio, shapes)
    other = studio.find("images.group_other", QRadioButton)
    studio.find("images.options").ensureWidgetVisible(other)
    QTest.mouseClick(other, Qt.MouseButton.LeftButton, pos=other.rect().center())
    if not other.isChecked():  # the middle of a wide radio button is not always its hit area
        studio.press(Qt.Key.Key_Space)
    assert other.isChecked()
    rules, example = studio.find("images.group_rule", QComboBox), studio.find("images.group_example", QLabel)
    assert "→" in example.text()
    rules.setCurrentIndex(rules.findData(group_choice.OWN))
    pattern = studio.find("images.group_pattern", QLineEdit)
    pattern.setFocus()
    studio.keys(pattern, "^(P(")
    assert example.text() == group_choice.Text.BROKEN
    assert not studio.find("images.primary").isEnabled()
    assert studio.find("images.hint", QLabel).text() == import_options.Text.BAD_RULE
    pattern.clear()
    studio.keys(pattern, r"^(lot\d+)")
    assert example.text() == group_choice.Text.NONE_MATCHED
    assert not studio.find("images.primary").isEnabled()
    pattern.clear()
    studio.keys(pattern, r"^(P\d+)")
    assert "38 of 38 names match, which makes 5 groups." in example.text()
    assert "group “P0" in example.text()
    rules.setCurrentIndex(rules.findData("folder"))
    assert example.text() == group_choice.Text.NO_FOLDERS
    assert not studio.find("images.primary").isEnabled()
    rules.setCurrentIndex(rules.findData(group_choice.OWN))
    assert studio.find("images.primary").isEnabled()
    assert studio.page("images").preview_view.request("ask").group_from == r"name:^(P\d+)"


def test_name_decides_the_place_until_it_is_chosen(studio, shapes: Path, tmp_path: Path) -> None:
    preview(studio, shapes)
    name, place = studio.find("images.name", QLineEdit), studio.find("images.place", QLineEdit)
    name.setFocus()
    name.selectAll()
    studio.keys(name, "Weld seams")
    assert Path(place.text()).name == "Weld seams"
    studio.click("images.choose_place")
    studio.choose_in_dialog("images.place_dialog", tmp_path)
    studio.wait(lambda: Path(place.text()) == tmp_path / "Weld seams")
    name.clear()
    studio.keys(name, " ")
    assert studio.find("images.hint", QLabel).text() == import_options.Text.NO_NAME
    assert not studio.find("images.primary").isEnabled()


@pytest.mark.parametrize(("classes", "what"), [([], "no images"), (["only"], "one class")])
def test_trouble_is_said_beside_the_drop_area_with_its_remedy(studio, make_folder, tmp_path, classes, what) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    make_folder(folder, each=2, shapes=tuple(classes))
    preview(studio, folder)
    assert studio.find("images.error").isVisible()
    assert what in studio.find("images.error_what", QLabel).text()
    assert studio.find("images.error_remedy", QLabel).text()
    assert studio.find("images.drop").isVisible()


def test_import_end_to_end(studio, shapes: Path, tmp_path: Path) -> None:
    preview(studio, shapes)
    studio.click("images.primary")
    studio.wait(lambda: studio.window.session.project is not None)
    project = studio.window.session.project
    assert studio.find("images.amounts", QLabel).text() == "36 images in 3 classes"
    table = studio.find("images.classes", QTableView)
    row = table.model().rows[0]
    assert row.pictures
    assert all(picture.is_file() for picture in row.pictures)
    assert sum(amount for _, amount in row.splits) == row.count == 12
    groups = {}
    for image in browsing.images(project):
        groups.setdefault(image.group, set()).add(image.split)
    assert all(len(splits) == 1 for splits in groups.values()), "a group lies on both sides"
    assert set(Split) == {split for splits in groups.values() for split in splits}
    # Two files were refused, quietly, with reasons; the list can be kept.
    toggle = studio.find("images.refused_toggle")
    assert toggle.text() == refusals.Text.SUMMARY.format("2 files")
    studio.click(toggle)
    listed = studio.find("images.refused_list", QTableWidget)
    assert [listed.item(i, 0).text() for i in range(listed.rowCount())] == ["P004_0.png", "P004_0.png"]
    assert all(listed.item(i, 1).text() for i in range(listed.rowCount()))
    studio.click("images.refused_save")
    studio.choose_in_dialog("images.save_dialog", tmp_path / "refused.csv")
    studio.wait((tmp_path / "refused.csv").exists)
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
    assert studio.window.rail.steps["images"].state.done
    assert studio.find("images.primary").text() == ImagesPage.Text.CONTINUE
    studio.click("images.primary")
    assert studio.shown == "labels"


def test_every_image_on_its_own_is_an_answer_where_names_suggest_groups(studio, shapes: Path) -> None:
    preview(studio, shapes)
    request = studio.page("images").preview_view.request
    assert request("ask").group_from == r"name:^(P\d+)[-_ ]"
    studio.find("images.group_alone", QRadioButton).setChecked(True)
    assert (request("ask").group_from, request("ask").may_ask) == ("none", False)


def test_folders_that_may_be_parts_or_classes_are_told(studio, make_folder, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "source", each=4, shapes=("disc", "square", "test"))
    preview(studio, source)
    ways = studio.find("images.reading", QComboBox)
    assert [ways.itemData(i) for i in range(ways.count())] == ["parts", "classes", "unlabeled"]
    assert studio.find("images.import_error_what", QLabel).text() == import_preview.Text.TWO_WAYS
    assert column(studio, "images.found_classes", Column.NAME) == ["disc", "square", Classes.NO_CLASS]
    ways.setCurrentIndex(1)
    ways.activated.emit(1)
    studio.wait(lambda: column(studio, "images.found_classes", Column.NAME) == ["disc", "square", "test"])


def test_a_part_without_images_is_told_until_it_has_some(studio, make_folder, tmp_path: Path) -> None:
    first = make_folder(tmp_path / "first", each=1)
    studio.import_folder(first)
    studio.wait(lambda: studio.find("images.empty_parts").isVisible())
    assert "No image is left for" in studio.find("images.empty_parts_what", QLabel).text()
    assert "With 3 images the shares" in studio.find("images.empty_parts_remedy", QLabel).text()
    studio.drop(studio.page("images"), [make_folder(tmp_path / "second", each=24)])
    studio.wait(lambda: studio.find("images.into_current", QRadioButton).isVisible())
    studio.find("images.into_current", QRadioButton).setChecked(True)
    studio.click("images.primary")
    studio.wait(lambda: studio.window.session.summary.images == 75)
    studio.wait(lambda: not studio.find("images.empty_parts").isVisible())


def test_split_folders_are_kept(studio, make_folder, tmp_path: Path) -> None:
    for name, each in (("train", 6), ("val", 2), ("test", 3)):
        make_folder(tmp_path / "source" / name, each=each)
    preview(studio, tmp_path / "source")
    sentence = studio.find("images.split_folders", QLabel)
    assert sentence.isVisible()
    assert sentence.text() == import_options.Text.FOLDERS.format("18 for training, 6 for validation and 9 for test")
    assert not studio.find("images.test", QSpinBox).isVisible()
    studio.click("images.primary")
    studio.wait(lambda: studio.window.session.summary is not None)
    assert studio.window.session.summary.splits == {"train": 18, "val": 6, "test": 9}


def test_cancelled_import_leaves_nothing_and_can_start_again(studio, make_folder, tmp_path: Path) -> None:
    preview(studio, make_folder(tmp_path / "many", each=200))
    place = Path(studio.find("images.place", QLineEdit).text())
    studio.click("images.primary")
    studio.wait(lambda: studio.find("images.progress").maximum() > 0)
    studio.click("images.cancel_import")
    studio.wait(lambda: studio.window.bridge.running("import") is None)
    assert studio.find("images.import_error_what", QLabel).text() == import_preview.Text.CANCELLED
    assert not place.exists()
    assert studio.find("images.primary").isEnabled()
    assert studio.window.session.project is None


def test_more_images_can_be_added_and_copied_into_the_open_project(studio, make_folder, tmp_path: Path) -> None:
    first = make_folder(tmp_path / "first", each=6)
    project = studio.import_folder(first)
    studio.window.go("images")
    studio.drop(studio.page("images"), [make_folder(tmp_path / "second", each=4, shapes=("disc", "star"))])
    studio.wait(lambda: studio.find("images.into_current", QRadioButton).isVisible())
    studio.find("images.into_current", QRadioButton).setChecked(True)
    assert not studio.find("images.name", QLineEdit).isVisible()
    studio.find("images.copy", QCheckBox).setChecked(True)
    studio.click("images.primary")
    studio.wait(lambda: studio.window.session.summary.images == 26)
    assert studio.window.session.project == project
    assert column(studio, "images.classes", Column.NAME) == ["cross", "disc", "square", "star"]
    copied = [image for image in browsing.images(project) if image.path.is_relative_to(project)]
    assert len(copied) == 8


def test_import_goes_on_while_another_page_is_shown(studio, make_folder, tmp_path: Path) -> None:
    preview(studio, make_folder(tmp_path / "many", each=100))
    studio.click("images.primary")
    studio.click("rail.use")
    strip = studio.window.strip
    studio.wait(lambda: [item for item in strip.items() if "of 300" in item.label.text()] or strip.items() == [])
    studio.wait(lambda: studio.window.session.project is not None)
    assert studio.window.strip.items() == []
