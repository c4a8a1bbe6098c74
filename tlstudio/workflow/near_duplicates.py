"""Near-duplicates among a project's images and those that an import brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.images import landmarks
from tlstudio.images.alike import clusters, conflicts
from tlstudio.images.comparing import Part
from tlstudio.images.guard import DECODERS
from tlstudio.images.inspect import Inspected
from tlstudio.images.joining import Known
from tlstudio.images.looks import look
from tlstudio.images.ordered import in_order
from tlstudio.images.small import read_small
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.workflow.browsing import thumbnail
from tlstudio.workflow.kept_rows import Row, keep_rows

STAGE = "Looking for near-duplicates"

Marks = npt.NDArray[np.int8]
R = TypeVar("R")


class NearDuplicates:
    """Compares new images with each other and with the known ones; known ones are compared with each other only once.

    of_new[i], of_known[image id]: a number that near-duplicates share, None or absent where there are none.
    """

    def __init__(
        self,
        project: Project,
        known: Sequence[ImageRow],
        new: Sequence[Inspected],
        reporter: Reporter,
        *,
        stated: Sequence[tuple[str | None, str | None]] = (),
    ) -> None:
        """stated: class and group of each new image."""
        self._project, self._known = project, known
        self._missing = {row.id: seen for row in known if row.look is None and (seen := self._look_of(row.content))}
        contents = [*(row.content for row in known), *(seen.content for seen in new)]
        pictures = [self._known_picture(row) for row in known]
        pictures += [Known(seen.look, *said) for seen, said in zip(new, stated, strict=True)]
        self._fresh = {seen.content: _marks(seen.landmarks) for seen in new if seen.landmarks}
        firsts = clusters(
            pictures,
            _landmarks(project, contents, self._fresh),
            [thumbnail(project.folder, content) for content in contents],
            run=partial(_in_parts, reporter),
            step=lambda done, total: reporter.report(Progress(STAGE, done, total)),
        )
        self.of_new = firsts[len(known) :]
        self.of_known = {row.id: n for row, n in zip(known, firsts, strict=False) if n is not None}

    def sentence(self) -> str:
        """How many of the new images look nearly like others, for people; empty for none."""
        n = sum(1 for number in self.of_new if number is not None)
        if not n:
            return ""
        return "1 image looks nearly like others." if n == 1 else f"{n:,} images look nearly like others."

    def _known_picture(self, row: ImageRow) -> Known:
        cluster = None if row.look is None else -1 if row.alike is None else row.alike
        return Known(row.look or self._missing.get(row.id, ""), row.label, row.group, cluster)

    def _look_of(self, content: str) -> str | None:
        """The look of an image that an earlier version of the program imported."""
        small = read_small(thumbnail(self._project.folder, content))
        return None if small is None else look(Image.fromarray(small))

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
        with suppress(StudioError):  # only a memory: where it can't be kept, the pictures are looked at again
            keep_rows(_store(project), self._fresh, lambda missing: ((key, self._fresh[key]) for key in missing))


def resaved_across_classes(project: Project, rows: Sequence[ImageRow]) -> tuple[tuple[int, int], ...]:
    """Pairs of ids: near-duplicates with different classes of which one is the other saved again."""
    sets: dict[int, list[ImageRow]] = defaultdict(list)
    for row in rows:
        if row.alike is not None:
            sets[row.alike].append(row)
    found: list[tuple[int, int]] = []
    for kin in sets.values():
        if len({row.label for row in kin if row.label is not None}) < 2:
            continue
        contents = [row.content for row in kin]
        small = [thumbnail(project.folder, content) for content in contents]
        pairs = conflicts([Known(label=row.label) for row in kin], _landmarks(project, contents, {}), small)
        found += [(kin[i].id, kin[j].id) for i, j in pairs]
    return tuple(found)


def _in_parts(reporter: Reporter, function: Callable[[Part], R], parts: Iterable[Part]) -> Iterator[R]:
    """Several parts at once, in the decoding processes. A part that fails there, as where memory is short, is done here."""
    for part, result in DECODERS.in_order(function, parts, lambda _: "", waiting=reporter.check_cancelled):
        yield function(part) if isinstance(result, Refusal) else result


def _store(project: Project) -> RowStore:
    """Landmarks of each picture: int8, (n, *landmarks.SHAPE), by content."""
    return RowStore(project.cache / "alike", f"landmarks-{landmarks.VERSION}", landmarks.SHAPE, "int8")


def _landmarks(project: Project, contents: Sequence[str], fresh: Mapping[str, Marks]) -> Marks:
    """Landmarks of these images, (n, *landmarks.SHAPE); those that neither are fresh nor were kept are found anew and kept."""

    def results(missing: list[str]) -> Iterable[tuple[str, Row | None]]:
        return in_order(lambda content: _looked_at(project, content), missing)

    there = keep_rows(_store(project), (content for content in contents if content not in fresh), results)
    nothing = np.zeros(landmarks.SHAPE, np.int8)
    rows = [fresh[content] if content in fresh else there.get(content, nothing) for content in contents]
    return np.array(rows, np.int8).reshape(len(contents), *landmarks.SHAPE)


def _looked_at(project: Project, content: str) -> Marks | None:
    small = read_small(thumbnail(project.folder, content))
    return None if small is None else landmarks.landmarks_of(Image.fromarray(small))


def _marks(kept: bytes) -> Marks:
    return np.frombuffer(kept, np.int8).reshape(landmarks.SHAPE)
