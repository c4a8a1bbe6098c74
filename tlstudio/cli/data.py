"""Images and labels come in: the command `import` and its options."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlstudio.cli.output import Output

SOURCE_HELP = (
    "a folder of class folders, a ZIP file, a CSV table, or an export of Label Studio (JSON) or CVAT (XML); "
    "which one it is, is recognised"
)


def import_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("source", type=Path, metavar="SOURCE", help=SOURCE_HELP)
    p.add_argument("--project", type=Path, required=True, metavar="DIR")
    p.add_argument("--name", default="", help="default: the folder's name")
    p.add_argument("--test-fraction", type=float, default=0.2, metavar="F")
    p.add_argument("--val-fraction", type=float, default=0.15, metavar="F")
    p.add_argument("--seed", type=int, default=0, metavar="N")
    p.add_argument("--copy", action="store_true", help="copy the images into the project")
    p.add_argument(
        "--group-from",
        metavar="folder|name:REGEX|column:NAME|dicom:KEYWORD|none",
        help="what must stay on one side of a split; default: what the source itself says",
    )
    p.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="path=A,class=B,group=C,split=D",
        help="which columns of a table say what, where their names don't tell; an empty name for none",
    )
    p.add_argument("--pages", choices=("first", "all"), default="first", help="of files that hold several")
    how = p.add_mutually_exclusive_group()
    how.add_argument("--unlabeled", action="store_true", help="import images without labels, to be labeled here")
    how.add_argument(
        "--as",
        dest="reading",
        default="",
        metavar="folders|unlabeled|FILE",
        help="where a source can be read in several ways",
    )


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
    )
    done = import_images(request, output)
    output.table("Classes", ("Class", "Images"), [(name, f"{n:,}") for name, n in done.classes.items()])
    output.table("Parts", ("Part", "Images"), [(name, f"{n:,}") for name, n in done.splits.items()])
    if done.refused:
        output.table("Files that were not imported", ("File", "Reason"), [(r.path, r.reason) for r in done.refused])
    output.text(f"{done.images:,} images in {done.project}")
    if done.unlabeled:
        output.text(f"{done.unlabeled:,} of the project's images have no class yet.")
    output.result(done)
