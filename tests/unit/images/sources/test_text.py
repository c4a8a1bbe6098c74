"""Tables as people save them: encodings, delimiters, quotes, Excel's ways, JSON lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlstudio.domain.errors import FileTrouble
from tlstudio.images.sources.text import Table, read_table

PATH = Path("/data/labels.csv")
ROWS = [["Bild_1.png", "Größe ü"], ["b, c.png", 'sagt "ja"']]


def table(data: bytes, name: str = "labels.csv") -> Table:
    return read_table(PATH.with_name(name), data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_way_to_save_a_table(encoding: str, delimiter: str, end: str) -> None:
    lines = [["file", "class"], *ROWS]
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in line] for line in lines]
    text = end.join(delimiter.join(line) for line in quoted) + end
    found = table(text.encode(encoding))
    assert found.columns == ("file", "class")
    assert [[found.cell(i, 0), found.cell(i, 1)] for i in range(2)] == ROWS


@pytest.mark.parametrize("mark", ["sep=;", "SEP=;"])
def test_the_first_line_that_excel_reads(mark: str) -> None:
    found = table(f"{mark}\r\nfile;size,cm;class\r\na.png;1,5;cat\r\nb.png;2,5;dog\r\n".encode())
    assert found.columns == ("file", "size,cm", "class")
    assert found.where == ["Row 2", "Row 3"], "as a spreadsheet counts, which does not show that line"


def test_commas_in_numbers_do_not_hide_the_semicolons() -> None:
    found = table(b"file;a;b\nx.png;1,5;2,5\ny.png;1,25;3,5\n")
    assert found.columns == ("file", "a", "b")


def test_line_breaks_and_empty_lines_inside_a_table() -> None:
    found = table(b'file,note\na.png,"two\nlines"\n\n , \nb.png,one\n')
    assert [found.cell(i, 1) for i in range(2)] == ["two\nlines", "one"]
    assert found.where == ["Row 2", "Row 5"]


def test_missing_cells_are_empty_and_more_cells_than_columns_are_a_trouble() -> None:
    found = table(b"file,class,note\na.png\nb.png,cat,x,y\nc.png,cat,x,\n")
    assert found.cell(0, 2) == ""
    assert list(found.trouble) == [1]
    assert found.trouble[1] == "It has 4 cells, the table has 3 columns."


def test_names_of_columns_are_told_apart() -> None:
    assert table(b"file,,label,label,label\na.png,1,2,3,4\n").columns == (
        "file",
        "column 2",
        "label",
        "label (2)",
        "label (3)",
    )


def test_a_table_without_a_heading() -> None:
    found = table(b"a.png,cat\nb.png,dog\n")
    assert found.columns == ("column 1", "column 2")
    assert len(found.rows) == 2
    assert found.where[0] == "Row 1"


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n", b"  \n"])
def test_nothing_in_it(data: bytes) -> None:
    assert table(data).columns == ()
    assert table(data).rows == []


def test_one_column_only() -> None:
    assert table(b"file\na.png\nb.png\n").columns == ("file",)


def test_json_lines() -> None:
    lines = b'{"file_name": "a.png", "label": "cat", "age": 3, "tags": ["x"], "none": null}\n\nno json\n{"file_name": "b.png"}\n'
    found = table(lines, "metadata.jsonl")
    assert found.columns == ("file_name", "label", "age", "tags")
    assert [found.cell(0, i) for i in range(4)] == ["a.png", "cat", "3", '["x"]']
    assert found.where == ["Line 1", "Line 3", "Line 4"]
    assert list(found.trouble) == [1]


def test_no_json_lines_at_all() -> None:
    with pytest.raises(FileTrouble, match="no JSON"):
        table(b"a,b\nc,d\n", "metadata.jsonl")


@pytest.mark.parametrize("size", [1, 7, 500, 70_000])
def test_noise_is_no_defect(size: int) -> None:
    import random

    noise = random.Random(size).randbytes(size)
    found = table(noise)
    assert len(found.rows) == len(found.where)
