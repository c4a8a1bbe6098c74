"""Each finding of the data check on images made to have it, and silence on images without."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.unit.conftest import image_row
from tlstudio.domain.results import Finding, Severity
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.findings import Evidence, all_findings

ENOUGH = 24


def images_of(label: str | None, n: int, start: int, **options: object) -> list[ImageRow]:
    return [image_row(start + i, label, **options) for i in range(n)]


@pytest.fixture
def clean() -> list[ImageRow]:
    """Two balanced classes, every image its own group, nothing to complain of."""
    rows = [*images_of("cat", ENOUGH, 0), *images_of("dog", ENOUGH, 100)]
    return [*rows, *images_of("cat", 3, 200, split=Split.TEST), *images_of("dog", 3, 300, split=Split.VAL)]


def found(images: Sequence[ImageRow], spread: dict[str, float] | None = None) -> dict[str, Finding]:
    return {f.kind: f for f in all_findings(Evidence(images, spread or {}))}


def paths(images: Sequence[ImageRow]) -> tuple[str, ...]:
    return tuple(str(i.path) for i in images)


def test_clean_data_have_no_finding(clean: list[ImageRow]) -> None:
    assert found(clean, {i.content: 40.0 for i in clean}) == {}
    assert found([]) == {}


def test_exact_copies(clean: list[ImageRow]) -> None:
    copies = [image_row(900 + i, "cat", content=clean[0].content) for i in range(2)]
    ((kind, finding),) = found([*clean, *copies]).items()
    assert (kind, finding.severity, finding.count) == ("exact_duplicate", Severity.LOW, 2)
    assert finding.files == paths([clean[0], *copies])


def test_copies_under_two_classes(clean: list[ImageRow]) -> None:
    copy = image_row(900, "dog", content=clean[0].content)
    findings = found([*clean, copy])
    assert list(findings) == ["conflicting_labels", "exact_duplicate"]
    assert findings["conflicting_labels"].count == 1
    assert findings["conflicting_labels"].files == paths([clean[0], copy])


def test_a_copy_without_a_class_is_no_conflict(clean: list[ImageRow]) -> None:
    assert list(found([*clean, image_row(900, None, content=clean[0].content)])) == ["exact_duplicate"]


def test_copies_on_both_sides_of_a_split(clean: list[ImageRow]) -> None:
    copy = image_row(900, "cat", content=clean[0].content, split=Split.TEST)
    findings = found([*clean, copy])
    assert list(findings) == ["leak", "exact_duplicate"]
    assert findings["leak"].files == paths([clean[0], copy])
    assert findings["leak"].severity is Severity.HIGH


def test_a_group_on_both_sides_of_a_split_is_told_once_a_file(clean: list[ImageRow]) -> None:
    torn = [image_row(900 + i, "cat", group="patient 7", split=s, content="a" * 64) for i, s in enumerate(Split)]
    whole = images_of("dog", 4, 950, group="patient 8")
    finding = found([*clean, *torn, *whole])["leak"]
    assert finding.files == paths(torn)
    assert finding.count == 3


def test_small_classes_are_named_smallest_first(clean: list[ImageRow]) -> None:
    rare = [*images_of("emu", 19, 400), *images_of("fox", 5, 500), *images_of("elk", 9, 600, split=Split.TEST)]
    finding = found([*clean, *rare])["small_class"]
    assert (finding.severity, finding.count) == (Severity.MEDIUM, 3)
    assert "elk (0), fox (5), emu (19)" in finding.title
    assert set(finding.files) == set(paths(rare))


def test_imbalance_only_beyond_ten_to_one(clean: list[ImageRow]) -> None:
    cats = sum(i.label == "cat" for i in clean)
    assert "imbalance" not in found([*clean, *images_of("cat", 10 * cats - cats, 1000)])
    finding = found([*clean, *images_of("cat", 10 * cats - cats + 1, 1000)])["imbalance"]
    assert finding.files == paths([i for i in clean if i.label == "dog"])
    assert "“cat” has 271" in finding.title


def test_blank_images_blankest_first(clean: list[ImageRow]) -> None:
    spread = {i.content: 40.0 for i in clean} | {clean[5].content: 1.9, clean[3].content: 0.0, clean[4].content: 2.0}
    finding = found(clean, spread)["blank"]
    assert finding.files == paths([clean[3], clean[5]])
    assert finding.count == 2


def test_an_image_without_a_small_picture_is_not_called_blank(clean: list[ImageRow]) -> None:
    assert "blank" not in found(clean, {})


def test_unlabeled_images_count_for_no_class() -> None:
    assert found(images_of(None, 50, 0)) == {}


def test_the_most_harmful_come_first(clean: list[ImageRow]) -> None:
    rows = [
        *clean,
        image_row(900, "dog", content=clean[0].content, split=Split.TEST),
        image_row(901, "emu"),
        *images_of("cat", 300, 1000),
    ]
    findings = all_findings(Evidence(rows, {clean[1].content: 0.0}))
    assert [f.kind for f in findings] == [
        "conflicting_labels",
        "leak",
        "small_class",
        "imbalance",
        "blank",
        "exact_duplicate",
    ]
    order = [Severity.HIGH, Severity.MEDIUM, Severity.LOW]
    assert [f.severity for f in findings] == sorted((f.severity for f in findings), key=order.index)
    assert all(f.harm.endswith(".") and f.count > 0 and f.files for f in findings)
