"""Copies, near-duplicates, and what lies on both sides of a split."""

from __future__ import annotations

from dataclasses import replace

import pytest

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


def test_copies_among_near_duplicates_are_told_once(clean: list[ImageRow]) -> None:
    one, two, other = near("cat", Split.TRAIN, Split.TEST, Split.TEST)
    copy = replace(two, content=one.content)
    finding = leaks(Evidence([*clean, one, copy, other]))
    assert finding is not None
    assert (finding.count, len(finding.sets)) == (3, 1)
    assert finding.harm.endswith(": 1 set of near-duplicates.")


@pytest.mark.parametrize("numbers", [(7, 7), (7, None), (None, 7), (7, 8), (8, None), (8, 9)])
def test_torn_copies_are_told_whatever_they_are_like(clean: list[ImageRow], numbers: tuple[int | None, ...]) -> None:
    """Their near-duplicates may have been left out, or be others for each of them."""
    one, two = (image_row(900 + i, "cat", content="c" * 64, split=s) for i, s in enumerate((Split.TRAIN, Split.TEST)))
    kin = [replace(row, alike=number) for row, number in zip((one, two), numbers, strict=True)]
    others = [replace(image_row(950 + number, "cat"), alike=number) for number in (8, 9)]
    finding = leaks(Evidence([*clean, *kin, *others]))
    assert finding is not None
    assert paths(kin) in finding.sets
    assert "1 set of copies" in finding.harm


def test_all_that_ties_is_told_in_one_sentence(clean: list[ImageRow]) -> None:
    def torn(start: int, **options: object) -> list[ImageRow]:
        pair = [image_row(start + i, "cat", split=split) for i, split in enumerate((Split.TRAIN, Split.TEST))]
        return [replace(row, **options) for row in pair]

    groups = [*torn(900, group="a"), *torn(910, group="b")]
    copies = torn(920, content="c" * 64)

    def harm(rows: list[ImageRow]) -> str:
        finding = leaks(Evidence([*clean, *rows]))
        assert finding is not None
        return finding.harm.partition(": ")[2]

    assert harm(groups) == "2 groups."
    assert harm([*groups, *copies]) == "2 groups and 1 set of copies."
    assert harm([*groups, *copies, *torn(930, alike=3)]) == "2 groups, 1 set of copies and 1 set of near-duplicates."


def test_of_sets_that_are_as_bad_the_largest_comes_first(clean: list[ImageRow]) -> None:
    small, large = ([*images_of("cat", n, start, group=str(start))] for n, start in ((3, 900), (5, 950)))
    sets = [[*rows[:-1], replace(rows[-1], split=Split.TEST)] for rows in (small, large)]
    finding = leaks(Evidence([*clean, *sets[0], *sets[1]]))
    assert finding is not None
    assert [len(each) for each in finding.sets] == [5, 3]


def test_a_conflict_of_copies_is_not_told_again_as_one_of_pictures_saved_again(clean: list[ImageRow]) -> None:
    copy = image_row(900, "dog", content=clean[0].content)
    again = image_row(901, "emu")
    finding = conflicting_labels(Evidence([*clean, copy, again], resaved=[(copy.id, again.id)]))
    assert finding is not None
    assert finding.sets == (paths([clean[0], copy]),)
    same = image_row(902, "dog")
    assert conflicting_labels(Evidence([*clean, image_row(903, "dog"), same], resaved=[(903, same.id)])) is None


def test_as_long_as_one_conflict_is_not_marked_the_repair_is_offered(clean: list[ImageRow]) -> None:
    marked = [replace(clean[0], unsure=True), replace(image_row(900, "dog", content=clean[0].content), unsure=True)]
    open_ = [clean[1], image_row(901, "dog", content=clean[1].content)]
    finding = conflicting_labels(Evidence([*marked, *clean[1:], open_[1]]))
    assert finding is not None
    assert (finding.count, finding.repair, finding.page) == (2, Repair.LOOK_AGAIN, "")
