"""A training under way, as the Train page knows it; also while another project is open, so that coming back shows it again."""

from __future__ import annotations

from tlstudio.domain.events import FirstResult, Started
from tlstudio.gui.job_bridge import Job


class Live:
    """began: what it has told that is told only once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.began: list[Started | FirstResult] = []
        job.event.connect(self._note)

    @property
    def run(self) -> str:
        """Its id; empty before it has begun."""
        started = next((event.run for event in self.began if isinstance(event, Started)), "")
        return started or self.job.arguments.get("resume") or ""

    def _note(self, event: object) -> None:
        if isinstance(event, Started | FirstResult):
            self.began.append(event)
