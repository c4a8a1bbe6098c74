"""Which pictures have text written into them; needs them in a larger size than the small pictures, so it takes its time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.values import Refusal
from tlstudio.images.guard import DECODERS
from tlstudio.images.small import read_grey
from tlstudio.quality import text
from tlstudio.quality.evidence import Evidence
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.workflow.checking_evidence import checks_folder, one_path_each
from tlstudio.workflow.kept_rows import Row, keep_rows

STAGE = "Looking for text in the images"


def contents_with_text(project: Project, evidence: Evidence, reporter: Reporter) -> frozenset[str]:
    """The contents that text was found in, or whose file says so. What was looked at once is known."""
    contents = one_path_each(image for image in evidence.images if image.id not in evidence.missing)

    def results(missing: list[str]) -> Iterable[tuple[str, Row | None]]:
        by_path = {contents[content]: content for content in missing}
        started = time.monotonic()
        for done, (path, found) in enumerate(
            DECODERS.in_order(count_letters, list(by_path), waiting=reporter.check_cancelled), start=1
        ):
            yield by_path[path], None if isinstance(found, Refusal) else np.array([found], np.int32)
            left = (time.monotonic() - started) / done * (len(missing) - done)
            reporter.report(Progress(STAGE, done, len(missing), left))

    return _written(evidence, keep_rows(_store(project), _silent(evidence, contents), results))


def known_texts(project: Project, evidence: Evidence) -> frozenset[str]:
    """`contents_with_text` as far as it is known from earlier."""
    store = _store(project)
    there = [content for content in _silent(evidence, one_path_each(evidence.images)) if content in store.keys]
    return _written(evidence, dict(zip(there, store.take(there), strict=True)) if there else {})


def count_letters(path: Path) -> int:
    """Letter-like marks near the border of a picture; runs in a guarded process. Raises ImageRefused."""
    return text.letters(read_grey(path, text.EDGE))


def _silent(evidence: Evidence, contents: Iterable[str]) -> list[str]:
    """Those whose file does not say whether it has text. One that says so is believed, be it yes or no."""
    origins = evidence.origins
    return [content for content in contents if content not in origins or origins[content].text is None]


def _written(evidence: Evidence, found: dict[str, Row]) -> frozenset[str]:
    return frozenset(evidence.text) | {content for content, row in found.items() if row[0] > 0}


def _store(project: Project) -> RowStore:
    return RowStore(checks_folder(project), f"text-{text.VERSION}", (1,), "int32")
