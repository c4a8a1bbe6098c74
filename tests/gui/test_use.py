"""The use page: export with its certificate, and offline prediction, on a model that is really trained here."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QTableView

from tests.gui.conftest import hit
from tests.unit.inference.bundles import plain, sealed, write
from tests.unit.inference.test_bundle import endless
from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.certificate import Certificate, FileKind
from tlstudio.domain.novelty import Noticed, NoveltyFacts
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui.models.prediction_table import ORDER, Column, PredictionRow, PredictionTableModel
from tlstudio.gui.models.prediction_table import Text as Words
from tlstudio.gui.pages.use import UsePage
from tlstudio.gui.widgets import export_card, offline_panel, seal
from tlstudio.gui.widgets.seal import Facts, Seal
from tlstudio.workflow import models


@pytest.fixture(scope="module")
def trained(studio, make_folder, tmp_path_factory) -> Path:
    """A project of three classes with one quick training, made through the window's own workers."""
    source = make_folder(tmp_path_factory.mktemp("trained") / "shapes", each=18)
    project = studio.import_folder(source)
    settings = TrainSettings(model=models.default_model(), mode=Mode.QUICK, device="cpu")
    job = studio.window.bridge.submit("train", "Training", project=project, settings=settings, resume=None)
    failures = []
    job.failed.connect(failures.append)
    studio.wait(lambda: job.over)
    assert not failures, failures
    studio.window.session.runs_changed.emit()
    return project


@pytest.fixture(scope="module")
def exported(studio, trained: Path) -> Path:
    """The model file, exported with the button and the file dialog."""
    studio.window.session.open_project(trained)
    studio.window.go("use")
    studio.click("use.export")
    file = trained / "exports" / "shapes model.onnx"
    studio.choose_in_dialog("use.export_dialog", file)
    studio.wait(lambda: studio.page("use").card.job is None)
    studio.wait(lambda: studio.page("use").panel.bundle == file)
    return file


@pytest.fixture(autouse=True)
def on_the_page(studio) -> None:
    studio.window.messages.hide()
    studio.page("use").panel.trouble.hide()
    studio.window.go("use")


def rows(studio) -> list[PredictionRow]:
    return list(studio.page("use").panel.table.table.rows)


def looked(studio, amount: int) -> None:
    studio.wait(lambda: studio.page("use").panel.job is None)
    assert len(rows(studio)) == amount


def test_without_a_model_the_page_asks_for_one(studio) -> None:
    assert studio.find("use.drop_model").isVisible()
    assert not studio.find("use.export_card").isVisible()
    assert studio.find("use.sentence", QLabel).text() == UsePage.Text.NO_MODEL
    studio.drop(studio.page("use"), [Path(__file__)])
    studio.wait(studio.find("use.error").isVisible)
    assert studio.find("use.error_what", QLabel).text() == offline_panel.Text.CHOOSE_MODEL


def test_a_file_that_is_no_model_is_refused_in_words(studio, tmp_path: Path) -> None:
    foreign = tmp_path / "other.onnx"
    foreign.write_bytes(b"\x08\x07 nothing")
    studio.drop(studio.find("use.drop_model"), [foreign])
    studio.wait(studio.find("use.error").isVisible)
    assert studio.find("use.error_remedy", QLabel).text()
    assert studio.find("use.drop_model").isVisible()


def test_before_training_the_card_says_what_comes_first(studio, shapes: Path) -> None:
    studio.import_folder(shapes)
    studio.window.go("use")
    assert studio.find("use.export_card").isVisible()
    assert studio.find("use.export_sentence", QLabel).text() == export_card.Text.NONE_FINISHED
    assert not studio.find("use.export").isVisible()
    studio.window.session.close_project()


