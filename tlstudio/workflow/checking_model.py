"""Whether the images suit the pretrained model: as findings of the check, and as advice beside a recommendation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.events import Note, Reporter
from tlstudio.domain.findings import Finding
from tlstudio.domain.values import ImageRow
from tlstudio.images.cache import fill_cache
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.looking import Measures, measure
from tlstudio.quality.mismatch import Pretrained, mismatches
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import devices
from tlstudio.training.familiarity import IMAGES, distance_from_pretraining
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.network import Network
from tlstudio.workflow.input_sizes import size_for
from tlstudio.workflow.models import default_model


def model_findings(project: Project, evidence: Evidence, reporter: Reporter) -> list[Finding]:
    """What speaks against the model that training takes by default. Raises WeightsMissing, DiskFull …"""
    card = weights.describe(default_model(len(evidence.images)))
    reporter.report(Note(f"Comparing the images with those that {card.title} has learned from."))
    there = [row for row in evidence.images if row.id not in evidence.missing]
    return mismatches(evidence, _pretrained(project, card, _some(there), reporter)[0]) if there else []


def mismatch_sentences(project: Project, model: str, rows: Sequence[ImageRow], reporter: Reporter) -> tuple[str, ...]:
    """The same of any model, by some of these images, for people: what, and what to do."""
    some = _some(rows)
    return _sentences(some, *_pretrained(project, weights.describe(model), some, reporter))


def mismatch_with(
    network: Network, pixels: RowStore, rows: Sequence[ImageRow], device: torch.device
) -> tuple[str, ...]:
    """The same of a network that is loaded and not trained yet, by images whose pixels are there."""
    some = _some(rows)
    contents = list(dict.fromkeys(row.content for row in some))
    return _sentences(some, *_look(network, weights.describe(network.spec.model).title, pixels, contents, device))


def _sentences(rows: Sequence[ImageRow], pretrained: Pretrained, measures: dict[str, Measures]) -> tuple[str, ...]:
    found = mismatches(Evidence([row for row in rows if row.content in measures], measures), pretrained)
    return tuple(f"{finding.title}. {finding.advice}" for finding in found)


def _some(rows: Sequence[ImageRow]) -> list[ImageRow]:
    """At most IMAGES of them, spread evenly."""
    step = max(1, len(rows) // IMAGES)
    return list(rows[::step][:IMAGES])


def _pretrained(
    project: Project, card: ModelCard, rows: Sequence[ImageRow], reporter: Reporter
) -> tuple[Pretrained, dict[str, Measures]]:
    """The model with its distance from these images, and what is measured on their pixels."""
    folder, spec = weights.require(card.id), preprocess_for(card, size_for(project, card))
    pixels, _ = fill_cache(project, spec, rows, reporter)
    contents = list(dict.fromkeys(row.content for row in rows if row.content in pixels.keys))
    network = load_pretrained(folder, card, spec, ("a", "b"), weights.weights_hash(folder))
    device = devices.choose("auto")
    found = _look(network, card.title, pixels, contents, device)
    del network
    devices.release(device)
    return found


def _look(
    network: Network, title: str, pixels: RowStore, contents: Sequence[str], device: torch.device
) -> tuple[Pretrained, dict[str, Measures]]:
    distance = distance_from_pretraining(network, pixels, contents, device)
    measures = {c: measure(np.asarray(row, np.uint8)) for c, row in zip(contents, pixels.take(contents), strict=True)}
    return Pretrained(title, network.spec.preprocess.size, distance), measures
