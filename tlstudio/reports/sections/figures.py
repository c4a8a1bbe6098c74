"""How good the model is: overall, class by class, and what it takes for what."""

from __future__ import annotations

from tlstudio.domain.results import Evaluation
from tlstudio.domain.values import Interval, Split
from tlstudio.reports import charts, words
from tlstudio.reports.confusion import frequent_mistakes, matrices, row_names
from tlstudio.reports.content import Block, Column, Heading, Paragraph, Share, Shares, Table
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter
from tlstudio.reports.sections.comparison import comparison
from tlstudio.reports.sections.confidence import confidence, threshold

MISTAKES = 15  # kinds of mistakes that are listed
WHOLE_MATRIX = 60  # classes up to which the whole table is printed


def _holds(known: Known) -> str:
    measured = words.images(known.available, known.measured_on)
    return f"Figures with intervals on {measured}, for each class, and what is taken for what."


def _write(material: Material) -> tuple[Block, ...]:
    blocks: list[Block] = [Paragraph(_basis(material)), _overall(material)]
    blocks += comparison(material)
    blocks += _by_class(material.evaluation)
    blocks += _confusion(material.evaluation)
    blocks += threshold(material)
    blocks += confidence(material)
    return tuple(blocks)


def _basis(material: Material) -> str:
    found = material.evaluation
    told = f"Measured on {words.images(found.n, found.split)} "
    if found.split is Split.TEST and not material.seen:
        told += "that the model did not learn from and that took no part in its training. "
        told += "" if found.test_use is None else f"{found.test_use.sentence} "
    elif not material.seen:
        told += "that the model did not learn from. "
    else:
        told += f"({words.number(material.seen)} of them the model has learned from). "
    told += (
        "The numbers in brackets are 95 % intervals: if the measurement were repeated with other images like these, about 95 of"
        " 100 such intervals would hold the true figure. Few images make them wide."
    ).replace(" %", f"{words.NBSP}%")
    if 0 < found.groups < found.n:
        told += (
            f" Images of one group resemble each other, so the intervals count {words.number(found.groups)} independent"
            " groups."
        )
    return told


def _overall(material: Material) -> Table:
    found = material.evaluation
    basis = words.images(found.n, found.split)
    rows = [
        (
            "Accuracy",
            words.interval(found.accuracy),
            words.in_the_long_run(found.accuracy, "images like these", "would be answered right"),
        ),
        (
            "Balanced accuracy",
            words.interval(found.balanced_accuracy),
            words.in_the_long_run(
                found.balanced_accuracy, "images with as many of each class", "would be answered right"
            )
            + " A rare class that is missed shows here.",
        ),
        ("AUROC", words.plain_interval(found.auroc), _auroc_words(found.auroc)),
    ]
    told = "How far the stated confidence is from the share of right answers, on average. "
    beside = found.chance_told.replace(" %", f"{words.NBSP}%")
    rows.append(("Calibration error", words.percent(found.ece, 1), told + beside))
    name, share = most_frequent(found)
    rows.append(
        (
            "For comparison",
            words.percent(share),
            f"Always answering {words.quoted(name)}, the most frequent class, would be right this often.",
        )
    )
    columns = (Column("Figure", 1.5), Column("Value", 1.6), Column("In words", 4.2), Column("Measured on", 1.4))
    return Table(columns, tuple((*row, basis) for row in rows))


def _auroc_words(area: Interval | None) -> str:
    if area is None:
        return "Needs images of at least two classes."
    return (
        words.in_the_long_run(
            area,
            "pairs of an image of a class and one of another",
            "would get the higher probability for that class on the right image",
        )
        + " 50 would be guessing."
    )


def most_frequent(found: Evaluation) -> tuple[str, float]:
    """The class with most of the measured images, and its share."""
    name = max(found.per_class, key=lambda k: found.per_class[k].n)
    return name, found.per_class[name].n / found.n


def _by_class(found: Evaluation) -> list[Block]:
    rows = []
    for k, (name, figures) in enumerate(zip(row_names(found), found.per_class.values(), strict=True)):
        called = sum(row[k] for row in found.confusion)
        cells = (
            (figures.sensitivity, figures.n),
            (figures.specificity, found.n - figures.n),
            (figures.ppv, called),
        )
        rows.append((name, tuple(Share(share, n, charts.bar(share)) for share, n in cells)))
    told = (
        "Sensitivity: how many of the images labeled with the class are recognised. Specificity: how many of the other images"
        " are not taken for it. Predictive value: how many of the answers that name the class are right; it holds only while"
        " the classes are as frequent as in these images. n: the images each figure is counted on. The line goes from 0 to"
        " 100 %, with the figure as a dot on its interval."
    ).replace(" %", f"{words.NBSP}%")
    table = Shares("Class", ("Sensitivity", "Specificity", "Predictive value"), tuple(rows))
    return [Heading("Class by class"), Paragraph(told), table]


def _confusion(found: Evaluation) -> list[Block]:
    blocks: list[Block] = [Heading("What is taken for what")]
    size = len(found.classes)
    if size <= WHOLE_MATRIX:
        told = (
            "Rows are labels, columns are answers, numbers count images. Right answers stand on the diagonal. The darker a"
            " cell, the larger its share of the row."
        )
        blocks.append(Paragraph(told))
        blocks += matrices(found)
    else:
        told = (
            f"The whole table of {size} by {size} classes would not be readable here; the program shows it on its page"
            " “Inspect”, and “tlstudio evaluate” prints it."
        )
        blocks.append(Paragraph(told))
    mistakes = frequent_mistakes(found)
    if not mistakes:
        blocks.append(Paragraph(f"None of the {words.images(found.n, found.split)} is answered wrong."))
        return blocks
    shown = mistakes[:MISTAKES]
    kinds = f"{words.count(len(mistakes), 'kind')} of mistakes" if len(mistakes) > 1 else "one kind of mistake"
    first = f"; the {MISTAKES} most frequent are listed" if len(mistakes) > MISTAKES else ""
    wrong = sum(m.count for m in mistakes)
    blocks.append(
        Paragraph(
            f"{words.images(wrong, found.split)} of {words.number(found.n)} are answered wrong, in {kinds}{first}."
        )
    )
    rows = tuple(
        (
            words.clean(m.label),
            words.clean(m.answer),
            words.number(m.count),
            f"{words.percent(m.count / m.of)} of {words.number(m.of)}",
        )
        for m in shown
    )
    columns = (
        Column("Labeled", 3),
        Column("Answered", 3),
        Column("Images", number=True),
        Column("Of the label", 1.4, True),
    )
    blocks.append(Table(columns, rows))
    return blocks


CHAPTER = Chapter("figures", "How good it is", _holds, _write)
