"""What the user asks of a training, and what is kept of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import Confusion
from tlstudio.domain.packing import Elsewhere
from tlstudio.domain.preprocess import DEPTHS, check_channels
from tlstudio.domain.transfer import Transfer
from tlstudio.domain.values import Interval


class Mode(StrEnum):
    """How much of the pretrained model is trained."""

    QUICK = "quick"  # the probe only
    BALANCED = "balanced"  # the last stages
    THOROUGH = "thorough"  # the whole network


# Settings that are numbers: the least and the most that make sense.
LIMITS: tuple[tuple[str, float, float], ...] = (
    ("epochs", 0, 10_000),
    ("minutes", 0, 100_000),
    ("batch_size", 0, 4096),
    ("learning_rate", 0, 10),
    ("weight_decay", 0, 10),
    ("layers", -1, 10_000),
    ("layer_decay", 0.01, 1),
    ("warm_up", 0, 0.9),
    ("gradient_norm", 0.001, 1000),
    ("average_decay", 0, 0.99999),
    ("label_smoothing", 0, 0.9),
    ("dropout", 0, 0.9),
    ("drop_path", 0, 0.9),
    ("patience", 0, 10_000),
    ("augmentation", 0, 3),
    ("mixup", 0, 2),
    ("adapter_rank", 1, 256),
)


# What is passed for “as the program thinks best” is no value that can be asked for; these are the least that can.
_LEAST_ASKED = {"epochs": 1, "minutes": 0.1, "batch_size": 1, "learning_rate": 1e-7, "layers": 0}
# Quick training fits a linear layer to what the pretrained model sees; of the settings only these change that.
_OF_QUICK = frozenset({"model", "mode", "device", "seed", "input_size", "fit", "depth", "events", "pseudo_labels"})


def usual(setting: str) -> Any:
    """What a setting is where nobody wishes for anything."""
    return TrainSettings.__dataclass_fields__[setting].default


def least_asked(setting: str) -> float:
    """The least value of a setting that is a number, for those who wish for one."""
    return _LEAST_ASKED.get(setting, next(least for name, least, _ in LIMITS if name == setting))


def without_effect(mode: Mode, settings: Collection[str], *, adapter: str) -> frozenset[str]:
    """Of these settings those that change nothing in this mode, or without an adapter."""
    if mode is Mode.QUICK:
        return frozenset(settings) - _OF_QUICK
    return frozenset(settings) & {"adapter_rank"} if adapter == Adapter.NONE.value else frozenset()


class RunState(StrEnum):
    """Where a run stands. An interrupted one (power cut, kill -9) can be resumed; of a damaged one the record can't be read."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    FAILED = "failed"
    DAMAGED = "damaged"


class Balance(StrEnum):
    """What is done about classes of unequal size."""

    NONE = "none"  # each image counts alike
    SAMPLING = "sampling"  # images of rare classes are shown more often
    LOGITS = "logits"  # the training allows for how frequent each class is