def test_export_hands_out_a_file_with_its_certificate(studio, exported: Path) -> None:
    assert exported.stat().st_size > 100_000
    assert studio.find("use.run", QComboBox).count() == 1
    assert exported.name in studio.find("use.export_sentence", QLabel).text()
    mark = studio.find("use.seal", Seal)
    assert mark.isVisible()
    assert mark.passed
    assert mark.text() == seal.Text.PASSED
    studio.click(mark)
    facts = studio.find("use.certificate", Facts)
    said = {label.text() for label in facts.findChildren(QLabel)}
    assert {seal.Text.IMAGES, seal.Text.AGREEMENT, seal.Text.LICENCE, "100\N{NO-BREAK SPACE}%"} <= said
    assert any(line.endswith("test images") for line in said)
    hit(facts, Qt.Key.Key_Escape)
    studio.wait(lambda: not studio.window.findChildren(Facts))


def test_dropped_images_and_folders_become_rows(studio, exported: Path, shapes: Path) -> None:
    studio.page("use").panel.clear()
    studio.drop(studio.find("use.drop"), sorted((shapes / "disc").glob("*.png"))[:3])
    looked(studio, 3)
    studio.drop(studio.find("use.drop_more"), [shapes])
    looked(studio, 3 + 38)
    refused = [row for row in rows(studio) if row.status == "refused"]
    assert {row.file.name for row in refused} == {"P004_0.png"}
    assert all(row.message for row in refused)
    good = [row for row in rows(studio) if row.status != "refused"]
    assert all(row.label in ("cross", "disc", "square") and 0 < row.confidence <= 1 for row in good)
    assert sum(row.label == row.file.parent.name for row in good) > 0.6 * len(good)
    assert all(row.picture is not None and row.picture.is_file() for row in good)
    assert studio.find("use.hint", QLabel).text().startswith("41 images: ")
    assert studio.window.rail.steps["use"].state.done


def test_rows_sort_by_every_column_and_the_selection_stays(studio, exported: Path) -> None:
    table = studio.find("use.table", QTableView)
    header, model = table.horizontalHeader(), table.model()
    table.selectRow(5)
    chosen = model.index(5, Column.FILE).data()

    def click(column: Column) -> None:
        where = header.sectionViewportPosition(column) + 20
        QTest.mouseClick(
            header.viewport(), Qt.MouseButton.LeftButton, pos=header.viewport().rect().topLeft() + _right(where)
        )

    click(Column.STATUS)
    assert [ORDER.index(row.status) for row in rows(studio)] == sorted(ORDER.index(row.status) for row in rows(studio))
    click(Column.CONFIDENCE)
    shares = [row.confidence for row in rows(studio)]
    assert shares == sorted(shares)
    click(Column.CONFIDENCE)
    shares = [row.confidence for row in rows(studio)]
    assert shares == sorted(shares, reverse=True)
    assert table.selectionModel().selectedRows(Column.FILE)[0].data() == chosen
    click(Column.FILE)
    names = [row.file.name for row in rows(studio)]
    assert names == sorted(names)


def _right(distance: int):
    from PySide6.QtCore import QPoint

    return QPoint(distance, 8)


def test_saved_table_is_the_one_of_the_command_line(studio, exported: Path, shapes: Path, tmp_path: Path) -> None:
    panel = studio.page("use").panel
    panel.clear()
    panel.predict([shapes])
    looked(studio, 38)
    assert studio.find("use.primary", QAbstractButton).text() == UsePage.Text.SAVE
    studio.click("use.primary")
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    studio.choose_in_dialog("use.save_dialog", ours)
    studio.wait(ours.exists)
    job = studio.window.bridge.submit("predict", bundle=exported, paths=[shapes], csv=theirs, recursive=True)
    studio.wait(lambda: job.over)
    assert ours.read_bytes() == theirs.read_bytes()
    with ours.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 38
    assert {"file", "status", "label", "confidence", "novelty", "p_disc", "message"} <= set(table[0])
    assert studio.find("window.message_text", QLabel).text() == UsePage.Text.SAVED.format("ours.csv")


