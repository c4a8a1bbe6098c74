"""Images whose files are not where they were: found again by what is in them, in a folder that the user names.

What was said of the images (labels, groups, parts, notes) stays with them; only the place changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tlstudio.domain.errors import FileTrouble, WrongUsage
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.results import FoundAgain
from tlstudio.domain.values import ImageRow
from tlstudio.images import address
from tlstudio.images.inspect import content_key
from tlstudio.images.scan import Steps
from tlstudio.images.sources.parts import images_below
from tlstudio.images.sources.tree import Disk
from tlstudio.storage import images, queries
from tlstudio.storage.holding import held
from tlstudio.storage.project import Project
from tlstudio.workflow.import_places import Usable

STAGE = "Looking for the images"
# What can be done where images are missing, as the end of a sentence.
FIND_THEM = "have them found in another folder (on the Check page, or with tlstudio find-images)"


def find_images(project: Path, folder: Path, reporter: Reporter = SILENT) -> FoundAgain:
    """Looks for the files of missing images in a folder and below, by their bytes, whatever they are called now.

    Raises WrongUsage for what is no folder; may raise Cancelled, and then nothing is changed.
    """
    opened, place = Project.open(project), folder.expanduser().absolute()
    if not place.is_dir():
        raise WrongUsage("This is no folder.", remedy="Choose the folder that holds the images now.")
    gone = missing(images.list_images(opened))
    moved = _search(opened, gone, place, reporter)
    if moved:
        with held(opened.folder, "tlstudio find-images"):
            images.move_images(opened, {number: opened.stored(str(path)) for number, path in moved.items()})
    left = tuple(str(row.path) for row in gone if row.id not in moved)
    return FoundAgain(missing=len(gone), found=len(moved), left=left, folder=place)


def found_again(
    usable: Sequence[Usable], known: Sequence[ImageRow], reporter: Reporter
) -> tuple[list[tuple[int, Usable]], list[Usable]]:
    """Files of an import that are images of the project whose own file has gone, with their ids, and the rest, which is new."""
    by_content: dict[str, list[ImageRow]] = defaultdict(list)
    for row in missing(known):
        by_content[row.content].append(row)
    again: list[tuple[int, Usable]] = []
    new: list[Usable] = []
    taken: set[int] = set()
    for item, seen in usable:
        image = matched(by_content.get(seen.content, ()), seen.content, item.path, taken)
        if image is None:
            new.append((item, seen))
        else:
            taken.add(image.id)
            again.append((image.id, (item, seen)))
    if again:
        images_ = "1 image was" if len(again) == 1 else f"{len(again):,} images were"
        reporter.report(Note(f"{images_} found again in a new place; what was said of them is kept."))
    return again, new


def missing(rows: Iterable[ImageRow]) -> list[ImageRow]:
    """The images whose file is not there."""
    return [row for row in rows if not is_there(row.path)]


def is_there(path: Path) -> bool:
    try:
        return address.split(path)[0].exists()
    except OSError:
        return False


def matched(gone: Sequence[ImageRow], content: str, path: Path, taken: set[int]) -> ImageRow | None:
    """The missing image that this file is: of several copies the one of the same name, then of the same folder and name."""
    kin = [row for row in gone if row.content == content and row.id not in taken]
    parts = path.parts[::-1]
    return max(kin, key=lambda row: _shared(row.path.parts[::-1], parts), default=None)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two paths share, from the end."""
    n = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        n += 1
    return n


def _search(project: Project, gone: Sequence[ImageRow], folder: Path, reporter: Reporter) -> dict[int, Path]:
    """{image id: where it is now}."""
    sizes = queries.sizes_of(project, [row.id for row in gone])
    wanted: dict[int, set[int]] = defaultdict(set)  # bytes of a file: the pages that are missing
    for row in gone:
        wanted[sizes[row.id]].add(address.split(row.path)[1])
    by_content: dict[str, list[ImageRow]] = defaultdict(list)
    for row in gone:
        by_content[row.content].append(row)
    taken: dict[int, Path] = {}
    steps = Steps(STAGE, reporter)
    known = {str(row.path) for row in images.list_images(project)} - {str(row.path) for row in gone}
    for entry in images_below(Disk(folder), str(folder)) if gone else ():
        steps.step()
        for path, content in _keys(Path(entry.place), wanted):
            image = matched(by_content.get(content, ()), content, path, set(taken))
            if image is not None and str(path) not in known:
                taken[image.id] = path
                reporter.report(Progress(STAGE, len(taken), len(gone)))
        if len(taken) == len(gone):
            break
    return taken


def _keys(file: Path, wanted: dict[int, set[int]]) -> list[tuple[Path, str]]:
    """The pages of a file that may be wanted, with their contents; none of a file of another size, which is not read."""
    try:
        pages = wanted.get(file.stat().st_size, set())
        return [(path, content_key(path)) for page in sorted(pages) for path in [address.join(file, page)]]
    except (OSError, FileTrouble):
        return []
