"""Suggested classes in the real window: a quick model is trained, suggests, and nothing is a label until it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton

from tests.gui.conftest import hit
from tlstudio.domain.values import Split
from tlstudio.gui.pages.labels import LabelsPage
from tlstudio.workflow import browsing, labeling

KEPT = 4  # labels of each class that are left


@pytest.fixture(scope="module")
def project(studio, make_folder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return studio.import_folder(make_folder(tmp_path_factory.mktemp("many") / "shapes", 18))


@pytest.fixture(scope="module")
def page(studio, project: Path) -> LabelsPage:
    studio.window.go("labels")
    shown = studio.page("labels")
    assert isinstance(shown, LabelsPage)
    return shown


def test_with_every_image_labeled_nothing_is_offered(page: LabelsPage) -> None:
    assert not page.suggest_bar.isVisible()


def test_with_too_few_labels_it_is_said_what_to_do(studio, page: LabelsPage, project: Path) -> None:
    rows = browsing.images(project)
    labeling.set_label(project, [row.id for row in rows], None)
    studio.window.session.refresh()
    assert page.suggest_bar.isVisible()
    assert "at least two images of two classes" in page.suggest_bar.words.text()
    assert not page.suggest_bar.button.isVisible()
    labeling.undo(project)
    for label in ("disc", "square", "cross"):
        mine = [row for row in rows if row.label == label]
        kept = [row.id for row in mine if row.split is Split.TRAIN][:KEPT]
        labeling.set_label(project, [row.id for row in mine if row.id not in kept], None)
    studio.window.session.refresh()
    assert "A quick model can suggest" in page.suggest_bar.words.text()


def test_a_quick_model_is_trained_and_suggests(studio, page: LabelsPage, project: Path) -> None:
    studio.click("labels.suggest")
    assert studio.find("labels.suggest_stop", QPushButton).isVisible()
    assert not studio.find("labels.suggest", QPushButton).isVisible()
    studio.wait(lambda: page.suggesting._job is None)
    assert "suggestions wait" in page.suggest_bar.words.text()
    assert "test images have to be yours alone" in page.suggest_bar.more.text()
    assert sum(row.label is not None for row in browsing.images(project)) == 3 * KEPT
    entry = page.grid.images.entry(0)
    assert entry is not None and entry.suggestion is not None
    assert entry.suggestion.priority == 1
    tip = page.grid.images.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert f"suggested: {entry.suggestion.label}" in tip


def test_return_accepts_and_goes_on(studio, page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(0)
    first, second = page.grid.images.entry(0), page.grid.images.entry(1)
    assert first is not None and first.suggestion is not None and second is not None
    hit(page.grid, Qt.Key.Key_Return)
    assert browsing.rows(project, [first.row.id])[0].label == first.suggestion.label
    assert page.grid.current_id() == second.row.id
    assert "1 suggestion accepted" in studio.find("window.toast_text", QLabel).text()
    assert "1 label is new since" in page.suggest_bar.more.text()
    studio.click("labels.undo")
    assert browsing.rows(project, [first.row.id])[0].label is None
    assert page.grid.current_id() == first.row.id


def test_a_number_gives_another_class(page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(0)
    entry = page.grid.images.entry(0)
    assert entry is not None and entry.suggestion is not None
    other = next(n for n, name in enumerate(page.gallery.names, start=1) if name != entry.suggestion.label)
    QTest.keyClicks(page.grid, str(other))
    assert browsing.rows(project, [entry.row.id])[0].label == page.gallery.names[other - 1]


def test_the_viewer_shows_the_suggestion_and_accepts_it(studio, page: LabelsPage, project: Path) -> None:
    page.grid.setFocus()
    page.grid.go_to_row(0)
    entry = page.grid.images.entry(0)
    assert entry is not None and entry.suggestion is not None
    hit(page.grid, Qt.Key.Key_Space)
    assert entry.suggestion.label in studio.find("labels.suggestion").accessibleName()
    assert studio.find("labels.accept", QPushButton).isVisible()
    hit(page.viewer, Qt.Key.Key_Return)
    assert browsing.rows(project, [entry.row.id])[0].label == entry.suggestion.label
    assert page.viewer.image is not None and page.viewer.image.id != entry.row.id
    page.viewer.close_viewer()


def test_suggested_images_alone_and_suggesting_again(studio, page: LabelsPage, project: Path) -> None:
    studio.find("labels.mark", QComboBox).setCurrentText("Suggested")
    waiting = page.grid.images.rowCount()
    assert 0 < waiting < len(browsing.images(project))
    page.filter_bar.clear()
    studio.click("labels.suggest")
    studio.wait(lambda: page.suggesting._job is None)
    assert "since" not in page.suggest_bar.more.text()
    assert len(page.suggesting._runs.finished()) == 1, "the same model learns from the new labels"


def test_trouble_is_told_and_can_be_tried_again(studio, page: LabelsPage, project: Path) -> None:
    rows = [row.id for row in browsing.images(project) if row.label in ("disc", "square")]
    labeling.set_label(project, rows, None)
    studio.window.session.refresh()
    page.suggesting.start()
    studio.wait(lambda: page.suggesting._job is None)
    assert "fewer than two classes" in page.suggest_bar.words.text()
    assert page.suggest_bar.button.text() == "Try again"
