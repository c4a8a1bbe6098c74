"""What happens within a run: pixels, features, the probe, fine-tuning from it, and the model that comes out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import FirstResult, Note, Reporter
from tlstudio.domain.operating import LEFT_OUT, VALIDATION
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
from tlstudio.images.cache import fill_cache
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import devices
from tlstudio.training.candidates import PROBE
from tlstudio.training.features import frozen_features
from tlstudio.training.network import Network, load_pretrained, preprocess_for, save_network
from tlstudio.training.probe import Probe, fit_probe
from tlstudio.workflow.depth_range import with_depth
from tlstudio.workflow.judging import hold_back, judge, labels_of
from tlstudio.workflow.left_out import calibrate
from tlstudio.workflow.rehearsing import may_rehearse
from tlstudio.workflow.run_data import Sample, training_rows
from tlstudio.workflow.tuning import Outcome, Start, Tuning


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
        torch.manual_seed(settings.seed)

    def run(self, started: float) -> TrainResult:
        """Everything; `started` is the monotonic time that the user's time counts from."""
        pixels = self._pixels()
        self.reporter.report(Note("Loading the pretrained model."))
        network = self.pretrained()
        try:
            return self._fit(network, pixels, started)
        finally:
            del network
            devices.release(self.device)

    def pretrained(self) -> Network:
        """The pretrained model with a new head, as every part of the run begins with it."""
        where = weights.require(self.settings.model)
        return load_pretrained(where, self.card, self.preprocess(), self.classes, weights.weights_hash(where))

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
        borrowed = not val and self.settings.mode is not Mode.QUICK and not may_rehearse(self.settings, train, val)
        if borrowed:
            train, val = hold_back(train, len(self.classes), self.settings.seed)
        keys = [s.content for s in (*train, *val)]
        self.reporter.report(Note("Looking at the images with the pretrained model."))
        features = frozen_features(self.project, network, pixels, keys, device=self.device, reporter=self.reporter)
        self.reporter.report(Note("Finding the first result."))
        seen, unseen = features[: len(train)], features[len(train) :]
        probe = fit_probe(
            seen,
            labels_of(train),
            len(self.classes),
            units=[s.unit for s in train],
            seed=self.settings.seed,
            reporter=self.reporter,
        )
        network.set_head(probe.head)
        judged, probabilities = (val, probe.head.probabilities(unseen)) if val else self._left_out(train, probe)
        accuracy, balanced = judge(judged, probabilities, len(self.classes))
        self.reporter.report(FirstResult(accuracy, time.monotonic() - started))
        if self.settings.mode is Mode.QUICK:
            reason = "Quick training stops at the first result; the pretrained model itself stays as it is."
            self._calibrate(network, judged, probabilities)
            return self._finish(network, Outcome(PROBE, reason, accuracy, balanced), started)
        start = Start(pixels, train, val, seen, unseen, probe, accuracy, balanced)
        tuned = Tuning(self, start, started).run(network)
        if tuned.judged is None:
            self._calibrate(network, judged, probabilities)
        else:
            self._calibrate(network, tuned.judged.samples, tuned.judged.probabilities)
        if borrowed and tuned.outcome.chosen == PROBE:  # what was held back for choosing may teach it after all
            everyone = [*train, *val]
            units = [s.unit for s in everyone]
            labels = labels_of(everyone)
            full = fit_probe(features, labels, len(self.classes), units=units, strength=probe.strength)
            network.set_head(full.head)
        return self._finish(network, tuned.outcome, started)

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
