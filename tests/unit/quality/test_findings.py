"""All checks together: silence on clean data, the order, and findings that are set aside."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.conftest import image_row
from tests.unit.quality.conftest import images_of, measures_of, paths
from tlstudio.domain.findings import KINDS, Finding, Repair, Severity
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.findings import all_findings, burned_in_text, set_aside


def test_clean_data_have_no_finding(clean: list[ImageRow]) -> None:
    assert all_findings(Evidence(clean, measures_of(clean))) == ()
    assert all_findings(Evidence(clean)) == ()
    assert all_findings(Evidence([])) == ()


def test_unlabeled_images_count_for_no_class() -> None:
    assert all_findings(Evidence(images_of(None, 50, 0))) == ()


def test_the_most_harmful_come_first(clean: list[ImageRow]) -> None:
    rows = [
        *clean,
        image_row(900, "dog", content=clean[0].content, split=Split.TEST),
        image_row(901, "emu"),
        *images_of("cat", 300, 1000),
        image_row(902, "cat", content=clean[2].content),
    ]
    findings = all_findings(Evidence(rows, measures_of(clean[1:2], spread=0.0)))
    assert [f.kind for f in findings] == [
        *("leak", "conflicting_labels"),
        *("small_class", "imbalance", "blank"),
        "exact_duplicate",
    ]
    order = [Severity.HIGH, Severity.MEDIUM, Severity.LOW]
    assert [f.severity for f in findings] == sorted((f.severity for f in findings), key=order.index)
    assert all(f.harm.endswith(".") and f.count > 0 and f.files and f.kind in KINDS for f in findings)
    assert all(f.repair is not None or f.advice for f in findings), "a deed, or words on what to do"


def test_text_is_worse_where_it_goes_with_the_class(clean: list[ImageRow]) -> None:
    mixed = [clean[0], clean[30]]
    finding = burned_in_text(Evidence(clean, text={i.content for i in mixed}))
    assert finding is not None
    assert (finding.severity, finding.count, finding.files) == (Severity.MEDIUM, 2, paths(mixed))
    cats = {i.content for i in clean if i.label == "cat"}
    telling = burned_in_text(Evidence(clean, text=cats))
    assert telling is not None
    assert telling.severity is Severity.HIGH
    assert burned_in_text(Evidence(clean)) is None


FOUND = Finding("leak", Severity.HIGH, 2, ("/a.png", "/b.png"), "2 images …", "Bad.", repair=Repair.KEEP_TOGETHER)
SUSPECTS = Finding(
    *("label_suspect", Severity.HIGH, 3, ("/a.png", "/b.png", "/c.png"), "3 labels …", "Bad."),
    notes=("cat", "dog", "emu"),
    single=True,
)


def test_what_is_set_aside_comes_last_and_comes_back_when_its_files_change() -> None:
    low = Finding("tiny", Severity.LOW, 1, ("/a.png",), "1 image …", "Bad.")
    reasons = {(FOUND.kind, key): "checked by hand" for key in FOUND.dismissal_keys()}
    told = set_aside([FOUND, low], reasons)
    assert [(f.kind, f.ignored) for f in told] == [("tiny", False), ("leak", True)]
    assert told[1].reason == "checked by hand"
    grown = replace(FOUND, files=("/a.png", "/b.png", "/c.png"))
    assert not set_aside([grown], reasons)[0].ignored
    assert set_aside([replace(FOUND, files=("/b.png", "/a.png"))], reasons)[0].ignored, "whatever the order"
    assert not set_aside([replace(FOUND, kind="blank")], reasons)[0].ignored


def test_suspects_are_set_aside_one_by_one() -> None:
    reasons = {(SUSPECTS.kind, key): "right" for key in replace(SUSPECTS, files=("/b.png",)).dismissal_keys()}
    left, aside = set_aside([SUSPECTS], reasons)
    assert (left.files, left.notes, left.count) == (("/a.png", "/c.png"), ("cat", "emu"), 2)
    assert not left.ignored
    assert (aside.files, aside.count, aside.reason) == (("/b.png",), 1, "right")
    assert "2 labels" in left.title and "1 label " in aside.title


def test_json_has_these_keys() -> None:
    assert FOUND.to_json() == {
        "kind": "leak",
        "severity": "high",
        "count": 2,
        "files": ["/a.png", "/b.png"],
        "title": "2 images …",
        "harm": "Bad.",
        "repair": "keep_together",
        "ignored": False,
    }
    assert replace(FOUND, repair=None, reason="so").to_json()["ignored"] is True
