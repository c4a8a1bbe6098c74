"""Which pretrained model suits these images: a cross-validated probe for every one on this machine; and how fast each is."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelCard, ModelStatus, Where
from tlstudio.domain.errors import NotEnoughImages, StudioError
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.results import Ranked, Recommendation
from tlstudio.evaluation.intervals import share_interval
from tlstudio.images.cache import fill_cache
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import frozen_features
from tlstudio.training.network import Network, load_pretrained, preprocess_for
from tlstudio.training.probe import fit_probe
from tlstudio.workflow.models import remember_speed
from tlstudio.workflow.run_data import Sample, collect, training_rows

MOST_IMAGES = 2000
SPEED_BATCH = 16
SPEED_SECONDS = 2.0


def recommend(project: Path, reporter: Reporter = SILENT) -> Recommendation:
    """Ranks the models on this machine by the cross-validated accuracy of their probe on at most MOST_IMAGES images.

    A model that can't be loaded is left out, and said. The features are kept for the training that follows.
    """
    opened = Project.open(project)
    classes, samples = collect(opened)
    chosen = _thin([s for s in samples if s.part == "train"])
    units = {(s.label, s.unit) for s in chosen}
    if sum(n >= 2 for n in Counter(label for label, _ in units).values()) < 2:
        raise NotEnoughImages(
            "There are too few images or groups to compare models on.",
            remedy="At least two classes need two images, or two groups, each for training.",
        )
    here = [s.card for s in weights.statuses() if s.where is not Where.DOWNLOAD]
    ranking = []
    for number, card in enumerate(here):
        reporter.report(Progress(f"Trying {card.title}", number, len(here)))
        try:
            ranking.append(_rank(opened, card, classes, chosen, reporter))
        except StudioError as error:
            reporter.report(Note(f"{card.title} is left out: {error.what}"))
    reporter.report(Progress("Comparing done", len(here), len(here)))
    return Recommendation(tuple(sorted(ranking, key=lambda r: -r.score)), len(chosen))


def _thin(samples: list[Sample]) -> list[Sample]:
    """At most MOST_IMAGES images, the same ones every time."""
    if len(samples) <= MOST_IMAGES:
        return samples
    kept = np.sort(np.random.default_rng(0).permutation(len(samples))[:MOST_IMAGES])
    return [samples[i] for i in kept]


def _rank(
    project: Project, card: ModelCard, classes: tuple[str, ...], samples: list[Sample], reporter: Reporter
) -> Ranked:
    started = time.monotonic()
    folder = weights.require(card.id)
    device = devices.choose("auto")
    network = load_pretrained(folder, card, preprocess_for(card), classes, weights.weights_hash(folder))
    pixels, _ = fill_cache(project, network.spec.preprocess, training_rows(project, samples), reporter)
    usable = [s for s in samples if s.content in pixels.keys]
    if not usable:
        raise NotEnoughImages(
            "None of the images can be found any more.",
            remedy="Connect the drive that holds them, or import them again.",
        )
    keys = [s.content for s in usable]
    features = frozen_features(project, network, pixels, keys, device=device, reporter=reporter)
    labels = np.array([s.label for s in usable], dtype=np.int64)
    units = [s.unit for s in usable]
    probe = fit_probe(features, labels, len(classes), units=units, reporter=reporter)
    rows = np.flatnonzero(probe.judged)
    hits = probe.held_out[rows].argmax(axis=1) == labels[rows]
    accuracy = share_interval(hits, [units[int(i)] for i in rows])
    devices.release(device)
    return Ranked(card.id, accuracy.value, accuracy, time.monotonic() - started)


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
