"""Suggesting a class for every image without one, in the order in which labeling them would teach the model most."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import SILENT, Event, Note, PassingReporter, Progress, Reporter
from tlstudio.domain.labels import SuggestedFile, SuggestResult
from tlstudio.domain.runs import Mode, RunRow
from tlstudio.domain.values import ImageRow, Refusal, Split
from tlstudio.evaluation.calibration import fit_temperature, tempered
from tlstudio.evaluation.selection import teaching_order
from tlstudio.images.cache import fill_cache
from tlstudio.storage import images, runs, suggestions
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project
from tlstudio.storage.suggestions import NewSuggestion
from tlstudio.training import devices
from tlstudio.training.features import frozen_features
from tlstudio.training.views import Fitted, Views, fit_views, views_of
from tlstudio.workflow.run_data import units_of
from tlstudio.workflow.run_networks import network_of

# A cross-validation over few images, picked because they are hard, is off by a factor of a hundred at times. Below this number of
# labels the settings of the head are therefore not chosen; these were good on every set that they were tried on.
ENOUGH_TO_CHOOSE = 200
SETTINGS = (0.01, 0.9)
PORTION = 8192

Features = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def suggest(project: Path, run: str | None = None, reporter: Reporter = SILENT) -> SuggestResult:
    """Suggests classes with the eyes of a finished run (the newest by default) and today's labels, and keeps the suggestions.

    The run's network looks at the images. What it sees is connected to classes anew, from all training images that have a class
    now: so labels given since the training count, and so do new classes. Test images without a class get no suggestion: their
    labels judge the model and have to be the user's alone.

    Raises RunNotFound, RunNotReady, or NotEnoughImages with fewer than two classes among the training images.
    """
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    everything = [r for r in images.list_images(opened) if not r.excluded]
    labeled = [r for r in everything if r.label is not None and r.split is Split.TRAIN]
    waiting = [r for r in everything if r.label is None]
    helped = [r for r in waiting if r.split is not Split.TEST]
    _need_two_classes(labeled)
    reporter.report(Note("Loading the model."))
    eyes = _Eyes(opened, row, reporter)
    try:
        refused = eyes.open([*labeled, *helped])
        labeled, readable = [r for r in labeled if eyes.sees(r)], [r for r in helped if eyes.sees(r)]
        _need_two_classes(labeled)
        names = [c.name for c in list_classes(opened) if c.name in {r.label for r in labeled}]
        truth = np.array([names.index(str(r.label)) for r in labeled], dtype=np.int64)
        known, views = eyes.features(labeled), eyes.views(labeled)
        head = fit_head(
            known,
            truth,
            len(names),
            views=views,
            units=units_of(labeled),
            reporter=reporter,
        )
        chances = eyes.probabilities(readable, head)
        order = _order(eyes, readable, chances, known, views.importance(known.shape[1]))
    finally:
        eyes.close()
    return SuggestResult(
        run=row.id,
        learned_from=len(labeled),
        suggestions=_keep(opened, row.id, [readable[i] for i in order], chances[order], names),
        held_back=len(waiting) - len(helped),
        refused=tuple(refused),
    )


def fit_head(
    features: Features,
    labels: Ints,
    classes: int,
    *,
    views: Views,
    units: Sequence[Hashable],
    reporter: Reporter = SILENT,
) -> CalibratedHead:
    """A head on features (n, d) for labels (n,) in 0 … classes-1, with the temperature that its left-out images ask for."""
    settings = SETTINGS if len(labels) < ENOUGH_TO_CHOOSE else ()
    probe = fit_views(features, labels, classes, views=views, units=units, settings=settings, reporter=reporter)
    judged = np.flatnonzero(probe.judged)
    if not len(judged):
        return CalibratedHead(probe, 1.0)
    calibration = fit_temperature(probe.held_out[judged], labels[judged], [units[int(i)] for i in judged])
    return CalibratedHead(probe, calibration.temperature)


class CalibratedHead:
    """A probe whose probabilities are divided by a temperature before they are told."""

    def __init__(self, probe: Fitted, temperature: float) -> None:
        self._probe, self._temperature = probe, temperature

    def probabilities(self, features: Features) -> Probabilities:
        """Features (n, d) -> (n, classes), float64."""
        return tempered(self._probe.head.probabilities(features), self._temperature)


class _Eyes:
    """A run's network, and what it sees in images; features are kept in the project for the next time."""

    def __init__(self, project: Project, run: RunRow, reporter: Reporter) -> None:
        self._project, self._reporter = project, reporter
        self._network = network_of(project, run)
        if run.mode is not Mode.QUICK:
            # Fine-tuned: its features are not those of the pretrained model, so they are kept under another name.
            own = hashlib.sha256(run.id.encode()).hexdigest()
            self._network.spec = replace(self._network.spec, weights_hash=own)
        self._device = devices.choose("auto")

    def close(self) -> None:
        del self._network
        devices.release(self._device)

    def open(self, rows: Sequence[ImageRow]) -> list[Refusal]:
        """Gets the pixels of all images that will be looked at; returns the files that can't be read any more."""
        self._pixels, refused = fill_cache(self._project, self._network.spec.preprocess, rows, self._reporter)
        return refused

    def sees(self, row: ImageRow) -> bool:
        return row.content in self._pixels.keys

    def features(self, rows: Sequence[ImageRow], reporter: Reporter | None = None) -> Features:
        """(len(rows), d)."""
        return frozen_features(
            self._project,
            self._network,
            self._pixels,
            [r.content for r in rows],
            device=self._device,
            reporter=reporter or self._reporter,
        )

    def views(self, rows: Sequence[ImageRow]) -> Views:
        return views_of(self._network.spec, self._pixels, [r.content for r in rows])

    def probabilities(self, rows: Sequence[ImageRow], head: CalibratedHead) -> Probabilities:
        """(len(rows), classes). In portions, so that the features of a hundred thousand images are never in memory at once."""
        parts = []
        for start in range(0, len(rows), PORTION):
            told = _Portion(self._reporter, start, len(rows))
            parts.append(head.probabilities(self.features(rows[start : start + PORTION], told)))
        return np.concatenate(parts) if parts else np.empty((0, 2))


