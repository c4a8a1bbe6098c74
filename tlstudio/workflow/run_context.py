"""What all parts of a training know of its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from tlstudio.domain.events import Confusion, Note, Reporter
from tlstudio.domain.runs import TrainSettings
from tlstudio.storage import run_records
from tlstudio.storage.project import Project
from tlstudio.workflow.judging import confusion_of
from tlstudio.workflow.run_data import Sample


@dataclass(slots=True)
class RunContext:
    """Which run it is, what is asked of it, what it computes on, and whom it tells."""

    project: Project
    run_id: str
    settings: TrainSettings
    classes: tuple[str, ...]
    device: torch.device
    reporter: Reporter
    _confusion: Confusion = field(default=(), init=False)

    @property
    def folder(self) -> Path:
        return self.project.run_folder(self.run_id)

    def say(self, words: str) -> None:
        self.reporter.report(Note(words))

    def keep_confusion(self, judged: Sequence[Sample], predicted: Sequence[int]) -> Confusion:
        """What the best so far takes for what; written when it changes, so that it is there for a run that is interrupted."""
        found = confusion_of(judged, predicted, len(self.classes))
        if found and found != self._confusion:
            run_records.write_confusion(self.project, self.run_id, found)
            self._confusion = found
        return found
