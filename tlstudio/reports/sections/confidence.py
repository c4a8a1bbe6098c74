"""Whether the model's confidence can be believed, and what the threshold kept with the training does."""

from __future__ import annotations

from tlstudio.domain.operating import VALIDATION, PointFigures
from tlstudio.reports import charts, words
from tlstudio.reports.content import Block, Bullets, Chart, Column, Heading, Paragraph, Table
from tlstudio.reports.material import Material


def confidence(material: Material) -> list[Block]:
    """The confidence diagram, how to read it, and how the confidence was adjusted."""
    found = material.evaluation
    bins = charts.reliability(found, material.units)
    top = bins[-1]
    told = (
        f"When the model is {words.percent(top.low)} to {words.percent(top.high)} confident"
        f" (n = {words.number(top.n)}), {words.interval(top.right)} of its answers are right. In the drawing, dots on the"
        " dashed line mean that the stated confidence can be taken at its word; dots below it mean that the model is too sure"
        " of itself, dots above that it is not sure enough."
    )
    blocks: list[Block] = [
        Heading("Can its confidence be believed?"),
        Chart(told, charts.reliability_chart(bins)),
    ]
    if found.calibration:
        how = (
            "was adjusted with images that the model did not learn from"
            if found.temperature != 1.0
            else "is as it was learned"
        )
        blocks.append(
            Paragraph(f"The confidence {how} (temperature {found.temperature:.2f}). {words.clean(found.calibration)}")
        )
    return blocks


def threshold(material: Material) -> list[Block]:
    """The class that must not be missed and what its threshold does; nothing where none is kept."""
    kept = material.evaluation.operating_point
    if kept is None:
        return []
    name = words.quoted(kept.point.name)
    where = "validation images" if kept.point.chosen_on == VALIDATION else "training images while they were left out"
    rule = "it is the likeliest"
    if not kept.point.idle:
        rule = f"its probability is at least {words.small_percent(kept.point.threshold)}, or when {rule}"
    told = (
        f"{name} must not be missed: an image is given this class when {rule}. This was chosen to find"
        f" {words.percent(kept.point.wanted)} of the class, on {words.count(kept.point.images, 'image')} of it ({where})."
        f" {_plain(kept.choice)} The figures above are about the likeliest class; these are with this rule:"
    )
    columns = (Column("Figure", 2.2), Column("Value", 1.6), Column("In words", 4.4), Column("n", 0.8, number=True))
    blocks: list[Block] = [Heading("The class that must not be missed"), Paragraph(told), Table(columns, _rows(kept))]
    if kept.cautions:
        blocks.append(Bullets(tuple(_plain(text) for text in kept.cautions)))
    return blocks


def _plain(text: str) -> str:
    return words.clean(text).replace(" %", f"{words.NBSP}%")


def _rows(kept: PointFigures) -> tuple[tuple[str, ...], ...]:
    name, others = words.quoted(kept.point.name), kept.n - kept.positives
    alone = (
        "" if kept.point.idle else f", {words.number(kept.found)} instead of {words.number(kept.found_alone)} images"
    )
    rows = (
        ("Sensitivity", kept.sensitivity, f"of the images labeled {name} are found{alone}.", kept.positives),
        ("Specificity", kept.specificity, "of the other images raise no alarm.", others),
        ("Predictive value", kept.ppv, f"of the images given {name} are of it.", kept.flagged),
        (
            "Negative predictive value",
            kept.npv,
            "of the images given another class are of another.",
            kept.n - kept.flagged,
        ),
        ("Accuracy", kept.accuracy, "of the answers are right.", kept.n),
    )
    return tuple((figure, words.interval(share), told, words.number(n)) for figure, share, told, n in rows)
