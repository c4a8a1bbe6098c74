"""How long a run has been trained: all its parts together, whatever lay between them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Event, PassingReporter, Reporter
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.storage.clocks import working

NAME = "spent.json"
LONGEST = 200  # bytes of the file
KEEP_EVERY = 10.0  # seconds; no more than these are lost when the process is killed


class Spent(PassingReporter):
    """A reporter that keeps, beside what a training tells, the seconds that it has taken, for the day when it goes on.

    A pause, and the time in which nothing was done between an end and a going on, are not among them. What can't be written or
    read costs nothing but itself.
    """

    def __init__(self, reporter: Reporter, folder: Path, started: float) -> None:
        """started: the time on `working` at which this part of it began."""
        super().__init__(reporter)
        self._path = folder / NAME
        self._started = started
        self.before = _read(self._path)
        self._kept = working()

    def report(self, event: Event) -> None:
        if working() - self._kept >= KEEP_EVERY:
            self.keep()
        super().report(event)

    def keep(self) -> None:
        """Writes down what has been spent until now."""
        self._kept = working()
        if not self._path.parent.is_dir():  # gone with the project, and not to be brought back
            return
        with suppress(StudioError):
            files.write_json(self._path, {"seconds": self.before + self._kept - self._started})

    def remove(self) -> None:
        """A finished run says it in its result."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _read(path: Path) -> float:
    """Seconds of the parts before; 0 where there were none."""
    try:
        seconds = float(parse_json(files.read_small(path, LONGEST).decode("utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
    return max(0.0, seconds) if seconds < float("inf") else 0.0
