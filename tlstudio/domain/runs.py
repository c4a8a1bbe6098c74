"""What the user asks of a training, and what is kept of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.preprocess import DEPTHS
from tlstudio.domain.values import Interval


class Mode(StrEnum):
    """How much of the pretrained model is trained."""

    QUICK = "quick"  # the probe only
    BALANCED = "balanced"  # the last stages
    THOROUGH = "thorough"  # the whole network


class RunState(StrEnum):
    """Where a run stands. An interrupted one (power cut, kill -9) can be resumed."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Everything that decides a training run besides the data; written to the run's config.json.

    model: card id or any timm name whose weights are on this machine. input_size: edge in pixels, 0 for the model's own.
    depth: how more than 8 bits become 8, see PreprocessSpec; with `dataset` the range is measured on the training images.
    epochs: 0 lets the program choose from the data size. batch_size: 0 lets it fit. learning_rate: peak rate of the head,
    0 for the mode's default. layer_decay: factor by which the rate falls from one layer group to the one before it.
    patience: epochs without a gain after which training ends by itself. flips: None decides from the data.
    """

    model: str
    mode: Mode = Mode.BALANCED
    device: str = "auto"
    seed: int = 0
    input_size: int = 0
    fit: str = "stretch"
    depth: str = "image"
    epochs: int = 0
    batch_size: int = 0
    learning_rate: float = 0.0
    weight_decay: float = 0.05
    layer_decay: float = 0.75
    label_smoothing: float = 0.1
    patience: int = 8
    flips: bool | None = None

    def __post_init__(self) -> None:
        if self.device not in ("auto", "cpu", "cuda", "mps"):
            raise WrongUsage(f"“{self.device}” is not a device; use auto, cpu, cuda or mps.")
        if self.depth not in DEPTHS:
            raise WrongUsage(f"“{self.depth}” is not a depth; use {' or '.join(DEPTHS)}.")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "mode": self.mode.value}

    @staticmethod
    def from_json(data: dict[str, Any]) -> TrainSettings:
        """Reads `to_json`'s form; keys of a newer version are ignored."""
        known = {k: v for k, v in data.items() if k in TrainSettings.__dataclass_fields__}
        return TrainSettings(**{**known, "mode": Mode(known.get("mode", "balanced"))})


@dataclass(frozen=True, slots=True)
class EpochRow:
    """One line of metrics.jsonl. Losses in nats, accuracy 0 … 1 on the validation images."""

    epoch: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as lists show it. `val` is what the chosen model reached on the validation images, or out of fold without them.

    chosen: `probe`, `epoch 7` or `average of epochs`: which candidate became the model. reason: why, in one sentence.
    """

    id: str
    model: str
    mode: Mode
    state: RunState
    created_at: float
    settings: TrainSettings
    classes: tuple[str, ...] = ()
    epochs: int = 0
    accuracy: Interval | None = None
    balanced_accuracy: float | None = None
    chosen: str = ""
    reason: str = ""
    seconds: float = 0.0
    message: str = ""
    history: tuple[EpochRow, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class TrainResult:
    """The answer of `train`; JSON keys as in the commands table."""

    run: str
    model: str
    mode: Mode
    epochs: int
    accuracy: Interval
    balanced_accuracy: float
    chosen: str
    reason: str
    seconds: float
    stopped: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "model": self.model,
            "mode": self.mode.value,
            "epochs": self.epochs,
            "val": {
                "accuracy": self.accuracy.value,
                "balanced_accuracy": self.balanced_accuracy,
                "interval": self.accuracy.to_json(),
            },
            "chosen": self.chosen,
            "reason": self.reason,
            "seconds": round(self.seconds, 2),
            "stopped": self.stopped,
        }
