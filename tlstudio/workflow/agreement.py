"""Another person's labels for the same images: taken in from a table, and compared with the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tlstudio.domain.errors import FileTrouble, NotEnoughImages, NothingToImport, from_os_error
from tlstudio.domain.events import SILENT, Progress, Reporter
from tlstudio.domain.labels import Agreement, ClassAgreement, Disagreement, UnusedRow
from tlstudio.domain.safe_text import from_cell, with_controls
from tlstudio.domain.values import ImageRow
from tlstudio.evaluation import agreement as figures
from tlstudio.images.sources.columns import mapping
from tlstudio.images.sources.text import Table, read_table
from tlstudio.storage import annotators, files, images
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project
from tlstudio.workflow.matching import ImageIndex, NotFound
from tlstudio.workflow.run_data import units_of

CONTENT_COLUMNS = ("content", "sha256", "sha-256")
LARGEST_TABLE = 256 * 2**20


def compare(project: Path, table: Path | None = None, annotator: str = "", reporter: Reporter = SILENT) -> Agreement:
    """Takes in a table of file and class, if one is given, and compares that person's labels with the user's.

    annotator: who made the table; its file name without one, and without a table the person whose labels came last. Rows that
    can't be used are listed in the answer of the call that reads the table. Raises NothingToImport when no row can be used,
    FileTrouble for a file that is no such table, NotEnoughImages when no image is labeled by both.
    """
    opened = Project.open(project)
    name = " ".join(annotator.split())
    unused: tuple[UnusedRow, ...] = ()
    if table is not None:
        name = name or table.stem
        unused = _take_in(opened, table, name, reporter)
    elif not name:
        known = annotators.annotators(opened)
        if not known:
            raise NotEnoughImages(
                "There are no labels of another person yet.", remedy="Choose a table with their labels first."
            )
        name = known[0]
    return _compare(opened, name, unused)


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    file: str
    label: str
    content: str = ""
    trouble: str = ""


def _take_in(project: Project, table: Path, annotator: str, reporter: Reporter) -> tuple[UnusedRow, ...]:
    """Stores the labels of a table; returns the rows that could not be used, with the reason."""
    index = ImageIndex(images.list_images(project))
    classes = {c.name: c.id for c in list_classes(project)}
    alike = {name.casefold(): name for name in classes}
    rows = _best_rows(table, alike)
    labels: dict[int, int] = {}
    said: dict[int, str] = {}
    unused: list[UnusedRow] = []
    for done, row in enumerate(rows, start=1):
        try:
            found = index.find(row.file, table.absolute().parent, row.content) if not row.trouble else []
            label = _class_of(row, alike)
            for image in found:
                if said.setdefault(image.id, label) != label:
                    raise NotFound(f"An earlier row calls the same image {said[image.id]}; that one counts.")
                labels[image.id] = classes[label]
        except NotFound as reason:
            unused.append(UnusedRow(row.where, row.file, str(reason)))
        reporter.report(Progress("Looking up the images of the table", done, len(rows)))
    if not labels:
        raise NothingToImport(
            "No row of this table names an image and a class of this project.",
            remedy=f"{unused[0].where}: {unused[0].reason}" if unused else "Choose another table.",
            path=table,
        )
    annotators.put_labels(project, annotator, labels)
    return tuple(unused)


def _class_of(row: _Row, alike: dict[str, str]) -> str:
    """The project's class that a row means; small and large letters are the same. Raises NotFound."""
    if row.trouble:
        raise NotFound(row.trouble)
    if not row.label:
        raise NotFound("The row names no class.")
    if row.label.casefold() not in alike:
        raise NotFound(f"There is no class called “{row.label}”.")
    return alike[row.label.casefold()]


def _best_rows(path: Path, alike: Mapping[str, str]) -> list[_Row]:
    """The rows of a table; where its bytes don't tell its encoding, in the one that makes most of its classes those of the
    project.
    """
    try:
        if path.stat().st_size > LARGEST_TABLE:
            raise FileTrouble("This file is too large for a table of labels.", remedy="Choose another file.", path=path)
        data = files.read_small(path, LARGEST_TABLE)
    except OSError as error:
        raise from_os_error(error, path) from error
    table = read_table(path, data)
    if table.encoding is None or table.encoding.sure:
        return list(_rows(path, table))
    likely = [way.key for way in table.encoding.ways if way.sample]
    readings = [list(_rows(path, read_table(path, data, key))) for key in likely]
    return max(readings, key=lambda rows: sum(row.label.casefold() in alike for row in rows))


def _rows(path: Path, table: Table) -> Iterator[_Row]:
    """The rows of a table of files and classes. Raises FileTrouble for anything else."""
    roles = mapping(table, {})
    content = next((c for c in table.columns if c.strip().lower() in CONTENT_COLUMNS), "")
    if "class" not in roles or not ("path" in roles or content):
        columns = ", ".join(f"“{c}”" for c in table.columns) or "none"
        raise FileTrouble(
            "This table does not say which column names the file and which the class.",
            remedy=f"Call two of its columns “file” and “class”. They are now: {columns}.",
            path=path,
        )
    at = {role: table.columns.index(column) for role, column in roles.items()}
    for number, where in enumerate(table.where):
        yield _Row(
            where,
            with_controls(from_cell(table.cell(number, at["path"]))) if "path" in at else "",
            from_cell(table.cell(number, at["class"])),
            table.cell(number, table.columns.index(content)) if content else "",
            table.trouble.get(number, ""),
        )


def _compare(project: Project, annotator: str, unused: tuple[UnusedRow, ...]) -> Agreement:
    theirs = annotators.labels_of(project, annotator)
    counted = [r for r in images.list_images(project) if not r.excluded]
    both = [r for r in counted if r.label is not None and r.id in theirs]
    if not both:
        raise NotEnoughImages(
            f"You and {annotator} have not labeled one image in common.",
            remedy="Label some of the same images, or choose another table.",
        )
    names = [c.name for c in list_classes(project)]
    used = {str(r.label) for r in both} | {theirs[r.id] for r in both}
    names = [name for name in names if name in used]
    number = {name: i for i, name in enumerate(names)}
    first = np.array([number[str(r.label)] for r in both], dtype=np.int64)
    second = np.array([number[theirs[r.id]] for r in both], dtype=np.int64)
    units = units_of(both)
    return Agreement(
        annotator=annotator,
        n=len(both),
        groups=len(set(units)),
        agreement=figures.agreement(first, second, units),
        kappa=figures.cohens_kappa(first, second, units),
        classes=tuple(names),
        per_class={name: _class_agreement(figures.class_share(first, second, k, units)) for name, k in number.items()},
        confusion=tuple(tuple(int(v) for v in row) for row in figures.confusion(first, second, len(names))),
        disagreements=_disagreements(project, annotator, both, theirs),
        unused=unused,
        only_theirs=sum(r.label is None and r.id in theirs for r in counted),
        only_mine=sum(r.label is not None and r.id not in theirs for r in counted),
    )


def _class_agreement(share: figures.ClassShare) -> ClassAgreement:
    return ClassAgreement(share.mine, share.theirs, share.both, share.agreement, share.kappa)


def _disagreements(
    project: Project, annotator: str, both: list[ImageRow], theirs: dict[int, str]
) -> tuple[Disagreement, ...]:
    kept = annotators.kept(project, annotator)
    return tuple(
        Disagreement(r.id, r.path, str(r.label), theirs[r.id], r.unsure or r.id in kept)
        for r in both
        if r.label != theirs[r.id]
    )
