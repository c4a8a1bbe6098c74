"""The frame: rail, keyboard, commands, help, messages, drops, and closing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
)

from tests.gui.conftest import hit
from tlstudio.gui import application, closing, commands, messages, preferences, theme
from tlstudio.gui.main_window import MainWindow, Text
from tlstudio.gui.widgets import rail
from tlstudio.gui.widgets.help_bubble import Bubble
from tlstudio.storage.places import log_file

ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def at_start(request) -> None:
    if "studio" in request.fixturenames:
        window = request.getfixturevalue("studio").window
        window.session.close_project()
        window.messages.hide()
        window.toast.hide()


def test_opens_on_the_start_page_with_what_can_be_done(studio) -> None:
    assert studio.shown == "start"
    steps = studio.window.rail.steps
    assert list(steps) == ["images", "labels", "check", "model", "train", "inspect", "use"]
    assert steps["images"].isEnabled()
    assert steps["use"].isEnabled()
    for key in ("labels", "train", "inspect"):
        assert not steps[key].isEnabled()
        assert steps[key].toolTip(), "a greyed step says why"
        assert rail.Text.NOT_YET.split(":", maxsplit=1)[0] in steps[key].accessibleName()


def test_rail_click_and_arrow_keys(studio) -> None:
    studio.click("rail.images")
    assert studio.shown == "images"
    assert studio.window.rail.steps["images"].isChecked()
    step = studio.window.rail.steps["images"]
    step.setFocus()
    studio.press(Qt.Key.Key_Down)
    assert studio.window.rail.steps["use"].hasFocus()  # the greyed ones between are passed over
    studio.press(Qt.Key.Key_Space)
    assert studio.shown == "use"
    studio.click("rail.project")
    assert studio.shown == "start"


def test_shortcuts_go_to_steps_or_say_why_not(studio) -> None:
    studio.shortcut(Qt.Key.Key_7, ALT)
    assert studio.shown == "use"
    studio.shortcut(Qt.Key.Key_1, CTRL)
    assert studio.shown == "images"
    studio.shortcut(Qt.Key.Key_5, ALT)
    assert studio.shown == "images"
    assert studio.window.toast.isVisible()
    assert studio.find("window.toast_text", QLabel).text() == studio.page("train").blocked()
    studio.shortcut(Qt.Key.Key_0, ALT)
    assert studio.shown == "start"


def test_command_palette_finds_and_does(studio) -> None:
    studio.shortcut(Qt.Key.Key_K, CTRL)
    line, found = studio.find("commands.filter", QLineEdit), studio.find("commands.list", QListWidget)
    assert line.isVisible()
    everything = found.count()
    studio.keys(line, "go use")
    assert 0 < found.count() < everything
    assert found.item(0).text() == "Go to Use"
    hit(line, Qt.Key.Key_Return)
    assert studio.shown == "use"
    assert not line.isVisible()
    studio.click("use.commands")
    line.setFocus()
    studio.keys(line, "xyzzy")
    assert studio.find("commands.nothing").isVisible()
    hit(line, Qt.Key.Key_Escape)
    assert not line.isVisible()


def test_notifications_are_turned_off_and_on_again(studio) -> None:
    action = next(a for a in studio.window.command_list if a.objectName() == "command.notifications")
    assert action.text() == commands.Text.NOTIFY_NOT and preferences.notifications()
    action.trigger()
    assert action.text() == commands.Text.NOTIFY and not preferences.notifications()
    action.trigger()
    assert action.text() == commands.Text.NOTIFY_NOT and preferences.notifications()


def test_help_bubble_opens_on_f1_and_closes(studio) -> None:
    studio.shortcut(Qt.Key.Key_F1)
    bubble = studio.find("window.help_bubble", Bubble)
    assert studio.page("start").help in [label.text() for label in bubble.findChildren(QLabel)]
    hit(bubble, Qt.Key.Key_Escape)
    studio.wait(lambda: not studio.window.findChildren(Bubble))
    studio.click("start.help")
    assert studio.window.findChildren(Bubble)
    QTest.mouseClick(studio.page("start"), Qt.MouseButton.LeftButton, pos=studio.page("start").rect().bottomRight())
    studio.wait(lambda: not studio.window.findChildren(Bubble))


def test_narrow_window_keeps_icons_with_names(studio) -> None:
    step = studio.window.rail.steps["images"]
    studio.window.resize(1000, 700)
    assert studio.window.rail.width() == theme.RAIL_COLLAPSED
    assert step.toolTip() == "1 Images"
    studio.window.resize(1280, 800)
    assert studio.window.rail.width() == theme.RAIL_WIDTH
    assert not step.toolTip()


def test_message_bar_and_toast(studio) -> None:
    done = []
    studio.window.session.offer.emit("The disk is full.", "bad", "Try again", lambda: done.append("again"))
    assert studio.find("window.message_text", QLabel).text() == "The disk is full."
    studio.click("window.message_action")
    assert done == ["again"]
    studio.click("window.message_close")
    assert not studio.window.messages.isVisible()
    studio.window.session.toast.emit("12 images moved to crack", "Undo", lambda: done.append("undone"))
    studio.click("window.toast_action")
    assert done == ["again", "undone"]
    assert not studio.window.toast.isVisible()


def test_light_and_dark_change_everything_at_once(studio) -> None:
    theme.apply(studio.application, "dark")
    dark = studio.window.grab().toImage()
    theme.apply(studio.application, "light")
    light = studio.window.grab().toImage()
    assert dark.pixelColor(700, 700).lightness() < 60
    assert light.pixelColor(700, 700).lightness() > 200


@pytest.mark.parametrize("key", ["start", "images", "use"])
def test_every_control_has_a_name_and_says_what_it_is(studio, key: str) -> None:
    page = studio.page(key)
    for kind in (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView):
        for control in page.findChildren(kind):
            inside = control.parentWidget()
            if control.objectName().startswith("qt_") or isinstance(
                inside, (QComboBox, QAbstractSpinBox, QAbstractItemView)
            ):
                continue  # parts of a control, made by Qt
            if "QComboBoxPrivateContainer" in type(inside).__name__ or inside.inherits("QComboBoxPrivateContainer"):
                continue
            assert control.objectName().startswith(f"{key}."), control
            assert control.accessibleName(), control.objectName()


def test_focus_order_reaches_every_visible_control(studio) -> None:
    studio.window.go("start")
    studio.window.activateWindow()
    studio.page("start").setFocus()
    seen = set()
    for _ in range(60):
        studio.press(Qt.Key.Key_Tab)
        widget = QApplication.focusWidget()
        if widget is not None:
            seen.add(widget.objectName())
    assert {"start.open", "start.use", "start.sample", "start.help", "rail.project", "rail.images"} <= seen


# --- drops ---


def test_a_folder_dropped_anywhere_is_previewed(studio, shapes: Path) -> None:
    assert studio.drag_over(studio.window.strip, [shapes])
    assert studio.window.drop_overlay.isVisible()
    assert shapes.name in studio.window.drop_overlay.accessibleName()
    studio.drag_away(studio.window.strip)
    assert not studio.window.drop_overlay.isVisible()
    studio.drop(studio.window.rail, [shapes])
    studio.wait(lambda: studio.shown == "images")
    studio.wait(lambda: studio.find("images.found", QLabel).isVisible())
    studio.click("images.back")


def test_a_model_dropped_anywhere_goes_to_the_use_page(studio, tmp_path: Path) -> None:
    fake = tmp_path / "model.onnx"
    fake.write_bytes(b"not a model")
    studio.drop(studio.window.strip, [fake])
    studio.wait(lambda: studio.find("use.error").isVisible())
    assert studio.shown == "use"
    assert studio.find("use.error_what", QLabel).text()


def test_single_images_on_another_page_get_a_sentence(studio, shapes: Path) -> None:
    studio.drop(studio.window.strip, sorted((shapes / "disc").glob("*.png"))[:2])
    studio.wait(studio.window.messages.isVisible)
    assert studio.find("window.message_text", QLabel).text() == Text.SINGLE_IMAGES


def test_a_folder_that_is_no_project_is_refused_by_name(studio, tmp_path: Path) -> None:
    (tmp_path / "project.db").write_bytes(b"junk")
    studio.drop(studio.window.strip, [tmp_path])
    studio.wait(studio.window.messages.isVisible)
    assert studio.window.session.project is None


def test_a_project_dropped_is_opened_where_it_was_left(studio, shapes: Path) -> None:
    project = studio.import_folder(shapes)
    studio.window.go("use")
    studio.window.session.close_project()
    assert studio.shown == "start"
    studio.drop(studio.window.strip, [project])
    studio.wait(lambda: studio.window.session.project == project)
    assert studio.shown == "use"  # the last place in this project
    assert studio.window.windowTitle() == Text.TITLE.format("shapes")
    assert studio.window.rail.head.text() == "shapes"


# --- the beginning and the end ---


def test_closing_while_importing_asks_and_loses_nothing(fresh, make_folder, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "many", each=300)
    fresh.drop(fresh.window.strip, [source])
    fresh.wait(lambda: fresh.find("images.primary").isVisible())
    fresh.click("images.primary")
    fresh.wait(lambda: fresh.window.bridge.running("import").latest is not None)
    fresh.window.close()
    assert fresh.window.isVisible()
    assert fresh.find("closing.headline", QLabel).text() == closing.Text.HEADLINE["import"]
    fresh.click("closing.keep")
    fresh.wait(lambda: not fresh.window.findChildren(closing.ClosingDialog))
    assert fresh.window.bridge.running("import") is not None
    fresh.window.close()
    fresh.click("closing.close")
    fresh.wait(lambda: not fresh.window.isVisible())
    assert not list((fresh.home / "projects").glob("*/project.db"))  # no half project
    assert len(list(source.rglob("*.png"))) == 900  # and the images are as they were


def test_size_is_remembered(fresh) -> None:
    fresh.window.resize(900, 666)
    fresh.window.close()
    again = MainWindow()
    size = again.size()
    again.deleteLater()
    assert size.height() == 666  # the offscreen platform's screen is too narrow to tell by the width


def test_a_defect_is_a_sentence_and_a_log_line(fresh) -> None:
    hook = application._Defects(fresh.window)
    try:
        raise ZeroDivisionError("planted")
    except ZeroDivisionError as error:
        hook(type(error), error, error.__traceback__)
    text = fresh.find("window.message_text", QLabel).text()
    assert text == messages.Text.DEFECT
    assert "Zero" not in text
    assert fresh.find("window.message_action", QAbstractButton).text() == messages.Text.OPEN_LOG
    log = log_file()
    assert "planted" in log.read_text(encoding="utf-8")
    log.write_text("", encoding="utf-8")  # expected, so the fixture need not mind
