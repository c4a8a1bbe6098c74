"""Names with escape sequences, line ends, formulas, markup and bytes that are no text: into the terminal, CSV, HTML, PDF, JSON
and the log, none of which obeys or loses them."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
from pathlib import Path

import pytest

from tlstudio.cli.output import Output
from tlstudio.cli.parser import parse
from tlstudio.domain.events import Note, Predicted, Progress
from tlstudio.domain.safe_text import from_cell, visible
from tlstudio.domain.values import Refusal
from tlstudio.storage import images, places
from tlstudio.storage.log import start_logging
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing
from tlstudio.workflow.prediction_table import table_bytes

HOSTILE = [
    "\x1b[31mred\x1b[0m", "two\nlines", "tab\there", "\x9b31m", "\x07bell", "a\u202eb", "=1+1", "+2", "-neg", "@x",
    "[bold]markup[/bold]", "<b>html</b>", "\udcff\udcfe.jpg", "a\u2028b", "\r\x08gone",
]  # fmt: skip
BITES = [chr(i) for i in (*range(0x20), *range(0x7F, 0xA0)) if chr(i) != "\n"] + ["\u202e", "\u2028"]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_terminal_obeys_nothing(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Output(json_lines=False) as output:
        output.text(f"text {name}")
        output.say(f"say {name}")
        output.report(Note(f"note {name}"))
        output.report(Progress(f"stage {name}", 1, 2))
        output.table(name, (name, "x"), [(name, "1")])
        output.failure(f"what {name}", f"remedy {name}", f"/dir/{name}", kind="X")
    printed = "".join(capfd.readouterr())
    assert not [bite for bite in BITES if bite in printed]
    assert printed.replace("\n", "").count("[bold]markup[/bold]") == (9 if "markup" in name else 0), (
        "no markup, but a name"
    )
    assert len(printed.splitlines()) <= 5 + 4 + 5 + (5 if "\n" in name else 0)


@pytest.mark.parametrize("name", HOSTILE)
def test_json_lines_stay_json(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    row = {"file": name, "probabilities": {name: float("nan")}}
    with Output(json_lines=True) as output:
        output.report(Predicted(row))
        output.report(Note(name))
        output.result(Refusal(name, name))
        output.failure(name, name, name, kind="X")
    lines = [line for line in capfd.readouterr().out.split("\n") if line]
    assert len(lines) == 4
    assert not [bite for line in lines for bite in BITES if bite in line]
    assert [json.loads(line)["event"] for line in lines] == ["predicted", "note", "result", "failed"]
    assert list(json.loads(lines[0])["probabilities"].values()) == [None]


def test_a_table_of_predictions_keeps_every_row() -> None:
    rows = [
        {"file": name, "status": "ok", "label": name, "confidence": 0.5, "novelty": -1.25, "probabilities": {name: 1e-7},
        "message": name} for name in HOSTILE
    ]  # fmt: skip
    data = table_bytes(rows, HOSTILE)
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len(read) == 1 + len(HOSTILE)
    for line, name in zip(read[1:], HOSTILE, strict=True):
        assert line[0][:1] not in tuple("=+-@\t\r\n")
        assert visible(from_cell(line[0])) == visible(name)
        assert line[3:5] == ["0.5", "-1.25"], "figures are figures"
    assert "p_=1+1" in read[0]


def test_refused_files_saved_as_a_table(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "p")
    images.add_images(project, [], [Refusal(name.encode("utf-8", "replace").decode(), "=x") for name in HOSTILE])
    browsing.save_refusals(project.folder, tmp_path / "r.csv")
    read = list(csv.reader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig"), newline="")))
    assert len(read) == 1 + len(HOSTILE)
    assert not [each for line in read[1:] for each in line if each[:1] in tuple("=+-@\t\r\n")]


def test_one_message_is_one_line_of_the_log() -> None:
    start_logging("test")
    log = logging.getLogger("tlstudio.test")
    for name in HOSTILE:
        log.warning("about %s", name)
    try:
        raise ValueError("\x1b[31mred\nline")
    except ValueError:
        log.exception("failed")
    for handler in logging.getLogger("tlstudio").handlers:
        handler.flush()
    text = places.log_file().read_text("utf-8")
    assert not [bite for bite in BITES if bite in text]
    assert len([line for line in text.splitlines() if " about " in line]) == len(HOSTILE)
    assert "Traceback (most recent call last):" in text.splitlines()


def test_words_of_the_command_line_can_be_stored_and_names_of_files_stay() -> None:
    bad = os.fsdecode(b"M\xfcller")
    options = parse(["import", bad, "--project", bad, "--name", bad])
    assert options.name == "M\ufffdller"
    assert os.fsencode(options.source) == b"M\xfcller"
