"""Fine-tuning within a run, from its first result to the candidate that is kept; rehearsed first where images are few."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.events import Confusion, EpochDone, Reporter
from tlstudio.domain.planning import LOOKS_TO_LEARN, REHEARSALS
from tlstudio.domain.runs import Adapter, Balance, EpochRow, TrainSettings
from tlstudio.storage import runs
from tlstudio.storage.clocks import working
from tlstudio.training import adapters, candidates, devices
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import Data
from tlstudio.training.candidates import PROBE
from tlstudio.training.choosing import Evidence
from tlstudio.training.finetune import FineTuner
from tlstudio.training.invariance import has_colour
from tlstudio.training.keeping import origin_of
from tlstudio.training.network import Network, layer_groups
from tlstudio.training.recipe import Recipe
from tlstudio.training.schedule import Epoch
from tlstudio.training.steps import Settled
from tlstudio.workflow import rehearsing
from tlstudio.workflow.event_files import EventFiles
from tlstudio.workflow.forewarning import forewarn
from tlstudio.workflow.judging import corrected, interval_of, judge, judge_answers, nothing_better, why
from tlstudio.workflow.outcomes import Judged, Outcome, Standing, Tuned
from tlstudio.workflow.preparing import Preparation, Prepared
from tlstudio.workflow.rehearsing import PartOfCourse, Rehearsal
from tlstudio.workflow.run_context import RunContext

UNSTABLE = "The training became unstable and was ended; the best model before that is kept. Try a lower learning rate."
CAN_NOT = "The images can't be halved so that both halves hold every class, so the training is not rehearsed."
NO_TIME = "There was no time for more than the first result, so that is kept."
TOO_LITTLE = (
    "Adjusting the model to these images takes at least about {wanted:,} min here, and {given:g} were given: "
    "the first result is kept."
)
STOPPED = "The training was stopped before it could show that it is better, so the first result is kept."
REHEARSAL = "Rehearsal {number} of {count}: learning from one half of the images, to be judged on the other."
NO_HOPE = "Nothing was better on this half, so what follows is left out."
WITH_ALL = "The rehearsals went well. Now all training images are learned from."
IN_EARNEST = f"{WITH_ALL} The figure stays that of the rehearsals, as no image is left to measure on."

LEAST_EPOCHS = 2  # of a part of the training; with less, its rate would rise and fall within a few steps

Features = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class _NoTime(Exception):
    """What the user gave is too little for more than the first result. seconds: what would have to be given at least."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Tuning:
    """The fine-tuning of one run. `started` is the time on `working` that the user's time counts from."""

    def __init__(self, context: RunContext, way: Preparation, ready: Prepared, first: Outcome, started: float) -> None:
        """way: by which `ready` came about; rehearsals take it again. first: what the first result reached, which is the outcome
        where nothing better is found."""
        self.context = context
        self.way = way
        self.ready = ready
        self.first = first
        self.settings = context.settings
        self.started = started
        self.balanced = self.settings.balance is not Balance.NONE
        self.before = 0  # epochs of the rehearsals that are done
        self.events = EventFiles(None)
        self.settled: Settled | None = None

    def run(self) -> Tuned:
        """Afterwards the network that was prepared has the weights of what was chosen, or is as it was."""
        folder = self.context.folder if self.settings.events else None
        with EventFiles(folder, self.first.accuracy.value) as self.events:
            try:
                return self._run()
            except _NoTime as no_time:
                wanted, given = math.ceil(no_time.seconds / 60), self.settings.minutes
                return self._first_result(TOO_LITTLE.format(wanted=max(wanted, math.floor(given) + 1), given=given))

    def _run(self) -> Tuned:
        ready = self.ready
        forewarn(self.context, ready)
        if not ready.halves:
            if self.settings.rehearse:
                self.context.say(CAN_NOT)
            look = self.way.look(ready.network, ready.probe.head, ready.data, ready.unseen)
            return self._in_earnest(look, None)
        done: list[Rehearsal] = []
        for number, left_out in enumerate(ready.halves, start=1):
            rehearsal = self._rehearsal(number, left_out)
            if rehearsal is None:
                return self._first_result(STOPPED, stopped=True)
            done.append(rehearsal)
            self.before += rehearsal.epochs
            if rehearsal.unstable or not rehearsal.epochs:
                return self._first_result(UNSTABLE if rehearsal.unstable else NO_TIME)
            if number < REHEARSALS and rehearsing.hopeless(rehearsal.evidence, balanced=self.balanced):
                self.context.say(NO_HOPE)
                return self._first_result(nothing_better(rehearsed=True))
        evidence = rehearsing.evidence_of(done)
        if rehearsing.likeliest(evidence, balanced=self.balanced) == PROBE:
            return self._first_result(nothing_better(rehearsed=True))
        self.context.say(WITH_ALL if ready.val else IN_EARNEST)
        return self._in_earnest(rehearsing.agreed(done, self._colours()), evidence)

    def _first_result(self, reason: str, *, stopped: bool = False, epochs: int = 0) -> Tuned:
        """epochs: of the part in earnest, beside those of the rehearsals."""
        return Tuned(replace(self.first, reason=reason, epochs=self.before + epochs, stopped=stopped), None)

    # --- rehearsals ---

    def _rehearsal(self, number: int, left_out: Ints) -> Rehearsal | None:
        """One, or what is known of it from before; None when the user asked to stop."""
        folder = self.context.folder
        data = self.ready.rows(np.setdiff1d(np.arange(len(self.ready.train)), left_out), left_out)
        origin = origin_of(self.ready.network.spec, data)
        known = rehearsing.kept(folder, number, origin)
        if known is not None:
            self.started -= known.seconds  # they belong to the time that the user gave it
            return known
        self.context.say(REHEARSAL.format(number=number, count=REHEARSALS))
        begun = working()
        found = self._rehearse(number, data, left_out)
        if found is not None:
            found = replace(found, seconds=working() - begun)
            rehearsing.keep(folder, number, found, origin)
        return found

    def _rehearse(self, number: int, data: Data, left_out: Ints) -> Rehearsal | None:
        ready = self.ready
        learn = np.setdiff1d(np.arange(len(ready.train)), left_out)
        network = self.way.pretrained()
        # The regularisation is taken over: finding it again would cost more than it tells, and it is the same for all candidates.
        head = ready.fitted(ready.seen[learn], data.train_labels, len(self.context.classes))
        network.set_gauge(ready.seen[learn])
        network.set_head(head)
        look = self.way.look(network, head, data, ready.seen[left_out])
        left = REHEARSALS - number
        course = PartOfCourse(
            self.context.reporter, before=self.before, parts_after=left + 1, work_after=left + REHEARSALS
        )
        share = 1 / (1 + left + REHEARSALS)
        tuner = self._tuner(network, data, look, rehearsing.place(self.context.folder, number), share=share)
        if not tuner.resume():
            self._need_time(tuner, share)
        judged = [ready.train[i] for i in left_out]
        if tuner.run(course, lambda epoch: self._tell(epoch, Standing(epoch.score, epoch.best, judged), course)):
            self.before += tuner.at.epoch
            return None
        said = tuner.finalists.said or {
            PROBE: tuner.finalists.said_first
        }  # without its end it says nothing for any candidate
        evidence = Evidence(said, data.val_labels, left_out, tuple(data.val_units))
        return Rehearsal(evidence, look.flip, look.flip_vertical, tuner.at.epoch, unstable=tuner.unstable)

    # --- in earnest ---

    def _in_earnest(self, look: Augmentation, evidence: Evidence | None) -> Tuned:
        network, val = self.ready.network, self.ready.val
        tuner = self._tuner(network, self.ready.data, look, self.context.folder, evidence=evidence)
        if tuner.resume():
            self.context.say(f"Going on after epoch {self.before + tuner.at.epoch}.")
        else:
            self._need_time(tuner)
            self.context.say(f"Adjusting {_what(self.settings, tuner.recipe, network)} to your images.")
        course = PartOfCourse(self.context.reporter, before=self.before)
        known = None if val or evidence is None else self._standing(evidence)

        def on_epoch(epoch: Epoch) -> None:
            now = known or Standing(epoch.score, epoch.best, val)
            self._tell(epoch, now, course, self.context.keep_confusion(now.samples, now.best.predicted))

        stopped = tuner.run(course, on_epoch)
        tuner.keep_best()
        choice, chosen, epochs = tuner.finalists.choice, tuner.finalists.chosen, tuner.at.epoch
        reason = why(chosen.name, tuner.finalists.probe.score, chosen.score, rehearsed=evidence is not None)
        if tuner.unstable:
            reason = UNSTABLE
        elif stopped and chosen.name == PROBE:
            reason = STOPPED
        said = None if chosen.name == PROBE else choice.said
        judged = None
        if val:  # the last of those that were chosen by
            judged = Judged(
                val, tuner.finalists.validation.probabilities(), None if said is None else said[-len(val) :]
            )
        elif said is not None and evidence is not None:
            judged = replace(self._rehearsed(evidence, chosen.name), said=said)
        if self.settings.adapter is Adapter.LORA:
            adapters.merge(network)
        if judged is None:
            return self._first_result(reason, stopped=stopped, epochs=epochs)
        self.context.keep_confusion(judged.samples, judged.probabilities.argmax(axis=1).tolist())
        measured, balanced = judge(judged.samples, judged.probabilities, len(self.context.classes))
        outcome = Outcome(chosen.name, reason, measured, balanced, None, self.before + epochs, stopped)
        if judged.said is not None:
            figure, balanced = judge_answers(judged.samples, judged.said, len(self.context.classes))
            told = f"{reason} {corrected(figure, measured, rehearsed=not val)}"
            outcome = replace(outcome, reason=told, accuracy=figure, balanced_accuracy=balanced, measured=measured)
        return Tuned(outcome, judged)

    def _rehearsed(self, evidence: Evidence, kind: str) -> Judged:
        """What candidates of a kind said of the training images, each while it was left out."""
        return Judged([self.ready.train[i] for i in evidence.rows], evidence.said[kind])

    def _standing(self, evidence: Evidence) -> Standing:
        """Of the kind of candidate that will be chosen."""
        found = self._rehearsed(evidence, rehearsing.likeliest(evidence, balanced=self.balanced))
        score = candidates.score(found.probabilities, evidence.truth, balanced=self.balanced)
        return Standing(score, score, found.samples)

    # --- parts of both ---

    def _tuner(
        self,
        network: Network,
        data: Data,
        look: Augmentation,
        folder: Path,
        *,
        share: float = 1.0,
        evidence: Evidence | None = None,
    ) -> FineTuner:
        """share: of the time that is left."""
        folder.mkdir(exist_ok=True)
        wish = 60 * self.settings.minutes
        budget = max(0.0, self.started + wish - working()) * share if wish else None
        recipe = self.way.planned(network, data, look, images=len(self.ready.train), budget=budget)
        if self.ready.halves:
            # what is rehearsed must go on as long as what follows, which has nothing to be patient about
            recipe = replace(recipe, patience=0)
        after = self.ready.after if folder == self.context.folder else 0.0
        tuner = FineTuner(
            network,
            data,
            recipe,
            device=self.context.device,
            folder=folder,
            evidence=evidence,
            after=after,
            settled=self.settled,
        )
        self.settled = tuner.settled
        return tuner

    def _need_time(self, tuner: FineTuner, share: float = 1.0) -> None:
        """Raises _NoTime, before the first step, where the user's time is too little for this part to be worth anything.

        share: of the time that is left, which this part has. Told from the first look at the images to judge by; where there are
        none, the rehearsals had time enough.
        """
        budget, learned, judged = tuner.recipe.budget, len(tuner.data.train_keys), len(tuner.data.val_keys)
        if budget is None or not judged:
            return
        look = tuner.pace.look
        needed = LEAST_EPOCHS * (LOOKS_TO_LEARN[self.settings.mode] * look * learned / judged + look) + tuner.pace.end
        if budget < needed:
            raise _NoTime(working() - self.started + needed / share)

    def _colours(self) -> Augmentation:
        """What may be changed without asking a model: everything but colours where there are none."""
        grey = not has_colour(self.ready.pixels, self.ready.data.train_keys)
        return Augmentation(colour=0.0) if grey else Augmentation()

    def _tell(self, epoch: Epoch, now: Standing, course: Reporter, confusion: Confusion | None = None) -> None:
        """confusion: of the best so far; None in a rehearsal, whose models are given up."""
        row = EpochRow(
            self.before + epoch.epoch,
            epoch.train_loss,
            now.score.loss,
            now.score.accuracy,
            epoch.learning_rate,
            epoch.seconds,
            epoch.train_accuracy,
            rehearsal=confusion is None,
        )
        runs.append_epoch(self.context.project, self.context.run_id, row)
        self.events.add(row)
        course.report(
            EpochDone(
                epoch=epoch.epoch,
                epochs=epoch.epochs,
                train_loss=epoch.train_loss,
                val_loss=now.score.loss,
                accuracy=interval_of(now.score, now.samples),
                best_accuracy=interval_of(now.best, now.samples),
                learning_rate=epoch.learning_rate,
                images_per_second=epoch.images_per_second,
                seconds_left=epoch.seconds_left,
                train_accuracy=epoch.train_accuracy,
                memory=devices.memory(self.context.device),
                confusion=confusion or (),
            )
        )


def _what(settings: TrainSettings, recipe: Recipe, network: Network) -> str:
    if settings.adapter is Adapter.LORA:
        return "small additions to the model"
    if recipe.layers >= len(layer_groups(network)):
        return "the whole model"
    return "the last layers" if recipe.layers else "the last step of the model"
