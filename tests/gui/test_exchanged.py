"""Images that were exchanged under their own names, in the real window: the check tells it, training and import ask first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication, QLabel

from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import ImageRow, Split
from tlstudio.gui.pages.check import CheckPage
from tlstudio.gui.pages.images import ImagesPage
from tlstudio.gui.pages.train import TrainPage
from tlstudio.storage.images import list_images
from tlstudio.storage.project import Project
from tlstudio.workflow import runs

SETTINGS = TrainSettings("mobilenetv3_small_100.test", Mode.QUICK, device="cpu", input_size=32)


@pytest.fixture(scope="module")
def project(studio, make_folder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return studio.import_folder(make_folder(tmp_path_factory.mktemp("exchanged") / "shapes", each=10))


def training(project: Path) -> list[ImageRow]:
    return [row for row in list_images(Project.open(project)) if row.split is Split.TRAIN]


def exchange(row: ImageRow) -> None:
    pixels = np.random.default_rng(row.id).integers(0, 255, (70, 60, 3), np.uint8)
    Image.fromarray(pixels).save(row.path)


def test_the_check_takes_the_new_ones_by_the_worker(studio, project: Path) -> None:
    page = studio.page("check")
    assert isinstance(page, CheckPage)
    row = training(project)[0]
    exchange(row)
    studio.window.go("check")
    studio.wait(lambda: page.checks.findings is not None and not page.checks.running)
    page.checks.run()
    studio.wait(lambda: any(f.kind == "changed" for f in page.checks.findings or ()))
    QApplication.processEvents()
    card = next(card for card in page.cards if card.finding.kind == "changed")
    assert card.finding.title == "1 image has changed since the import"
    studio.click("check.repair_changed")
    studio.wait(lambda: "changed" not in {f.kind for f in page.checks.findings or ()} and not page.checks.running)
    renewed = next(each for each in training(project) if each.id == row.id)
    assert (renewed.width, renewed.height, renewed.label) == (60, 70, row.label)
    assert renewed.content != row.content


def test_a_training_asks_before_it_begins(studio, project: Path) -> None:
    page = studio.page("train")
    assert isinstance(page, TrainPage)
    rows = training(project)[1:3]
    for row, button in zip(rows, ("train.keep_changed", "train.take_changed"), strict=True):
        exchange(row)
        before = len(runs.list_runs(project))
        page.start(SETTINGS)
        studio.window.go("train")
        studio.wait(lambda: page._job is None and page.message.isVisible())
        assert not page.blocked()
        assert "1 image has changed since the import" in page.message.what.text()
        assert page.message.take_button.isVisible() and page.message.keep_button.isVisible()
        assert not page.message.restart_button.isVisible() and len(runs.list_runs(project)) == before
        studio.click(button)
        studio.wait(lambda before=before: page._job is None and len(runs.list_runs(project)) > before)
        assert not page.message.take_button.isVisible() and not page.message.keep_button.isVisible()
    after = {row.id: row.content for row in training(project)}
    assert [after[row.id] == row.content for row in rows] == [True, False]


def test_an_import_asks_before_it_begins(studio, project: Path) -> None:
    page = studio.page("images")
    assert isinstance(page, ImagesPage)
    rows = training(project)[3:5]
    for row, button in zip(rows, ("images.keep_changed", "images.take_changed"), strict=True):
        exchange(row)
        studio.window.go("images")
        studio.click("images.add")
        page.look_into(row.path.parents[1])
        studio.wait(lambda: page.primary.text().startswith("Import") and page.primary.isEnabled())
        assert page.preview_view.options.add.isChecked()
        studio.click("images.primary")
        studio.wait(lambda: page.preview_view.trouble.asking)
        told = page.preview_view.trouble
        assert "1 image has changed since the import" in told.what.text()
        contents = {each.id: each.content for each in training(project)}
        assert contents[row.id] == row.content, "nothing is done before it is answered"
        studio.click(button)
        studio.wait(lambda: page.preview_view.job is None and studio.find("images.classes").isVisible())
    after = {each.id: each.content for each in training(project)}
    assert [after[row.id] == row.content for row in rows] == [True, False]
    assert "0 images imported, 1 taken anew." in studio.find("window.message_text", QLabel).text()
