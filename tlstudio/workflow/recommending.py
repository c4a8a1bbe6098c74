"""Which pretrained model suits these images: each one on this machine is tried on them; and how fast each is."""

from __future__ import annotations

import logging
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tlstudio.catalog import weights
from tlstudio.catalog.prior import expected
from tlstudio.domain.cards import ModelCard, ModelStatus, Where
from tlstudio.domain.errors import DeviceFailed, NotEnoughImages, StudioError, TooSlow, WrongUsage, from_device_error
from tlstudio.domain.events import SILENT, Event, Note, PassingReporter, Progress, Reporter, Unit
from tlstudio.domain.results import NotTried, Ranked, Recommendation
from tlstudio.evaluation.intervals import share_interval
from tlstudio.images.cache import fill_cache
from tlstudio.storage.clocks import working
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import frozen_features
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.neighbours import neighbours_say
from tlstudio.training.network import Network
from tlstudio.training.vetting import vet
from tlstudio.training.views import fit_views, views_of
from tlstudio.workflow.checking_model import mismatch_sentences
from tlstudio.workflow.finding_images import FIND_THEM
from tlstudio.workflow.input_sizes import size_for
from tlstudio.workflow.models import LIGHT, FirstChoice, first_choice, remember_speed, speed_known
from tlstudio.workflow.run_data import Sample, collect, training_rows

MOST_IMAGES = 2000
SECONDS_EACH = 600.0  # for one model, unless the user says otherwise
FIRST_LOOK = 300  # images on which all models are tried where there are at least twice as many
STEPS = 1000  # of the progress
RACED = 0.95  # share of it that trying the models takes
SPEED_BATCH = 16
SPEED_SECONDS = 2.0
SHORT_SECONDS = 0.5  # where it only has to be told whether a machine is slow

log = logging.getLogger(__name__)


def recommend(project: Path, reporter: Reporter = SILENT, *, seconds_each: float = SECONDS_EACH) -> Recommendation:
    """Ranks the models on this machine by the cross-validated accuracy of their probe on at most MOST_IMAGES training images.

    Where there are many images, all models are tried on a few of them first, and only those that are not clearly worse than the
    best of them on all, as in a race (Maron and Moore 1994, Hoeffding races). Among equals the nearest neighbours decide. A model
    that can't be tried, or takes longer than `seconds_each`, costs itself alone and is told with its reason. Pixels and features
    are kept for the training that follows. Models to download follow by what is published of them. Raises NotEnoughImages where
    nothing can be compared, WrongUsage for a limit that is no time.
    """
    if seconds_each <= 0:
        raise WrongUsage("The time for each model must be more than 0 seconds.")
    opened = Project.open(project)
    classes, samples = collect(opened)
    chosen = thin([s for s in samples if s.part == "train"], MOST_IMAGES)
    units = {(s.label, s.unit) for s in chosen}
    if sum(n >= 2 for n in Counter(label for label, _ in units).values()) < 2:
        raise NotEnoughImages(
            "There are too few images or groups to compare models on.",
            remedy="At least two classes need two images, or two groups, each for training.",
        )
    statuses = weights.statuses()
    here = [s.card for s in statuses if s.where is not Where.DOWNLOAD]
    race = _Race([_Trial(opened, card, classes, seconds_each) for card in here], reporter)
    some = thin(chosen, FIRST_LOOK)
    if 2 * len(some) <= len(chosen):
        share = RACED * len(some) / len(chosen)
        race.run(some, "Trying", 0.0, share)
        race.leave_behind()
        race.run(chosen, "Comparing", share, RACED)
    else:
        race.run(chosen, "Trying", 0.0, RACED)
    ranking = race.ranking()
    telling = _Telling(reporter, "Looking at how the images suit the best model", RACED, 1 - RACED)
    mismatch = _mismatch(opened, ranking[0].model, chosen, telling) if ranking else ()
    reporter.report(Progress("Comparing done", STEPS, STEPS, unit=Unit.SHARES))
    return Recommendation(tuple(ranking), len(chosen), tuple(race.not_tried), expected(statuses), mismatch)


def _mismatch(project: Project, model: str, samples: list[Sample], reporter: Reporter) -> tuple[str, ...]:
    """What makes the images unlike those of the best model's pretraining; not knowing it costs nothing else."""
    try:
        return mismatch_sentences(project, model, training_rows(project, samples), reporter)
    except StudioError as error:
        reporter.report(Note(f"The images were not compared with those of the pretrained model. {error.what}"))
        return ()


