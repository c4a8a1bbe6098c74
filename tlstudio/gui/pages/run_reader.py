"""Runs of the open project, for pages that show them; a project that can't be read has none."""

from __future__ import annotations

from dataclasses import dataclass, field

from tlstudio.domain.errors import StudioError
from tlstudio.domain.openings import UseOfTest
from tlstudio.domain.runs import RunRecords, RunRow, RunState
from tlstudio.domain.transfer import Method, Transfer
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.run_list import PROBE
from tlstudio.gui.session import Session
from tlstudio.workflow import browsing, openings, runs


@dataclass(frozen=True)
class StoredRun:
    """A run with its history, what it has told, and how its classes look."""

    row: RunRow
    records: RunRecords
    styles: ClassStyles = field(default_factory=ClassStyles)

    @property
    def first(self) -> float | None:
        """Accuracy of the first result on the images of the run's own figure, where it is known."""
        probe = None if self.records.transfer is None else self.records.transfer.of(Method.PROBE)
        if self.row.chosen == PROBE and self.row.accuracy is not None:
            return self.row.accuracy.value
        return None if probe is None else probe.accuracy.value


class RunReader:
    """Asks the engine and keeps a named failure from spreading: the page that opened the project has told it already."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[RunRow]:
        """Newest first, without history."""
        project = self._session.project
        if project is None:
            return []
        try:
            return runs.list_runs(project)
        except StudioError:
            return []

    def finished(self) -> list[RunRow]:
        return [row for row in self.all() if row.state is RunState.FINISHED]

    def newest(self) -> RunRow | None:
        return next(iter(self.all()), None)

    def read(self, run: str) -> RunRow | None:
        """One run with its history."""
        project = self._session.project
        try:
            return None if project is None else runs.run(project, run)
        except StudioError:
            return None

    def stored(self, row: RunRow) -> StoredRun:
        """Everything that is kept of a run, as far as it can be read."""
        project = self._session.project
        read = self.read(row.id) or row
        try:
            if project is not None:
                return StoredRun(read, runs.records(project, row.id), self.styles())
        except StudioError:
            pass
        return StoredRun(read, RunRecords(row.id))

    def transfer(self, run: str) -> Transfer | None:
        """How a run does against simpler ways; None where nothing was compared."""
        project = self._session.project
        try:
            return None if project is None else runs.records(project, run).transfer
        except StudioError:
            return None

    def test_use(self) -> UseOfTest:
        """How often the test images were opened. What can't be read is not known to be open."""
        project = self._session.project
        try:
            return UseOfTest() if project is None else openings.test_use(project)
        except StudioError:
            return UseOfTest()

    def styles(self) -> ClassStyles:
        """How the project's classes look."""
        project = self._session.project
        try:
            return ClassStyles() if project is None else ClassStyles([c.name for c in browsing.classes(project)])
        except StudioError:
            return ClassStyles()

    def resumable(self) -> RunRow | None:
        """A run that was interrupted and can go on, with its history."""
        project = self._session.project
        try:
            row = None if project is None else runs.resumable(project)
        except StudioError:
            return None
        return None if row is None else self.read(row.id) or row
