"""The bundle's description: whole, with absent fields, from a newer program, damaged."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tlstudio.domain.bundle import FORMAT_VERSION, BundleInfo
from tlstudio.domain.certificate import Certificate, Decisions, FileKind, Nearness, Saving
from tlstudio.domain.errors import BundleRefused
from tlstudio.domain.preprocess import PreprocessSpec

FILE = Path("model.onnx")
LEAST = BundleInfo(("cat", "dög"), PreprocessSpec(64), {"id": "net.tag"}, "ab12", {"tlstudio": "0.1"})


NEARNESS = Nearness(1, 2, 0.0125, -0.004, 0.03, 0.01, unfamiliar=0, may_be_unfamiliar=2)
SAVING = Saving(29, 94, 0.613, 0.58, 0.649, pairs=41, threads=1)
DECISIONS = Decisions("a", 0.3, differ=1, may_differ=1, marks=2, positives=8, found=6, found_trained=7, may_miss=1)


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
        certificate=Certificate(
            20, 1.0, 1e-6, True, "val", "int8", 0.9, 0.91, decisions=DECISIONS, nearness=NEARNESS, saving=SAVING
        ),
    )
    assert BundleInfo.loads(whole.dumps(), FILE) == whole


def test_absent_fields_are_not_written_and_read_as_none() -> None:
    assert {"temperature", "operating_point", "novelty_threshold", "certificate"}.isdisjoint(as_dict())
    read = BundleInfo.loads(LEAST.dumps(), FILE)
    assert read == LEAST
    assert (read.temperature, read.operating_point, read.novelty_threshold, read.certificate) == (None,) * 4


def test_fields_of_a_later_program_are_ignored() -> None:
    assert BundleInfo.loads(changed(something_new=[1, 2]), FILE) == LEAST


def test_certificates_of_earlier_and_later_programs() -> None:
    """Without decisions, as they used to be; and with more said of them than is known here."""
    earlier = {"images": 20, "agreement": 1.0, "max_difference": 0.0, "passed": True}
    read = BundleInfo.loads(changed(certificate=earlier), FILE).certificate
    assert read == Certificate(20, 1.0, 0.0, True)
    assert read.kind is FileKind.FULL
    parts = {"decisions": DECISIONS, "nearness": NEARNESS, "saving": SAVING}
    later = {**earlier, **{name: {**asdict(part), "something_new": 1} for name, part in parts.items()}}
    read = BundleInfo.loads(changed(certificate={**later, "precision": "int2"}), FILE).certificate
    assert read == Certificate(
        20, 1.0, 0.0, True, precision="int2", decisions=DECISIONS, nearness=NEARNESS, saving=SAVING
    )
    assert read.kind is None


def test_what_is_lost_and_saved_in_words() -> None:
    assert NEARNESS.points == "1.2 points lost (95 % interval -0.4 to 3.0), up to 1 may be"
    assert SAVING.size == pytest.approx(29 / 94)
    assert SAVING.duration == "0.61 times as long (0.58 to 0.65), one thread"
    assert replace(SAVING, threads=2).duration.endswith(", 2 threads")
    for kind in FileKind:
        assert kind.caption[0].isupper() or kind.caption[0].isdigit()
        assert Certificate(1, 1.0, 0.0, True, precision=kind.value).kind is kind
    assert len({kind.meaning for kind in FileKind}) == len(FileKind)


@pytest.mark.parametrize(
    ("differ", "found", "held"), [(0, 7, True), (1, 6, True), (2, 7, False), (1, 5, False), (1, 8, True)]
)
def test_decisions_hold_within_what_may_change(differ: int, found: int, held: bool) -> None:
    assert replace(DECISIONS, differ=differ, found=found).held is held


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
        changed(certificate={**asdict(Certificate(1, 1.0, 0.0, True)), "decisions": {"name": "cat"}}),
        changed(certificate={**asdict(Certificate(1, 1.0, 0.0, True)), "decisions": 0.5}),
        changed(certificate={**asdict(Certificate(1, 1.0, 0.0, True)), "nearness": {"differ": 1}}),
        changed(certificate={**asdict(Certificate(1, 1.0, 0.0, True)), "saving": "much"}),
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
