"""Runs side by side: what they reached, and what they were asked to do differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tlstudio.domain.runs import RunRow


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is not the same in all of the runs; `values` in their order, as in `TrainSettings.to_json`."""

    setting: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """runs: with their history, in the order asked for."""

    runs: tuple[RunRow, ...]
    differences: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "runs": [_plain(run) for run in self.runs],
            "differences": [{"setting": d.setting, "values": list(d.values)} for d in self.differences],
        }


def side_by_side(runs: Sequence[RunRow]) -> RunComparison:
    """Compares runs; a setting that one of them does not know counts as its usual value there."""
    settings = [run.settings.to_json() for run in runs]
    names = settings[0] if settings else {}
    rows = (Difference(name, tuple(each[name] for each in settings)) for name in names)
    return RunComparison(tuple(runs), tuple(row for row in rows if any(v != row.values[0] for v in row.values)))


def _plain(run: RunRow) -> dict[str, Any]:
    return {
        "run": run.id,
        "model": run.model,
        "mode": run.mode.value,
        "state": run.state.value,
        "accuracy": None if run.accuracy is None else run.accuracy.value,
        "interval": None if run.accuracy is None else run.accuracy.to_json(),
        "balanced_accuracy": run.balanced_accuracy,
        "measured": None if run.measured is None else run.measured.to_json(),
        "test_openings": run.test_openings,
        "chosen": run.chosen,
        "epochs": run.epochs,
        "seconds": run.seconds,
        "curve": [
            {
                "epoch": r.epoch,
                "accuracy": r.val_accuracy,
                "train_accuracy": r.train_accuracy,
                "train_loss": r.train_loss,
                "val_loss": r.val_loss,
                "learning_rate": r.learning_rate,
                "rehearsal": r.rehearsal,
            }
            for r in run.history
        ],
    }