def test_stopping_keeps_what_was_looked_at(studio, exported: Path, make_folder, tmp_path: Path) -> None:
    studio.page("use").panel.clear()
    many = make_folder(tmp_path / "many", each=400, shapes=("disc",))
    studio.drop(studio.page("use"), [many])
    studio.wait(lambda: rows(studio))
    studio.click("use.stop")
    studio.wait(lambda: studio.page("use").panel.job is None)
    assert 0 < len(rows(studio)) < 400
    assert studio.find("use.error_what", QLabel).text() == offline_panel.Text.STOPPED
    assert studio.find("use.primary").isEnabled()
    studio.click("use.clear")
    assert not rows(studio)
    assert studio.find("use.drop").isVisible()


def test_works_without_a_project(studio, exported: Path, shapes: Path) -> None:
    studio.window.session.close_project()
    studio.drop(studio.window.strip, [exported])
    studio.wait(lambda: studio.shown == "use" and studio.page("use").panel._reading is None)
    assert not studio.find("use.export_card").isVisible()
    studio.drop(studio.page("use"), [shapes / "disc" / "P000_0.png"])
    looked(studio, 1)


def test_an_export_that_fails_says_so_in_its_card(studio, trained: Path, tmp_path: Path) -> None:
    studio.window.session.open_project(trained)
    studio.window.go("use")
    studio.click("use.export")
    studio.choose_in_dialog("use.export_dialog", tmp_path / "model.txt")
    studio.wait(lambda: studio.page("use").card.job is None)
    assert studio.find("use.export_error").isVisible()
    assert ".onnx" in studio.find("use.export_error_what", QLabel).text()
    assert not (tmp_path / "model.txt").exists()
    assert studio.find("use.export").isEnabled()


def test_the_kind_of_file_is_chosen_and_told(studio, trained: Path, tmp_path: Path) -> None:
    """Stored small: the card hands the choice on, and the file says what it is."""
    studio.window.session.open_project(trained)
    studio.window.go("use")
    kinds = studio.find("use.kind", QComboBox)
    assert [kinds.itemText(k) for k in range(kinds.count())] == [kind.caption for kind in FileKind]
    assert studio.page("use").card.kind is FileKind.FULL
    assert export_card.Text.MEASURED not in kinds.toolTip()
    kinds.setCurrentIndex(kinds.findData(FileKind.STORED_SMALL))
    assert FileKind.STORED_SMALL.meaning in kinds.toolTip()
    assert studio.find("use.export_sentence", QLabel).text() == f"Stored small: {FileKind.STORED_SMALL.meaning}."
    assert export_card.Text.MEASURED in kinds.toolTip()
    file = tmp_path / "small.onnx"
    studio.page("use").card.export_to(file)
    assert not kinds.isEnabled()
    studio.wait(lambda: studio.page("use").card.job is None)
    studio.wait(lambda: studio.page("use").panel.bundle == file)
    kinds.setCurrentIndex(0)
    mark = studio.find("use.seal", Seal)
    assert mark.text() == seal.Text.CLOSE
    facts = dict(seal.facts(mark.info))
    assert facts[seal.Text.PRECISION].startswith("Stored small: ")
    assert " points lost (95 % interval " in facts[seal.Text.ACCURACY]
    assert facts[seal.Text.SIZE].startswith("0.")
    assert facts[seal.Text.TIME].endswith("one thread, on the computer that exported it")


def test_a_small_file_of_an_earlier_or_later_version_says_what_it_knows() -> None:
    plain = BundleInfo(("a", "b"), PreprocessSpec(64), {}, "ab12", {})
    old = Certificate(60, 1.0, 0.0, True, precision="int8", accuracy=0.9, accuracy_trained=0.95)
    facts = dict(seal.facts(replace(plain, certificate=old)))
    assert (
        facts[seal.Text.ACCURACY]
        == "90.0\N{NO-BREAK SPACE}% on these images, 95.0\N{NO-BREAK SPACE}% in full precision"
    )
    assert seal.Text.SIZE not in facts
    assert facts[seal.Text.DIFFERENCE] == "0 percentage points"
    apart = dict(seal.facts(replace(plain, certificate=replace(old, max_difference=0.12))))
    assert apart[seal.Text.DIFFERENCE] == "12 percentage points"
    later = dict(seal.facts(replace(plain, certificate=replace(old, precision="int2"))))
    assert later[seal.Text.PRECISION] == "int2"


