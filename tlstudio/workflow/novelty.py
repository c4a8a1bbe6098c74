"""A run's novelty score, from the images it was trained with, and what that score notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.novelty import Noticed, NoveltyFacts
from tlstudio.domain.values import ImageRow
from tlstudio.export.novelty import FALSE_ALARMS, MOST_COMPONENTS, UNFAMILIAR, NoveltySpec, fit_novelty
from tlstudio.export.strangers import altered, drawn
from tlstudio.images.cache import fill_cache, pixel_store
from tlstudio.images.prepare import shows_something
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import BATCH, stage_batches
from tlstudio.training.network import Network
from tlstudio.training.stages import Stages
from tlstudio.workflow.run_data import Sample, training_rows

MOST_IMAGES = 2000  # that the score is made with; of more, so many at random: its figures do not change any more
MOST_ALTERED = 40  # of each kind of strangers
MOST_CLASSES = 10  # that are left out in turn, the largest ones
MOST_LEFT_OUT = 400  # images that a score without a class is made with
FILE_SHARE = 0.06  # of the backbone's numbers that the score may add
LEAST_IMAGES = 3
DOING = "Finding out what is unfamiliar"

Blocks = list[npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Home:
    """The images at home as the network sees them. fresh: those it did not learn from."""

    blocks: Blocks
    stages: int
    units: list[str]
    labels: npt.NDArray[np.int64]
    fresh: npt.NDArray[np.bool_]

    def fit(self, chosen: npt.NDArray[np.int64], components: int) -> NoveltySpec:
        return fit_novelty(
            [block[chosen] for block in self.blocks],
            self.stages,
            [self.units[i] for i in chosen],
            components=components,
            fresh=self.fresh[chosen],
        )


@dataclass(frozen=True, slots=True)
class RunImages:
    """The images around a run.

    samples: its own, for training and validation. others: labeled images that may be none of these, to ask how many of them are
    called unfamiliar; may be empty.
    """

    classes: tuple[str, ...]
    samples: Sequence[Sample]
    others: Sequence[ImageRow]


@dataclass(frozen=True, slots=True)
class _Eyes:
    """Looks at images of the project, and at pictures that are in none, with the network."""

    project: Project
    stages: Stages
    device: torch.device
    reporter: Reporter

    def readable(self, rows: Sequence[ImageRow]) -> list[str]:
        """Contents of those that can still be read, each once; in the cache from now on."""
        store, _ = fill_cache(self.project, self.stages.network.spec.preprocess, rows, self.reporter)
        return [content for content in dict.fromkeys(r.content for r in rows) if content in store.keys]

    def pixels(self, contents: Sequence[str]) -> npt.NDArray[np.uint8]:
        """uint8 (n, size, size, 3)."""
        return np.asarray(pixel_store(self.project, self.stages.network.spec.preprocess).take(contents), np.uint8)

    def showing(self, contents: Sequence[str]) -> list[bool]:
        """Which of them show something, a few at a time."""
        batches = [contents[i : i + BATCH] for i in range(0, len(contents), BATCH)]
        return [bool(shows) for batch in batches for shows in shows_something(self.pixels(batch))]

    def see(self, contents: Sequence[str]) -> Blocks:
        rows: Blocks = []
        store = pixel_store(self.project, self.stages.network.spec.preprocess)
        for _, flat in stage_batches(self.stages, store, contents, self.device):
            rows.append(flat)
            self.reporter.report(Progress(DOING, sum(map(len, rows)), len(contents)))
        return self.stages.split(np.concatenate(rows))

    def look(self, pixels: npt.NDArray[np.uint8]) -> Blocks:
        self.stages.to(self.device)
        batches = np.array_split(pixels, -(-len(pixels) // BATCH))
        with torch.inference_mode():
            rows = [self.stages.flat(torch.from_numpy(np.ascontiguousarray(b)).to(self.device)) for b in batches]
        return self.stages.split(torch.cat(rows).float().cpu().numpy())


def measure_novelty(
    project: Project, network: Network, run: RunImages, reporter: Reporter
) -> tuple[NoveltySpec, NoveltyFacts]:
    """The score for a run's network, and what is told of it. Raises NotEnoughImages when no sample can be read any more."""
    device = devices.choose("auto")
    eyes = _Eyes(project, Stages(network.place(device).eval()), device, reporter)
    try:
        chosen = _some(run.samples)
        readable = set(eyes.readable(training_rows(project, chosen)))
        chosen = [s for s in chosen if s.content in readable]
        # What is refused when the model is used is not at home either.
        shows = eyes.showing([s.content for s in chosen])
        chosen = [s for s, something in zip(chosen, shows, strict=True) if something]
        if len(chosen) < LEAST_IMAGES:
            raise NotEnoughImages(
                "Too few of the training images can be found to tell what is unfamiliar.",
                remedy="Connect the drive that holds them, and export again.",
            )
        contents = [s.content for s in chosen]
        home = _Home(
            eyes.see(contents),
            eyes.stages.count,
            [s.unit for s in chosen],
            np.array([s.label for s in chosen]),
            np.array([s.part == "val" for s in chosen]),
        )
        components = components_for(eyes.stages)
        spec = home.fit(np.arange(len(chosen)), components)
        known = {s.content for s in run.samples}
        others = _spread(eyes.readable([r for r in run.others if r.content not in known]), MOST_IMAGES)
        wrongly = None if not others else Noticed("images like those", *_flagged(spec, eyes.see(others)))
        fresh = others or [s.content for s in chosen if s.part == "val"] or contents
        strangers = [
            *_pictures(eyes, spec, _spread(fresh, MOST_ALTERED)),
            *_classes(home, run.classes, components, reporter),
        ]
    finally:
        devices.release(device)
    return spec, NoveltyFacts(spec.images, spec.units, spec.promised, FALSE_ALARMS, wrongly, tuple(strangers))