class _Portion(PassingReporter):
    """Reports the progress of one portion as that of the whole."""

    def __init__(self, reporter: Reporter, start: int, total: int) -> None:
        super().__init__(reporter)
        self._start, self._total = start, total

    def report(self, event: Event) -> None:
        if isinstance(event, Progress):
            done = self._start + event.done
            event = Progress("Looking at the images without a class", done, self._total)
        super().report(event)


def _need_two_classes(labeled: Sequence[ImageRow]) -> None:
    if len({r.label for r in labeled}) < 2:
        raise NotEnoughImages(
            "The model can't suggest classes yet: fewer than two classes have training images.",
            remedy="Label a few images of every class first.",
        )


def _order(
    eyes: _Eyes, rows: Sequence[ImageRow], chances: Probabilities, known: Features, importance: Probabilities
) -> Ints:
    """Images that the model may learn from come first; the validation images among them teach nothing and follow.

    known, importance: as of `teaching_order`.
    """
    learnable = np.array([r.split is Split.TRAIN for r in rows], dtype=bool)
    parts: list[Ints] = []
    for part in (np.flatnonzero(learnable), np.flatnonzero(~learnable)):

        def features_of(some: Ints, part: Ints = part) -> Features:
            return eyes.features([rows[i] for i in part[some]])

        if len(part):
            parts.append(part[teaching_order(chances[part], features_of, known, importance)])
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _keep(
    project: Project, run: str, rows: Sequence[ImageRow], chances: Probabilities, names: Sequence[str]
) -> tuple[SuggestedFile, ...]:
    """Stores the suggestions for these images, given in their order of priority."""
    ids = {c.name: c.id for c in list_classes(project)}
    best = chances.argmax(axis=1)
    told = [
        SuggestedFile(row.path, names[k], float(chance[k]), place)
        for place, (row, chance, k) in enumerate(zip(rows, chances, best, strict=True), start=1)
    ]
    new = [
        NewSuggestion(row.id, ids[s.label], s.confidence, s.priority)
        for row, s in zip(rows, told, strict=True)
        if s.label in ids
    ]
    suggestions.put_suggestions(project, run, new)
    return tuple(told)
