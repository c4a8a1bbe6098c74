"""What a report says: every number with what it was counted on, limits only where they are true, and nobody's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from unicodedata import bidirectional

import pytest

from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.operating import VALIDATION, OperatingPoint, PointFigures
from tlstudio.domain.runs import Mode
from tlstudio.domain.values import Interval, Split
from tlstudio.reports.compose import compose, outline
from tlstudio.reports.content import Block, Bullets, Chart, Facts, Figures, Matrix, Paragraph, Report, Shares, Table
from tlstudio.reports.material import Material
from tlstudio.reports.sections.limits import limits

Make = Callable[..., Material]


def section(report: Report, key: str) -> list[object]:
    return list(next(s for s in report.sections if s.key == key).blocks)


def of(blocks: list[object], kind: type) -> list:
    return [b for b in blocks if isinstance(b, kind)]


def told(material: Material) -> str:
    return " ".join(limit.short for limit in limits(material))


def test_the_outline_names_the_sections_that_the_report_has(make: Make) -> None:
    material = make()
    report = compose(material)
    assert [(line.title, line.holds) for line in outline(material.known)] == [
        (s.title, s.holds) for s in report.sections
    ]
    assert "120 test images" in outline(material.known)[2].holds


def test_the_first_page_says_how_good_in_numbers_and_words(make: Make) -> None:
    material = make(("benign", "malignant"), 60)
    (figures,) = of(section(compose(material), "overview"), Figures)
    accuracy = figures.items[0]
    found = material.evaluation.accuracy
    assert accuracy.value == found.percent().replace(" ", "\N{NO-BREAK SPACE}")
    low, high = round(found.low * 100), round(found.high * 100)
    assert accuracy.words == f"Over very many images like these, {low} to {high} of 100 would be answered right."
    assert [item.basis for item in figures.items] == ["120 test images", "120 test images", "60 test images"]


def test_every_figure_tells_how_many_images_it_was_counted_on(make: Make) -> None:
    material = make(("a", "b", "c"), 25)
    blocks = section(compose(material), "figures")
    overall = of(blocks, Table)[0]
    assert [row[0] for row in overall.rows] == [
        "Accuracy", "Balanced accuracy", "AUROC", "Calibration error", "For comparison",
    ]  # fmt: skip
    assert {row[-1] for row in overall.rows} == {"75 test images"}
    (shares,) = of(blocks, Shares)
    for k, (_, (sensitivity, specificity, ppv)) in enumerate(shares.rows):
        assert (sensitivity.n, specificity.n) == (25, 50)
        assert ppv.n == sum(row[k] for row in material.evaluation.confusion)


def test_no_sentence_promises_anything_of_the_next_hundred_images(make: Make) -> None:
    text = " ".join(str(block) for part in compose(make(("a", "b", "c"), 25)).sections for block in part.blocks)
    assert "Of 100 new" not in text
    assert text.count("Over very many") >= 5


def test_the_calibration_error_stands_beside_that_of_a_right_model(make: Make) -> None:
    material = make(("a", "b"), 40)

    def told(error: float, limit: float) -> tuple[str, ...]:
        measured = replace(material.evaluation, ece=error, ece_chance=0.09, ece_limit=limit)
        (row,) = [r for r in of(section(compose(replace(material, evaluation=measured)), "figures"), Table)[0].rows
                  if r[0] == "Calibration error"]  # fmt: skip
        return tuple(cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row)

    _, value, words, _ = told(0.112, 0.136)
    assert value == "11.2 %"
    assert words == (
        "How far the stated confidence is from the share of right answers, on average. With as few images, a model whose"
        " confidence is exactly right shows 9.0 % by chance, and up to 13.6 %: nothing here shows that this one's confidence"
        " is off."
    )
    assert told(0.136, 0.136)[2] == words
    assert told(0.137, 0.136)[2].endswith("up to 13.6 %: this one's confidence is off by more than that.")


def test_all_counts_are_in_the_matrix_however_wide(make: Make) -> None:
    material = make(tuple(f"species {k}" for k in range(37)), 4)
    parts = of(section(compose(material), "figures"), Matrix)
    assert len(parts) == 2
    assert [head for part in parts for head in part.columns] == [str(k) for k in range(1, 38)]
    rows = [
        tuple(cell.count for part in parts for cell in part.rows[i][1]) for i in range(len(material.evaluation.classes))
    ]
    assert tuple(rows) == material.evaluation.confusion
    assert parts[0].rows[8][0] == "9  species 8"
    levels = [cell.level for part in parts for _, cells in part.rows for cell in cells if cell.count]
    assert min(levels) >= 1 and max(levels) <= 10


def test_a_matrix_that_nobody_could_read_is_said_to_be_left_out(make: Make) -> None:
    blocks = section(compose(make(tuple(f"c{k}" for k in range(61)), 2)), "figures")
    assert not of(blocks, Matrix)
    assert any("61 by 61 classes" in getattr(b, "text", "") for b in blocks)
    assert len(of(blocks, Table)[1].rows) == 15


def test_without_a_mistake_none_is_listed(make: Make) -> None:
    blocks = section(compose(make(wrong=0.0)), "figures")
    assert any(getattr(b, "text", "") == "None of the 120 test images is answered wrong." for b in blocks)


@pytest.mark.parametrize(("mode", "charts"), [(Mode.QUICK, 0), (Mode.BALANCED, 1), (Mode.THOROUGH, 1)])
def test_epochs_are_drawn_where_there_are_any(make: Make, mode: Mode, charts: int) -> None:
    material = make(mode=mode)
    blocks = section(compose(material), "training")
    assert len(of(blocks, Chart)) == charts
    facts = dict(row for block in of(blocks, Facts) for row in block.rows)
    assert ("Epochs" in facts) == bool(charts)
    assert facts["SHA-256 of the weights"] == "ab" * 32
    assert facts["Licence"] == "apache-2.0"
    assert facts["Chosen"].startswith("Epoch 4. Best" if charts else "The first result. Best")


def test_a_model_without_card_is_told_by_its_id(make: Make) -> None:
    material = make()
    bare = replace(material.known.training, card=None, license="", weights_hash="")
    report = compose(replace(material, known=replace(material.known, training=bare)))
    facts = dict(row for block in of(section(report, "training"), Facts) for row in block.rows)
    assert facts["Name"] == "resnet18.a1_in1k"
    assert (facts["Licence"], facts["SHA-256 of the weights"]) == ("none named", "unknown")


def test_a_kept_threshold_has_figures_of_its_own(make: Make) -> None:
    material = make(("benign", "malignant"))
    share = Interval(0.9, 0.8, 0.95)
    point = OperatingPoint("malignant", 0.95, 0.034, VALIDATION, 15)
    kept = PointFigures(
        point, 120, 60, 58, 51, 70, 120, share, share, share, share, share, "All 15 were found.", ("Few images here.",)
    )

    def told(kept: PointFigures) -> list[Block]:
        evaluation = replace(material.evaluation, operating_point=kept)
        return section(compose(replace(material, evaluation=evaluation)), "figures")

    blocks = told(kept)
    table = next(t for t in of(blocks, Table) if t.rows[0][0] == "Sensitivity")
    assert [row[-1] for row in table.rows] == ["60", "60", "70", "50", "120"]
    assert table.rows[0][2] == "of the images labeled “malignant” are found, 58 instead of 51 images."
    assert ("Few images here.",) in [b.items for b in of(blocks, Bullets)]
    rule = next(b.text for b in of(blocks, Paragraph) if "must not be missed" in b.text).replace("\xa0", " ")
    assert "when its probability is at least 3.4 %, or when it is the likeliest." in rule
    assert "All 15 were found." in rule
    tiny = replace(kept, point=replace(point, threshold=0.00042))
    assert "at least 0.042\xa0%" in "".join(b.text for b in of(told(tiny), Paragraph))
    idle = told(replace(kept, point=replace(point, threshold=0.5), found=51))
    rule = next(b.text for b in of(idle, Paragraph) if "must not be missed" in b.text)
    assert "this class when it is the likeliest." in rule and "probability is at least" not in rule
    assert next(t for t in of(idle, Table) if t.rows[0][0] == "Sensitivity").rows[0][2].endswith("are found.")


# --- limits ----------------------------------------------------------------------------------


def test_a_good_measurement_has_only_the_limit_that_all_have(make: Make) -> None:
    assert [limit.short for limit in limits(make(groups=60))] == ["The figures hold only for images like these."]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": Split.VAL}, "because there are no test images"),
        ({"groups": 0}, "not known which images belong together"),
        ({"groups": 12}, "Only 12 groups were measured."),
        ({"each": 30}, "Only 60 test images."),
        ({"each": 12}, "2 classes measured on fewer than 20 images."),
        ({"wrong": 1.0}, "Not shown to be better than always answering"),
        ({"seen": 7}, "The model has learned from 7 of the 120 test images."),
        ({"unknown": 3}, "Left out: 3 test images of classes that the model does not know."),
    ],
)
def test_a_limit_is_told_when_it_is_true(make: Make, options: dict[str, object], words: str) -> None:
    usual = {"groups": 60}
    assert words in told(make(**{**usual, **options}))
    assert words not in told(make(**usual))


def test_images_that_are_gone_and_classes_without_images(make: Make) -> None:
    material = make(("a", "b", "c"), groups=60)
    gone = replace(material, known=replace(material.known, available=material.evaluation.n + 4))
    assert "Left out: 4 test images that can't be read any more." in told(gone)
    per_class = {**material.evaluation.per_class}
    per_class["c"] = replace(per_class["c"], n=0, sensitivity=None)
    empty = replace(material, evaluation=replace(material.evaluation, per_class=per_class))
    assert "1 class not measured at all." in told(empty)
    assert compose(empty)


def test_images_left_out_by_hand_are_told(make: Make) -> None:
    material = make(groups=60)
    images = replace(material.known.images, excluded={Split.TRAIN: 4, Split.VAL: 0, Split.TEST: 2})
    some = replace(material, known=replace(material.known, images=images))
    assert "Left out: 2 test images that a person left out by hand." in told(some)
    facts = dict(row for block in of(section(compose(some), "data"), Facts) for row in block.rows)
    assert facts["Left out by a person"] == "4 training images and 2 test images"
    assert facts["Images in the project"] == "270"


def test_what_the_model_never_answers_and_what_it_hardly_learned(make: Make) -> None:
    material = make(("a", "b"), groups=60)
    never = replace(material.evaluation, confusion=((60, 0), (60, 0)))
    assert "Never answered: “b”." in told(replace(material, evaluation=never))
    counts = {**material.known.images.classes, "a": {Split.TRAIN: 5}}
    few = replace(material.known, images=replace(material.known.images, classes=counts))
    assert "1 class with fewer than 20 images to learn from." in told(replace(material, known=few))


def test_severe_findings_are_limits_and_mild_ones_are_not(make: Make, leak: Finding) -> None:
    mild = replace(leak, kind="blank", severity=Severity.LOW)
    assert "Not repaired: Images that belong together" in told(make(findings=(leak,)))
    assert "Not repaired" not in told(make(findings=(mild,)))


def test_findings_come_worst_first_and_without_their_own_words(make: Make, leak: Finding) -> None:
    mild = replace(leak, kind="something_new", severity=Severity.LOW, harm="Hardly any.")
    report = compose(make(findings=(mild, leak)))
    (table,) = of(section(report, "findings"), Table)
    assert [row[0] for row in table.rows] == ["High", "Low"]
    assert table.rows[1][1] == "Something new"
    assert not [text for text in report.texts() if "Muster" in text]


def test_what_a_person_set_aside_is_told_apart_and_without_the_reason(make: Make, leak: Finding) -> None:
    material = make(findings=(replace(leak, reason="Muster is fine"),))
    (table,) = of(section(compose(material), "findings"), Table)
    assert table.rows[0][0] == "High"
    assert any("set them aside" in text for text in compose(material).texts())
    assert "Not repaired" not in told(material)
    assert not [text for text in compose(material).texts() if "Muster" in text]


def test_a_sentence_that_names_a_file_is_not_taken_over(make: Make, leak: Finding) -> None:
    named = replace(leak, harm="Look at 1970-01-01.png first.")
    assert not [text for text in compose(make(findings=(named,))).texts() if "1970-01-01" in text]


def test_groups_torn_apart_are_told(make: Make) -> None:
    material = make(groups=60)
    images = replace(material.known.images, torn=2)
    texts = compose(replace(material, known=replace(material.known, images=images))).texts()
    assert any("2 groups lie in more than one part" in text for text in texts)
    assert not any("more than one part" in text for text in compose(material).texts())


def test_only_the_day_changes_from_one_report_to_the_next(make: Make) -> None:
    one, other = make(), make()
    assert compose(one) == compose(other)
    later = compose(replace(other, known=replace(other.known, made=1.9e9)))
    assert replace(later, made="", footer="") == replace(compose(one), made="", footer="")


def test_names_are_shown_without_what_would_break_a_line(make: Make) -> None:
    report = compose(make(("a\x00b\nc", "d\ud800"), project="Tab\there"))
    assert report.title == "Tab here"
    assert all("\x00" not in text and "\n" not in text and "\ud800" not in text for text in report.texts())


def outside(text: str) -> str:
    """A text without what is set apart in it."""
    return re.sub("\u2068[^\u2068\u2069]*\u2069", "", text)


@pytest.mark.parametrize(
    "classes", [("תקין 1", "פגום"), ("سليم", "خدش 2", "crack"), tuple(f"סוג {k}" for k in range(30))]
)
def test_names_from_right_to_left_leave_figures_where_they_are(make: Make, classes: tuple[str, ...]) -> None:
    """A name stands in a field of its own, which runs by itself, or is set apart from the words and figures around it."""
    report = compose(make(classes, each=8, project="פרויקט 7"))
    alone = {*classes, "פרויקט 7"}
    turned = [t for t in report.texts() if t not in alone and any(bidirectional(c) in ("R", "AL") for c in outside(t))]
    assert turned == []
