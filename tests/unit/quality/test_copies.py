"""Copies, near-duplicates, and what lies on both sides of a split."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.conftest import image_row
from tests.unit.quality.conftest import images_of, paths
from tlstudio.domain.findings import Repair, Severity
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.copies import conflicting_labels, exact_duplicates, leaks, near_duplicates
from tlstudio.quality.evidence import Evidence


def near(label: str, *splits: Split, start: int = 900, **options: object) -> list[ImageRow]:
    """Near-duplicates of each other, one in each of the splits."""
    return [replace(image_row(start + i, label, split=s), alike=start, **options) for i, s in enumerate(splits)]


def test_exact_copies(clean: list[ImageRow]) -> None:
    copies = [image_row(900 + i, "cat", content=clean[0].content) for i in range(2)]
    finding = exact_duplicates(Evidence([*clean, *copies]))
    assert finding is not None
    assert (finding.severity, finding.count, finding.repair) == (Severity.LOW, 2, Repair.LEAVE_COPIES_OUT)
    assert finding.files == paths([clean[0], *copies])
    assert finding.sets == (finding.files,)
    assert leaks(Evidence([*clean, *copies])) is None


def test_copies_under_two_classes_are_told_as_a_conflict_only(clean: list[ImageRow]) -> None:
    copy = image_row(900, "dog", content=clean[0].content)
    evidence = Evidence([*clean, copy])
    finding = conflicting_labels(evidence)
    assert finding is not None
    assert (finding.count, finding.files, finding.repair) == (1, paths([clean[0], copy]), Repair.LOOK_AGAIN)
    assert exact_duplicates(evidence) is None, "leaving one of them out would choose a label"


def test_a_conflict_that_is_marked_already_says_where_to_settle_it(clean: list[ImageRow]) -> None:
    pair = [replace(clean[0], unsure=True), replace(image_row(900, "dog", content=clean[0].content), unsure=True)]
    finding = conflicting_labels(Evidence([*clean[1:], *pair]))
    assert finding is not None
    assert finding.repair is None
    assert (finding.page, bool(finding.advice)) == ("labels", True)


def test_a_copy_without_a_class_is_no_conflict(clean: list[ImageRow]) -> None:
    evidence = Evidence([*clean, image_row(900, None, content=clean[0].content)])
    assert conflicting_labels(evidence) is None
    assert exact_duplicates(evidence) is not None


def test_a_picture_saved_again_under_two_classes(clean: list[ImageRow]) -> None:
    cat, other, third = near("cat", Split.TRAIN, Split.TRAIN, Split.TRAIN)
    dog = replace(other, label="dog")
    finding = conflicting_labels(Evidence([*clean, cat, dog, third], resaved=[(cat.id, dog.id)]))
    assert finding is not None
    assert (finding.count, finding.files) == (1, paths([cat, dog]))
    assert finding.title == "1 image appears, saved again, under two different classes"


def test_what_only_looks_nearly_the_same_accuses_no_label(clean: list[ImageRow]) -> None:
    """A scratch may be all that tells the classes apart."""
    good, other = near("good", Split.TRAIN, Split.TRAIN)
    assert conflicting_labels(Evidence([*clean, good, replace(other, label="scratch")])) is None


def test_copies_and_pictures_saved_again_are_told_in_one_sentence(clean: list[ImageRow]) -> None:
    copy = image_row(950, "dog", content=clean[0].content)
    cat, other = near("cat", Split.TRAIN, Split.TRAIN)
    dog = replace(other, label="dog")
    finding = conflicting_labels(Evidence([*clean, copy, cat, dog], resaved=[(cat.id, dog.id)]))
    assert finding is not None
    assert finding.title == "2 images appear under two different classes, 1 of them saved again"


def test_near_duplicates_are_many_and_on_both_sides_a_leak_too(clean: list[ImageRow]) -> None:
    kin = near("cat", Split.TRAIN, Split.TRAIN, Split.TEST)
    evidence = Evidence([*clean, *kin])
    many, leak = near_duplicates(evidence), leaks(evidence)
    assert many is not None and leak is not None
    assert (many.severity, many.count) == (Severity.LOW, 2)
    assert (many.files, many.repair) == (paths(kin), Repair.LEAVE_COPIES_OUT)
    assert (leak.count, leak.severity, leak.repair) == (3, Severity.HIGH, Repair.KEEP_TOGETHER)
    assert leak.files == paths([kin[2], kin[0], kin[1]]), "the odd one out first"
    assert "1 set of near-duplicates" in leak.harm
    assert leaks(Evidence([*clean, *near("cat", Split.TRAIN, Split.TRAIN)])) is None


def test_copies_of_one_file_are_no_near_duplicates(clean: list[ImageRow]) -> None:
    one, two = near("cat", Split.TRAIN, Split.TRAIN)
    assert near_duplicates(Evidence([*clean, one, replace(two, content=one.content)])) is None


def test_copies_on_both_sides_of_a_split(clean: list[ImageRow]) -> None:
    copy = image_row(900, "cat", content=clean[0].content, split=Split.TEST)
    finding = leaks(Evidence([*clean, copy]))
    assert finding is not None
    assert finding.files == paths([clean[0], copy])
    assert "training and test" in finding.title
    assert "1 set of copies" in finding.harm


def test_a_group_on_both_sides_of_a_split_is_told_once_a_file(clean: list[ImageRow]) -> None:
    torn = [image_row(900 + i, "cat", group="patient 7", split=s, content="a" * 64) for i, s in enumerate(Split)]
    whole = images_of("dog", 4, 950, group="patient 8")
    finding = leaks(Evidence([*clean, *torn, *whole]))
    assert finding is not None
    assert finding.files == paths(torn)
    assert finding.count == 3
    assert "training, validation and test" in finding.title


def test_near_duplicates_of_two_groups_do_not_accuse_the_groups(clean: list[ImageRow]) -> None:
    kin = near("cat", Split.TRAIN, Split.TEST)
    kin = [replace(kin[0], group="part 1"), replace(kin[1], group="part 2")]
    others = [
        *images_of("cat", 5, 950, group="part 1"),
        *images_of("cat", 5, 960, group="part 2", split=Split.TEST),
    ]
    finding = leaks(Evidence([*clean, *kin, *others]))
    assert finding is not None
    assert set(finding.files) == set(paths(kin))


def test_what_spoils_the_test_figures_comes_first(clean: list[ImageRow]) -> None:
    tame = images_of("cat", 3, 900, group="a")
    tame = [*tame[:2], replace(tame[2], split=Split.VAL)]
    harmful = images_of("cat", 2, 950, group="b")
    harmful = [harmful[0], replace(harmful[1], split=Split.TEST)]
    finding = leaks(Evidence([*clean, *tame, *harmful]))
    assert finding is not None
    assert finding.files[:2] == paths(harmful)
