"""The start page: what can be opened, and what was opened before."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from tlstudio.domain.values import ProjectSummary
from tlstudio.gui.pages import start
from tlstudio.gui.widgets import project_card
from tlstudio.gui.widgets.project_card import ProjectCard


@pytest.fixture(autouse=True)
def at_start(studio) -> None:
    studio.window.session.close_project()
    studio.window.messages.hide()


def cards(studio) -> list[ProjectCard]:
    return [card for card in studio.window.findChildren(ProjectCard) if card.isVisible()]


def test_empty_before_the_first_project(studio) -> None:
    assert studio.find("start.no_projects").isVisible()
    assert not cards(studio)


def test_drop_area_lights_up_for_a_folder_and_not_for_single_files(studio, shapes: Path) -> None:
    area = studio.find("start.drop")
    assert studio.drag_over(area, [shapes])
    assert area.lit
    studio.drag_away(area)
    assert not area.lit
    assert studio.drag_over(area, [shapes / "disc" / "P000_0.png"])
    assert not area.lit
    assert studio.window.drop_overlay.isVisible()  # the window says what can be done with them instead
    studio.drag_away(area)
    assert not studio.window.drop_overlay.isVisible()


def test_dropping_a_folder_shows_its_preview(studio, shapes: Path) -> None:
    studio.drop(studio.find("start.drop"), [shapes])
    studio.wait(lambda: studio.find("images.found").isVisible())
    studio.click("images.back")


def test_open_button_asks_for_a_folder_without_blocking(studio, shapes: Path) -> None:
    studio.click("start.open")
    studio.choose_in_dialog("window.choose_folder", shapes)
    studio.wait(lambda: studio.find("images.found").isVisible())
    studio.wait(lambda: not studio.window.findChildren(QFileDialog))
    studio.click("images.back")


def test_use_a_model_needs_no_project(studio) -> None:
    studio.click("start.use")
    assert studio.shown == "use"
    assert studio.find("use.choose_model").isVisible()


def test_recent_project_opens_with_a_click_and_can_be_forgotten(studio, shapes: Path) -> None:
    project = studio.import_folder(shapes)
    studio.click("rail.project")
    card = cards(studio)[0]
    assert card.summary.folder == project
    assert "3 classes" in card.accessibleName()
    assert "36 images" in card.accessibleName()
    assert len(card.summary.thumbnails) == 4
    studio.window.session.close_project()
    studio.wait(lambda: cards(studio))
    studio.click(cards(studio)[0])
    assert studio.window.session.project == project
    studio.click("rail.project")
    card = cards(studio)[0]
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(20, 20), card.mapToGlobal(QPoint(20, 20)))
    QApplication.sendEvent(card, event)
    menu = card.findChild(QMenu, "start.project_menu")
    forget = next(a for a in menu.actions() if a.text() == project_card.Text.FORGET)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(forget).center())
    studio.wait(lambda: not cards(studio))
    assert studio.find("start.no_projects").isVisible()
    assert (project / "project.db").exists()  # only the list forgets it


def test_the_sample_is_made_and_opened(studio) -> None:
    studio.click("start.sample")
    assert not studio.find("start.sample").isEnabled()
    studio.wait(lambda: studio.window.session.project is not None)
    assert studio.window.session.summary.images > 50
    assert studio.shown == "images"
    studio.wait(lambda: studio.find("start.sample").isEnabled())
    again = studio.window.session.project
    studio.window.session.close_project()
    studio.click("start.sample")  # it is there already: opened at once
    assert studio.window.session.project == again


def test_projects_that_take_their_time_come_one_by_one(studio, shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "BLINK", 0.0001)
    studio.window.go("start")
    page = studio.page("start")
    page._load_more(iter(()))
    before = len(page._cards)
    page._load_more(iter([ProjectSummary(shapes / name, name) for name in ("one", "two", "three")]))
    assert len(page._cards) == before + 1
    studio.wait(lambda: [card.summary.name for card in page._cards][-3:] == ["one", "two", "three"])
    page.load_recent()
