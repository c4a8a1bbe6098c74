"""The Model page packs a training for another machine and takes the result in, with jobs at the foot of the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QPushButton

from tests.conftest import TEST_MODEL
from tlstudio.domain.runs import Mode
from tlstudio.gui.pages.model import ModelPage
from tlstudio.gui.pages.model.elsewhere import Text
from tlstudio.workflow import runs
from tlstudio.workflow.packed_training import train_packed


@pytest.fixture(scope="module")
def page(studio, shapes: Path) -> ModelPage:
    shown = studio.model_page(shapes)
    shown.choose(TEST_MODEL)
    shown.modes.set_mode(Mode.QUICK)
    return shown


def said(studio) -> list[str]:
    heard: list[str] = []
    studio.window.session.say.connect(lambda text, tone: heard.append(text))
    studio.window.session.offer.connect(lambda text, tone, caption, do: heard.append(f"{text} [{caption}]"))
    return heard


def action(page: ModelPage, name: str) -> QAction:
    return next(each for each in page.commands() if each.objectName() == f"model.{name}")


def test_packed_trained_elsewhere_and_brought_back(studio, page: ModelPage, tmp_path: Path) -> None:
    heard, project = said(studio), studio.window.session.project
    assert page.elsewhere.isVisible() and page.elsewhere.text() == Text.button
    action(page, "pack_with").trigger()
    studio.choose_in_dialog("model.pack_dialog", tmp_path / "away.tlpack")
    studio.wait(lambda: heard)
    assert "and no names" in heard[-1] and "tlstudio train --packed away.tlpack" in heard[-1]
    studio.find("window.message_action", QPushButton).click()
    assert QGuiApplication.clipboard().text() == "tlstudio train --packed away.tlpack"
    result = train_packed(tmp_path / "away.tlpack").file
    action(page, "back").trigger()
    studio.choose_in_dialog("model.unpack_dialog", result)
    studio.wait(lambda: len(heard) > 1)
    assert heard[-1] == f"{Text.returned} [{Text.look}]"
    (row,) = runs.list_runs(project)
    assert row.model == TEST_MODEL and row.mode is Mode.QUICK
    studio.window.go("train")
    train = studio.page("train")
    studio.wait(lambda: train.table.current() is not None)
    assert train.table.current().id == row.id
    studio.window.go("model")
    action(page, "back").trigger()
    studio.choose_in_dialog("model.unpack_dialog", result)
    studio.wait(lambda: len(heard) > 2)
    assert heard[-1].startswith(Text.already)


def test_what_is_no_result_is_refused_in_words(studio, page: ModelPage, tmp_path: Path) -> None:
    heard = said(studio)
    (tmp_path / "x.tlpack").write_bytes(b"nothing")
    page.elsewhere.bring_back(tmp_path / "x.tlpack")
    studio.wait(lambda: heard)
    assert "is not a training that comes back from another machine" in heard[-1]


def test_without_a_model_on_this_machine_nothing_can_be_packed(page: ModelPage) -> None:
    page.choose("convnextv2_atto.fcmae_ft_in1k")
    assert not action(page, "pack").isEnabled() and action(page, "back").isEnabled()
    page.choose(TEST_MODEL)
    assert action(page, "pack").isEnabled()
