"""The log and the mix-ups of a run: what a crash leaves of them, and what is said where there are none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tlstudio.domain.errors import FileTrouble
from tlstudio.domain.runs import LogLine
from tlstudio.storage import run_records
from tlstudio.storage.project import Project

RUN = "20260101-000000-quick-abcd"


@pytest.fixture
def made(pets: Callable[..., Project]) -> Project:
    project: Project = pets(["cat", "dog"])
    project.run_folder(RUN).mkdir(parents=True)
    return project


def test_a_line_brings_no_folder_back(made: Project) -> None:
    made.run_folder(RUN).rmdir()
    with pytest.raises(FileTrouble):
        run_records.append_line(made, RUN, LogLine(1.0, "Late."))
    assert not made.run_folder(RUN).exists()


def test_a_log_grows_line_by_line(made: Project) -> None:
    assert run_records.read_log(made, RUN) == ()
    lines = (LogLine(1.5, "Preparing the images."), LogLine(2.25, "Fertig: “größer”\nzweite Zeile"))
    for line in lines:
        run_records.append_line(made, RUN, line)
    assert run_records.read_log(made, RUN) == lines


@pytest.mark.parametrize("torn", [b'{"time": 2, "te', b"\xff\x00", b'{"time": "x", "text": "y"}', b"[]\nnull\n3"])
def test_half_a_line_costs_neither_those_before_nor_the_next(made: Project, torn: bytes) -> None:
    run_records.append_line(made, RUN, LogLine(1.0, "Before."))
    with (made.run_folder(RUN) / run_records.LOG).open("ab") as file:
        file.write(torn)
    run_records.append_line(made, RUN, LogLine(3.0, "After."))
    assert run_records.read_log(made, RUN) == (LogLine(1.0, "Before."), LogLine(3.0, "After."))


def test_what_is_taken_for_what_is_replaced_as_a_whole(made: Project) -> None:
    assert run_records.read_confusion(made, RUN) == ()
    run_records.write_confusion(made, RUN, ((3, 1), (0, 4)))
    run_records.write_confusion(made, RUN, ((4, 0), (0, 4)))
    assert run_records.read_confusion(made, RUN) == ((4, 0), (0, 4))


@pytest.mark.parametrize("damage", [b"", b'{"confusion": [[1, 2], [3]]}', b'{"confusion": 5}', b"[]", b"\x00"])
def test_a_damaged_table_is_none(made: Project, damage: bytes) -> None:
    made.run_folder(RUN).mkdir(parents=True, exist_ok=True)
    (made.run_folder(RUN) / run_records.CONFUSION).write_bytes(damage)
    assert run_records.read_confusion(made, RUN) == ()
