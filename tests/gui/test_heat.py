"""The heat map in the Mistakes tab: switched on by the user, made by the worker, told with its test."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QSlider

from tests.gui.test_inspect import measured, page  # noqa: F401  the same page, with its mistakes
from tlstudio.domain.results import Evaluation
from tlstudio.gui.pages.inspect import InspectPage


@pytest.fixture
def mistakes(page: InspectPage, measured: Evaluation):  # noqa: F811
    page.tabs.setCurrentIndex(1)
    page.mistakes.grid.go_to_row(0)
    return page.mistakes


def test_heat_map_is_made_when_it_is_wanted_and_told_with_its_test(studio, mistakes) -> None:
    switch, words = studio.find("inspect.heat", QCheckBox), studio.find("inspect.heat_words", QLabel)
    assert not switch.isChecked() and not words.isVisible()
    assert mistakes.canvas.layer is None
    studio.click("inspect.heat")
    studio.wait(lambda: mistakes.heat.explanation() is not None)
    found = mistakes.heat.explanation()
    assert mistakes.canvas.layer is not None and not mistakes.canvas.layer.isNull()
    assert found.proof.sentence() in words.text()
    assert found.label == mistakes.predicted.name, "what speaks for the wrong answer"
    strength = studio.find("inspect.heat_strength", QSlider)
    strength.setValue(0)
    QApplication.processEvents()
    plain = mistakes.canvas.grab().toImage()
    strength.setValue(100)
    assert mistakes.canvas.grab().toImage() != plain
    strength.setValue(70)


def test_the_next_image_gets_its_own_and_a_known_one_comes_at_once(studio, mistakes) -> None:
    if not studio.find("inspect.heat", QCheckBox).isChecked():
        studio.click("inspect.heat")
    studio.wait(lambda: mistakes.heat.explanation() is not None)
    first = mistakes.heat.explanation()
    mistakes.grid.go_to_row(1)
    assert mistakes.canvas.layer is None, "the layer of another image never stays"
    studio.wait(lambda: mistakes.heat.explanation() is not None)
    assert mistakes.heat.explanation().file != first.file
    mistakes.grid.go_to_row(0)
    assert mistakes.heat.explanation() is first
    assert mistakes.canvas.layer is not None
    studio.click("inspect.heat")
    assert mistakes.canvas.layer is None
