"""The bundle's description: whole, with absent fields, from a newer program, damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tlstudio.domain.bundle import FORMAT_VERSION, BundleInfo, Certificate
from tlstudio.domain.errors import BundleRefused
from tlstudio.domain.preprocess import PreprocessSpec

FILE = Path("model.onnx")
LEAST = BundleInfo(("cat", "dög"), PreprocessSpec(64), {"id": "net.tag"}, "ab12", {"tlstudio": "0.1"})


def as_dict(info: BundleInfo = LEAST) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(info.dumps())
    return data


def changed(**values: Any) -> str:
    return json.dumps({**as_dict(), **values})


def test_whole_description_reads_back_equal() -> None:
    whole = BundleInfo(
        classes=("a", "b"),
        preprocess=PreprocessSpec(96, "pad", "bilinear"),
        backbone={"id": "net.tag", "license": "MIT"},
        data_fingerprint="ff",
        versions={"torch": "2.14"},
        project="Welds",
        created_at="2025-01-01T00:00:00",
        temperature=1.5,
        operating_point={"a": 0.3},
        novelty_threshold=2.0,
        metrics={"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95}},
        certificate=Certificate(20, 1.0, 1e-6, True),
    )
    assert BundleInfo.loads(whole.dumps(), FILE) == whole


def test_absent_fields_are_not_written_and_read_as_none() -> None:
    assert {"temperature", "operating_point", "novelty_threshold", "certificate"}.isdisjoint(as_dict())
    read = BundleInfo.loads(LEAST.dumps(), FILE)
    assert read == LEAST
    assert (read.temperature, read.operating_point, read.novelty_threshold, read.certificate) == (None,) * 4


def test_fields_of_a_later_program_are_ignored() -> None:
    assert BundleInfo.loads(changed(something_new=[1, 2]), FILE) == LEAST


def test_newer_format_is_refused_by_name() -> None:
    with pytest.raises(BundleRefused, match="newer version") as refused:
        BundleInfo.loads(changed(format_version=FORMAT_VERSION + 1), FILE)
    assert refused.value.path == str(FILE)
    assert "newest version" in refused.value.remedy


def test_unknown_way_to_make_pixels_is_refused_as_newer() -> None:
    with pytest.raises(BundleRefused) as refused:
        BundleInfo.loads(changed(preprocess={"size": 64, "gamma": 2.2}), FILE)
    assert "gamma" in refused.value.what
    assert "newest version" in refused.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"format_version": "one"}',
        changed(preprocess=None),
        changed(preprocess={"size": "large"}),
        changed(classes=None),
        changed(classes="cat"),
        changed(backbone=3),
        changed(versions=None),
        changed(metrics=None),
        changed(certificate={"images": 3}),
        changed(certificate="passed"),
        changed(temperature=0),
        changed(temperature="hot"),
        changed(operating_point={"dog": 0.5}),
        changed(operating_point={"cat": 1.5}),
        changed(operating_point={"cat": 0.5, "dög": 0.5}),
        changed(operating_point={}),
        changed(operating_point=0.5),
    ],
)
def test_damaged_description_is_refused_with_the_file(text: str) -> None:
    with pytest.raises(BundleRefused, match="damaged") as refused:
        BundleInfo.loads(text, FILE)
    assert refused.value.path == str(FILE)


@pytest.mark.parametrize(
    "field", ["format_version", "classes", "preprocess", "backbone", "data_fingerprint", "versions"]
)
def test_missing_necessary_field_is_refused(field: str) -> None:
    data = as_dict()
    del data[field]
    with pytest.raises(BundleRefused, match="damaged"):
        BundleInfo.loads(json.dumps(data), FILE)
