"""Which pretrained model suits these images: each one on this machine is tried on them; and how fast each is."""

from __future__ import annotations

import logging
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from tlstudio.catalog import weights
from tlstudio.catalog.prior import expected
from tlstudio.domain.cards import ModelCard, ModelStatus, Where
from tlstudio.domain.errors import NotEnoughImages, StudioError, TooSlow, WrongUsage
from tlstudio.domain.events import SILENT, Event, Note, Progress, Reporter
from tlstudio.domain.results import NotTried, Ranked, Recommendation
from tlstudio.evaluation.intervals import share_interval
from tlstudio.images.cache import fill_cache
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import frozen_features
from tlstudio.training.neighbours import neighbours_say
from tlstudio.training.network import Network, load_pretrained, preprocess_for
from tlstudio.training.probe import fit_probe
from tlstudio.workflow.checking_model import mismatch_sentences
from tlstudio.workflow.models import remember_speed
from tlstudio.workflow.run_data import Sample, collect, training_rows

MOST_IMAGES = 2000
SECONDS_EACH = 600.0  # for one model, unless the user says otherwise
SPEED_BATCH = 16
SPEED_SECONDS = 2.0

log = logging.getLogger(__name__)


def recommend(project: Path, reporter: Reporter = SILENT, *, seconds_each: float = SECONDS_EACH) -> Recommendation:
    """Ranks the models on this machine by the cross-validated accuracy of their probe on at most MOST_IMAGES training images.

    Among equals the nearest neighbours decide. A model that can't be tried, or takes longer than `seconds_each`, costs itself
    alone and is told with its reason. Pixels and features are kept for the training that follows. Models to download follow by
    what is published of them. Raises NotEnoughImages where nothing can be compared, WrongUsage for a limit that is no time.
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
    ranking: list[Ranked] = []
    not_tried: list[NotTried] = []
    for number, card in enumerate(here):
        trial = _Trial(opened, card, classes, chosen, _Telling(reporter, card, number, len(here), seconds_each))
        try:
            ranking.append(trial.run())
        except Exception as error:  # whatever it is, the other models can still be tried
            reason = _reason(error)
            not_tried.append(NotTried(card.id, reason))
            reporter.report(Note(f"{card.title} is left out: {reason}"))
    reporter.report(Progress("Comparing done", len(here), len(here)))
    ranking.sort(key=lambda r: (-r.score, -(r.neighbours.value if r.neighbours else 0.0), r.bytes))
    mismatch = _mismatch(opened, ranking[0].model, chosen, reporter) if ranking else ()
    return Recommendation(tuple(ranking), len(chosen), tuple(not_tried), expected(statuses), mismatch)


def _mismatch(project: Project, model: str, samples: list[Sample], reporter: Reporter) -> tuple[str, ...]:
    """What makes the images unlike those of the best model's pretraining; not knowing it costs nothing else."""
    try:
        return mismatch_sentences(project, model, training_rows(project, samples), reporter)
    except StudioError as error:
        reporter.report(Note(f"The images were not compared with those of the pretrained model. {error.what}"))
        return ()


def _reason(error: Exception) -> str:
    """For people. An error of ours goes to the log, and costs no more than this one model either."""
    if isinstance(error, StudioError):
        return error.what
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


# --- one model -------------------------------------------------------------------------------------------------------------


class _Telling:
    """Tells the steps of one model as progress of the whole comparison, and ends them when the time for the model is over."""

    def __init__(self, reporter: Reporter, card: ModelCard, number: int, models: int, seconds: float) -> None:
        self._reporter = reporter
        self._stage = f"Trying {card.title} ({number + 1} of {models})"
        self._number, self._models = number, models
        self._seconds = seconds
        self._started = time.monotonic()
        self._part = (0.0, 1.0)

    def part(self, begin: float, end: float) -> _Telling:
        """What follows takes the model from `begin` to `end` of its way, 0 … 1."""
        self._part = (begin, end)
        self.report(Progress(self._stage, 0, 1))
        return self

    def report(self, event: Event) -> None:
        if time.monotonic() - self._started > self._seconds:
            raise TooSlow(
                f"It took longer than {self._seconds:,.0f} seconds.", remedy="Allow more time for each model."
            )
        if isinstance(event, Progress):
            begin, end = self._part
            share = begin + (end - begin) * (event.done / event.total if event.total else 0.0)
            event = Progress(self._stage, round(100 * (self._number + share)), 100 * self._models)
        self._reporter.report(event)

    def stop_requested(self) -> bool:
        return self._reporter.stop_requested()


class _Trial:
    """A model that is tried: pixels, features, the probe and the nearest neighbours."""

    def __init__(
        self, project: Project, card: ModelCard, classes: tuple[str, ...], samples: list[Sample], telling: _Telling
    ) -> None:
        self.project = project
        self.card = card
        self.classes = classes
        self.samples = samples
        self.telling = telling

    def run(self) -> Ranked:
        started = time.monotonic()
        device = devices.choose("auto")
        folder = weights.require(self.card.id)
        spec = preprocess_for(self.card)
        pixels, _ = fill_cache(
            self.project, spec, training_rows(self.project, self.samples), self.telling.part(0.0, 0.3)
        )
        usable = [s for s in self.samples if s.content in pixels.keys]
        if not usable:
            raise NotEnoughImages(
                "None of the images can be found any more.",
                remedy="Connect the drive that holds them, or import them again.",
            )
        network = load_pretrained(folder, self.card, spec, self.classes, weights.weights_hash(folder))
        keys = [s.content for s in usable]
        try:
            telling = self.telling.part(0.3, 0.9)
            features = frozen_features(self.project, network, pixels, keys, device=device, reporter=telling)
        finally:
            del network
            devices.release(device)
        labels = np.array([s.label for s in usable], dtype=np.int64)
        units = [s.unit for s in usable]
        telling = self.telling.part(0.9, 1.0)
        probe = fit_probe(features, labels, len(self.classes), units=units, reporter=telling)
        rows = np.flatnonzero(probe.judged)
        near = neighbours_say(features, labels, len(self.classes), units, reporter=telling)
        measured = [units[int(i)] for i in rows]
        accuracy = share_interval(probe.held_out[rows].argmax(axis=1) == labels[rows], measured)
        neighbours = share_interval(near[rows] == labels[rows], measured)
        size = (folder / "model.safetensors").stat().st_size
        return Ranked(self.card.id, accuracy.value, accuracy, time.monotonic() - started, neighbours, size)


# --- speed ---------------------------------------------------------------------------------------------------------------------


def measure_speed(model: str, reporter: Reporter = SILENT) -> ModelStatus:
    """Times forward passes of a model on this machine's best device for about two seconds, and remembers the speed."""
    card = weights.describe(model)
    folder = weights.require(model)
    device = devices.choose("auto")
    reporter.report(Note(f"Measuring the speed of {card.title}."))
    network: Network = load_pretrained(folder, card, preprocess_for(card), ("a", "b"), "")
    network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch = torch.zeros(SPEED_BATCH, card.input_size, card.input_size, 3, dtype=torch.uint8, device=device)
    done = 0
    with torch.inference_mode():
        network.embed(batch).sum().item()  # the first pass also sets up kernels and memory
        started = time.monotonic()
        while time.monotonic() - started < SPEED_SECONDS:
            network.embed(batch).sum().item()  # .item() waits for the device
            done += SPEED_BATCH
            reporter.report(Progress("Measuring the speed", 0, 0))
    seconds = time.monotonic() - started
    devices.release(device)
    return remember_speed(model, done / seconds)
