"""The comparison with simpler ways on the Inspect page: bars, the answer, what to try."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QWidget

from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.transfer import Baseline, Method, Transfer, Verdict
from tlstudio.domain.values import Interval
from tlstudio.gui.pages.inspect import InspectPage
from tlstudio.gui.widgets.comparison_bars import ComparisonBars
from tlstudio.gui.widgets.transfer_card import TransferCard

TEST_MODEL = "mobilenetv3_small_100.test"


def transfer(verdict: Verdict, *, tuned: bool = True, balanced: bool = False, advice: tuple[str, ...] = ()) -> Transfer:
    shares = dict(zip(Method, (0.5, 0.71, 0.73, 0.9, 0.94), strict=True))
    baselines = [Baseline(m, Interval(v, v - 0.05, v + 0.05), Interval(v - 0.1, v - 0.2, v)) for m, v in shares.items()]
    told = "The pretrained model helps: 94 % against 71 % for plain thumbnails."
    basis = ("test images", 100, 100, tuple(baselines), (), 0.02)
    return Transfer(*basis, balanced, verdict, told, "", advice, "a test", tuned)


@pytest.fixture
def card(studio) -> Iterator[TransferCard]:
    holder = QWidget()
    yield TransferCard("inspect", holder)
    holder.deleteLater()


def test_four_bars_with_their_intervals_and_the_sentence(card: TransferCard) -> None:
    card.show_transfer(transfer(Verdict.HELPS))
    assert card.sentence.accessibleName() == "The pretrained model helps: 94 % against 71 % for plain thumbnails."
    assert "on the same test images" in card.basis.text()
    words = card.bars.accessibleName()
    assert words.index("Most frequent class") < words.index("Plain thumbnails") < words.index("First result")
    assert words.endswith("This model: 94 % (89 to 99)")
    assert card.more.isHidden()
    card.resize(900, 240)
    assert not card.grab().isNull()


def test_a_first_result_is_not_shown_twice(card: TransferCard) -> None:
    card.show_transfer(transfer(Verdict.HELPS, tuned=False))
    assert "First result" not in card.bars.accessibleName()


def test_advice_is_listed(card: TransferCard) -> None:
    card.show_transfer(transfer(Verdict.NEGATIVE, advice=("Try another family.", "Add images.")))
    assert card.more.text() == "• Try another family.\n• Add images."
    assert not card.more.isHidden()


def test_lopsided_images_are_shown_by_balanced_accuracy(card: TransferCard) -> None:
    card.show_transfer(transfer(Verdict.HELPS, balanced=True))
    assert card.basis.text().startswith("Balanced accuracy")
    assert "This model: 84 %" in card.bars.accessibleName()


def test_without_a_comparison_there_is_no_card(card: TransferCard) -> None:
    card.show_transfer(transfer(Verdict.HELPS))
    card.show_transfer(None)
    assert card.isHidden()


def test_bars_are_as_high_as_their_lines() -> None:
    bars = ComparisonBars("test.bars")
    bars.show_lines([("One", Interval(0.5, 0.4, 0.6)), ("Two", Interval(1.0, 0.9, 1.0))])
    assert bars.sizeHint().height() == 64
    assert bars.minimumSizeHint().width() <= bars.sizeHint().width()
    bars.resize(400, 64)
    assert not bars.grab().isNull()
    bars.deleteLater()


def test_the_inspect_page_compares_a_real_run(studio, shapes: Path) -> None:
    studio.import_folder(shapes)
    settings = TrainSettings(TEST_MODEL, Mode.QUICK, device="cpu", input_size=32)
    job = studio.window.bridge.submit("train", project=studio.window.session.project, settings=settings, resume=None)
    studio.wait(lambda: job.over)
    studio.inspect()
    page = studio.page("inspect")
    assert isinstance(page, InspectPage)
    assert page.stack.currentWidget() is page.tabs
    assert page.summary.transfer.isVisible()
    assert "retrained model" in studio.find("inspect.transfer", QLabel).text()
    assert "Plain thumbnails" in studio.find("inspect.transfer_bars", ComparisonBars).accessibleName()
