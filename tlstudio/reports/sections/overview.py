"""The first section: the result on half a page, and what to keep in mind."""

from __future__ import annotations

from tlstudio.domain.values import Interval
from tlstudio.reports import words
from tlstudio.reports.content import Block, Bullets, Figure, Figures, Paragraph
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter
from tlstudio.reports.sections.limits import limits

NAMED = 12  # classes that a sentence may name


def _holds(known: Known) -> str:
    return "The result, what it means, and what to keep in mind."


def _write(material: Material) -> tuple[Block, ...]:
    blocks: list[Block] = [Paragraph(_purpose(material)), _figures(material)]
    found = limits(material)
    blocks.append(Paragraph("Keep in mind (more in “What these figures can't tell”):", "caution"))
    blocks.append(Bullets(tuple(limit.short for limit in found)))
    return tuple(blocks)


def _purpose(material: Material) -> str:
    names = material.evaluation.classes
    if len(names) > NAMED:
        told = f"{len(names)} classes, which the next section lists"
    else:
        told = f"{len(names)} classes: {words.some(names, NAMED)}"
    return f"This model looks at an image and says to which class it belongs. It knows {told}."


def _figures(material: Material) -> Figures:
    found = material.evaluation
    basis = words.images(found.n, found.split)
    items = [
        Figure(
            "Accuracy",
            words.interval(found.accuracy),
            words.in_the_long_run(found.accuracy, "images like these", "would be answered right"),
            basis,
        ),
        Figure(
            "Balanced accuracy",
            words.interval(found.balanced_accuracy),
            words.in_the_long_run(
                found.balanced_accuracy, "images with as many of each class", "would be answered right"
            ),
            basis,
        ),
    ]
    weakest = _weakest(material)
    if weakest is not None:
        name, share, n = weakest
        items.append(
            Figure(
                "Least recognised class",
                words.interval(share),
                words.in_the_long_run(share, f"images labeled {words.quoted(name)}", "would be recognised"),
                words.images(n, found.split),
            )
        )
    return Figures(tuple(items))


def _weakest(material: Material) -> tuple[str, Interval, int] | None:
    """The class with the lowest sensitivity; the one with more images where two are equal."""
    known = [(c.sensitivity.value, -c.n, name) for name, c in material.evaluation.per_class.items() if c.sensitivity]
    if not known:
        return None
    _, n, name = min(known)
    share = material.evaluation.per_class[name].sensitivity
    return None if share is None else (name, share, -n)


CHAPTER = Chapter("overview", "At a glance", _holds, _write)
