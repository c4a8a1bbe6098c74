"""TensorBoard's event files of a run, for those who look at their trainings there."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from tlstudio.domain.runs import EpochRow

FOLDER = "events"


class EventFiles:
    """Writes one point per epoch into `events` in the run's folder; does nothing without a folder. A context manager.

    first: accuracy of the first result, a line that the others should rise above.
    """

    def __init__(self, folder: Path | None, first: float | None = None) -> None:
        self._first = first
        self._writer: Any = None
        if folder is not None:
            from tensorboardX import SummaryWriter  # a second to load, and few ask for it

            self._writer = SummaryWriter(str(folder / FOLDER))

    def add(self, row: EpochRow) -> None:
        if self._writer is None:
            return
        for name, value in (
            ("loss/train", row.train_loss),
            ("loss/validation", row.val_loss),
            ("accuracy/training", row.train_accuracy),
            ("accuracy/validation", row.val_accuracy),
            ("accuracy/first_result", self._first),
            ("learning_rate", row.learning_rate),
        ):
            if value is not None:
                self._writer.add_scalar(name, value, row.epoch)

    def __enter__(self) -> EventFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
