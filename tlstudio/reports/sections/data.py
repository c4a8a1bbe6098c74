"""What the model does, which images it comes from, and how they were divided."""

from __future__ import annotations

from tlstudio.domain.values import Split
from tlstudio.reports import words
from tlstudio.reports.content import Block, Column, Facts, Paragraph, Table
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter

FITS = {
    "stretch": "the whole image is stretched or shrunk to the square",
    "crop": "the shorter side is fitted and what is beyond the middle square is cut off",
    "pad": "the longer side is fitted and the rest of the square is filled with black",
}
PARTS = (Split.TRAIN, Split.VAL, Split.TEST)


def _holds(known: Known) -> str:
    images = known.images
    return (
        f"{words.count(len(known.training.run.classes), 'class', 'classes')}, {words.count(images.total, 'image')},"
        " and how they were divided."
    )


def _write(material: Material) -> tuple[Block, ...]:
    known = material.known
    return (
        Paragraph(_task(known)),
        _counts(known),
        Paragraph(_division(material)),
        _facts(known),
    )


def _task(known: Known) -> str:
    spec = known.training.preprocess
    return (
        f"The model takes one image at a time, brings it to {spec.size} by {spec.size} pixels ({FITS[spec.fit]}), and gives"
        " a probability to each class. The class with the highest one is its answer. It always answers with one of its"
        " classes, also when it is shown something else."
    )


def _counts(known: Known) -> Table:
    """Images of each class in each part; classes that came after the training are marked."""
    classes = known.images.classes
    rows = []
    for name, counts in classes.items():
        mark = "" if name in known.training.run.classes else " (not known to this model)"
        numbers = [counts.get(split, 0) for split in PARTS]
        rows.append((words.fenced(words.clean(name)) + mark, *(words.number(n) for n in (*numbers, sum(numbers)))))
    totals = [known.images.of(split) for split in PARTS]
    rows.append(("All classes", *(words.number(n) for n in (*totals, sum(totals)))))
    columns = (Column("Class", 3.0), *(Column(s.caption, number=True) for s in PARTS), Column("All", number=True))
    return Table(columns, tuple(rows), last_is_sum=True)


def _division(material: Material) -> str:
    images, use = material.known.images, material.evaluation.test_use
    apart = "test images are kept apart from both"
    if use is not None and not use.compared:
        apart = "test images are kept apart until the end"
    told = (
        f"The model learns from the training images, validation images help to choose, and {apart}. The images were divided when"
        " they were imported, before any training: by folders called train, validation"
        f" and test where they came in such folders, and otherwise at random within each class (seed {images.seed or '0'})."
    )
    if images.torn:
        groups = words.count(images.torn, "group")
        told += f" {groups} {'lies' if images.torn == 1 else 'lie'} in more than one part, so these parts are not independent."
    elif images.groups:
        told += " All images of a group lie in the same part."
    if images.torn_copies:
        told += f" {images.torn_copies}"
    return told


def _facts(known: Known) -> Facts:
    images, training = known.images, known.training
    rows = [
        ("Images in the project", words.number(images.total)),
        ("Training images used", words.number(training.learned)),
    ]
    if training.held:
        rows.append(("Validation images used", words.number(training.held)))
    if images.groups:
        told = f"{words.number(images.groups)}, known for {words.number(images.grouped)} of {words.count(images.total, 'image')}"
        rows.append(("Groups (patient, part …)", told))
    else:
        rows.append(("Groups (patient, part …)", "none known"))
    if images.unlabeled:
        rows.append(("Without a class", words.count(images.unlabeled, "image")))
    if any(images.excluded.values()):
        parts = [words.images(n, split) for split, n in images.excluded.items() if n]
        rows.append(("Left out by a person", words.listed(parts)))
    if images.refused:
        rows.append(("Not imported, unreadable", words.count(images.refused, "file")))
    return Facts(tuple(rows))


CHAPTER = Chapter("data", "What the model does, and its images", _holds, _write)