class Adapter(StrEnum):
    """Whether the pretrained weights themselves are trained."""

    NONE = "none"
    LORA = "lora"  # small matrices beside them, merged at the end


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Everything that decides a training run besides the data; written to the run's config.json.

    model: card id or any timm name whose weights are on this machine. input_size: edge in pixels, 0 for the model's own.
    depth: how more than 8 bits become 8, see PreprocessSpec; with `dataset` the range is measured on the training images.
    channels: of images that have several, the one to three that are looked at, see PreprocessSpec.
    epochs: 0 lets the program choose from the data size. minutes: the whole training takes that long, whatever the epochs; 0
    for no such wish. batch_size: 0 lets it fit. learning_rate: peak rate of the head, 0 for the mode's default. layers: layer
    groups of the backbone that are trained, counted from the head; -1 for the mode's own. layer_decay: factor by which the
    rate falls from one layer group to the one before it. warm_up: share of the training over which the rate rises.
    gradient_norm: longer gradients are clipped to it. average_decay: at most, of the moving average of the weights, each step.
    patience: epochs without a gain after which training ends by itself; 0 for never, as the last epochs, at the lowest rate,
    are often the best. flips, flips_vertical: None decides from the data. augmentation: strength of all other changes, 1 for
    the usual one. mixup, low_resolution: None decides from the number of images. rehearse: fine-tuning is first tried on
    halves of the training images, each judged on the other; None does so where there are few images to choose by. dropout:
    share of features left out of a step. drop_path: of the residual branches; none unless asked for, as nothing measured
    speaks for more. compile: the network is compiled for the device before it is trained; None does so where what is left to
    do repays it. events: also writes TensorBoard event files. pseudo_labels: the first result also learns from images without a
    class, where images left out in turn say that this helps.
    """

    model: str
    mode: Mode = Mode.BALANCED
    device: str = "auto"
    seed: int = 0
    input_size: int = 0
    fit: str = "stretch"
    depth: str = "image"
    channels: tuple[int, ...] | None = None
    epochs: int = 0
    minutes: float = 0.0
    batch_size: int = 0
    learning_rate: float = 0.0
    weight_decay: float = 0.05
    layers: int = -1
    layer_decay: float = 0.75
    warm_up: float = 0.1
    gradient_norm: float = 1.0
    average_decay: float = 0.998
    label_smoothing: float = 0.1
    dropout: float = 0.1
    drop_path: float = 0.0
    patience: int = 0
    flips: bool | None = None
    flips_vertical: bool | None = None
    augmentation: float = 1.0
    mixup: float | None = None
    low_resolution: bool | None = None
    rehearse: bool | None = None
    balance: Balance = Balance.NONE
    adapter: Adapter = Adapter.NONE
    adapter_rank: int = 8
    compile: bool | None = None
    events: bool = False
    pseudo_labels: bool = False

    def __post_init__(self) -> None:
        if self.device not in ("auto", "cpu", "cuda", "mps"):
            raise WrongUsage(f"“{self.device}” is not a device; use auto, cpu, cuda or mps.")
        if self.depth not in DEPTHS:
            raise WrongUsage(f"“{self.depth}” is not a depth; use {' or '.join(DEPTHS)}.")
        check_channels(self.channels)
        for name, least, most in LIMITS:
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise WrongUsage(f"{value} is not possible for {name.replace('_', ' ')}; use {least} to {most}.")

    def to_json(self) -> dict[str, Any]:
        words = {"mode": self.mode.value, "balance": self.balance.value, "adapter": self.adapter.value}
        return {**asdict(self), **words}

    @staticmethod
    def from_json(data: dict[str, Any]) -> TrainSettings:
        """Reads `to_json`'s form; keys of a newer version are ignored."""
        known = {k: v for k, v in data.items() if k in TrainSettings.__dataclass_fields__}
        mode, balance = Mode(known.get("mode", "balanced")), Balance(known.get("balance", "none"))
        channels, adapter = known.get("channels"), Adapter(known.get("adapter", "none"))
        chosen = None if channels is None else tuple(channels)
        return TrainSettings(**{**known, "mode": mode, "balance": balance, "adapter": adapter, "channels": chosen})


@dataclass(frozen=True, slots=True)
class EpochRow:
    """One line of metrics.jsonl. Losses in nats, accuracy 0 … 1 on the validation images.

    learning_rate: of the head, at the end of the epoch. train_accuracy: of the changed views that were learned from; None in runs
    of earlier versions. rehearsal: it belongs to one, and accuracy and validation loss are those of the half that it leaves out.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    train_accuracy: float | None = None
    rehearsal: bool = False

    @staticmethod
    def from_json(data: dict[str, Any]) -> EpochRow:
        """Reads a line of any version; keys of a newer one are ignored. Raises TypeError where one is missing."""
        return EpochRow(**{k: v for k, v in data.items() if k in EpochRow.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log. moment: seconds since 1970."""

    moment: float
    text: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as lists show it.

    accuracy, balanced_accuracy: what it reached on the validation images, or out of fold without them, corrected for having been
    chosen by them. measured: the accuracy without that correction; None where nothing was chosen, or by an earlier version.
    chosen: `probe`, `epoch 7` or `average of epochs`: which candidate became the model. reason: why, in one sentence. first_of:
    the run whose first result this one is; empty for one that the user started. test_openings: how often the test images were
    opened for it; only lists count that.
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
    first_of: str = ""
    measured: Interval | None = None
    test_openings: int = 0
    history: tuple[EpochRow, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class RunRecords:
    """What a run has told beside its curve. confusion: of its best model so far on the validation images, in the order of
    `classes`; empty where it was not kept. transfer: how it does against simpler ways on the images of its figure; None before
    they were compared. elsewhere: where it was trained, if that was on another machine.
    """

    run: str
    classes: tuple[str, ...] = ()
    log: tuple[LogLine, ...] = ()
    confusion: Confusion = ()
    transfer: Transfer | None = None
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class TrainResult:
    """The answer of `train`; JSON keys as in the commands table. The figures and first_of are those of RunRow."""

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
    first_of: str = ""
    measured: Interval | None = None

    @staticmethod
    def of(row: RunRow) -> TrainResult:
        """What a finished run reached. Raises ValueError for any other."""
        if row.accuracy is None or row.balanced_accuracy is None:
            raise ValueError(f"the run {row.id} has no result")
        return TrainResult(
            row.id,
            row.model,
            row.mode,
            row.epochs,
            row.accuracy,
            row.balanced_accuracy,
            row.chosen,
            row.reason,
            row.seconds,
            first_of=row.first_of,
            measured=row.measured,
        )

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
                "measured": None if self.measured is None else self.measured.to_json(),
            },
            "chosen": self.chosen,
            "reason": self.reason,
            "seconds": round(self.seconds, 2),
            "stopped": self.stopped,
            "first_of": self.first_of,
        }
