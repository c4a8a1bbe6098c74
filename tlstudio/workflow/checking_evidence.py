"""What the data check looks at, gathered once and kept: each picture is measured when it is new, and never again.

What is kept lies in cache/checks of the project, by content, and may be deleted at any time. Nothing here writes to the database:
a check is safe beside an open window.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path

import numpy as np

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.images.guard import DECODERS
from tlstudio.images.inspect import write_once
from tlstudio.images.ordered import in_order
from tlstudio.images.origin import Origin, read_origin
from tlstudio.images.small import make_small, read_small
from tlstudio.quality import edges, looking
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.looking import Measures, measure
from tlstudio.storage import files, images
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.workflow.browsing import thumbnail
from tlstudio.workflow.finding_images import is_there
from tlstudio.workflow.import_groups import stated_rule
from tlstudio.workflow.kept_rows import Row, keep_rows
from tlstudio.workflow.near_duplicates import NearDuplicates, resaved_across_classes
from tlstudio.workflow.near_setting import kept_together
from tlstudio.workflow.replaced import look_again

STAGE = "Looking at every image"
ORIGINS = "origins-2.json"


def gather(project: Project, reporter: Reporter) -> Evidence:
    """The images that are not left out, and what can be known of them without opening a file in full size again."""
    rows = [row for row in images.list_images(project) if not row.excluded]
    rows = _with_near_duplicates(project, rows, reporter)
    contents = one_path_each(rows)
    origins = _origins(project, contents, reporter)
    measures, cells = _looked_at(project, contents, reporter)
    return Evidence(
        rows,
        measures,
        origins,
        cells,
        text=frozenset(content for content, origin in origins.items() if origin.text),
        missing=frozenset(row.id for row in rows if not is_there(row.path)),
        changed={found.row.id: found.content for found in look_again(project, rows, reporter)},
        resaved=resaved_across_classes(project, rows),
        refused=images.list_refusals(project),
        groups_open=stated_rule(project) is None,
    )


def one_path_each(rows: Iterable[ImageRow]) -> dict[str, Path]:
    """{content: one of the files that hold it}."""
    return {row.content: row.path for row in rows}


def checks_folder(project: Project) -> Path:
    return project.cache / "checks"


def _with_near_duplicates(project: Project, rows: list[ImageRow], reporter: Reporter) -> list[ImageRow]:
    """Images that an earlier version imported were never compared; here they are, for this check alone."""
    if all(row.look is not None for row in rows) or not kept_together(project):
        return rows
    found = NearDuplicates(project, rows, [], reporter).of_known
    first: dict[int, int] = {}
    for row in rows:
        if row.id in found:
            first.setdefault(found[row.id], row.id)
    return [replace(row, alike=first[found[row.id]]) if row.id in found else row for row in rows]


# --- measures of the small pictures --------------------------------------------------------------------------------------


def _looked_at(
    project: Project, contents: dict[str, Path], reporter: Reporter
) -> tuple[dict[str, Measures], dict[str, edges.Cells]]:
    """What was measured on each small picture, and its cells near the edge. Each new picture is opened once for both."""
    seen: dict[str, edges.Cells] = {}

    def results(missing: list[str]) -> Iterable[tuple[str, Row | None]]:
        _make_thumbnails(project, {content: contents[content] for content in missing})
        read = partial(_look_at_one, project.folder)
        for done, (content, looked) in enumerate(in_order(read, missing), start=1):
            if looked is not None:
                seen[content] = looked[1]
            yield content, None if looked is None else looked[0]
            reporter.report(Progress(STAGE, done, len(missing)))

    def cells(missing: list[str]) -> Iterable[tuple[str, Row | None]]:
        for content in missing:
            if content in seen:
                yield content, seen[content]
            elif (looked := _look_at_one(project.folder, content)) is not None:  # measured by an earlier version
                yield content, looked[1]

    rows = keep_rows(measures_store(project), contents, results)
    known = keep_rows(
        RowStore(checks_folder(project), f"edges-{edges.VERSION}", (edges.WIDTH,), "uint8"), contents, cells
    )
    return (
        {content: Measures.from_row(np.asarray(row, np.float32)) for content, row in rows.items()},
        {content: np.asarray(row, np.uint8) for content, row in known.items()},
    )


def measures_store(project: Project) -> RowStore:
    """What was measured on each picture: float32, (n, WIDTH), by content."""
    return RowStore(checks_folder(project), f"measures-{looking.VERSION}", (looking.WIDTH,), "float32")


def _look_at_one(project: Path, content: str) -> tuple[Row, edges.Cells] | None:
    picture = read_small(thumbnail(project, content))
    return None if picture is None else (measure(picture).to_row(), edges.edge_cells(picture))


def _make_thumbnails(project: Project, contents: dict[str, Path]) -> None:
    """Makes the small pictures again that somebody deleted with the cache, as far as their files are there."""
    places = {path: thumbnail(project.folder, content) for content, path in contents.items()}
    gone = [path for path, place in places.items() if not place.exists() and is_there(path)]
    for path, small in DECODERS.in_order(make_small, gone) if gone else ():
        if not isinstance(small, Refusal):
            with suppress(OSError):
                write_once(places[path], small)


# --- what files say of themselves ------------------------------------------------------------------------------------------


def _origins(project: Project, contents: dict[str, Path], reporter: Reporter) -> dict[str, Origin]:
    file = checks_folder(project) / ORIGINS
    known = _read_origins(file)
    missing = {path: content for content, path in contents.items() if content not in known and is_there(path)}
    if missing:
        for done, (path, origin) in enumerate(
            DECODERS.in_order(read_origin, list(missing), waiting=reporter.check_cancelled), start=1
        ):
            known[missing[path]] = Origin() if isinstance(origin, Refusal) else origin
            reporter.report(Progress("Reading what the files say of themselves", done, len(missing)))
        with suppress(StudioError):  # only a memory: where it can't be kept, the files are asked again
            files.write_json(file, {content: astuple(origin) for content, origin in known.items()})
    return {content: known[content] for content in contents if content in known}


def _read_origins(file: Path) -> dict[str, Origin]:
    try:
        return {content: Origin(*facts) for content, facts in parse_json(files.read_text(file)).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
