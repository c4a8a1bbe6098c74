"""Images and labels come in and go out: the commands `import` and `labels`, and their options."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlstudio.cli import usage
from tlstudio.cli.keeping import Subcommands
from tlstudio.cli.output import Output
from tlstudio.domain.importing import ImportResult
from tlstudio.domain.values import Split

NO_CLASS = "(no class)"
SOURCE_HELP = (
    "a folder of class folders, a ZIP file, a CSV table, or an export of Label Studio (JSON, CSV) or CVAT (XML); "
    "which one it is, is recognised"
)


def import_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("source", type=Path, metavar="SOURCE", help=SOURCE_HELP)
    p.add_argument("--project", type=Path, required=True, metavar="DIR")
    p.add_argument("--name", default="", help="default: the folder's name")
    p.add_argument("--test-fraction", type=usage.number(0, 0.9), default=0.2, metavar="F")
    p.add_argument("--val-fraction", type=usage.number(0, 0.9), default=0.15, metavar="F")
    p.add_argument("--seed", type=usage.seed, default=0, metavar="N")
    p.add_argument("--copy", action="store_true", help="copy the images into the project")
    p.add_argument(
        "--group-from",
        metavar="folder|name:REGEX|column:NAME|dicom:KEYWORD|none",
        help="what must stay on one side of a split; default: what the source itself says; where only names suggest something, "
        "it has to be said",
    )
    p.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="path=A,class=B,group=C,split=D",
        help="which columns of a table say what, where their names don't tell; an empty name for none",
    )
    p.add_argument(
        "--encoding",
        default="",
        metavar="NAME",
        help="of a table's text, or of the names in a ZIP file, such as cp1251 or cp932; default: found out, or asked for where "
        "it can't be",
    )
    p.add_argument(
        "--near-duplicates",
        choices=("keep", "ignore"),
        help="keep them on one side of a split, or treat every image on its own; default: as the project has it, else keep",
    )
    p.add_argument("--pages", choices=("first", "all"), default="first", help="of files that hold several")
    changed_option(p)
    how = p.add_mutually_exclusive_group()
    how.add_argument("--unlabeled", action="store_true", help="import images without labels, to be labeled here")
    how.add_argument(
        "--as",
        dest="reading",
        default="",
        metavar="folders|parts|classes|unlabeled|FILE",
        help="where a source can be read in several ways",
    )


def changed_option(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--changed",
        choices=("take", "keep"),
        default="take",
        help="images whose files were exchanged since the import: take the new ones, or keep the old ones; default: take",
    )


def export_command(inner: Subcommands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """`labels export`."""
    text = "write the labels for other programs and people, as a table, folders, or for CVAT or Hugging Face"
    p = inner.add_parser("export", parents=[shared], help=text, description=text)
    p.set_defaults(action=labels_export)
    p.add_argument("--project", type=Path, required=True, metavar="DIR")
    p.add_argument("--out", type=Path, required=True, metavar="PATH", help="a file for csv and cvat, else a new folder")
    p.add_argument("--format", choices=("csv", "folders", "cvat", "huggingface"), default="csv")
    p.add_argument("--link", action="store_true", help="links to the images instead of copies")
    p.add_argument("--history", action="store_true", help="every change of every label, as history.csv")


def labels_export(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.domain.exchange import LabelFormat
    from tlstudio.workflow.labels_out import export_labels

    done = export_labels(
        options.project,
        options.out,
        LabelFormat(options.format),
        link=options.link,
        history=options.history,
        reporter=output,
    )
    if done.refused:
        output.table("Images that could not be written", ("File", "Reason"), [(r.path, r.reason) for r in done.refused])
    output.text(f"{done.images:,} images in {done.file}")
    if done.excluded:
        output.text(f"{done.excluded:,} images that you left out are not in it.")
    if done.renamed:
        output.table("Classes that a folder can't be called like", ("Class", "Folder"), list(done.renamed.items()))
    if done.history is not None:
        output.text(f"All changes are in {done.history}")
    if done.lost:
        output.text(done.lost)
    output.result(done)


def import_(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.domain.importing import ImportRequest
    from tlstudio.images.sources.columns import parse
    from tlstudio.workflow.importing import import_images

    request = ImportRequest(
        source=options.source,
        project=options.project,
        name=options.name,
        test_fraction=options.test_fraction,
        val_fraction=options.val_fraction,
        seed=options.seed,
        copy=options.copy,
        group_from=options.group_from,
        reading="unlabeled" if options.unlabeled else options.reading,
        columns=parse(options.columns),
        pages=options.pages,
        encoding=options.encoding,
        changed=options.changed,
        near_duplicates=None if options.near_duplicates is None else options.near_duplicates == "keep",
    )
    done = import_images(request, output)
    _tell(done, output)
    output.result(done)


def _tell(done: ImportResult, output: Output) -> None:
    """What was added beside what is there now, in one table; then what was refused and what is missing."""
    columns = ("Class", "Added", "In the project", *(part.caption for part in Split))
    rows = [
        (row.label or NO_CLASS, *_numbers(row.added, row.total, *(row.splits[part.value] for part in Split)))
        for row in done.rows
    ]
    sums = (done.images - done.changed, done.total, *(done.splits[part.value] for part in Split))
    output.table("Images", columns, [*rows, ("All", *_numbers(*sums))])
    if done.refused:
        output.table("Files that were not imported", ("File", "Reason"), [(r.path, r.reason) for r in done.refused])
    output.text(f"{done.images - done.changed:,} images added, {done.total:,} in {done.project}")
    if done.changed:
        output.text(f"{done.changed:,} images taken anew, because their files have changed since the import")
    if done.empty is not None:
        output.text(f"CAUTION: {done.empty.what} {done.empty.remedy}")
    for sentence in done.warnings:
        output.text(f"CAUTION: {sentence}")


def _numbers(*values: int) -> tuple[str, ...]:
    return tuple(f"{value:,}" for value in values)


def find(options: argparse.Namespace, output: Output) -> None:
    """`find-images`."""
    from tlstudio.workflow.finding_images import find_images

    done = find_images(options.project, options.folder, output)
    if done.left:
        output.table("Images that are still missing", ("File",), [(path,) for path in done.left])
    output.text(done.sentence())
    output.result(done)
