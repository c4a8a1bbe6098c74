"""The Check page in the real window: findings as cards, examples, repairs with undo, and setting aside."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.gui.conftest import hit
from tlstudio.domain.errors import StudioError
from tlstudio.domain.findings import Severity
from tlstudio.gui.pages.check import CheckPage, deeds
from tlstudio.gui.pages.check.card import FindingCard
from tlstudio.storage.images import list_images
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling
from tlstudio.workflow.finding_images import find_images


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


def checked(studio, page: CheckPage, *, closely: bool = False) -> list[FindingCard]:
    studio.window.go("check")
    checks = page.checks
    studio.wait(lambda: checks._fresh and not checks.running and checks.findings is not None)
    if closely:
        studio.wait(lambda: checks.complete)
    QApplication.processEvents()
    return [card for card in page.cards if card.isVisible()]


def card_of(cards: list[FindingCard], kind: str) -> FindingCard:
    return next(card for card in cards if card.finding.kind == kind)


def excluded(studio) -> int:
    return sum(row.excluded for row in list_images(Project.open(studio.window.session.project)))


def test_the_rail_counts_findings_before_the_page_was_shown(studio, page: CheckPage) -> None:
    assert studio.shown != "check"
    studio.wait(lambda: page.checks.findings is not None)
    step = studio.window.rail.steps["check"]
    studio.wait(lambda: step.state.waiting > 0)
    assert step.state.waiting == page.waiting()
    assert studio.window.bridge.running("check_closely") is None, "that is for those who look"


def test_findings_come_as_cards_with_the_most_harmful_first(studio, page: CheckPage) -> None:
    cards = checked(studio, page, closely=True)
    kinds = [card.finding.kind for card in cards]
    assert {"conflicting_labels", "exact_duplicate"} <= set(kinds)
    order = [list(Severity).index(card.finding.severity) for card in cards]
    assert order == sorted(order)
    assert page.waiting() == sum(card.finding.severity is not Severity.LOW for card in cards) > 0
    assert not page.done()
    assert not page.closer.isVisible()
    pairs = card_of(cards, "exact_duplicate").examples.sets()
    assert [len(kin) for kin in pairs] == [2]


def test_a_narrow_card_shows_fewer_examples(studio, page: CheckPage) -> None:
    card = card_of(checked(studio, page), "conflicting_labels")
    examples = card.examples
    everything = len(examples.sets())
    examples.fit(10)
    assert len(examples.rows()) == len(examples.sets()[0])
    assert examples.sizeHint().width() >= examples.minimumSizeHint().width()
    examples.fit(10_000)
    assert len(examples.rows()) == sum(len(kin) for kin in examples.sets()[:everything])


def test_an_example_opens_in_large(studio, page: CheckPage) -> None:
    examples = card_of(checked(studio, page), "conflicting_labels").examples
    QTest.mouseClick(examples, Qt.MouseButton.LeftButton, pos=examples.cell_rect(1).center())
    assert page.viewer.image == examples.rows()[1]
    hit(page.viewer, Qt.Key.Key_Left)
    assert page.viewer.image == examples.rows()[0]
    studio.wait(lambda: page.viewer.canvas.pixmap is not None)
    hit(page.viewer, Qt.Key.Key_Space)
    assert page.viewer.image is None
    examples.setFocus()
    hit(examples, Qt.Key.Key_Return)
    assert page.viewer.image is not None
    hit(page.viewer, Qt.Key.Key_Escape)


def test_a_repair_is_one_click_and_is_undone_with_another(studio, page: CheckPage) -> None:
    checked(studio, page)
    studio.click("check.repair_exact_duplicate")
    assert excluded(studio) == 1
    toast = studio.window.toast
    assert "1 copy left out" in toast.label.text()
    assert "exact_duplicate" not in {c.finding.kind for c in checked(studio, page)}
    studio.click(toast.action)
    assert excluded(studio) == 0
    assert "exact_duplicate" in {c.finding.kind for c in checked(studio, page)}


def by_the_worker(studio) -> None:
    """Waits until what was left to the worker is done, and every page has heard of it."""
    assert studio.window.bridge.running("edit_many") is not None
    studio.wait(lambda: studio.window.bridge.running("edit_many") is None)
    QTest.qWait(20)


def test_very_many_images_are_dealt_with_by_the_worker(
    studio, page: CheckPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeds, "MANY", 0)
    finding = card_of(checked(studio, page, closely=True), "exact_duplicate").finding
    toast, before = studio.window.toast, page.waiting()
    page.deeds.set_aside(finding, "a trial")
    by_the_worker(studio)
    assert toast.label.text() == deeds.Text.set_aside.format(title=finding.title)
    assert [f.reason for f in page.checks.findings or () if f.kind == "exact_duplicate"] == ["a trial"]
    assert page.checks.complete, "nothing has to be checked again"
    studio.click(toast.action)
    by_the_worker(studio)
    assert page.waiting() == before
    page.deeds.repair(finding)
    page.deeds.repair(finding)
    assert toast.label.text().startswith("One moment")
    by_the_worker(studio)
    assert excluded(studio) == 1
    assert "1 copy left out" in toast.label.text()
    page.deeds.repair(finding)
    by_the_worker(studio)
    assert toast.label.text() == deeds.Text.unchanged
    page.deeds.relabeler.undo()
    assert excluded(studio) == 0


def test_a_finding_is_set_aside_with_a_reason_and_counts_again(studio, page: CheckPage) -> None:
    card = card_of(checked(studio, page, closely=True), "conflicting_labels")
    before = page.waiting()
    studio.click("check.ignore_conflicting_labels")
    line = studio.find("check.reason_conflicting_labels", QLineEdit)
    assert studio.window.focusWidget() is line
    assert not card.reason.accept.isEnabled()
    hit(line, Qt.Key.Key_Escape)
    assert not line.isVisible() and card.ignore.isVisible()
    studio.click("check.ignore_conflicting_labels")
    studio.keys(line, "a trial")
    hit(line, Qt.Key.Key_Return)
    assert page.waiting() == before - 1
    assert page.aside.toggle.text() == "1 finding set aside"
    assert not page.aside.list.isVisible()
    studio.click(page.aside.toggle)
    studio.click("check.again_conflicting_labels")
    assert page.waiting() == before
    assert not page.aside.isVisible()


def test_a_reason_that_is_being_written_survives_the_next_check(studio, page: CheckPage) -> None:
    checked(studio, page, closely=True)
    studio.click("check.ignore_exact_duplicate")
    line = studio.find("check.reason_exact_duplicate", QLineEdit)
    studio.keys(line, "half a")
    page.checks.run()
    card = card_of(checked(studio, page, closely=True), "exact_duplicate")
    assert card.reason.line is line
    assert (line.text(), line.isVisible()) == ("half a", True)
    studio.click("check.reason_cancel_exact_duplicate")


def test_the_button_shows_the_images_on_the_labels_page(studio, page: CheckPage) -> None:
    card = card_of(checked(studio, page), "conflicting_labels")
    shown: list[str] = []
    studio.window.session.go_to.connect(shown.append)
    studio.click("check.show_conflicting_labels")
    assert shown == ["labels"]
    assert studio.shown == "labels"
    assert len(set(card.finding.files)) == 2
    studio.window.session.go_to.disconnect(shown.append)


def test_changed_labels_are_checked_again(studio, page: CheckPage) -> None:
    card = card_of(checked(studio, page), "conflicting_labels")
    project = studio.window.session.project
    wrong, files = next(row for row in card.examples.rows() if row.label == "square"), set(card.finding.files)
    labeling.set_label(project, [wrong.id], "disc")
    studio.window.session.refresh()
    studio.wait(lambda: "conflicting_labels" not in {f.kind for f in page.checks.findings or ()})
    labeling.undo(project)
    studio.window.session.refresh()
    studio.wait(lambda: "conflicting_labels" in {f.kind for f in page.checks.findings or ()})
    again = card_of(checked(studio, page), "conflicting_labels")
    assert set(again.finding.files) == files


def test_a_check_that_was_made_is_not_made_again(studio, page: CheckPage) -> None:
    checked(studio, page, closely=True)
    studio.window.go("labels")
    studio.window.go("check")
    assert studio.window.bridge.running("check") is None
    assert studio.window.bridge.running("check_closely") is None


def test_other_work_goes_before_the_closer_look(studio, page: CheckPage) -> None:
    checked(studio, page, closely=True)
    page.checks.run()
    studio.wait(lambda: page.checks.looking_closer)
    other = studio.window.bridge.submit("device")
    assert not page.checks.looking_closer
    studio.wait(lambda: other.over)
    studio.wait(lambda: page.checks.complete)


def test_missing_images_are_found_in_another_folder(studio, page: CheckPage, tmp_path: Path) -> None:
    project = studio.window.session.project
    folder = list_images(Project.open(project))[0].path.parent.parent
    before = [(row.id, row.label) for row in list_images(Project.open(project))]
    shutil.move(folder, tmp_path / "usb" / "moved")
    page.checks.run()
    try:
        cards = checked(studio, page)
        card = card_of(cards, "unreadable")
        assert "find them in another folder" in card.finding.advice
        studio.click("check.page_unreadable")
        studio.choose_in_dialog("check.find_dialog", tmp_path / "usb")
        studio.wait(lambda: studio.window.bridge.running("find_images") is None and page.checks.findings is not None)
        cards = checked(studio, page)
        assert "unreadable" not in [card.finding.kind for card in cards]
        rows = list_images(Project.open(project))
        assert [(row.id, row.label) for row in rows] == before
        assert all(row.path.is_relative_to(tmp_path / "usb") for row in rows)
    finally:
        shutil.move(tmp_path / "usb" / "moved", folder)
        find_images(project, folder)


def test_nothing_found_is_said_kindly(studio, page: CheckPage) -> None:
    checked(studio, page, closely=True)
    page.checks.findings = ()
    page.checks.changed.emit()
    assert page.state.isVisible()
    assert page.state.title.text() == "Nothing found that could mislead the result"
    assert page.done() and page.waiting() == 0


def test_trouble_is_told_with_a_way_on(studio, page: CheckPage) -> None:
    checked(studio, page, closely=True)
    known = page.checks.findings
    page.checks.findings = None
    page.checks.failed.emit(StudioError("The disk is full.", remedy="Free some space."))
    assert page.state.isVisible()
    assert page.state.title.text() == "The disk is full."
    studio.click(page.state.button)
    studio.wait(lambda: page.checks.complete)
    assert known is not None and page.checks.findings is not None


def test_the_way_on_is_the_model_page(studio, page: CheckPage) -> None:
    checked(studio, page)
    studio.click("check.primary")
    assert studio.shown == "model"
