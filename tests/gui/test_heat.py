"""The heat map in the Mistakes tab: switched on by the user, made by the worker, shown only if it passes its tests."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QSlider

from tests.gui.test_inspect import measured, page  # noqa: F401  the same page, with its mistakes
from tlstudio.domain.explanations import Explanation
from tlstudio.domain.results import Evaluation
from tlstudio.domain.wording import isolated
from tlstudio.gui.pages.inspect import InspectPage


@pytest.fixture
def mistakes(page: InspectPage, measured: Evaluation):  # noqa: F811
    page.tabs.setCurrentIndex(1)
    page.mistakes.grid.go_to_row(0)
    return page.mistakes


def told(mistakes, explanation: Explanation) -> None:
    """The worker's answer for the image on view."""
    mistakes.heat._done(mistakes.heat._job, mistakes.heat._key(), explanation)


def proven(explanation: Explanation) -> Explanation:
    picture = io.BytesIO()
    Image.new("RGBA", (8, 8), (250, 230, 30, 255)).save(picture, "PNG")
    good = replace(
        explanation.proof, before=0.9, after=0.2, elsewhere=0.8, lowest=0.1, as_much=0, trials=39, likeness=0.0
    )
    return replace(explanation, proof=good, heat=picture.getvalue())


def failed(explanation: Explanation) -> Explanation:
    return replace(explanation, proof=replace(proven(explanation).proof, as_much=4), heat=b"")


def on(studio, mistakes) -> Explanation:
    if not studio.find("inspect.heat", QCheckBox).isChecked():
        studio.click("inspect.heat")
    studio.wait(lambda: mistakes.heat.explanation() is not None)
    return mistakes.heat.explanation()


def test_heat_map_is_made_when_it_is_wanted(studio, mistakes) -> None:
    switch, words = studio.find("inspect.heat", QCheckBox), studio.find("inspect.heat_words", QLabel)
    assert not switch.isChecked() and not words.isVisible()
    assert mistakes.canvas.layer is None
    found = on(studio, mistakes)
    assert found.label == mistakes.predicted.name, "what speaks for the wrong answer"
    assert found.proof.sentence() in words.text()
    assert found.proof.shown == (mistakes.canvas.layer is not None) == bool(found.heat)


def test_a_proven_one_is_shown_as_strongly_as_wanted(studio, mistakes) -> None:
    found = proven(on(studio, mistakes))
    told(mistakes, found)
    words, strength = studio.find("inspect.heat_words", QLabel), studio.find("inspect.heat_strength", QSlider)
    mistakes.heat._refresh()
    assert mistakes.canvas.layer is not None and not mistakes.canvas.layer.isNull()
    assert words.text() == f"The colours show what speaks for {isolated(found.label)}. {found.proof.sentence()}"
    assert words.property("tone") == "good" and strength.isVisible()
    strength.setValue(0)
    QApplication.processEvents()
    plain = mistakes.canvas.grab().toImage()
    strength.setValue(100)
    assert mistakes.canvas.grab().toImage() != plain
    strength.setValue(70)


def test_of_one_that_failed_there_is_only_the_reason(studio, mistakes) -> None:
    found = failed(on(studio, mistakes))
    told(mistakes, found)
    mistakes.heat._refresh()
    words = studio.find("inspect.heat_words", QLabel)
    assert mistakes.canvas.layer is None
    assert words.text() == found.proof.sentence() and "colours" not in words.text()
    assert words.property("tone") == "muted"
    assert not studio.find("inspect.heat_strength", QSlider).isVisible(), "there is nothing to make stronger"


def test_the_next_image_gets_its_own_and_a_known_one_comes_at_once(studio, mistakes) -> None:
    first = proven(on(studio, mistakes))
    told(mistakes, first)
    mistakes.grid.go_to_row(1)
    assert mistakes.canvas.layer is None, "the layer of another image never stays"
    studio.wait(lambda: mistakes.heat.explanation() is not None)
    assert mistakes.heat.explanation().file != first.file
    mistakes.grid.go_to_row(0)
    assert mistakes.heat.explanation() is first
    assert mistakes.canvas.layer is not None
    studio.click("inspect.heat")
    assert mistakes.canvas.layer is None
