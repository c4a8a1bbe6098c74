"""Which files a prediction takes."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, Recorder, paint
from tests.unit.images.dicoms import make, save
from tests.unit.inference.test_predictor import Judge
from tlstudio.domain.errors import NothingToImport
from tlstudio.domain.events import Predicted
from tlstudio.domain.safe_text import json_text
from tlstudio.workflow import predicting
from tlstudio.workflow.predicting import find_files, predict


def test_a_folder_gives_its_pictures_and_what_only_looks_like_one(tmp_path: Path) -> None:
    for name in ("image 10.png", "image 9.png"):
        paint(tmp_path, name, COLOURS["red"], seed=1)
    for name in ("IM0001", "scan.dcm"):
        save(make(np.zeros((8, 8), np.uint8)), tmp_path / name)
    for name in ("photo.heic", "README", "notes.txt", "1.2.3"):
        (tmp_path / name).write_text("x" * 200)
    (tmp_path / "folder.png").mkdir()
    paint(tmp_path / "folder.png", "inner.png", COLOURS["red"], seed=2)
    names = ["IM0001", "image 9.png", "image 10.png", "photo.heic", "scan.dcm"]
    assert [path.name for path in find_files([tmp_path], recursive=False)] == names
    assert tmp_path / "folder.png" / "inner.png" in find_files([tmp_path], recursive=True)


def test_a_file_that_is_named_is_always_tried(tmp_path: Path) -> None:
    named = [tmp_path / "stack.tif#page=3", tmp_path / "gone.png", tmp_path / "README"]
    assert find_files(named, recursive=False) == named


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(NothingToImport):
        find_files([tmp_path], recursive=True)


def test_names_that_are_no_text_cost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes in no encoding, line ends, escape sequences, formulas: every image has its row, in the table and as an event."""
    folder = tmp_path / "in"
    names = [b"\xff\xfe.png", b"two\nlines.png", b"\x1b[31m.png", b"=1+1.png", b"M\xfcller.png", b"plain.png"]
    picture = paint(folder, "plain.png", COLOURS["red"], seed=1).read_bytes()
    try:
        for name in names:
            (folder / os.fsdecode(name)).write_bytes(picture)
    except (OSError, UnicodeError):
        pytest.skip("this file system takes UTF-8 names only")
    monkeypatch.setattr(predicting, "Bundle", lambda path, waiting: Judge())
    heard = Recorder()
    done = predict(tmp_path / "m.onnx", [folder], csv=tmp_path / "out.csv", reporter=heard)
    assert (done.images, done.refused) == (6, 0)
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"), newline="")))
    assert len(rows) == 7
    assert {Path(row[0]).name for row in rows[1:]} == {
        "\ufffd\ufffd.png", "two\nlines.png", "␛[31m.png", "=1+1.png", "M\ufffdller.png", "plain.png",
    }  # fmt: skip
    events = [event for event in heard.events if isinstance(event, Predicted)]
    assert {os.fsencode(Path(event.row["file"]).name) for event in events} == set(names), "they still lead to the files"
    for event in events:
        json_text(event.row).encode("utf-8")
