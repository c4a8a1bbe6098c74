"""What happens within a run: pixels, features, the probe, fine-tuning from it, and the model that comes out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import Confusion, EpochDone, FirstResult, Note, Reporter
from tlstudio.domain.operating import LEFT_OUT, VALIDATION
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Adapter, EpochRow, Mode, TrainResult, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.images.cache import fill_cache
from tlstudio.storage import run_records, runs
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import adapters, devices
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import Data
from tlstudio.training.candidates import PROBE
from tlstudio.training.features import frozen_features
from tlstudio.training.finetune import FineTuner
from tlstudio.training.invariance import allowed_changes
from tlstudio.training.network import Network, layer_groups, load_pretrained, preprocess_for, save_network
from tlstudio.training.probe import Probe, fit_probe
from tlstudio.training.recipe import Recipe, Subject, plan
from tlstudio.training.schedule import Epoch, Stopwatch
from tlstudio.workflow.depth_range import with_depth
from tlstudio.workflow.event_files import EventFiles
from tlstudio.workflow.judging import confusion_of, hold_back, interval_of, judge, labels_of, why
from tlstudio.workflow.left_out import calibrate
from tlstudio.workflow.run_data import Sample, training_rows

UNSTABLE = "The training became unstable and was ended; the best model before that is kept. Try a lower learning rate."

COMPARED = 2  # heads that are fitted once the training is over, each about as long as the first


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which candidate became the model, why, and what it reached."""

    chosen: str
    reason: str
    accuracy: Interval
    balanced_accuracy: float
    epochs: int = 0
    stopped: bool = False


