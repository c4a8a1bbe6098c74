"""Copies and near-duplicates on both sides of a division that came with the images."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.conftest import image_row
from tlstudio.domain.values import Split
from tlstudio.workflow.torn import torn


def test_what_is_torn_is_counted_and_told() -> None:
    rows = [image_row(i, "cat", split=Split.TEST if i < 3 else Split.TRAIN) for i in range(10)]
    assert torn(rows).sentence() == ""
    copy = replace(rows[9], content=rows[0].content)
    near = [replace(rows[1], alike=rows[1].id), replace(rows[8], alike=rows[1].id)]
    left_out = replace(rows[2], alike=77, excluded=True)
    other = replace(rows[7], alike=77)
    found = torn([rows[0], near[0], left_out, *rows[3:7], other, near[1], copy])
    assert (found.sets, found.test, found.of) == (2, 2, 2)
    assert "2 of 2 test images have a copy among the others" in found.sentence()


def test_a_copy_of_a_near_duplicate_is_in_its_set() -> None:
    one, two = (replace(image_row(i, "cat"), alike=1) for i in (1, 2))
    copy = replace(image_row(3, "cat", split=Split.VAL), content=two.content)
    assert torn([one, two, copy]).sets == 1
    assert torn([one, two, copy]).sentence() == "1 set of copies or near-duplicates lies in several parts."
