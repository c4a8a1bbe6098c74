"""The tick of a step that leaves no trace of its own in a project, kept there so that it is still there after reopening."""

from __future__ import annotations

from contextlib import suppress

from tlstudio.domain.errors import StudioError
from tlstudio.gui.session import Session
from tlstudio.workflow import steps
from tlstudio.workflow.steps import Step


class Tick:
    """Of one step. A project that may only be looked at keeps none: then it holds until that is closed."""

    def __init__(self, session: Session, step: Step) -> None:
        self._session, self._step = session, step
        self._opening = -1
        self._run = ""

    @property
    def run(self) -> str:
        """The run that the step was taken with in the open project; empty where it was not."""
        self._read()
        return self._run

    def set(self, run: str) -> None:
        self._read()
        if self._session.project is not None and run and run != self._run:
            self._run = run
            if not self._session.read_only.reason:
                with suppress(StudioError):  # it is worth no trouble
                    steps.take(self._session.project, self._step, run)
            self._session.steps_changed.emit()

    def clear(self) -> None:
        """Another result would have to be looked at."""
        self._read()
        if self._session.project is not None and self._run:
            self._run = ""
            if not self._session.read_only.reason:
                with suppress(StudioError):
                    steps.take_back(self._session.project, self._step)
            self._session.steps_changed.emit()

    def _read(self) -> None:
        """Once for each opening of a project."""
        if self._opening == self._session.openings:
            return
        self._opening, self._run = self._session.openings, ""
        if self._session.project is not None:
            with suppress(StudioError):
                self._run = steps.taken(self._session.project, self._step)
