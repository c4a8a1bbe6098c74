"""Labels that are probably wrong, by what a model says of each image that it did not learn from."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from tlstudio.catalog import weights
from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import Event, Note, PassingReporter, Progress, Reporter, Unit
from tlstudio.domain.findings import Finding
from tlstudio.domain.values import ImageRow
from tlstudio.images.cache import fill_cache
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.pictures import BLANK_SPREAD
from tlstudio.quality.suspects import find_suspects, suspect_finding, without_crowds
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import frozen_features
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.views import Views, fit_views, views_of
from tlstudio.workflow.input_sizes import size_for
from tlstudio.workflow.models import default_model
from tlstudio.workflow.run_data import units_of

ROUNDS = 3
MANY_IMAGES = 6000


def label_suspects(project: Project, evidence: Evidence, reporter: Reporter) -> Finding | None:
    """The suspects among the labeled images of all parts; None where there are none.

    Pixels and features are those of the model that training takes by default, and kept for it. What another finding tells
    already is not accused again. Raises NotEnoughImages where nothing can be compared,
    WeightsMissing, OutOfMemory, DiskFull …
    """
    rows = [row for row in evidence.images if row.label is not None and row.id not in evidence.missing]
    classes = tuple(sorted({str(row.label) for row in rows}))
    _need_enough(rows)
    card = weights.describe(default_model(len(rows)))
    reporter.report(Note(f"Looking for labels that may be wrong, with {card.title}."))
    folder = weights.require(card.id)
    device = devices.choose("auto")
    network = load_pretrained(
        folder, card, preprocess_for(card, size_for(project, card)), classes, weights.weights_hash(folder)
    )
    pixels, _ = fill_cache(project, network.spec.preprocess, rows, reporter)
    rows = [row for row in rows if row.content in pixels.keys]
    _need_enough(rows)
    contents = [row.content for row in rows]
    features = frozen_features(project, network, pixels, contents, device=device, reporter=reporter)
    views = views_of(network.spec, pixels, contents)
    del network
    devices.release(device)
    number = {name: i for i, name in enumerate(classes)}
    labels = np.array([number[str(row.label)] for row in rows], dtype=np.int64)
    said = _left_out(features, labels, rows, views, reporter)
    silent = _told_elsewhere(rows, evidence)
    suspects = [s for s in find_suspects(said, labels) if rows[s.index].content not in silent]
    return suspect_finding(rows, without_crowds(suspects, rows), classes)


def _left_out(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    rows: list[ImageRow],
    views: Views,
    reporter: Reporter,
) -> npt.NDArray[np.float64]:
    """What probes say of images while these were left out, (n, classes): the mean over ROUNDS ways to cut the folds.

    One way alone depends on luck where images are few; where they are many, one is enough.
    """
    rounds = max(1, min(ROUNDS, MANY_IMAGES // len(rows)))
    units = units_of(rows)
    said = []
    for seed in range(rounds):
        telling = _Telling(reporter, seed, rounds)
        said.append(
            fit_views(
                features, labels, int(labels.max()) + 1, views=views, units=units, seed=seed, reporter=telling
            ).held_out
        )
    return np.asarray(np.mean(said, axis=0))


class _Telling(PassingReporter):
    """Tells the probes' progress as that of the whole comparison."""

    def __init__(self, reporter: Reporter, number: int, rounds: int) -> None:
        super().__init__(reporter)
        self._number, self._rounds = number, rounds

    def report(self, event: Event) -> None:
        if isinstance(event, Progress) and event.total:
            done = 100 * (self._number + event.done / event.total) / self._rounds
            event = Progress("Comparing the labels", round(done), 100, unit=Unit.SHARES)
        super().report(event)


def _need_enough(rows: list[ImageRow]) -> None:
    """Two classes with two images or groups each: with less, none can be left out and compared."""
    units = {(row.label, unit) for row, unit in zip(rows, units_of(rows), strict=True)}
    if sum(n >= 2 for n in Counter(label for label, _ in units).values()) < 2:
        raise NotEnoughImages("There are too few images or groups to compare labels.")


def _told_elsewhere(rows: list[ImageRow], evidence: Evidence) -> set[str]:
    """Contents that are accused of something else already: copies under two classes, and blank pictures."""
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row.content, set()).add(str(row.label))
    blank = {content for content, seen in evidence.measures.items() if seen.spread < BLANK_SPREAD}
    return blank | {content for content, found in labels.items() if len(found) > 1}
