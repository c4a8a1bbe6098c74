"""What a training writes while it runs, and how it goes on from that after a power cut, a kill or a loss that is no number.

Two files: the checkpoint with everything that changes with each step, and the best weights so far, written only when they change.
The checkpoint names the best weights that belong to it, and those of the one before stay until it is in place, so that the pair
on the disk always fits.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import ref

import torch
from torch import Tensor

from tlstudio.domain.errors import RunNotReady
from tlstudio.training import checkpoint
from tlstudio.training.candidates import Candidate, Score
from tlstudio.training.choosing import Course
from tlstudio.training.schedule import BudgetClock

if TYPE_CHECKING:
    from tlstudio.training.batches import Data
    from tlstudio.training.finetune import FineTuner
    from tlstudio.training.network import NetworkSpec

VERSION = 5  # of what a checkpoint holds, and of the probe that its training began with
MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(slots=True)
class Position:
    """Where a training stands: epochs done, steps of the next one, its summed loss (nats) over the images seen.

    hits: how many of `judged` views the model got right while it learned from them; one of an earlier version has none.
    best_epoch: 0 while nothing beat the probe. slower: factor of every rate after roll-backs. roll_backs: how many there were.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    seen: int = 0
    best_epoch: int = 0
    slower: float = 1.0
    roll_backs: int = 0
    hits: int = 0
    judged: int = 0


class Keeper:
    """Writes and reads a tuner's checkpoint in a run's folder."""

    def __init__(self, tuner: FineTuner, folder: Path) -> None:
        self._of = ref(tuner)  # which owns this, and frees a device's memory as soon as nobody needs it
        self._folder = folder

    @property
    def _tuner(self) -> FineTuner:
        tuner = self._of()
        assert tuner is not None, "nobody else calls"
        return tuner

    def save(self) -> None:
        """Raises DiskFull or CantWrite; the checkpoint before it stays as it was."""
        tuner = self._tuner
        best = best_name(tuner.at.best_epoch)
        if not (self._folder / best).exists():
            checkpoint.save(self._folder, tuner.finalists.best.weights, {}, best)
        tensors: dict[str, Tensor] = {}
        for name, parameter in tuner.parameters.items():
            tensors[f"now/{name}"], tensors[f"average/{name}"] = parameter, tuner.average.weights[name]
            for key, value in tuner.optimizer.state[parameter].items():
                tensors[f"adam/{key}/{name}"] = value
        tensors |= {f"soup/{name}": value for name, value in tuner.finalists.soup.weights.items()}
        course = tuner.finalists.course
        for epoch, (said, errors) in enumerate(zip(course.predicted, course.errors, strict=True), start=1):
            tensors |= {f"said/{epoch}": torch.from_numpy(said), f"errors/{epoch}": torch.from_numpy(errors)}
        checkpoint.save(self._folder, tensors, self._state(best))
        for old in self._folder.glob("best-*.safetensors"):
            if old.name != best:
                with suppress(OSError):
                    old.unlink()

    def _state(self, best: str) -> dict[str, Any]:
        tuner = self._tuner
        return {
            "version": VERSION,
            "position": asdict(tuner.at),
            "spent": tuner.clock.spent,
            "budget": tuner.clock.seconds if isinstance(tuner.clock, BudgetClock) else None,
            "best": asdict(tuner.finalists.best.score),
            "best_name": tuner.finalists.best.name,
            "best_file": best,
            "soup": tuner.finalists.soup.count,
            "micro": tuner.stepper.micro,
            "scaler": tuner.stepper.scaler.state_dict(),
            "origin": self._origin(),
        }

    def load(self, *, in_time: bool = True) -> bool:
        """Takes the tuner back to the checkpoint; False when there is none. Raises RunNotReady when it is another run's.

        in_time: whether its clock goes back, too. A time limit runs on while the same process tries again.
        """
        found = checkpoint.load(self._folder)
        if found is None:
            return False
        tensors, state = found
        tuner = self._tuner
        if state.get("version") != VERSION:
            raise RunNotReady(
                "This run was begun by another version of the program, whose checkpoints this one can't read.",
                remedy="Start the training again.",
            )
        if state["origin"] != self._origin():
            raise RunNotReady(
                "The images or the pretrained model are not the ones that this run began with.",
                remedy="Connect the drive that holds them, or start the training again.",
            )
        best = checkpoint.load(self._folder, state["best_file"])
        if best is None:
            raise RunNotReady("The checkpoint of this run is damaged.", remedy="Start the training again.")
        with torch.no_grad():
            for name, parameter in tuner.parameters.items():
                parameter.copy_(tensors[f"now/{name}"])
                tuner.average.weights[name].copy_(tensors[f"average/{name}"])
        self._load_optimizer(tensors)
        tuner.at = Position(**state["position"])
        if not isinstance(tuner.clock, BudgetClock):
            tuner.clock.spent = state["spent"]
        elif in_time:
            tuner.clock.spent = state["spent"]
            tuner.clock.seconds = state["budget"]  # that of the first start; what has passed since is in `spent`
        kept: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in state["best"].items()}
        tuner.finalists.best = Candidate(state["best_name"], best[0], Score(**kept))
        looked = range(1, sum(name.startswith("said/") for name in tensors) + 1)
        tuner.finalists.course = Course(
            [tensors[f"said/{epoch}"].numpy() for epoch in looked],
            [tensors[f"errors/{epoch}"].numpy() for epoch in looked],
        )
        tuner.finalists.soup.count = state["soup"]
        tuner.finalists.soup.weights = {n: tensors[f"soup/{n}"] for n in tuner.parameters} if state["soup"] else {}
        if tuner.device.type != "cuda":  # there it has just been tried; less may be free by now
            tuner.stepper.micro = min(tuner.stepper.micro, state["micro"])
        if state["scaler"] and tuner.stepper.scaler.is_enabled():
            tuner.stepper.scaler.load_state_dict(state["scaler"])
        return True

    def _load_optimizer(self, tensors: dict[str, Tensor]) -> None:
        state = self._tuner.optimizer.state
        state.clear()
        for name, parameter in self._tuner.parameters.items():
            if f"adam/step/{name}" not in tensors:
                continue
            state[parameter] = {"step": tensors[f"adam/step/{name}"].to(parameter.device)}
            for key in MOMENTS:  # laid out in memory as the parameter is: the fused optimiser counts on it
                state[parameter][key] = torch.empty_like(parameter).copy_(tensors[f"adam/{key}/{name}"])

    def _origin(self) -> str:
        """Tells the images and the pretrained network of a run from any others: SHA-256 in hex."""
        return origin_of(self._tuner.network.spec, self._tuner.data)


def origin_of(spec: NetworkSpec, data: Data) -> str:
    """Tells a pretrained network and images, learned from and judged by, from any others: SHA-256 in hex.

    The network with all that its features of a picture depend on: weights, arguments, size, normalisation.
    """
    told = [f"version {VERSION}", spec.features_key(), spec.weights_hash, *data.train_keys, "|", *data.val_keys]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def best_name(epoch: int) -> str:
    """The file of the best weights so far, by the epoch that brought them; 0 for the probe's."""
    return f"best-{epoch}.safetensors"


def remove(folder: Path) -> None:
    """Removes what a finished run needs no more."""
    checkpoint.remove(folder)
    for old in folder.glob("best-*.safetensors"):
        with suppress(OSError):
            old.unlink()
