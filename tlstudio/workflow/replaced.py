"""Images that were replaced under their own names after the import: noticing it, taking the new ones, or keeping what was.

Size and times of a file tell whether it has to be read again; its bytes tell whether it holds another picture. What was found is
kept in cache/files.json, which may be deleted at any time. To keep the old pictures is a finding of the check that is set aside.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tlstudio.domain.errors import ImagesChanged, StudioError, WrongUsage
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.findings import Repaired, changed_key
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.images.address import split
from tlstudio.images.guard import DECODERS
from tlstudio.images.inspect import Inspected, State, content_now, file_state, inspect
from tlstudio.quality.changed import KIND, counted_changes
from tlstudio.storage import dismissals, files, images
from tlstudio.storage.images import Renewed
from tlstudio.storage.project import Project
from tlstudio.workflow.import_places import keep_thumbnail
from tlstudio.workflow.labeling import author_name
from tlstudio.workflow.near_duplicates import NearDuplicates
from tlstudio.workflow.near_setting import kept_together

FILE = "files.json"
STAGE = "Looking whether images have changed"
TO_TAKE = "import them again, or repair the finding “changed” of the data check, to take the new ones"
KEPT = "The old ones are kept"
TAKE, KEEP, ASK = CHOICES = ("take", "keep", "ask")
# Within this time a file may be written again and look the same: it is not trusted to be unchanged by its time.
SETTLED_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Changed:
    """An image of the project whose file holds something else by now. content: the key of what it holds."""

    row: ImageRow
    content: str

    @property
    def key(self) -> str:
        """What names the change when it is set aside: another one later is another."""
        return changed_key(str(self.row.path), self.content)


@dataclass(frozen=True, slots=True)
class Taken:
    """images: how many were taken anew. refused: files that can't be read as they are now, and stay as they were."""

    images: int = 0
    refused: tuple[Refusal, ...] = ()


def look_again(project: Project, rows: Sequence[ImageRow], reporter: Reporter) -> list[Changed]:
    """Those of these images whose files hold something else than was imported. Files that are gone are not among them.

    Only files whose size or time is another than last time are read, and those that are seen for the first time.
    """
    known = _read(project)
    contents: dict[Path, str] = {}
    states: dict[Path, State] = {}
    for row in rows:
        reporter.check_cancelled()
        state = _state(row.path)
        if state is None:
            continue
        states[row.path] = state
        earlier = known.get(str(row.path))
        if earlier is not None and earlier[:3] == state:
            contents[row.path] = earlier[3]
    unknown = [path for path in states if path not in contents]
    results = DECODERS.in_order(content_now, unknown, waiting=reporter.check_cancelled)
    for done, (path, found) in enumerate(results, start=1):
        if not isinstance(found, Refusal):
            contents[path] = found
        reporter.report(Progress(STAGE, done, len(unknown)))
    if unknown:
        _keep(project, known, {path: (*states[path], contents[path]) for path in unknown if path in contents})
    return [Changed(row, content) for row in rows if (content := contents.get(row.path, row.content)) != row.content]


def open_changes(project: Project, rows: Sequence[ImageRow], reporter: Reporter) -> list[Changed]:
    """`look_again` without those that the user has said to keep as they were."""
    found = look_again(project, rows, reporter)
    aside = dismissals.list_reasons(project) if found else {}
    return [each for each in found if (KIND, each.key) not in aside]


def settle(project: Project, rows: Sequence[ImageRow], choice: str, reporter: Reporter) -> Taken:
    """Looks again at these images, and does what the user said about those that have changed.

    choice: `take` the new ones; `keep` the old ones, from now on; or `ask`. Raises ImagesChanged for the last, where there are
    any.
    """
    if choice not in CHOICES:
        raise WrongUsage(f"“{choice}” is not a choice about changed images.", remedy=f"Use {TAKE} or {KEEP}.")
    found = open_changes(project, rows, reporter)
    if not found:
        return Taken()
    told = counted_changes(len(found))
    if choice == ASK:
        raise ImagesChanged(
            f"{told}.",
            remedy="Take the new ones, with their labels and parts as they are, or keep the old ones.",
            path=found[0].row.path,
        )
    if choice == KEEP:
        keep(project, found)
        reporter.report(Note(f"{told}. {KEPT}, as far as the project still has them."))
        return Taken()
    taken = take(project, found, reporter)
    again = "The new ones are taken, with their labels and parts as they are."
    left = f" {len(taken.refused):,} of them can't be read and stay as they were." if taken.refused else ""
    reporter.report(Note(f"{told}. {again}{left}"))
    return taken


def keep(project: Project, found: Sequence[Changed]) -> None:
    """What was imported counts, although the files hold something else."""
    dismissals.set_aside(project, KIND, [each.key for each in found], KEPT, author_name())