def _reason(error: Exception) -> str:
    """For people. An error of ours goes to the log, and costs no more than this one model either."""
    named = error if isinstance(error, StudioError) else from_device_error(error)
    if named is not None:
        return named.what
    log.error("a model could not be tried", exc_info=error)
    return "It could not be tried because of an error in the program; the log file has the details."


# --- which images --------------------------------------------------------------------------------------------------------


def thin(samples: list[Sample], most: int) -> list[Sample]:
    """At most about `most` images, the same ones every time.

    Each class keeps its share, and two images where it has them. Within a class every unit gives one image before any gives a
    second, because those of one unit tell little more than one of them does.
    """
    if len(samples) <= most:
        return samples
    rng = np.random.default_rng(0)
    kept: list[int] = []
    order = rng.permutation(len(samples))
    for label in sorted({s.label for s in samples}):
        seen: Counter[str] = Counter()
        turns = []
        for place, i in enumerate(order):
            if samples[i].label == label:
                turns.append((seen[samples[i].unit], place, int(i)))
                seen[samples[i].unit] += 1
        quota = max(2, len(turns) * most // len(samples))
        kept += [i for *_, i in sorted(turns)[:quota]]
    return [samples[i] for i in sorted(kept)]


# --- the models ------------------------------------------------------------------------------------------------------------


class _Race:
    """All models, one after the other, on some images and then on more."""

    def __init__(self, trials: list[_Trial], reporter: Reporter) -> None:
        self.not_tried: list[NotTried] = []
        self._all = trials
        self._standing = list(trials)
        self._reporter = reporter

    def run(self, samples: list[Sample], doing: str, begin: float, end: float) -> None:
        """doing: a word for people. It takes the comparison from `begin` to `end` of its way, 0 … 1."""
        standing, width = list(self._standing), (end - begin) / max(1, len(self._standing))
        for number, trial in enumerate(standing):
            stage = f"{doing} {trial.card.title} ({number + 1} of {len(standing)})"
            telling = _Telling(self._reporter, stage, begin + number * width, width)
            try:
                trial.run(samples, telling)
            except Exception as error:  # whatever it is, the other models can still be tried
                named = from_device_error(error)
                if isinstance(named, DeviceFailed):
                    raise named from error  # not by this process, though
                self._standing.remove(trial)
                self._failed(trial, _reason(error))

    def _failed(self, trial: _Trial, reason: str) -> None:
        if trial.ranked is None:
            self.not_tried.append(NotTried(trial.card.id, reason))
            self._reporter.report(Note(f"{trial.card.title} is left out: {reason}"))
        else:
            self._reporter.report(Note(f"{trial.card.title} was tried on a part of the images only: {reason}"))

    def leave_behind(self) -> None:
        """Those whose whole interval lies below that of the best: more images would not change their place."""
        tried = [trial.ranked for trial in self._standing if trial.ranked is not None]
        least = max((ranked.interval.low for ranked in tried), default=0.0)
        standing = []
        for trial in self._standing:
            if trial.ranked is not None and trial.ranked.interval.high < least:
                trial.ranked = replace(trial.ranked, behind=True)
            else:
                standing.append(trial)
        self._standing = standing

    def ranking(self) -> list[Ranked]:
        """Best first; those that were left behind after the rest."""
        found = [trial.ranked for trial in self._all if trial.ranked is not None]
        return sorted(
            found, key=lambda r: (r.behind, -r.score, -(r.neighbours.value if r.neighbours else 0.0), r.bytes)
        )


class _Telling(PassingReporter):
    """Tells the steps of one model as progress of the whole comparison, and ends them when the time for the model is over."""

    def __init__(self, reporter: Reporter, stage: str, begin: float, width: float) -> None:
        super().__init__(reporter)
        self._stage = stage
        self._begin, self._width = begin, width
        self._part = (0.0, 1.0)
        self._limit, self._until = math.inf, math.inf

    def timed(self, limit: float, left: float) -> None:
        """From here on the model has so many of its `limit` seconds left."""
        self._limit, self._until = limit, working() + left

    def part(self, begin: float, end: float) -> _Telling:
        """What follows takes the model from `begin` to `end` of its way, 0 … 1."""
        self._part = (begin, end)
        self.report(Progress(self._stage, 0, 1))
        return self

    def report(self, event: Event) -> None:
        if working() > self._until:
            raise TooSlow(f"It took longer than {self._limit:,.0f} seconds.", remedy="Allow more time for each model.")
        if isinstance(event, Progress):
            begin, end = self._part
            share = begin + (end - begin) * (event.done / event.total if event.total else 0.0)
            event = Progress(self._stage, round(STEPS * (self._begin + self._width * share)), STEPS, unit=Unit.SHARES)
        super().report(event)


class _Trial:
    """A model that is tried: pixels, features, the probe and the nearest neighbours. ranked: what the last try brought."""

    def __init__(self, project: Project, card: ModelCard, classes: tuple[str, ...], seconds: float) -> None:
        self.project = project
        self.card = card
        self.classes = classes
        self.ranked: Ranked | None = None
        self._limit = seconds
        self._spent = 0.0

    def run(self, samples: list[Sample], telling: _Telling) -> None:
        """Raises TooSlow, NotEnoughImages, WeightsRefused …"""
        # Once on a computer, so no part of what the model takes.
        vet(weights.require(self.card.id), telling.check_cancelled)
        begun = working()
        telling.timed(self._limit, self._limit - self._spent)
        try:
            found = self._tried(samples, telling)
        finally:
            self._spent += working() - begun
        self.ranked = replace(found, seconds=self._spent)

    def _tried(self, samples: list[Sample], telling: _Telling) -> Ranked:
        """Without the time that it took."""
        device = devices.choose("auto")
        folder = weights.require(self.card.id)
        images = training_rows(self.project, samples)
        spec = preprocess_for(self.card, size_for(self.project, self.card))
        pixels, _ = fill_cache(self.project, spec, images, telling.part(0.0, 0.3))
        usable = [s for s in samples if s.content in pixels.keys]
        if not usable:
            raise NotEnoughImages(
                "None of the images can be found any more.",
                remedy=f"Connect the drive that holds them, or {FIND_THEM}.",
            )
        network = load_pretrained(folder, self.card, spec, self.classes, weights.weights_hash(folder))
        keys = [s.content for s in usable]
        views = views_of(network.spec, pixels, keys)
        try:
            features = frozen_features(
                self.project, network, pixels, keys, device=device, reporter=telling.part(0.3, 0.9)
            )
        finally:
            del network
            devices.release(device)
        labels = np.array([s.label for s in usable], dtype=np.int64)
        units = [s.unit for s in usable]
        probe = fit_views(
            features, labels, len(self.classes), views=views, units=units, reporter=telling.part(0.9, 0.95)
        )
        rows = np.flatnonzero(probe.judged)
        near = neighbours_say(
            features[:, : views.final], labels, len(self.classes), units, reporter=telling.part(0.95, 1.0)
        )
        measured = [units[int(i)] for i in rows]
        accuracy = share_interval(probe.held_out[rows].argmax(axis=1) == labels[rows], measured)
        neighbours = share_interval(near[rows] == labels[rows], measured)
        size = (folder / "model.safetensors").stat().st_size
        return Ranked(self.card.id, accuracy.value, accuracy, 0.0, neighbours, size, len(samples))


# --- speed ---------------------------------------------------------------------------------------------------------------------


def measured_first_choice(images: int, reporter: Reporter = SILENT) -> FirstChoice:
    """The first choice by the speed of this machine, which is measured where it is not known yet."""
    if not speed_known():
        measure_speed(LIGHT, reporter, seconds=SHORT_SECONDS)
    return first_choice(images)


def measure_speed(model: str, reporter: Reporter = SILENT, *, seconds: float = SPEED_SECONDS) -> ModelStatus:
    """Times forward passes of a model on this machine's best device for about so long, and remembers the speed."""
    card = weights.describe(model)
    folder = weights.require(model)
    device = devices.choose("auto")
    reporter.report(Note(f"Measuring the speed of {card.title}."))
    network: Network = load_pretrained(folder, card, preprocess_for(card), ("a", "b"), "")
    network.place(device)
    batch = torch.zeros(SPEED_BATCH, card.input_size, card.input_size, 3, dtype=torch.uint8, device=device)
    done = 0
    with torch.inference_mode():
        network.embed(batch).sum().item()  # the first pass also sets up kernels and memory
        started = working()
        while working() - started < seconds:
            network.embed(batch).sum().item()  # .item() waits for the device
            done += SPEED_BATCH
            reporter.report(Progress("Measuring the speed", 0, 0))
    speed = done / (working() - started)
    devices.release(device)
    return remember_speed(model, speed)
