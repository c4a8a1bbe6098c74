"""Labels leave the project: as a table, as class folders, for CVAT, for Hugging Face. What is written can be imported again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.errors import NotEnoughImages, WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.exchange import LabelFormat, LabelsExport
from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.storage import files, images
from tlstudio.storage.journal_lines import journal_lines, last_labelers
from tlstudio.storage.project import Project
from tlstudio.workflow.label_files import Bundle, write_cvat, write_folders, write_huggingface
from tlstudio.workflow.label_table import HISTORY_COLUMNS, TABLE_COLUMNS, Outgoing, as_csv, history_row, table_row

HISTORY = "history.csv"


@dataclass(frozen=True, slots=True)
class _Form:
    """One format. write: gives the files that could not be read. classes: classes are folders in it."""

    write: Callable[[Bundle], list[Refusal]]
    folder: bool
    classes: bool = False
    lost: str = ""


def _write_csv(bundle: Bundle) -> list[Refusal]:
    further = list(
        dict.fromkeys(name for image in bundle.images for name in image.columns if name not in TABLE_COLUMNS)
    )
    rows = [table_row(image, _place(image.row, bundle.out.parent), further) for image in bundle.images]
    files.write_bytes(bundle.out, as_csv((*TABLE_COLUMNS, *further), rows))
    return []


FORMS: dict[LabelFormat, _Form] = {
    LabelFormat.CSV: _Form(_write_csv, folder=False),
    LabelFormat.FOLDERS: _Form(write_folders, folder=True, classes=True),
    LabelFormat.CVAT: _Form(
        write_cvat,
        folder=False,
        classes=True,
        lost="CVAT's form holds no groups, no parts and no notes. The table in the file keeps them for an import here.",
    ),
    LabelFormat.HUGGINGFACE: _Form(write_huggingface, folder=True),
}


def export_labels(
    project: Path,
    out: Path,
    format: LabelFormat,
    *,
    link: bool = False,
    history: bool = False,
    reporter: Reporter = SILENT,
) -> LabelsExport:
    """Writes the labels to `out`: a file for CSV and CVAT, a new or empty folder for the others.

    link: put links to the originals into the folder instead of copies. history: every change there ever was, as history.csv in
    the folder, or beside the file. Left-out images are in the table only. Raises NotEnoughImages for an empty project,
    WrongUsage for links where there is no folder, CantWrite for a folder that holds something, DiskFull. What fails or is
    cancelled leaves nothing behind.
    """
    form = FORMS[format]
    if link and not form.folder:
        raise WrongUsage("There are no links in a single file.", remedy="Export to folders to get links.")
    opened, out = Project.open(project), out.expanduser().absolute()
    everything = images.list_images(opened)
    if not everything:
        raise NotEnoughImages("The project has no images.", remedy="Import images first.", path=opened.folder)
    chosen = [row for row in everything if not row.excluded or format is LabelFormat.CSV]
    lines = as_csv(HISTORY_COLUMNS, map(history_row, journal_lines(opened))) if history else None
    bundle = Bundle(
        out, tuple(_outgoing(opened, chosen)), link, reporter, {HISTORY: lines} if lines and form.folder else {}
    )
    refused = form.write(bundle)
    told: Path | None = None
    if lines is not None:
        told = out / HISTORY if form.folder else out.with_name(f"{out.stem}-{HISTORY}")
        if not form.folder:
            files.write_bytes(told, lines)
    return LabelsExport(
        file=out,
        format=format,
        images=len(chosen) - len(refused),
        excluded=len(everything) - len(chosen),
        refused=tuple(refused),
        lost=form.lost,
        renamed=_renamed(bundle) if form.classes else {},
        history=told,
    )


def _renamed(bundle: Bundle) -> dict[str, str]:
    """The classes whose folder is called something else."""
    return {label: name for label, name in bundle.class_folders().items() if label is not None and label != name}


def _outgoing(project: Project, rows: list[ImageRow]) -> list[Outgoing]:
    columns, labelers = images.list_columns(project), last_labelers(project)
    found = []
    for row in rows:
        author, at = labelers.get(row.id, ("", None))
        found.append(Outgoing(row, author, at, columns.get(row.id, {})))
    return found


def _place(row: ImageRow, folder: Path) -> str:
    """Below the table's folder by a relative name, so that both can be moved together; else by the whole path."""
    if not row.path.is_relative_to(folder):
        return str(row.path)
    name = row.path.relative_to(folder).as_posix()
    return f"./{name}" if name[:1].isspace() else name  # a cell is trimmed when it is read