def take(project: Project, found: Sequence[Changed], reporter: Reporter) -> Taken:
    """The images of these files as they are now take the place of what was imported: labels, groups and parts stay.

    A file that can't be read any more leaves its image as it is.
    """
    by_path = {each.row.path: each.row for each in found}
    seen: list[Inspected] = []
    refused: list[Refusal] = []
    look = partial(inspect, compared=kept_together(project))
    results = DECODERS.in_order(look, by_path, waiting=reporter.check_cancelled)
    for done, (_, result) in enumerate(results, start=1):
        if isinstance(result, Refusal):
            refused.append(result)
        else:
            keep_thumbnail(project, result)
            seen.append(result)
        reporter.report(Progress("Reading images", done, len(by_path)))
    if seen:
        _renew(project, [by_path[one.path] for one in seen], seen, reporter)
    return Taken(len(seen), tuple(refused))


def _renew(project: Project, rows: Sequence[ImageRow], seen: Sequence[Inspected], reporter: Reporter) -> None:
    together = kept_together(project)
    alike = None
    if together:
        anew = {row.id for row in rows}
        others = [row for row in images.list_images(project) if row.id not in anew]
        stated = [(row.label, row.group) for row in rows]
        alike = NearDuplicates(project, others, seen, reporter, stated=stated)
    reporter.check_cancelled()  # from here on it is done as a whole
    renewed = [
        Renewed(row.id, one.content, one.width, one.height, one.size, one.look if together else None)
        for row, one in zip(rows, seen, strict=True)
    ]
    images.renew_images(project, renewed, f"Took {len(renewed):,} changed images anew", author_name())
    if alike is not None:
        alike.keep([str(row.path) for row in rows])


def tell_changed(project: Project, rows: Sequence[ImageRow], reporter: Reporter) -> None:
    """Says that figures are about pictures that lie on the disk no more."""
    if found := look_again(project, rows, reporter):
        reporter.report(Note(f"{counted_changes(len(found))}. The figures are about what was imported; {TO_TAKE}."))


def unchanged(project: Project, rows: Sequence[ImageRow], reporter: Reporter) -> list[ImageRow]:
    """Those of these images that can still be read as they were imported, for who has to read them again.

    Raises ImagesChanged where none can.
    """
    gone = {each.row.id for each in look_again(project, rows, reporter)}
    left = [row for row in rows if row.id not in gone]
    if gone and not left:
        raise ImagesChanged(
            "All images that the file could be compared on have changed since the import.",
            remedy=f"{TO_TAKE.capitalize()}, and train again.",
            path=rows[0].path,
        )
    if gone:
        reporter.report(Note(f"{counted_changes(len(gone))} and are left out of the comparison; {TO_TAKE}."))
    return left


def take_changed(project: Path, paths: Sequence[str], reporter: Reporter = SILENT) -> Repaired:
    """The repair of the check's finding, for the images at these paths."""
    opened, wanted = Project.open(project), set(paths)
    rows = [row for row in images.list_images(opened) if str(row.path) in wanted]
    done = take(opened, look_again(opened, rows, reporter), reporter)
    told = "1 image taken anew" if done.images == 1 else f"{done.images:,} images taken anew"
    left = f", {len(done.refused):,} can't be read and stay as they were" if done.refused else ""
    return Repaired(KIND, done.images, told + left)


def remember(project: Project, seen: Sequence[Inspected]) -> None:
    """What an import has just read need not be read again to know that it is unchanged."""
    found = {one.path: (*state, one.content) for one in seen if (state := _state(one.path)) and state == one.state}
    _keep(project, _read(project), found)


# --- what was seen last time ---------------------------------------------------------------------------------------------


def _state(path: Path) -> State | None:
    """None for a file that is not there, or is none."""
    return file_state(split(path)[0])


def _read(project: Project) -> dict[str, tuple[int, int, int, str]]:
    try:
        told = parse_json(files.read_text(project.cache / FILE))
        return {
            str(path): (int(size), int(changed), int(entry), str(content))
            for path, (size, changed, entry, content) in told.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(
    project: Project,
    known: dict[str, tuple[int, int, int, str]],
    found: Mapping[Path, tuple[int, int, int, str]],
) -> None:
    """Adds what was found; a file that was written only just now is left out, as it may be written again."""
    settled = time.time_ns() - SETTLED_NS
    fresh = {str(path): told for path, told in found.items() if max(told[1], told[2]) < settled}
    if fresh:
        with suppress(StudioError):  # only a memory: where it can't be kept, the files are read again
            files.write_text(project.cache / FILE, json.dumps({**known, **fresh}, ensure_ascii=False))
