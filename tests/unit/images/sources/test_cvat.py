"""CVAT's XML of images with tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from tests.unit.images.sources.conftest import scan, told
from tests.unit.images.sources.test_table import labels, write
from tlstudio.domain.errors import FileTrouble, NothingToImport, WrongUsage
from tlstudio.domain.values import Split
from tlstudio.images.sources.registry import recognise

Tree = Callable[..., Path]


def xml(*images: tuple[str, Sequence[str]], subset: str = "", inside: str = "") -> str:
    """An export as CVAT writes it: (name, labels of its tags) for each image."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "<version>1.1</version>", "<meta><task>"]
    lines += ["<labels><label><name>cat</name><attributes/></label></labels>", "</task></meta>"]
    for number, (name, tags) in enumerate(images):
        part = f" subset={quoteattr(subset)}" if subset else ""
        lines.append(f'<image id="{number}" name={quoteattr(name)}{part} width="4" height="3">')
        lines += [f'<tag label={quoteattr(tag)} source="manual">{inside}</tag>' for tag in tags]
        lines.append("</image>")
    return "\n".join([*lines, "</annotations>"])


def test_tags_are_classes(tree: Tree) -> None:
    source = tree("images/1.png", "images/sub/2.png", "3.png")
    write(source, xml(("1.png", ["cat"]), ("sub/2.png", ["dog & wolf"]), ("3.png", [])), "annotations.xml")
    assert labels(scan(source)) == {"1.png": "cat", "2.png": "dog & wolf", "3.png": None}


def test_what_is_no_class_is_told(tree: Tree) -> None:
    source = tree("1.png", "2.png", "3.png")
    text = xml(("1.png", ["cat"]), ("2.png", ["cat", "dog"]), ("3.png", []), ("gone.png", ["cat"]))
    text = text.replace('name="3.png" width="4" height="3">', 'name="3.png"><box label="cat" xtl="1"/>')
    found = scan(write(source, text, "a.xml"))
    assert labels(found) == {"1.png": "cat"}
    assert told(found) == {
        "2.png": "Image 2: it has several classes (cat, dog); an image has one.",
        "3.png": "Image 3: it has shapes but no tag; a class is given by a tag.",
        "gone.png": "Image 4: the file is not there.",
    }


def test_attributes_are_columns_and_may_be_groups(tree: Tree) -> None:
    inside = '<attribute name="patient">P&amp;1</attribute><attribute name="quality"> good </attribute>'
    table = write(tree("1.png"), xml(("1.png", ["cat"]), inside=inside), "a.xml")
    assert scan(table).found[0].columns == {"patient": "P&1", "quality": "good"}
    found = scan(table, group="patient").found[0]
    assert (found.group, found.columns) == ("P&1", {"quality": "good"})
    with pytest.raises(WrongUsage, match="no column “age”"):
        scan(table, group="age")
    with pytest.raises(WrongUsage, match="fixed names"):
        scan(table, path="x")


def test_parts(tree: Tree) -> None:
    source = tree("images/train/1.png", "images/default/2.png")
    assert scan(write(source, xml(("1.png", ["cat"]), subset="train"), "a.xml")).found[0].split is Split.TRAIN
    assert scan(write(source, xml(("2.png", ["cat"]), subset="default"), "a.xml")).found[0].split is None


@pytest.mark.parametrize(
    ("subset", "split", "column"),
    [
        ("Train", Split.TRAIN, None), ("Validation", Split.VAL, None), ("test_set", Split.TEST, None), ("Default", None, None),
        ("batch 7", None, "batch 7"), ("trained by Anna", None, "trained by Anna"),
    ],
)  # fmt: skip
def test_subsets_are_called_anything(tree: Tree, subset: str, split: Split | None, column: str | None) -> None:
    source = write(tree(f"images/{subset}/1.png"), xml(("1.png", ["cat"]), subset=subset), "a.xml")
    found = scan(source).found[0]
    assert (found.label, found.split, found.columns.get("subset")) == ("cat", split, column)
    if column:
        assert f"Its subsets ({column}) are no parts" in recognise(source).sentence
        assert scan(source, group="subset").found[0].group == column


def test_damaged_and_harmful_files(tree: Tree) -> None:
    source = tree("1.png")
    whole = xml(("1.png", ["cat"]))
    with pytest.raises(FileTrouble, match="damaged in line"):
        scan(write(source, whole[:-20], "a.xml"))
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb">]>' + whole.split("?>", 1)[1]
    with pytest.raises(FileTrouble, match="document type"):
        scan(write(source, bomb.replace('"1.png"', '"&b;"'), "a.xml"))
    with pytest.raises(NothingToImport, match="lists no images"):
        scan(write(source, xml(), "a.xml"))


@pytest.mark.parametrize("name", ["foo", "utf-7"])
def test_an_encoding_that_can_not_be_read(tree: Tree, name: str) -> None:
    text = xml(("1.png", ["cat"])).replace("utf-8", name, 1)
    with pytest.raises(FileTrouble, match="encoding that can't be read"):
        scan(write(tree("1.png"), text, "annotations.xml"))
