"""What a fine-tuning may hand out: the probe, the best epoch, and what its end comes to; and which of them it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tlstudio.training import averaging
from tlstudio.training.averaging import MovingAverage, Soup
from tlstudio.training.batches import Data
from tlstudio.training.candidates import AVERAGE, HALF_WAY, LAST, PROBE, SOUP, Candidate, Score
from tlstudio.training.choosing import Chances, Choice, Course, Evidence, choose, likeliest_first
from tlstudio.training.optimizer import Parameters
from tlstudio.training.validating import Validation


class Finalists:
    """The candidates of one training.

    probe: what it began with; best: the best so far, by the moving average at the end of each epoch. course: of these, what they
    said of the validation images. soup: of the last epochs. said_first, said: what the probe, and each kind of candidate at the
    end, says of the validation images, (n, classes); the latter is empty before. choice: what is handed out.
    """

    def __init__(
        self,
        validation: Validation,
        data: Data,
        parameters: Parameters,
        average: MovingAverage,
        evidence: Evidence | None,
    ) -> None:
        self.validation = validation
        self.said_first = validation.probabilities()
        self.said: dict[str, Chances] = {}
        self.probe = Candidate(PROBE, averaging.on_host(parameters), validation.hold(self.said_first))
        self.best = self.probe
        self.course = Course()
        self.soup = Soup()
        self.choice = Choice(self.probe, np.array(self.probe.score.predicted, np.int64))
        self._data = data
        self._parameters = parameters
        self._average = average
        self._evidence = evidence

    @property
    def chosen(self) -> Candidate:
        return self.choice.taken

    def score_average(self) -> Score:
        """Of the moving average of the weights, on the validation images."""
        return self.validation.with_weights(self._average.weights, self.validation.now)

    def add(self, score: Score, epoch: int, *, late: bool) -> bool:
        """Takes the averaged weights of this epoch in; True where they are the best so far. late: the soup has them, too."""
        self.course.add(score)
        if late:
            self.soup.add(averaging.on_host(self._parameters))
        if not score.beats(self.best.score):
            return False
        self.best = Candidate(f"epoch {epoch}", averaging.on_host(self._average.weights), score)
        return True

    def choose_so_far(self) -> None:
        """Among the probe and the best epoch, where the training did not come to its end."""
        data = self._data
        self.choice = choose(self.probe, [], data.val_labels, units=data.val_units, course=self.course, best=self.best)

    def choose_at_the_end(self) -> None:
        """Also among what the training has come to."""
        look = self.validation
        self.probe = replace(self.probe, score=look.score_of(PROBE, self.said_first))
        rivals = self._at_the_end()
        # A single epoch has no counterpart in the rehearsals, and is not worth much on few images.
        course = self.course if self._evidence is None else None
        self.choice = choose(self.probe, rivals, look.truth, units=look.units, course=course, best=self.best)

    def _at_the_end(self) -> list[Candidate]:
        """The candidates of a finished training, the likeliest first."""
        average = averaging.on_host(self._average.weights)
        half = averaging.between(self.probe.weights, average, 0.5)
        wanted = {AVERAGE: average, HALF_WAY: half, LAST: averaging.on_host(self._parameters)}
        if self.soup.count > 1:
            wanted[SOUP] = self.soup.weights
        look = self.validation
        said = {kind: look.with_weights(weights, look.probabilities) for kind, weights in wanted.items()}
        self.said = {PROBE: self.said_first, **said}
        known = wanted if self._evidence is None else {k: w for k, w in wanted.items() if k in self._evidence.said}
        order = likeliest_first(known, len(self._data.train_labels))
        return [Candidate(kind, known[kind], look.score_of(kind, said[kind])) for kind in order]
