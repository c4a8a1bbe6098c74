"""Opening the test images, knowingly, and what is known of it. Imports nothing heavy: the window asks on its own thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tlstudio.domain.events import Note, Reporter
from tlstudio.domain.openings import UseOfTest, Way
from tlstudio.domain.values import Split
from tlstudio.storage import images, openings
from tlstudio.storage.project import Project


def open_test(project: Project, run: str, way: Way, contents: Iterable[str], reporter: Reporter) -> UseOfTest:
    """Enters that these test images are looked at, before anybody does, and says how often they have been by now.

    Raises DiskFull or CantWrite: what can't be entered is not opened.
    """
    there = list(contents)
    openings.record(project, run, way, there)
    use = openings.use_of(project, there)
    reporter.report(Note(f"The test images are opened. {use.sentence}"))
    return use


def test_use(project: Path) -> UseOfTest:
    """How often the project's test images have been opened; not at all where there are none. Raises FileTrouble, CantWrite …"""
    opened = Project(project)
    return openings.use_of(opened, [row.content for row in images.list_images(opened, split=Split.TEST, labeled=True)])


def counted(project: Project) -> Mapping[str, int]:
    """How often the test images were opened for each run, whichever they were then."""
    use = UseOfTest(tuple(openings.read(project)))
    return {opening.run: use.of(opening.run) for opening in use.openings}
