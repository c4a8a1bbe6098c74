"""What keeps a project safe, in words that every room shares: who works on it, and the backups of its database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tlstudio.domain.values import ProjectSummary


@dataclass(frozen=True, slots=True)
class Holder:
    """A program that works on a project, so that no other may change it meanwhile.

    since: seconds since the epoch. silent: seconds since it gave a sign of life, None while it surely lives (it runs on this
    computer); a program on another computer that is silent for long may have ended.
    """

    program: str
    user: str
    host: str
    process: int
    since: float
    silent: float | None = None

    def sentence(self) -> str:
        """Who it is, for people."""
        who = f"{self.user} on {self.host}" if self.user else self.host
        return f"{self.program} ({who}, process {self.process}), since {_moment(self.since)}."


@dataclass(frozen=True, slots=True)
class Opened:
    """A project that a window has opened.

    read_only: why nothing may be changed, as a sentence; empty when it may. may_take_over: the one who holds it, on another
    computer, has been silent for so long that the user may say that it has ended. shared: it lies on a network drive. unclean:
    the last program that changed it did not end well. unchecked: its database is large, and the quick check still to be made.
    """

    summary: ProjectSummary
    read_only: str = ""
    may_take_over: bool = False
    shared: bool = False
    unclean: bool = False
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a project's database. name: what `restore` is told. made_at: seconds since the epoch.

    labels: images that carry a class. damaged: it can't be read, and its counts are 0.
    """

    name: str
    made_at: float
    bytes: int
    images: int = 0
    classes: int = 0
    labels: int = 0
    damaged: bool = False

    def sentence(self) -> str:
        """When it was made and what it holds, for people."""
        return f"{_moment(self.made_at)} ({self.images:,} images, {self.classes:,} classes, {self.labels:,} labels)"


@dataclass(frozen=True, slots=True)
class Restored:
    """What took the project's place, and the name of the backup that keeps what was there; None where nothing was."""

    backup: Backup
    kept: str | None

    def to_json(self) -> dict[str, Any]:
        return {"restored": self.backup.name, "kept": self.kept}


def _moment(seconds: float) -> str:
    """`2026-05-12 14:03`, local time."""
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"
