"""Fine-tuning that starts from the probe (LP-FT: Kumar et al. 2022, arXiv 2202.10054).

The rate falls from the head towards the image (layer-wise decay), statistics of batch normalisation stay those of pretraining,
and several candidates are compared at the end: the probe, the best moving average, the last weights, a soup of the last epochs,
and the way half back to the probe. Every epoch ends with a checkpoint, long ones have more; a killed run goes on from there with
the same result. Each step draws its random numbers from the seed, its epoch and its number, so no random state has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tlstudio.domain.events import Note, Reporter, StepDone
from tlstudio.storage.clocks import SleepWatch
from tlstudio.training import averaging, devices, ranks
from tlstudio.training.averaging import MovingAverage
from tlstudio.training.batches import Batch, Batches, Data, chance, epoch_seed, order_of
from tlstudio.training.choosing import Evidence
from tlstudio.training.compiling import Compiling
from tlstudio.training.finalists import Finalists
from tlstudio.training.keeping import Keeper, Position
from tlstudio.training.network import Network
from tlstudio.training.optimizer import begin_training, set_rate
from tlstudio.training.pace import pace_of
from tlstudio.training.ranks import Leader
from tlstudio.training.recipe import Recipe
from tlstudio.training.schedule import Epoch, Stopwatch, clock_of, rate_factor
from tlstudio.training.steps import Settled, Stepper, Taken
from tlstudio.training.validating import Validation

SOUP_SHARE = 1 / 3  # of the training whose epochs go into the soup
SAVE_EVERY = 180.0  # seconds between checkpoints within an epoch
ROLL_BACKS = 3
LATE = 0.5  # progress from which a stopped training is worth its candidates
SLOWER = 0.3  # factor of the rate after a roll-back
LOOK_EVERY = 20  # steps between looks at the loss where looking waits for the device
ASLEEP = "The computer slept for {minutes} min; the training goes on where it was."
NAP = 60.0  # seconds of sleep worth a word
SLOWED = "The training became unstable; it goes back to where it was sound and goes on with a lower learning rate."


class _Diverged(Exception):
    """The loss is not a number any more."""


class FineTuner:
    """Trains a network whose head is the probe's; `keep_best` puts what is handed out into the network.

    evidence: what rehearsals found out about the kinds of candidates; it counts beside the validation images, of which there may
    then be none. after: seconds that the caller needs once the training is over; they count as time left. settled: what another
    training like this one found out about the device; None where that is still to be done or not needed.
    """

    def __init__(
        self,
        network: Network,
        data: Data,
        recipe: Recipe,
        *,
        device: torch.device,
        folder: Path,
        evidence: Evidence | None = None,
        after: float = 0.0,
        settled: Settled | None = None,
    ) -> None:
        self.network = network
        self.data = data
        self.recipe = recipe
        self.device = device
        self.evidence = evidence
        begun = Stopwatch()
        self.batches = Batches(data, recipe.batch, device)
        self.stepper = Stepper.on(network, recipe, device)
        self.settled = settled
        if device.type == "cuda":
            self.settled = self.stepper.settle(network.spec.preprocess.size, settled)
        self.leader = Leader(self.stepper, data, recipe, device) if ranks.leading() else None
        self.parameters, self.optimizer = self.stepper.parameters, self.stepper.optimizer
        self.average = MovingAverage(self.parameters, recipe.average_decay)
        self.at = Position()
        self.unstable = False  # the loss stopped being a number, again and again
        watch = Stopwatch()
        look = Validation(
            network, data, self.parameters, device, balanced=recipe.counts_classes_alike, evidence=evidence
        )
        self.finalists = Finalists(look, data, self.parameters, self.average, evidence)
        edge = network.spec.preprocess.size
        self.pace = pace_of(recipe, self.batches.per_epoch, edge, look=watch.lap(), after=after)
        self.clock = clock_of(recipe, self.pace)
        self.clock.begin(begun.lap())
        pixels = recipe.epochs * len(data.train_keys) * edge**2
        self.compiling = Compiling(self.stepper, recipe, device, edge=edge, pixels=pixels)
        self.keeper = Keeper(self, folder)
        self.sleep = SleepWatch()

    # --- the loop ---

    def run(self, reporter: Reporter, on_epoch: Callable[[Epoch], None]) -> bool:
        """Trains to the end, to the user's Stop, or until patience is over. True when the user stopped it."""
        watch = Stopwatch()
        if self.device.type == "cuda":
            self.stepper.fit(self.network.spec.preprocess.size)  # beside everything that is there by now
        self.clock.begin(watch.lap())
        if self.at == Position():
            self.keeper.save()
            self.pace.save = watch.lap()
            self.clock.begin(self.pace.save)
        while not self._over():
            try:
                ended = not reporter.stop_requested() and self._compiled_epoch(reporter, on_epoch)
            except _Diverged:
                if not self._roll_back(reporter):
                    self._choose(whole=False)
                    return False
                continue
            if not ended:
                # What rehearsals found out is about the end of the schedule; from its middle on the average is near enough.
                late = self.clock.progress(self._taken()) >= LATE
                self._choose(whole=self.evidence is not None and late)
                return True
        self._choose(whole=True)
        return False

    def _compiled_epoch(self, reporter: Reporter, on_epoch: Callable[[Epoch], None]) -> bool:
        """An epoch, of a network that is compiled first, once that is worth it."""
        self._compile(reporter)
        return self._epoch(reporter, on_epoch)

    def _compile(self, reporter: Reporter) -> None:
        seconds = self.compiling.consider(self.clock.steps_left(self._taken(), self.pace), reporter)
        if seconds:
            self.clock.lose(seconds)
            if self.compiling.done:
                self.pace.begin_again()

    def _over(self) -> bool:
        """Asked before each epoch, so that resuming agrees."""
        waiting = self.recipe.patience and len(self.data.val_labels)
        waited = waiting and self.at.epoch - self.at.best_epoch >= self.recipe.patience
        return bool(waited) or self.clock.progress(self._taken()) >= 1.0

    def _taken(self) -> int:
        return self.at.epoch * self.batches.per_epoch + self.at.step

    def _epoch(self, reporter: Reporter, on_epoch: Callable[[Epoch], None]) -> bool:
        """One epoch, or what is left of it, measured and kept. False when the user asked to stop."""
        begun = self.clock.spent
        seen = self._steps(reporter)
        if seen is None:
            return False
        watch = Stopwatch()
        loss = self.at.loss / max(1, self.at.seen)
        right = self.at.hits / self.at.judged if self.at.judged else None
        trained = max(self.clock.spent - begun, 1e-9)
        score = self.finalists.score_average()
        if not score.sound or not averaging.sound(self.average.weights):
            raise _Diverged
        number = self.at.epoch + 1
        if self.finalists.add(score, number, late=self.clock.progress(self._taken()) >= 1 - SOUP_SHARE):
            self.at.best_epoch = number
        rate = self._factor() * self.at.slower * self.optimizer.param_groups[-1]["peak"]
        self.at = Position(epoch=number, best_epoch=self.at.best_epoch, slower=self.at.slower)
        self.pace.look = self._spend(watch)
        self.keeper.save()
        self.pace.save = self._spend(watch)
        on_epoch(
            Epoch(
                epoch=number,
                epochs=self._epochs(number),
                train_loss=loss,
                train_accuracy=right,
                score=score,
                best=self.finalists.best.score,
                learning_rate=rate,
                images_per_second=seen / trained,
                seconds=self.clock.spent - begun,
                seconds_left=self.clock.seconds_left(self._taken(), self.pace),
            )
        )
        return True

    def _spend(self, watch: Stopwatch) -> float:
        """Puts the watch's seconds on the clock."""
        seconds = watch.lap()
        self.clock.spend(seconds)
        return seconds

    def _steps(self, reporter: Reporter) -> int | None:
        """Trains from where the epoch stands to its end, or to that of the time.

        Returns how many images that were, None when the user asked to stop.
        """
        begin_training(self.network)
        seed = epoch_seed(self.recipe.seed, self.at.epoch + 1)
        order = order_of(self.data.train_labels, seed, self.recipe.balanced_sampling)
        full = self.network.spec.preprocess.size
        watch, saved, seen = Stopwatch(), self.clock.spent, 0
        # Summed loss, hits; Apple's processors have no more than single precision.
        exact = torch.float32 if self.device.type == "mps" else torch.float64
        running = torch.zeros(2, dtype=exact, device=self.device)
        with closing(self.batches.epoch(order, self.at.step)) as batches:
            for batch in batches:
                step = self._taken()
                set_rate(self.optimizer, self._factor() * self.at.slower)
                edge = self.recipe.edge(self.clock.progress(step), full)
                images = len(batch.labels)
                loss, hits = self._step(seed, batch, edge)
                running += torch.stack([loss.to(exact) * images, hits.to(exact)])
                self.average.update(step)
                self.pace.step(small=edge < full)
                self.at.step = batch.step + 1
                self.at.seen, self.at.judged, seen = self.at.seen + images, self.at.judged + images, seen + images
                if self.device.type == "cpu" or batch.step % LOOK_EVERY == 0:
                    self._look(running)
                    self._tell(reporter, watch)
                    if self.clock.spent - saved > SAVE_EVERY:
                        saved = self.clock.spent
                        if not averaging.sound(self.average.weights):
                            raise _Diverged  # the last update was too much: what is kept must stay sound
                        self.keeper.save()
                        self.pace.save = self._spend(watch)
                if reporter.stop_requested():
                    return None
                if self.clock.progress(self._taken()) >= 1.0:
                    break
        self._look(running)
        self.pace.took(self._spend(watch))
        return seen

    def _step(self, seed: int, batch: Batch, edge: int) -> Taken:
        generator = chance(seed, batch.step)
        if self.leader is None:
            return self.stepper.step(batch, generator, edge)
        return self.leader.step(seed, batch, generator, edge)

    def _look(self, running: Tensor) -> None:
        """Takes the summed loss and the hits over from the device. Raises _Diverged when the loss is not a number."""
        loss, hits = running.tolist()
        running.zero_()
        if not np.isfinite(loss):
            raise _Diverged
        self.at.loss += loss
        self.at.hits += int(hits)

    def _epochs(self, least: int) -> int:
        """How many there will be, those that have begun at least."""
        return max(least, self.clock.epochs(self._taken(), self.batches.per_epoch))

    def _tell(self, reporter: Reporter, watch: Stopwatch) -> None:
        self.pace.took(self._spend(watch))
        speed = self._taken() * self.batches.size / max(self.clock.spent, 1e-9)
        reporter.report(
            StepDone(
                self.at.epoch + 1,
                self._epochs(self.at.epoch + 1),
                self.at.step,
                self.batches.per_epoch,
                self.at.loss / max(1, self.at.seen),
                speed,
                self.clock.seconds_left(self._taken(), self.pace),
                devices.memory(self.device),
            )
        )
        slept = self.sleep.slept()
        if slept >= NAP:
            reporter.report(Note(ASLEEP.format(minutes=round(slept / 60))))

    def _factor(self) -> float:
        return rate_factor(self.clock.progress(self._taken()), self.recipe.warm_up)

    def _choose(self, whole: bool) -> None:
        """Settles what the run hands out. whole: it came to its end, so that the weights there are worth a look."""
        if whole and self.at.epoch:
            self.finalists.choose_at_the_end()
        else:
            self.finalists.choose_so_far()

    def keep_best(self) -> None:
        """Puts the chosen candidate's weights into the network."""
        averaging.put(self.parameters, self.finalists.chosen.weights)
        self.network.eval()

    # --- going on, going back ---

    def resume(self) -> bool:
        """Goes back to the last checkpoint, if there is one. True when there was. Raises RunNotReady when it is another run's."""
        return self._load()

    def _load(self, *, in_time: bool = True) -> bool:
        found = self.keeper.load(in_time=in_time)
        if found and self.leader is not None:
            self.leader.take_over()
        return found

    def _roll_back(self, reporter: Reporter) -> bool:
        """Back to the last checkpoint, at a lower rate. False when that was done often enough: the best so far is kept."""
        slower, backs = self.at.slower * SLOWER, self.at.roll_backs + 1
        if backs > ROLL_BACKS or not self._load(in_time=False):
            self.unstable = True
            return False
        self.at.slower, self.at.roll_backs = slower, backs
        self.keeper.save()  # a killed run must not try the higher rate again
        reporter.report(Note(SLOWED))
        return True
