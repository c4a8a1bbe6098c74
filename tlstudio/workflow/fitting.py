"""What happens within a run: pixels, features, the probe, fine-tuning from it, and the model that comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import FirstResult, Reporter
from tlstudio.domain.operating import LEFT_OUT, VALIDATION
from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
from tlstudio.storage.clocks import working
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.candidates import PROBE
from tlstudio.training.loading import save_network
from tlstudio.training.network import Network
from tlstudio.training.views import Fitted
from tlstudio.workflow import rehearsing
from tlstudio.workflow.judging import judge, labels_of
from tlstudio.workflow.left_out import calibrate
from tlstudio.workflow.outcomes import Outcome
from tlstudio.workflow.preparing import Preparation, Prepared
from tlstudio.workflow.run_context import RunContext
from tlstudio.workflow.run_data import Sample
from tlstudio.workflow.tuning import Tuning


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
        if rehearsing.begun_without(project.run_folder(run_id)):
            settings = replace(settings, rehearse=False)
        self.preparation = Preparation(
            project, settings, classes=classes, samples=samples, reporter=reporter, run_id=run_id
        )
        self.context = RunContext(project, run_id, settings, classes, self.preparation.device, reporter)
        devices.start_watching_memory(self.context.device)

    def run(self, started: float, at_first: Callable[[], None]) -> TrainResult:
        """Everything. started, at_first: as for `completing.complete`."""
        try:
            return self._fit(self.preparation.probed(), started, at_first)
        finally:
            devices.release(self.context.device)

    def _fit(self, ready: Prepared, started: float, at_first: Callable[[], None]) -> TrainResult:
        network, probe = ready.network, ready.probe
        if ready.val:
            judged, probabilities = ready.val, probe.head.probabilities(ready.unseen)
        else:
            judged, probabilities = self._left_out(ready.train, probe)
        accuracy, balanced = judge(judged, probabilities, len(self.context.classes))
        confusion = self.context.keep_confusion(judged, probabilities.argmax(axis=1).tolist())
        self.context.reporter.report(FirstResult(accuracy, working() - started, confusion))
        if self.context.settings.mode is Mode.QUICK:
            reason = "Quick training stops at the first result; the pretrained model itself stays as it is."
            self._calibrate(network, judged, probabilities)
            return self._finish(network, Outcome(PROBE, reason, accuracy, balanced), started)
        at_first()
        tuned = Tuning(self.context, self.preparation, ready, Outcome(PROBE, "", accuracy, balanced), started).run()
        if tuned.judged is None:
            self.context.keep_confusion(judged, probabilities.argmax(axis=1).tolist())
            self._calibrate(network, judged, probabilities)
        else:
            self._calibrate(network, tuned.judged.samples, tuned.judged.probabilities, tuned.judged.said)
        if ready.borrowed and tuned.outcome.chosen == PROBE:  # what was held back for choosing may teach it after all
            everyone = [*ready.train, *ready.val]
            network.set_head(ready.fitted(ready.features, labels_of(everyone), len(self.context.classes)))
        return self._finish(network, tuned.outcome, started)

    def _left_out(self, train: list[Sample], probe: Fitted) -> tuple[list[Sample], npt.NDArray[np.float64]]:
        """Without validation images: the training images that a fold of the cross-validation did not see."""
        judged = [s for s, left_out in zip(train, probe.judged, strict=True) if left_out]
        if not judged:
            raise NotEnoughImages(
                "There are no validation images, and too few images or groups to hold any back.",
                remedy="Import with a share for validation, or add images.",
            )
        if len(judged) < len(train):
            self.context.say("Classes with a single image or group are not part of this figure.")
        return judged, probe.held_out[probe.judged]

    def _calibrate(
        self,
        network: Network,
        judged: Sequence[Sample],
        probabilities: npt.NDArray[np.float64],
        said: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Makes the probabilities (n, classes) honest on images that the model was not fitted to, and keeps them.

        said: as in `outcomes.Judged`.
        """
        part = VALIDATION if any(s.part == "val" for s in judged) else LEFT_OUT
        found = calibrate(self.context.folder, judged, probabilities, part, said=said)
        network.spec = replace(network.spec, temperature=found.temperature)

    def _finish(self, network: Network, outcome: Outcome, started: float) -> TrainResult:
        self.context.say("Saving the model.")
        save_network(network, self.context.folder / "model")
        return TrainResult(
            run=self.context.run_id,
            model=self.context.settings.model,
            mode=self.context.settings.mode,
            epochs=outcome.epochs,
            accuracy=outcome.accuracy,
            balanced_accuracy=outcome.balanced_accuracy,
            measured=outcome.measured,
            chosen=outcome.chosen,
            reason=outcome.reason,
            seconds=working() - started,
            stopped=outcome.stopped,
        )
