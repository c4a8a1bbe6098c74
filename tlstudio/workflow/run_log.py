"""The log of a run: what it says while it goes, written beside its curve and passed on."""

from __future__ import annotations

import time
from contextlib import suppress

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Event, PassingReporter, Reporter, sentence
from tlstudio.domain.runs import LogLine
from tlstudio.storage import run_records
from tlstudio.storage.project import Project


class LoggingReporter(PassingReporter):
    """A reporter that also keeps a line of what is worth one. A log that can't be written costs nothing but itself.

    Every report first looks whether the project is still there, and raises FileTrouble where it is not: a training would go on
    for hours, and write what it brings into an empty folder of the same name.
    """

    def __init__(self, reporter: Reporter, project: Project, run_id: str) -> None:
        super().__init__(reporter)
        self._project = project
        self._run_id = run_id

    def report(self, event: Event) -> None:
        self._project.require_there()
        self.write(sentence(event))
        super().report(event)

    def write(self, text: str) -> None:
        """A line of its own, now; nothing for an empty text."""
        if text:
            with suppress(StudioError):
                run_records.append_line(self._project, self._run_id, LogLine(time.time(), text))
