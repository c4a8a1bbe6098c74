"""The Model page in the real window: cards, licences before downloads, the comparison, modes and advanced settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QSpinBox

from tests.gui.conftest import hit
from tests.gui.still import StillJob
from tlstudio.domain.cards import ModelCard, Where
from tlstudio.domain.errors import DownloadFailed
from tlstudio.domain.events import Progress, Unit
from tlstudio.domain.results import Expected, NotTried, Ranked, Recommendation
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.gui.messages import percent
from tlstudio.gui.models import estimates, licences
from tlstudio.gui.pages.model import ModelPage
from tlstudio.gui.pages.model.advanced_fields import SECTIONS
from tlstudio.gui.pages.model.advice import Advice
from tlstudio.gui.widgets.model_card import ModelCardView

BUNDLED, STRONG = "tf_efficientnet_lite0.in1k", "tf_efficientnet_lite2.in1k"
ABROAD = "convnextv2_atto.fcmae_ft_in1k"  # a card whose weights are on no test machine


@pytest.fixture(scope="module")
def page(studio, shapes: Path) -> ModelPage:
    return studio.model_page(shapes)


def titles(page: ModelPage) -> list[str]:
    QApplication.processEvents()
    return [card.status.card.title for card in page.shelf.cards.values() if card.isVisible()]


def test_every_model_has_a_card_and_the_bundled_ones_are_here(page: ModelPage) -> None:
    assert len(titles(page)) >= 24
    for model in (BUNDLED, STRONG):
        card = page.shelf.cards[model]
        assert card.status.where is Where.BUNDLED
        assert "comes with the program" in " ".join(label.text().lower() for label in card.findChildren(QLabel))
    assert not page.grab().isNull()


def test_speed_of_the_chosen_model_is_measured_by_itself(studio, page: ModelPage) -> None:
    page.choose(BUNDLED)
    studio.wait(lambda: page.shelf.statuses[BUNDLED].images_per_second is not None)
    studio.wait(lambda: "images per second" in page.shelf.cards[BUNDLED].speed.text())
    assert "not measured" in page.shelf.cards[ABROAD].speed.text()
    assert all("estimate" in tile.time.text() for tile in page.modes.tiles.values())


def test_search_and_filters(studio, page: ModelPage) -> None:
    search, filters = studio.find("model.search", QLineEdit), studio.find("model.filter", QComboBox)
    studio.keys(search, "dino")
    assert titles(page) and all("DINO" in title for title in titles(page))
    studio.keys(search, "xyz")
    assert titles(page) == []
    search.clear()
    filters.setCurrentIndex(1)
    assert all(c.status.where is not Where.DOWNLOAD for c in page.shelf.cards.values() if c.isVisible())
    filters.setCurrentIndex(2)
    assert "EfficientNet-Lite 0" in titles(page) and "VGG16" not in titles(page)
    filters.setCurrentIndex(3)
    assert "ConvNeXt tiny" in titles(page) and "EfficientNet-Lite 0" not in titles(page)
    filters.setCurrentIndex(0)


def test_a_model_that_is_not_here_can_not_be_trained(studio, page: ModelPage) -> None:
    card = page.shelf.cards[ABROAD]
    QTest.mouseClick(card, Qt.MouseButton.LeftButton, pos=card.rect().topLeft() * 0 + card.where.geometry().center())
    assert card.selected
    assert not page.primary.isEnabled()
    assert "Download ConvNeXt V2 atto first" in page.hint_label.text()
    page.choose(BUNDLED)
    assert page.primary.isEnabled() and not card.selected


def test_cards_are_chosen_by_keyboard(page: ModelPage) -> None:
    card = page.shelf.cards[BUNDLED]
    page.choose(ABROAD)
    card.setFocus()
    hit(card, Qt.Key.Key_Space)
    assert card.selected and card.accessibleName().startswith("Chosen: ")


def test_the_licence_comes_before_the_download(studio, page: ModelPage) -> None:
    card = page.shelf.cards[ABROAD]
    card.get_button.click()
    assert card.panel.isVisible()
    assert "Not for commercial use" in card.panel.words.text()
    assert card.panel.go_button.text().startswith("Download 1")
    assert studio.window.bridge.running("download_model") is None
    studio.click(card.panel.back_button)
    assert not card.panel.isVisible() and card.get_button.isVisible()


def test_modes_by_click_and_arrow_keys(studio, page: ModelPage) -> None:
    studio.click("model.mode_quick")
    assert page.modes.mode() is Mode.QUICK
    page.modes.tiles[Mode.QUICK].setFocus()
    hit(page.modes.tiles[Mode.QUICK], Qt.Key.Key_Down)
    assert page.modes.mode() is Mode.BALANCED
    assert page.modes.tiles[Mode.BALANCED].hasFocus()


def test_advanced_settings_are_folded_and_reach_the_training(studio, page: ModelPage) -> None:
    assert not page.advanced.body.isVisible()
    studio.click("model.advanced")
    assert page.advanced.body.isVisible()
    studio.find("model.epochs", QSpinBox).setValue(7)
    studio.find("model.size", QSpinBox).setValue(160)
    studio.find("model.device", QComboBox).setCurrentIndex(1)
    studio.find("model.fit", QComboBox).setCurrentIndex(2)
    depth = studio.find("model.depth", QComboBox)
    assert page.advanced.settings(BUNDLED, Mode.QUICK).depth == "image"
    depth.setCurrentIndex(depth.findText("The same range for all images"))
    assert page.advanced.settings(BUNDLED, Mode.QUICK).depth == "dataset"
    depth.setCurrentIndex(0)
    channels = studio.find("model.channels", QLineEdit)
    assert page.advanced.settings(BUNDLED, Mode.QUICK).channels is None
    for typed, chosen in (("4", (4,)), ("4, 1,", (4, 1)), ("4,1,2", (4, 1, 2)), ("2,2", (2,)), ("0", None), ("", None)):
        channels.setText(typed)
        assert page.advanced.settings(BUNDLED, Mode.QUICK).channels == chosen
    settings = page.advanced.settings(BUNDLED, Mode.THOROUGH)
    assert (settings.epochs, settings.input_size, settings.device, settings.fit) == (7, 160, "cpu", "pad")
    assert settings.mode is Mode.THOROUGH
    for name in ("other", *(field.name for _, fields in SECTIONS for field in fields)):
        control = studio.find(f"model.{name}")
        assert control.accessibleName() and control.accessibleDescription()
    for name in ("epochs", "size"):
        studio.find(f"model.{name}", QSpinBox).setValue(0)
    studio.find("model.device", QComboBox).setCurrentIndex(0)
    studio.find("model.fit", QComboBox).setCurrentIndex(0)
    assert page.advanced.settings(BUNDLED, Mode.QUICK) == TrainSettings(BUNDLED, Mode.QUICK), (
        "left alone, all is as usual"
    )
    studio.click("model.advanced")


def test_a_training_does_not_wait_for_the_search_for_a_rate(page: ModelPage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[StillJob] = []

    def submit(task: str, title: str = "", **arguments: object) -> StillJob:
        asked.append(StillJob())
        return asked[-1]

    monkeypatch.setattr(page.session.bridge, "submit", submit)
    page.advanced.rate.button.click()
    page.session.blockSignals(True)
    page.continue_clicked()
    page.session.blockSignals(False)
    search, training = asked
    assert search.wishes == ["cancel"] and training.wishes == []
    search.cancelled.emit()
    assert page.advanced.rate.button.isEnabled()


def test_another_model_by_name(studio, page: ModelPage) -> None:
    studio.click("model.advanced")
    line = studio.find("model.other", QLineEdit)
    studio.keys(line, "resnet34.a1_in1k")
    hit(line, Qt.Key.Key_Return)
    assert page._model == "resnet34.a1_in1k"
    assert not any(card.selected for card in page.shelf.cards.values())
    assert not page.primary.isEnabled()
    assert studio.find("model.get_other", QPushButton).isVisible()
    assert "huggingface.co/timm/resnet34.a1_in1k" in studio.find("model.other_licence", QLabel).text()
    line.clear()
    studio.click("model.advanced")
    page.choose(BUNDLED)


def test_a_file_that_is_no_model_is_refused_in_words(studio, page: ModelPage, tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(b"nothing")
    page.shelf.add(file)
    studio.wait(page.shelf.add_button.isEnabled)
    assert studio.find("window.message_text", QLabel).text()
    studio.window.messages.hide()


# --- parts that need no window -----------------------------------------------------


def status(model: str = "net.tag", note: str = "", licence: str = "apache-2.0") -> SimpleNamespace:
    card = ModelCard(
        id=model,
        title="Net",
        family="Net",
        good_for="Small parts.",
        input_size=224,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        parameters=3.0,
        gmacs=0.3,
        classifier="head",
        license=licence,
        license_note=note,
        source="timm/net",
        bytes=14_800_000,
    )
    return SimpleNamespace(card=card, where=Where.DOWNLOAD, folder=None, images_per_second=None)


@pytest.fixture
def card(qapp: QApplication) -> Iterator[ModelCardView]:
    view = ModelCardView(status())
    view.show()
    yield view
    view.close()
    view.deleteLater()
    QTest.qWait(1)


def test_download_shows_progress_then_trouble_then_tries_again(card: ModelCardView) -> None:
    wanted: list[str] = []
    card.download_wanted.connect(wanted.append)
    card.download_stopped.connect(lambda model: wanted.append(f"stop {model}"))
    card.get_button.click()
    card.panel.go_button.click()
    assert wanted == ["net.tag"]
    card.panel.show_running(Progress("Downloading", 5_200_000, 14_800_000, 22.0, Unit.BYTES))
    assert card.panel.words.text() == "5.2 MB of 15 MB · about 20 s left"
    assert card.panel.bar.isVisible()
    card.panel.back_button.click()
    assert wanted[-1] == "stop net.tag"
    card.panel.show_stopped()
    assert "goes on from there" in card.panel.words.text()
    card.panel.show_trouble(DownloadFailed("There is no way to the internet.", remedy="Connect and try again."))
    assert "no way to the internet" in card.panel.words.text()
    card.panel.go_button.click()
    assert wanted[-1] == "net.tag"


def recommendation(*scores: tuple[str, float, float]) -> Recommendation:
    ranking = tuple(Ranked(m, v, Interval(v, v - d, v + d), 3.0, images=100) for m, v, d in scores)
    return Recommendation(ranking, 100)


@pytest.fixture
def advice(qapp: QApplication) -> Iterator[tuple[Advice, list[StillJob]]]:
    jobs: list[StillJob] = []

    def submit(task: str, title: str = "", **arguments: object) -> StillJob:
        jobs.append(StillJob())
        return jobs[-1]

    view = Advice(SimpleNamespace(project=Path("p"), bridge=SimpleNamespace(submit=submit)))  # type: ignore[arg-type]
    view.set_titles({"a": "Net A", "b": "Net B", "c": "Net C"}, 3)
    view.resize(700, 200)
    view.show()
    yield view, jobs
    view.close()
    view.deleteLater()
    QTest.qWait(1)


def test_the_comparison_ranks_and_is_honest_about_ties(advice: tuple[Advice, list[StillJob]]) -> None:
    view, jobs = advice
    chosen: list[str] = []
    view.chosen.connect(chosen.append)
    view.button.click()
    assert view.bar.isVisible()
    jobs[-1].finished.emit(recommendation(("b", 0.93, 0.02), ("a", 0.92, 0.03), ("c", 0.70, 0.05)))
    assert "Net B" in view.words.text() and "Net A may be as good" in view.words.text()
    assert "Net C" not in view.words.text()
    assert view.ranking.isVisible() and not view.grab().isNull()
    QTest.mouseClick(view.ranking, Qt.MouseButton.LeftButton, pos=view.ranking.row_rect(2).center())
    view.ranking.setFocus()
    hit(view.ranking, Qt.Key.Key_Up)
    hit(view.ranking, Qt.Key.Key_Return)
    assert chosen == ["c", "a"]
    view.button.click()
    jobs[-1].finished.emit(recommendation(("b", 0.97, 0.01), ("a", 0.80, 0.03)))
    assert view.words.text() == "For your images: Net B. Best of 2 on this machine."


def test_what_was_not_measured_is_said_and_never_ranked(advice: tuple[Advice, list[StillJob]]) -> None:
    view, jobs = advice
    view.button.click()
    near = replace(recommendation(("b", 0.93, 0.02)).ranking[0], neighbours=Interval(0.88, 0.8, 0.9))
    found = Recommendation(
        (near,),
        100,
        not_tried=(NotTried("a", "These weights do not fit."),),
        not_measured=(Expected("c", 84.5, 1), Expected("d", None, 1)),
        mismatch=("Your images are grey. Training works all the same.",),
    )
    jobs[-1].finished.emit(found)
    notes = view.notes
    assert notes.isVisible() and not notes.words.isVisible()
    notes.button.click()
    assert notes.words.isVisible() and not view.grab().isNull()
    said = notes.words.text()
    assert "Net A could not be compared. These weights do not fit." in said
    assert "Not measured here" in said and "Net C (84" in said and "d (" not in said
    assert f"Net B {percent(0.88)}" in said and "Your images are grey." in said
    assert "Net C" not in view.ranking.accessibleName()
    view.button.click()
    assert not notes.isVisible()
    jobs[-1].finished.emit(Recommendation((), 100, not_tried=found.not_tried))
    assert view.words.text() == "None of the models on this machine could be tried on your images."
    assert notes.isVisible() and not view.ranking.isVisible()


def test_what_was_tried_on_a_part_of_the_images_is_said_as_what_it_is(
    advice: tuple[Advice, list[StillJob]],
) -> None:
    view, jobs = advice
    view.button.click()
    best, late, behind = recommendation(("b", 0.93, 0.02), ("a", 0.92, 0.03), ("c", 0.91, 0.05)).ranking
    ranking = (best, replace(late, images=30), replace(behind, images=30, behind=True))
    jobs[-1].finished.emit(Recommendation(ranking, 100))
    said = view.notes.words.text()
    assert "Net A could be tried on 30 of the images only." in said
    assert "Clearly worse on 30 of the images, and so not tried on the rest: Net C." in said
    assert "Net A may be as good" in view.words.text(), "what was left behind is not close, whatever the rest says"


def test_the_comparison_can_be_stopped(advice: tuple[Advice, list[StillJob]]) -> None:
    view, jobs = advice
    view.button.click()
    assert not view.button.isVisible(), "a second press must not undo the first"
    view.stop.click()
    assert jobs[-1].wishes == ["cancel"]
    jobs[-1].cancelled.emit()
    assert not view.bar.isVisible() and view.button.text().startswith("Compare")


def test_licences_in_words() -> None:
    free = status().card
    assert licences.short(free) == "Apache 2.0"
    assert licences.full(free) == "Apache 2.0: free to use, also in products."
    bound = status(note="Not for commercial use: research only.", licence="cc-by-nc-4.0").card
    assert licences.short(bound) == "CC BY-NC 4.0: not for commercial use"
    assert "research only" in licences.full(bound)


def test_estimates_grow_with_mode_images_and_slowness() -> None:
    quick, balanced, thorough = (
        estimates.training_seconds(TrainSettings(BUNDLED, mode), 300, 60, 50.0) for mode in Mode
    )
    assert quick < balanced < thorough
    assert estimates.training_seconds(TrainSettings(BUNDLED), 3000, 60, 50.0) > balanced
    assert estimates.training_seconds(TrainSettings(BUNDLED), 300, 60, 5.0) > balanced
    assert estimates.training_seconds(TrainSettings(BUNDLED, minutes=10), 300, 60, 5.0) == 600