def _some(samples: Sequence[Sample]) -> list[Sample]:
    """All of them, or MOST_IMAGES at random, the same each time."""
    if len(samples) <= MOST_IMAGES:
        return list(samples)
    return [samples[i] for i in np.sort(np.random.default_rng(0).permutation(len(samples))[:MOST_IMAGES])]


def _spread(contents: list[str], most: int) -> list[str]:
    """At most so many of them, evenly apart."""
    places = np.unique(np.linspace(0, len(contents) - 1, min(len(contents), most)).round().astype(np.int64))
    return [contents[i] for i in places]


def components_for(stages: Stages) -> int:
    """Axes for each block, so many that the file grows by FILE_SHARE at most. The stages have seen an image."""
    numbers = sum(parameter.numel() for parameter in stages.network.backbone.parameters())
    return int(np.clip(FILE_SHARE * numbers / sum(stages.widths), 4, MOST_COMPONENTS))


def _pictures(eyes: _Eyes, spec: NoveltySpec, contents: Sequence[str]) -> list[Noticed]:
    pixels = eyes.pixels(contents)
    found = []
    kinds = {**drawn(pixels.shape[1]), **altered(pixels)}
    for kind, made in kinds.items():
        found.append(Noticed(kind, *_flagged(spec, eyes.look(made))))
        eyes.reporter.report(Progress(DOING, len(found), len(kinds)))
    return found


def _flagged(spec: NoveltySpec, blocks: Blocks) -> tuple[int, int]:
    """How many there are, and how many of them are unfamiliar."""
    told = spec.score(blocks)
    return len(told), int((told > UNFAMILIAR).sum())


def _classes(home: _Home, classes: Sequence[str], components: int, reporter: Reporter) -> list[Noticed]:
    """Each class in turn as if it had never been seen, by a score without it; one figure for all of them.

    The network has learned to tell the class, so of one that is really new a little less may be noticed.
    """
    counts = np.bincount(home.labels, minlength=len(classes))
    images = flagged = 0
    wanted = [int(k) for k in np.argsort(-counts)[:MOST_CLASSES] if 2 <= counts[k] <= counts.sum() - 2]
    for done, number in enumerate(wanted, start=1):
        others, own = (np.flatnonzero(part) for part in (home.labels != number, home.labels == number))
        rng = np.random.default_rng(number)
        spec = home.fit(np.sort(rng.permutation(others)[:MOST_LEFT_OUT]), components)
        some = np.sort(rng.permutation(own)[:MOST_LEFT_OUT])
        seen, strange = _flagged(spec, [block[some] for block in home.blocks])
        images, flagged = images + seen, flagged + strange
        reporter.report(Progress(DOING, done, len(wanted)))
    return [Noticed("images of a class left out", images, flagged)] if images else []
