"""Training a run: pixels, features, the probe, and fine-tuning from it; killed at any moment, it goes on from there."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import Cancelled, NotEnoughImages, OutOfMemory, StudioError
from tlstudio.domain.events import SILENT, EpochDone, FirstResult, Note, Reporter, Started
from tlstudio.domain.operating import LEFT_OUT, VALIDATION
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import EpochRow, Mode, RunState, TrainResult, TrainSettings
from tlstudio.domain.values import Interval, Split
from tlstudio.evaluation.intervals import share_interval
from tlstudio.evaluation.metrics import balanced_accuracy
from tlstudio.images.cache import fill_cache
from tlstudio.images.splits import divide
from tlstudio.storage import runs
from tlstudio.storage.files import remove_leftovers
from tlstudio.storage.holding import held
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import checkpoint, devices
from tlstudio.training.features import frozen_features, mirrored_features
from tlstudio.training.finetune import Data, Epoch, FineTuner, Score
from tlstudio.training.network import Network, load_pretrained, preprocess_for, save_network
from tlstudio.training.probe import Probe, fit_probe
from tlstudio.workflow.depth_range import with_depth
from tlstudio.workflow.left_out import calibrate
from tlstudio.workflow.run_data import Sample, collect, read_samples, training_rows, write_samples
from tlstudio.workflow.transfer import compare_when_trained

FLIP_LOSS_ALLOWED = 0.03  # accuracy that swapping left and right may cost before it is left out of training
UNSTABLE = "The training became unstable and was ended; the best model before that is kept. Try a lower learning rate."
INNER_VAL = 0.15  # share of the training images held back for choosing when the project has no validation images


def train(
    project: Path, settings: TrainSettings, resume: str | None = None, reporter: Reporter = SILENT
) -> TrainResult:
    """Trains a model and returns what it reached on the validation images.

    `resume` names an interrupted run, whose own settings then count. Raises NotEnoughImages, WeightsMissing, DeviceMissing,
    DiskFull, OutOfMemory …; the run is marked failed and can be resumed. Cancelling marks it interrupted. Raises ProjectBusy
    before anything is begun while another program holds the project.
    """
    opened = Project.open(project)
    with held(opened.folder, "tlstudio train"):
        return _train(opened, settings, resume, reporter)


def _train(opened: Project, settings: TrainSettings, resume: str | None, reporter: Reporter) -> TrainResult:
    started = time.monotonic()
    samples: list[Sample] | None = None
    if resume is not None:
        row = runs.reopen_run(opened, resume)
        settings, run_id, classes = row.settings, row.id, row.classes
    else:
        classes, samples = collect(opened)
        weights.require(settings.model)
        devices.choose(settings.device)
        run_id = runs.start_run(opened, settings, classes)
    folder = opened.run_folder(run_id)
    try:
        _clear(folder)
        if samples is None:
            samples = read_samples(opened, run_id)
        else:
            write_samples(opened, run_id, samples)
        reporter.report(Started(run_id))
        job = _Training(opened, run_id, settings, classes=classes, samples=samples, reporter=reporter)
        result = job.run(started)
        runs.finish_run(opened, result)
    except Cancelled:
        _mark(opened, run_id, "The training was interrupted.", RunState.INTERRUPTED)
        raise
    except StudioError as error:
        _mark(opened, run_id, f"{error.what} {error.remedy}".strip())
        raise
    except torch.OutOfMemoryError as error:
        full = OutOfMemory("The memory is full.", remedy="Choose a smaller model, input size or batch, and try again.")
        _mark(opened, run_id, f"{full.what} {full.remedy}")
        raise full from error
    except Exception:
        _mark(opened, run_id, "The training ended because of an error in the program.")
        raise
    checkpoint.remove(folder)
    compare_when_trained(opened, run_id, reporter)
    return result


def _mark(project: Project, run_id: str, message: str, state: RunState = RunState.FAILED) -> None:
    """Marks a run that did not end well. On a full disk even that fails; a run without a live process counts as interrupted."""
    with suppress(StudioError):
        runs.fail_run(project, run_id, message, state)


def _clear(folder: Path) -> None:
    """Removes what a killed process left half-written in a run's folder."""
    remove_leftovers(folder)
    remove_leftovers(folder / "model")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Which candidate became the model, why, and what it reached."""

    chosen: str
    reason: str
    accuracy: Interval
    balanced_accuracy: float
    epochs: int = 0
    stopped: bool = False


class _Training:
    """One run from pixels to a saved model."""

    def __init__(
        self,
        project: Project,
        run_id: str,
        settings: TrainSettings,
        *,
        classes: tuple[str, ...],
        samples: list[Sample],
        reporter: Reporter,
    ) -> None:
        self.project = project
        self.run_id = run_id
        self.settings = settings
        self.classes = classes
        self.reporter = reporter
        self.device = devices.choose(settings.device)
        self.card: ModelCard = weights.describe(settings.model)
        self.folder = project.run_folder(run_id)
        self.samples = samples
        torch.manual_seed(settings.seed)

    def run(self, started: float) -> TrainResult:
        pixels = self._pixels()
        self.reporter.report(Note("Loading the pretrained model."))
        where = weights.require(self.settings.model)
        network = load_pretrained(where, self.card, self.preprocess(), self.classes, weights.weights_hash(where))
        try:
            return self._fit(network, pixels, started)
        finally:
            del network
            devices.release(self.device)

    def preprocess(self) -> PreprocessSpec:
        spec = preprocess_for(self.card, self.settings.input_size, self.settings.fit)
        return with_depth(
            self.project, self.run_id, spec, settings=self.settings, samples=self.samples, reporter=self.reporter
        )

    def _pixels(self) -> RowStore:
        """The cache with every image of the run; images that can't be read any more are left out, and said."""
        self.reporter.report(Note("Preparing the images."))
        wanted = training_rows(self.project, self.samples)
        store, refused = fill_cache(self.project, self.preprocess(), wanted, self.reporter)
        if refused:
            self.reporter.report(Note(f"{len(refused)} images can't be read any more and are left out."))
        self.samples = [s for s in self.samples if s.content in store.keys]
        left = {s.label for s in self.samples if s.part == "train"}
        if len(left) < len(self.classes):
            raise NotEnoughImages(
                "Images that were imported can't be found any more, and a class is left without any.",
                remedy="Connect the drive that holds the images, or import them again.",
            )
        return store

    # --- the probe, and from it the rest ---

    def _fit(self, network: Network, pixels: RowStore, started: float) -> TrainResult:
        train = [s for s in self.samples if s.part == "train"]
        val = [s for s in self.samples if s.part == "val"]
        if not val and self.settings.mode is not Mode.QUICK:
            train, val = self._hold_back(train)
        keys = [s.content for s in (*train, *val)]
        self.reporter.report(Note("Looking at the images with the pretrained model."))
        features = frozen_features(self.project, network, pixels, keys, device=self.device, reporter=self.reporter)
        self.reporter.report(Note("Finding the first result."))
        seen, unseen = features[: len(train)], features[len(train) :]
        probe = fit_probe(
            seen,
            _labels(train),
            len(self.classes),
            units=[s.unit for s in train],
            seed=self.settings.seed,
            reporter=self.reporter,
        )
        network.set_head(probe.head)
        judged, probabilities = (val, probe.head.probabilities(unseen)) if val else self._left_out(train, probe)
        accuracy, balanced = _judge(judged, probabilities, len(self.classes))
        self.reporter.report(FirstResult(accuracy, time.monotonic() - started))
        if self.settings.mode is Mode.QUICK:
            reason = "Quick training stops at the first result; the pretrained model itself stays as it is."
            self._calibrate(network, judged, probabilities)
            return self._finish(network, _Outcome("probe", reason, accuracy, balanced), started)
        data = Data(pixels, [s.content for s in train], _labels(train), [s.content for s in val], _labels(val))
        flip = self._may_flip(network, probe, data, unseen)
        return self._fine_tune(network, data, val, flip, started)

    def _left_out(self, train: list[Sample], probe: Probe) -> tuple[list[Sample], npt.NDArray[np.float64]]:
        """Without validation images: the training images that a fold of the cross-validation did not see."""
        judged = [s for s, left_out in zip(train, probe.judged, strict=True) if left_out]
        if not judged:
            raise NotEnoughImages(
                "There are no validation images, and too few images or groups to hold any back.",
                remedy="Import with a share for validation, or add images.",
            )
        if len(judged) < len(train):
            self.reporter.report(Note("Classes with a single image or group are not part of this figure."))
        return judged, probe.held_out[probe.judged]

    def _hold_back(self, train: list[Sample]) -> tuple[list[Sample], list[Sample]]:
        """Cuts a validation part from the training images, groups staying together."""
        parts = divide(
            [str(s.label) for s in train], [s.unit for s in train], test=0.0, val=INNER_VAL, seed=self.settings.seed
        )
        kept = [s for s, part in zip(train, parts, strict=True) if part is Split.TRAIN]
        held = [s for s, part in zip(train, parts, strict=True) if part is Split.VAL]
        if not held or len({s.label for s in kept}) < len(self.classes):
            raise NotEnoughImages(
                "There are too few images to hold some back for choosing the best epoch.",
                remedy="Use the quick mode, or add images.",
            )
        return kept, held

    def _may_flip(self, network: Network, probe: Probe, data: Data, unseen: npt.NDArray[np.float32]) -> bool:
        """Whether left and right may be swapped: as the user says, else if the first model hardly minds."""
        if self.settings.flips is not None:
            return self.settings.flips
        mirrored = mirrored_features(network, data.pixels, data.val_keys, self.device)
        plain = (probe.head.logits(unseen).argmax(axis=1) == data.val_labels).mean()
        swapped = (probe.head.logits(mirrored).argmax(axis=1) == data.val_labels).mean()
        return bool(plain - swapped <= FLIP_LOSS_ALLOWED)

    def _fine_tune(self, network: Network, data: Data, val: list[Sample], flip: bool, started: float) -> TrainResult:
        tuner = FineTuner(network, data, self.settings, device=self.device, folder=self.folder, flip=flip)
        if tuner.resume():
            self.reporter.report(Note(f"Going on after epoch {tuner.done_epochs}."))
        else:
            layers = "the whole model" if self.settings.mode is Mode.THOROUGH else "the last layers"
            self.reporter.report(Note(f"Adjusting {layers} to your images."))
        stopped = tuner.run(self.reporter, lambda epoch: self._tell(epoch, val))
        tuner.keep_best()
        best = tuner.probabilities()
        accuracy, balanced = _judge(val, best, len(self.classes))
        chosen = f"epoch {tuner.best_epoch}" if tuner.best_epoch else "probe"
        reason = UNSTABLE if tuner.unstable else _why(tuner.best_epoch, tuner.probe_score, tuner.best_score)
        outcome = _Outcome(chosen, reason, accuracy, balanced, tuner.done_epochs, stopped)
        self._calibrate(network, val, best)
        return self._finish(network, outcome, started)

    def _tell(self, epoch: Epoch, val: list[Sample]) -> None:
        units = [s.unit for s in val]
        runs.append_epoch(
            self.project,
            self.run_id,
            EpochRow(
                epoch.epoch,
                epoch.train_loss,
                epoch.score.loss,
                epoch.score.accuracy,
                epoch.learning_rate,
                epoch.seconds,
            ),
        )
        self.reporter.report(
            EpochDone(
                epoch=epoch.epoch,
                epochs=epoch.epochs,
                train_loss=epoch.train_loss,
                val_loss=epoch.score.loss,
                accuracy=_interval(epoch.score, units),
                best_accuracy=_interval(epoch.best, units),
                learning_rate=epoch.learning_rate,
                images_per_second=epoch.images_per_second,
                seconds_left=epoch.seconds_left,
            )
        )

    def _calibrate(self, network: Network, judged: Sequence[Sample], probabilities: npt.NDArray[np.float64]) -> None:
        """Makes the probabilities (n, classes) honest on images that the model was not fitted to, and keeps them."""
        part = VALIDATION if any(s.part == "val" for s in judged) else LEFT_OUT
        found = calibrate(self.folder, judged, probabilities, part)
        network.spec = replace(network.spec, temperature=found.temperature)

    def _finish(self, network: Network, outcome: _Outcome, started: float) -> TrainResult:
        self.reporter.report(Note("Saving the model."))
        save_network(network, self.folder / "model")
        return TrainResult(
            run=self.run_id,
            model=self.settings.model,
            mode=self.settings.mode,
            epochs=outcome.epochs,
            accuracy=outcome.accuracy,
            balanced_accuracy=outcome.balanced_accuracy,
            chosen=outcome.chosen,
            reason=outcome.reason,
            seconds=time.monotonic() - started,
            stopped=outcome.stopped,
        )


def _labels(samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
    return np.array([s.label for s in samples], dtype=np.int64)


def _judge(samples: Sequence[Sample], probabilities: npt.NDArray[np.float64], classes: int) -> tuple[Interval, float]:
    """Accuracy with its interval, and balanced accuracy."""
    truth = _labels(samples)
    predicted = probabilities.argmax(axis=1)
    units: list[Hashable] = [s.unit for s in samples]
    return share_interval(predicted == truth, units), balanced_accuracy(truth, predicted, classes) or 0.0


def _interval(score: Score, units: Sequence[Hashable]) -> Interval:
    return share_interval(np.array(score.hits, dtype=bool), units)


def _why(best_epoch: int, probe: Score, best: Score) -> str:
    if best_epoch == 0:
        return "No epoch was better than the first result on the validation images, so that is kept."
    if best.accuracy > probe.accuracy:
        return f"Best on the validation images: {best.accuracy:.1%}, against {probe.accuracy:.1%} for the first result."
    return "As accurate on the validation images as the first result, and surer of it."