def test_ten_thousand_rows_stay_quick(qapp) -> None:
    """The table is virtual: rows come in batches and sorting them is one sort of a list."""
    table = PredictionTableModel()
    event = {"file": "", "status": "ok", "label": "a", "confidence": 0.5, "novelty": 0.1, "message": ""}
    batch = [PredictionRow.read({**event, "file": f"/x/{i}.png", "confidence": i / 10_000}, i) for i in range(10_000)]
    for start in range(0, len(batch), 100):
        table.add(batch[start : start + 100])
    table.sort(Column.CONFIDENCE, Qt.SortOrder.DescendingOrder)
    assert table.rowCount() == 10_000
    assert table.rows[0].number == 9_999
    assert table.index(0, Column.STATUS).data() == Words.STATUS["ok"]


def test_names_that_are_no_text_are_shown_and_still_lead_to_their_files(qapp) -> None:
    table = PredictionTableModel()
    row = {
        "file": "/x/\udcff\n\x1b[31m.jpg",
        "status": "ok",
        "label": "a",
        "confidence": 0.5,
        "novelty": 0.1,
        "message": "",
    }
    table.add([PredictionRow.read(row, 0)])
    index = table.index(0, Column.FILE)
    assert index.data() == "\ufffd␊␛[31m.jpg"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "/x/\ufffd␊␛[31m.jpg"
    assert str(table.rows[0].file) == row["file"]


def test_the_seal_says_what_the_model_file_calls_unfamiliar() -> None:
    plain = BundleInfo(("a", "b"), PreprocessSpec(64), {}, "ab12", {})
    known = NoveltyFacts(200, 80, True, 0.015, None, (Noticed("noise", 12, 11),))
    told = dict(seal.facts(replace(plain, novelty=known)))[seal.Text.UNFAMILIAR]
    assert told == f"{known.promise} {known.notices}"
    assert seal.Text.UNFAMILIAR not in dict(seal.facts(plain))
    certificate = Certificate(60, 1.0, 0.0, True)
    assert "had not learned from" in seal._introduction(certificate)
    assert "had learned from" in seal._introduction(replace(certificate, split="train"))
    assert "no certificate" in seal._introduction(None)


def test_a_file_without_a_seal_says_so_and_a_broken_seal_is_refused(studio, tmp_path: Path) -> None:
    panel = studio.page("use").panel
    panel.open_bundle(write(tmp_path / "old.onnx", plain()), own=True)
    studio.wait(lambda: panel.bundle == tmp_path / "old.onnx")
    assert "carries no seal" in panel.trouble.what.text()
    data = sealed()
    panel.open_bundle(write(tmp_path / "whole.onnx", data), own=True)
    studio.wait(lambda: panel.bundle == tmp_path / "whole.onnx")
    assert not panel.trouble.isVisibleTo(panel)
    assert dict(seal.facts(panel.info))[seal.Text.SEAL].startswith("Whole")
    panel.open_bundle(write(tmp_path / "changed.onnx", data.replace(b'"red", "blue"', b'"blue", "red"')), own=True)
    studio.wait(lambda: "seal is broken" in panel.trouble.what.text())
    assert panel.bundle == tmp_path / "whole.onnx", "the one before stays"


def test_opening_a_model_without_an_end_can_be_cancelled(studio, tmp_path: Path) -> None:
    panel, bridge = studio.page("use").panel, studio.window.bridge
    panel.open_bundle(write(tmp_path / "endless.onnx", endless()), own=True)
    first = bridge.running("read_bundle")
    panel.open_bundle(tmp_path / "endless.onnx", own=True)
    job = bridge.running("read_bundle")
    studio.wait(lambda: first.over)
    assert first.cancelling, "another one is wanted now"
    assert job.title == offline_panel.Text.READING, "it is shown at the foot of the window, with a way out"
    QTest.qWait(1500)
    assert not job.over
    job.cancel()
    studio.wait(lambda: job.over)
    assert panel.bundle != tmp_path / "endless.onnx"