class Fitting:
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
        self._confusion: Confusion = ()
        self._after = 0.0  # seconds that the comparison with simpler ways will take, once the training is over
        torch.manual_seed(settings.seed)
        devices.start_watching_memory(self.device)

    def run(self, started: float) -> TrainResult:
        """Everything; `started` is the monotonic time that the user's time counts from."""
        pixels = self._pixels()
        self.reporter.report(Note("Loading the pretrained model."))
        where = weights.require(self.settings.model)
        watch = Stopwatch()
        network = load_pretrained(where, self.card, self.preprocess(), self.classes, weights.weights_hash(where))
        self._after += watch.lap()  # it is loaded once more
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
        borrowed = not val and self.settings.mode is not Mode.QUICK
        if borrowed:
            train, val = hold_back(train, len(self.classes), self.settings.seed)
        keys = [s.content for s in (*train, *val)]
        self.reporter.report(Note("Looking at the images with the pretrained model."))
        features = frozen_features(self.project, network, pixels, keys, device=self.device, reporter=self.reporter)
        self.reporter.report(Note("Finding the first result."))
        seen, unseen = features[: len(train)], features[len(train) :]
        watch = Stopwatch()
        probe = fit_probe(
            seen,
            labels_of(train),
            len(self.classes),
            units=[s.unit for s in train],
            seed=self.settings.seed,
            reporter=self.reporter,
        )
        self._after += COMPARED * watch.lap()
        network.set_head(probe.head)
        judged, probabilities = (val, probe.head.probabilities(unseen)) if val else self._left_out(train, probe)
        accuracy, balanced = judge(judged, probabilities, len(self.classes))
        confusion = self._keep_confusion(judged, probabilities.argmax(axis=1).tolist())
        self.reporter.report(FirstResult(accuracy, time.monotonic() - started, confusion))
        if self.settings.mode is Mode.QUICK:
            reason = "Quick training stops at the first result; the pretrained model itself stays as it is."
            self._calibrate(network, judged, probabilities)
            return self._finish(network, Outcome("probe", reason, accuracy, balanced), started)
        data = Data(pixels, [s.content for s in train], labels_of(train), [s.content for s in val], labels_of(val))
        look = allowed_changes(network, probe.head, data, unseen, settings=self.settings, device=self.device)
        chosen = self._fine_tune(network, data, val, look, started)
        if borrowed and chosen.chosen == PROBE:  # the images that were held back for choosing may teach it after all
            everyone = [*train, *val]
            units = [s.unit for s in everyone]
            labels = labels_of(everyone)
            full = fit_probe(features, labels, len(self.classes), units=units, strength=probe.strength)
            network.set_head(full.head)
        return self._finish(network, chosen, started)

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

    def _fine_tune(
        self, network: Network, data: Data, val: list[Sample], look: Augmentation, started: float
    ) -> Outcome:
        if self.settings.adapter is Adapter.LORA:
            adapters.attach(network, self.settings.adapter_rank, seed=self.settings.seed)
        recipe = self._recipe(network, data, look, started)
        tuner = FineTuner(network, data, recipe, device=self.device, folder=self.folder, after=self._after)
        if tuner.resume():
            self.reporter.report(Note(f"Going on after epoch {tuner.at.epoch}."))
        else:
            self.reporter.report(Note(f"Adjusting {_what(self.settings, recipe, network)} to your images."))
        with EventFiles(self.folder if self.settings.events else None) as events:
            stopped = tuner.run(self.reporter, lambda epoch: self._tell(epoch, val, events))
        tuner.keep_best()
        best = tuner.probabilities()
        accuracy, balanced = judge(val, best, len(self.classes))
        self._keep_confusion(val, best.argmax(axis=1).tolist())
        chosen = tuner.chosen
        reason = UNSTABLE if tuner.unstable else why(chosen.name, tuner.probe.score, chosen.score)
        outcome = Outcome(chosen.name, reason, accuracy, balanced, tuner.at.epoch, stopped)
        if self.settings.adapter is Adapter.LORA:
            adapters.merge(network)
        self._calibrate(network, val, best)
        return outcome

    def _recipe(self, network: Network, data: Data, look: Augmentation, started: float) -> Recipe:
        wish = 60 * self.settings.minutes
        return plan(
            self.settings,
            data.train_labels,
            Subject.of(network, any_edge=not self.card.fixed_input_size),
            look=look,
            device=self.device,
            budget=max(0.0, wish - (time.monotonic() - started)) if wish else None,
        )

    def _tell(self, epoch: Epoch, val: list[Sample], events: EventFiles) -> None:
        row = EpochRow(
            epoch.epoch,
            epoch.train_loss,
            epoch.score.loss,
            epoch.score.accuracy,
            epoch.learning_rate,
            epoch.seconds,
            epoch.train_accuracy,
        )
        runs.append_epoch(self.project, self.run_id, row)
        events.add(row)
        self.reporter.report(
            EpochDone(
                epoch=epoch.epoch,
                epochs=epoch.epochs,
                train_loss=epoch.train_loss,
                val_loss=epoch.score.loss,
                accuracy=interval_of(epoch.score, val),
                best_accuracy=interval_of(epoch.best, val),
                learning_rate=epoch.learning_rate,
                images_per_second=epoch.images_per_second,
                seconds_left=epoch.seconds_left,
                train_accuracy=epoch.train_accuracy,
                memory=devices.memory(self.device),
                confusion=self._keep_confusion(val, epoch.best.predicted),
            )
        )

    def _keep_confusion(self, judged: Sequence[Sample], predicted: Sequence[int]) -> Confusion:
        """What the best so far takes for what; written when it changes, so that it is there for a run that is interrupted."""
        found = confusion_of(judged, predicted, len(self.classes))
        if found and found != self._confusion:
            run_records.write_confusion(self.project, self.run_id, found)
            self._confusion = found
        return found

    def _calibrate(self, network: Network, judged: Sequence[Sample], probabilities: npt.NDArray[np.float64]) -> None:
        """Makes the probabilities (n, classes) honest on images that the model was not fitted to, and keeps them."""
        part = VALIDATION if any(s.part == "val" for s in judged) else LEFT_OUT
        found = calibrate(self.folder, judged, probabilities, part)
        network.spec = replace(network.spec, temperature=found.temperature)

    def _finish(self, network: Network, outcome: Outcome, started: float) -> TrainResult:
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


def _what(settings: TrainSettings, recipe: Recipe, network: Network) -> str:
    if settings.adapter is Adapter.LORA:
        return "small additions to the model"
    if recipe.layers >= len(layer_groups(network)):
        return "the whole model"
    return "the last layers" if recipe.layers else "the last step of the model"
