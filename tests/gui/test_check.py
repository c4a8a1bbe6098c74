"""The Check page in the real window: findings as cards, examples, and the way to the images."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tlstudio.domain.findings import CheckResult, Severity
from tlstudio.gui.pages.check import CheckPage
from tlstudio.gui.pages.labels import LabelsPage
from tlstudio.gui.widgets.finding_card import FindingCard
from tlstudio.workflow import labeling


@pytest.fixture(scope="module")
def page(studio, make_folder, tmp_path_factory: pytest.TempPathFactory) -> CheckPage:
    """A project in which one picture lies in two classes and another one twice in the same class."""
    folder = make_folder(tmp_path_factory.mktemp("check") / "shapes", each=24)
    shutil.copy(folder / "disc" / "P000_0.png", folder / "square" / "Q_0.png")
    shutil.copy(folder / "cross" / "P000_0.png", folder / "cross" / "Q_1.png")
    studio.import_folder(folder)
    shown = studio.page("check")
    assert isinstance(shown, CheckPage)
    return shown


def checked(studio, page: CheckPage) -> list[FindingCard]:
    studio.window.go("check")
    studio.wait(lambda: page._job is None)
    QApplication.processEvents()
    return [card for card in page.findChildren(FindingCard) if card.isVisible()]


def test_findings_come_as_cards_with_the_most_harmful_first(studio, page: CheckPage) -> None:
    cards = checked(studio, page)
    kinds = [card.finding.kind for card in cards]
    assert "conflicting_labels" in kinds and "exact_duplicate" in kinds
    order = [list(Severity).index(card.finding.severity) for card in cards]
    assert order == sorted(order)
    assert page.waiting() == sum(card.finding.severity is not Severity.LOW for card in cards) > 0
    assert not page.done()
    assert all(len(card.strip.rows()) <= 3 for card in cards)
    assert not page.grab().isNull()


def test_an_example_opens_in_large(studio, page: CheckPage) -> None:
    card = checked(studio, page)[0]
    QTest.mouseClick(card.strip, Qt.MouseButton.LeftButton, pos=card.strip.cell_rect(1).center())
    assert page.viewer.image == card.strip.rows()[1]
    QTest.keyClick(page.viewer, Qt.Key.Key_Left)
    assert page.viewer.image == card.strip.rows()[0]
    studio.wait(lambda: page.viewer.canvas.pixmap is not None)
    QTest.keyClick(page.viewer, Qt.Key.Key_Space)
    assert page.viewer.image is None
    card.strip.setFocus()
    QTest.keyClick(card.strip, Qt.Key.Key_Return)
    assert page.viewer.image is not None
    QTest.keyClick(page.viewer, Qt.Key.Key_Escape)


def test_the_button_shows_the_images_on_the_labels_page(studio, page: CheckPage) -> None:
    card = next(c for c in checked(studio, page) if c.finding.kind == "conflicting_labels")
    studio.click(card.show_button)
    assert studio.shown == "labels"
    labels = studio.page("labels")
    assert isinstance(labels, LabelsPage)
    assert {str(row.path) for row in labels.grid.images.rows()} == set(card.finding.files)
    labels.filter_bar.clear()


def test_changed_labels_are_checked_again(studio, page: CheckPage) -> None:
    card = next(c for c in checked(studio, page) if c.finding.kind == "conflicting_labels")
    project = studio.window.session.project
    assert project is not None
    wrong = next(row for row in card.strip.rows() if row.label == "square")
    labeling.set_label(project, [wrong.id], "disc")
    studio.window.session.refresh()
    kinds = [c.finding.kind for c in checked(studio, page)]
    assert "conflicting_labels" not in kinds


def test_a_check_that_was_made_is_not_made_again(studio, page: CheckPage) -> None:
    checked(studio, page)
    studio.window.go("labels")
    studio.window.go("check")
    assert studio.window.bridge.running("check") is None


def test_nothing_found_is_said_kindly(studio, page: CheckPage) -> None:
    checked(studio, page)
    page._job = job = studio.window.bridge.submit("check", project=studio.window.session.project)
    page._done(job, CheckResult(()))
    assert page.state.isVisible()
    assert page.state.title.text() == "Nothing found that could mislead the result"
    assert page.done() and page.waiting() == 0
    studio.wait(lambda: job.over)


def test_the_way_on_is_the_model_page(studio, page: CheckPage) -> None:
    checked(studio, page)
    studio.click("check.primary")
    assert studio.shown == "model"
