"""Runs of the open project, for pages that show them; a project that can't be read has none."""

from __future__ import annotations

from tlstudio.domain.errors import StudioError
from tlstudio.domain.runs import RunRow, RunState
from tlstudio.gui.session import Session
from tlstudio.workflow import runs


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

    def resumable(self) -> RunRow | None:
        """A run that was interrupted and can go on, with its history."""
        project = self._session.project
        try:
            row = None if project is None else runs.resumable(project)
        except StudioError:
            return None
        return None if row is None else self.read(row.id) or row
