"""Near-duplicates among a project's images and those that an import brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.values import ImageRow
from tlstudio.images.alike import clusters
from tlstudio.images.inspect import Inspected
from tlstudio.images.looks import look
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow.browsing import thumbnail

STAGE = "Looking for near-duplicates"


class NearDuplicates:
    """Compares new images with each other and with the known ones; known ones are compared with each other only once.

    of_new[i], of_known[image id]: a number that near-duplicates share, None or absent where there are none.
    """

    def __init__(
        self, project: Project, known: Sequence[ImageRow], new: Sequence[Inspected], reporter: Reporter
    ) -> None:
        self._project, self._known = project, known
        self._missing = {row.id: seen for row in known if row.look is None and (seen := self._look_of(row.content))}
        contents = [*(row.content for row in known), *(seen.content for seen in new)]
        looks = [*(row.look or self._missing.get(row.id) for row in known), *(seen.look for seen in new)]
        together = [_known_number(row) for row in known] + [None] * len(new)
        firsts = clusters(
            looks,
            lambda i: _small(thumbnail(project.folder, contents[i])),
            together=together,
            step=lambda done, total: reporter.report(Progress(STAGE, done, total)),
        )
        self.of_new = firsts[len(known) :]
        self.of_known = {row.id: n for row, n in zip(known, firsts, strict=False) if n is not None}

    def sentence(self) -> str:
        """How many of the new images look nearly like others, for people; empty for none."""
        n = sum(1 for number in self.of_new if number is not None)
        if not n:
            return ""
        looks = "1 image looks" if n == 1 else f"{n:,} images look"
        return f"{looks} nearly like others; each stays in their part."

    def _look_of(self, content: str) -> str | None:
        """The look of an image that an earlier version of the program imported."""
        small = _small(thumbnail(self._project.folder, content))
        return None if small is None else look(small)

    def keep(self, stored: Sequence[str]) -> None:
        """Writes it down. stored: where the new images lie, as the database has it, in the order that they came in."""
        project = self._project
        places = {project.absolute(path): number for path, number in zip(stored, self.of_new, strict=True)}
        rows = images.list_images(project)
        number_of = {row.id: self.of_known.get(row.id, places.get(row.path)) for row in rows}
        first: dict[int, int] = {}
        for row in rows:
            number = number_of[row.id]
            if number is not None:
                first.setdefault(number, row.id)
        changed = {
            row.id: now
            for row in rows
            if (now := None if (number := number_of[row.id]) is None else first[number]) != row.alike
        }
        if self._missing:
            images.set_looks(project, self._missing)
        if changed:
            images.set_alike(project, changed)


def _known_number(row: ImageRow) -> int | None:
    """What `clusters` is told of a known image: its cluster, -1 for none, None where it was never compared."""
    if row.look is None:
        return None
    return -1 if row.alike is None else row.alike


def _small(path: Path) -> Image.Image | None:
    try:
        with Image.open(path, formats=("JPEG",)) as picture:
            picture.load()
            return picture
    except (OSError, SyntaxError, ValueError):
        return None
