"""Keeping projects safe in the window: looking without changing, taking over, backups by the clock, and restoring them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QDialog, QLabel, QLineEdit, QMenu, QTableWidget, QWidget

from tests.gui.conftest import hit
from tests.unit.storage.test_holding import mark, other_program, silent_since
from tests.unit.storage.test_recovery import damage_pages
from tlstudio.cli import run
from tlstudio.domain.errors import DiskFull
from tlstudio.gui import session as session_module
from tlstudio.gui.pages.labels.panel import Text as PanelText
from tlstudio.gui.read_only import ReadOnly
from tlstudio.gui.widgets import backup_list, project_card
from tlstudio.gui.widgets.project_card import ProjectCard
from tlstudio.storage import backups, holding, labels
from tlstudio.storage.holding import FILE, SILENT_SECONDS
from tlstudio.storage.project import Project
from tlstudio.storage.volumes import Volume
from tlstudio.workflow import browsing, keeping, projects


@pytest.fixture(scope="module")
def imported(studio, shapes: Path) -> Path:
    return studio.import_folder(shapes)


@pytest.fixture
def project(studio, imported: Path) -> Iterator[Path]:
    """A project that is not open; afterwards none is, and nobody holds it."""
    rest(studio)
    yield imported
    rest(studio)
    assert not (imported / FILE).exists()


def rest(studio) -> None:
    studio.wait(lambda: not studio.window.bridge.jobs())
    for dialog in studio.window.findChildren(QDialog):
        dialog.reject()
    studio.window.session.close_project()
    studio.window.messages.hide()
    studio.window.toast.hide()
    studio.wait(lambda: not studio.window.findChildren(QDialog))


def open_project(studio, folder: Path) -> None:
    studio.window.session.open_project(folder)
    studio.wait(lambda: not studio.window.bridge.jobs())


def message(studio) -> str:
    return studio.find("window.message_text", QLabel).text() if studio.window.messages.isVisible() else ""


def action(studio) -> str:
    return studio.find("window.message_action", QAbstractButton).text()


def label_of(folder: Path, image: int) -> str | None:
    return next(row.label for row in browsing.images(folder) if row.id == image)


class Control(QWidget):
    """Any control."""


# --- looking without changing ---


def menu_at(studio, name: str, widget: QWidget, spot: QPoint) -> QMenu:
    """The menu that the right mouse button opens at a spot of a list."""
    widget.customContextMenuRequested.emit(spot)
    studio.wait(lambda: studio.window.findChildren(QMenu, name))
    return studio.window.findChild(QMenu, name)


def test_menus_and_commands_that_change_something_are_grey_while_another_program_holds_the_project(
    studio, project: Path
) -> None:
    session = studio.window.session
    open_project(studio, project)
    studio.window.go("labels")
    page = studio.page("labels")
    page.grid.go_to_row(0)
    buckets = page.panel.buckets

    def enabled() -> dict[str, bool]:
        found = {}
        of_images = menu_at(studio, "labels.menu", page.grid, QPoint(5, 5))
        spot = buckets.visualRect(buckets.classes.index(buckets.classes.row_of("disc"))).center()
        of_class = menu_at(studio, "labels.class_menu", buckets, spot)
        for menu in (of_images, of_class):
            for action in menu.actions():
                if not action.isSeparator():
                    found[action.text().split("\t")[0]] = action.isEnabled()
                    assert action.isEnabled() or action.toolTip() == session.read_only.reason
            assert menu.toolTipsVisible() == bool(session.read_only.reason)
            menu.close()
        found |= {action.text(): action.isEnabled() for action in page.commands()}
        found["Add images"] = studio.page("images").add_button.isEnabled()
        QTest.qWait(1)
        return found

    before = enabled()
    assert all(before.values()), before
    session.read_only.set_reason("Held.")
    now = enabled()
    assert now.keys() == before.keys()
    assert {words for words, on in now.items() if on} == {"Look at it in large", PanelText.compare}
    session.read_only.set_reason("")
    assert enabled() == before


def test_a_project_that_another_program_holds_can_be_looked_at(studio, project: Path) -> None:
    with other_program(project) as (process, _):
        open_project(studio, project)
        assert f"process {process.pid}" in message(studio)
        assert "tlstudio train" in message(studio)
        assert action(studio) == session_module.Text.TRY_AGAIN
        reason = studio.window.session.read_only.reason
        for key, names in (
            ("labels", ("undo", "redo", "new_class", "add_class", "rename_class", "delete_class")),
            ("model", ("primary",)),
            ("train", ("again", "resume_run", "start_again")),
        ):
            page = studio.page(key)
            page.enter()
            for name in names:
                control = page.findChild(QWidget, f"{key}.{name}")
                assert not control.isEnabled(), name
                assert control.toolTip() == reason, name
        studio.window.go("labels")
        image = studio.page("labels").grid.images.rows()[0]
        studio.page("labels").assign([image.id], "cross" if image.label != "cross" else "disc")
        assert studio.find("window.toast_text", QLabel).text() == reason
        assert label_of(project, image.id) == image.label
        studio.click("window.message_action")
        assert studio.window.session.read_only.reason, "it is still held"
        process.communicate("")
    studio.click("window.message_action")
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert not studio.window.session.read_only.reason
    assert message(studio) == ""
    studio.window.go("labels")
    name = studio.find("labels.new_class", QLineEdit)
    assert name.isEnabled()
    assert not name.toolTip()
    assert studio.find("labels.rename_class").toolTip(), "its own tooltip is back"


def test_the_window_keeps_commands_out_and_lets_them_look(
    studio, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_project(studio, project)
    assert (project / FILE).exists()
    with other_program(project) as (_, word):
        assert word == "busy"
    assert run(["backups", "list", "--project", str(project), "--json"], lambda _: 1) == 0
    capsys.readouterr()
    studio.window.session.close_project()
    assert not (project / FILE).exists()


def test_a_silent_holder_on_another_computer_is_taken_over_only_if_the_user_says_so(studio, project: Path) -> None:
    mark(project, host="far-away")
    silent_since(project, SILENT_SECONDS + 60)
    open_project(studio, project)
    assert "far-away" in message(studio)
    assert session_module.Text.SILENT in message(studio)
    assert action(studio) == session_module.Text.TAKE_OVER
    studio.click("window.message_action")
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert not studio.window.session.read_only.reason
    mark(project, host="far-away")  # and now they take it back, while this window was asleep
    studio.window.session._look()
    assert "far-away" in studio.window.session.read_only.reason
    assert action(studio) == session_module.Text.TRY_AGAIN
    (project / FILE).unlink()


def test_a_project_is_held_until_the_work_for_it_has_ended(studio, project: Path) -> None:
    open_project(studio, project)
    job = studio.window.bridge.submit("list_backups", "Looking", project=project)
    studio.window.session.close_project()
    assert (project / FILE).exists()
    studio.wait(lambda: job.over)
    assert not (project / FILE).exists()


def test_controls_follow_their_page_again_once_the_project_may_be_changed(studio) -> None:
    keeper = ReadOnly(studio.window)
    on, off, late = (Control(studio.window) for _ in range(3))
    off.setEnabled(False)
    on.setToolTip("Does it")
    keeper.watch(on, off)
    keeper.set_reason("Held.")
    keeper.watch(late)
    assert [w.isEnabled() for w in (on, off, late)] == [False, False, False]
    off.setEnabled(True)
    assert not off.isEnabled()
    assert (on.toolTip(), off.toolTip()) == ("Held.", "Held.")
    keeper.set_reason("")
    assert [w.isEnabled() for w in (on, off, late)] == [True, True, True]
    assert (on.toolTip(), off.toolTip()) == ("Does it", "")
    on.setEnabled(False)
    keeper.set_reason("Held.")
    keeper.set_reason("")
    assert not on.isEnabled()
    for control in (on, off, late):
        keeper.release(control)
        control.deleteLater()
    QTest.qWait(1)
    keeper.set_reason("Held.")
    keeper.deleteLater()


# --- where it lies ---


def test_a_network_drive_is_spoken_of(studio, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "volume_of", lambda path: Volume(True, "nfs"))
    open_project(studio, project)
    assert message(studio) == keeping.SHARED


# --- backups ---


def test_backups_are_made_on_opening_and_by_the_clock(studio, project: Path) -> None:
    open_project(studio, project)
    before = len(backups.list_backups(project))
    assert before >= 1
    assert studio.window.session._backup_timer.isActive()
    assert studio.window.session._backup_timer.interval() == session_module.BACKUP_MS == 30 * 60_000
    labels.set_label(Project(project), [1], None, "me")
    studio.window.session._backup_timer.timeout.emit()
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert len(backups.list_backups(project)) == before + 1
    studio.window.session._backup_timer.timeout.emit()
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert len(backups.list_backups(project)) == before + 1


def test_a_backup_that_can_not_be_made_is_told(studio, project: Path) -> None:
    open_project(studio, project)
    studio.window.session._tell_backup(DiskFull("The disk is full.", remedy="Free some space."), project)
    assert message(studio) == session_module.Text.NO_BACKUP.format("The disk is full. Free some space.")


def test_a_backup_is_restored_from_the_list(studio, project: Path) -> None:
    open_project(studio, project)
    was = label_of(project, 2)
    labels.set_label(Project(project), [2], None, "me")
    keeping.back_up(project)
    studio.window.session.refresh()
    studio.window.command_list[
        [a.text() for a in studio.window.command_list].index("Backups of this project")
    ].trigger()
    studio.wait(lambda: studio.find("backups.table").isVisible())
    table = studio.find("backups.table", QTableWidget)
    assert table.rowCount() == len(backups.list_backups(project))
    assert table.currentRow() == 0
    assert table.item(0, 1).text() == "36"
    assert table.item(0, 2).text() == "3"
    assert int(table.item(0, 3).text()) == int(table.item(1, 3).text()) - 1
    table.selectRow(1)
    studio.click("backups.restore")
    studio.wait(lambda: not studio.window.findChildren(backup_list.BackupsDialog))
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert label_of(project, 2) == was
    assert studio.window.session.project == project
    assert message(studio).startswith(backup_list.Text.RESTORED.split("{", maxsplit=1)[0])
    assert (project / FILE).exists(), "it is held on"


def test_nothing_is_restored_under_work_that_is_under_way_nor_under_another_program(studio, project: Path) -> None:
    open_project(studio, project)
    job = studio.window.bridge.submit("list_backups", "Looking", project=project)
    dialog = backup_list.BackupsDialog(studio.window, studio.window.session, project)
    dialog.open()
    dialog._show(keeping.list_backups(project))
    dialog._job = None
    dialog._update()
    assert not dialog.restore_button.isEnabled()
    assert dialog.restore_button.toolTip() == backup_list.Text.BUSY
    studio.wait(lambda: job.over and not studio.window.bridge.jobs())
    assert dialog.restore_button.isEnabled()
    studio.window.session.read_only.set_reason("Held.")
    dialog._update()
    assert not dialog.restore_button.isEnabled()
    assert dialog.restore_button.toolTip() == "Held."
    studio.window.session.read_only.set_reason("")
    hit(dialog, Qt.Key.Key_Escape)
    studio.wait(lambda: not studio.window.findChildren(backup_list.BackupsDialog))


def test_a_card_on_the_start_page_opens_the_list_of_a_project_that_is_closed(studio, project: Path) -> None:
    studio.window.go("start")
    studio.wait(lambda: [c for c in studio.window.findChildren(ProjectCard) if c.isVisible()])
    card = next(c for c in studio.window.findChildren(ProjectCard) if c.isVisible())
    studio.click(card.more)
    menu = card.findChild(QMenu, "start.project_menu")
    entry = next(a for a in menu.actions() if a.text() == project_card.Text.BACKUPS)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(entry).center())
    studio.wait(lambda: studio.find("backups.table").isVisible())
    mark(project)
    studio.click("backups.restore")
    studio.wait(lambda: studio.find("backups.error").isVisible())
    assert "Another program is working on this project" in studio.find("backups.error_what", QLabel).text()
    (project / FILE).unlink()
    studio.click("backups.close")


def test_a_damaged_project_offers_its_backups(studio, project: Path) -> None:
    whole = project.joinpath("project.db").read_bytes()
    damage_pages(project / "project.db")
    open_project(studio, project)
    assert "damaged" in message(studio)
    studio.window.go("start")
    studio.wait(lambda: [c for c in studio.window.findChildren(ProjectCard) if c.isVisible() and c.summary.trouble])
    card = next(c for c in studio.window.findChildren(ProjectCard) if c.isVisible() and c.summary.trouble)
    assert project_card.Text.BACKUPS_HELP in card.accessibleName()
    assert "36 images" in message(studio)
    assert studio.window.session.project is None
    assert action(studio) == session_module.Text.BACKUPS
    studio.click("window.message_action")
    studio.wait(lambda: studio.find("backups.restore").isEnabled())
    studio.click("backups.restore")
    studio.wait(lambda: studio.window.session.project == project)
    studio.wait(lambda: not studio.window.bridge.jobs())
    assert studio.window.session.summary.images == 36
    assert whole
    assert not holding.other_holder(project)
