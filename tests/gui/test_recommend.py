"""Comparing models on the Model page with the real worker: what has learned nothing does not win, and the winner is chosen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from tests.bench.random_weights import make_random
from tlstudio.catalog import weights
from tlstudio.gui.pages.model import ModelPage

TEST_MODEL = "mobilenetv3_small_100.test"


@pytest.fixture
def rival() -> Iterator[str]:
    name = make_random(weights.own_folder(), "mobilenetv3_small_050", 0)
    yield name
    shutil.rmtree(weights.own_folder() / name)


def test_the_comparison_on_the_page(studio, shapes: Path, rival: str) -> None:
    studio.import_folder(shapes)
    studio.window.go("model")
    page = studio.page("model")
    assert isinstance(page, ModelPage)
    studio.wait(lambda: page.shelf.is_here(rival))
    studio.wait(lambda: studio.find("model.compare", QPushButton).isEnabled())
    studio.find("model.compare", QPushButton).click()
    studio.wait(page.advice.ranking.isVisible)
    words = studio.find("model.advice", QLabel).text()
    assert words.startswith("For your images")
    assert "Place 1" in page.advice.ranking.accessibleName()
    studio.find("model.compare_more", QPushButton).click()
    notes = studio.find("model.compare_notes", QLabel)
    assert notes.isVisible() and "Not measured here" in notes.text()
    assert not page.grab().isNull()
