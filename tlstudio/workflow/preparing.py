"""What a training and the search for its rate begin with: pixels, the pretrained network, features, and the probe as its head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.catalog import weights
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import Note, Reporter
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Adapter, Mode, TrainSettings
from tlstudio.images.cache import fill_cache
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import adapters, devices
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import Data
from tlstudio.training.features import frozen_features
from tlstudio.training.invariance import allowed_changes
from tlstudio.training.linear import LinearHead
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.network import Network
from tlstudio.training.pseudo_labels import Tried, fit_with, try_pseudo_labels
from tlstudio.training.recipe import Recipe, Subject, plan
from tlstudio.training.schedule import Stopwatch
from tlstudio.training.untrained import looks
from tlstudio.training.views import Fitted, Views, fit_views, views_of
from tlstudio.workflow.depth_range import with_depth
from tlstudio.workflow.finding_images import FIND_THEM
from tlstudio.workflow.judging import hold_back, labels_of
from tlstudio.workflow.packed import packed_spec
from tlstudio.workflow.rehearsing import halves_for
from tlstudio.workflow.run_data import Sample, training_rows
from tlstudio.workflow.unlabeled import advice, collect_unlabeled, kept_unlabeled, sentence

Ints = npt.NDArray[np.int64]

COMPARED = 3  # heads that are fitted once the training is over, each about as long as the first


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network whose head is the probe's, and the images it was fitted to.

    features: (train and then val, d), of the pretrained backbone; views: what they are. borrowed: the validation images were held
    back from the training images, because the project has none. halves: rows of the training images that each rehearsal leaves
    out; empty where nothing is rehearsed. after: seconds for what follows the training. unlabeled: features of the images without
    a class that the probe has learned from, (u, d); none where they were of no use.
    """

    network: Network
    pixels: RowStore
    train: list[Sample]
    val: list[Sample]
    features: npt.NDArray[np.float32]
    views: Views
    probe: Fitted
    borrowed: bool
    halves: list[Ints]
    after: float
    unlabeled: npt.NDArray[np.float32]

    @property
    def seen(self) -> npt.NDArray[np.float32]:
        """Features of the training images, (train, d)."""
        return self.features[: len(self.train)]

    @property
    def unseen(self) -> npt.NDArray[np.float32]:
        """Features of the validation images, (val, d)."""
        return self.features[len(self.train) :]

    def fitted(self, features: npt.NDArray[np.float32], labels: Ints, classes: int) -> LinearHead:
        """The head that images with these features (n, d) come to: held back as the probe is, and with what it learned from."""
        again = fit_views(features, labels, classes, views=self.views, again=self.probe, leave_out=False)
        if not len(self.unlabeled):
            return again.head
        first = replace(self.probe, head=again.head)
        return fit_with(features, labels, classes, self.unlabeled, views=self.views, first=first)

    @property
    def data(self) -> Data:
        train, val = self.train, self.val
        keys, held = [s.content for s in train], [s.content for s in val]
        return Data(self.pixels, keys, labels_of(train), held, labels_of(val), [s.unit for s in val])

    def rows(self, learn: Ints, judge: Ints) -> Data:
        """Some of the training images to learn from, others of them to judge by; both by their numbers."""
        keys, labels = [s.content for s in self.train], labels_of(self.train)
        units = [self.train[i].unit for i in judge]
        return Data(
            self.pixels, [keys[i] for i in learn], labels[learn], [keys[i] for i in judge], labels[judge], units
        )


class Preparation:
    """The way from labeled images to a network that is ready to be trained. run_id: None where no run comes of it."""

    def __init__(
        self,
        project: Project,
        settings: TrainSettings,
        *,
        classes: tuple[str, ...],
        samples: list[Sample],
        reporter: Reporter,
        run_id: str | None = None,
    ) -> None:
        self.project = project
        self.settings = settings
        self.classes = classes
        self.samples = samples
        self.reporter = reporter
        self.run_id = run_id
        self.device = devices.choose(settings.device)
        self.card: ModelCard = weights.describe(settings.model)
        torch.manual_seed(settings.seed)

    def probed(self) -> Prepared:
        """The pretrained network with the probe fitted to it. Raises NotEnoughImages, WeightsMissing, DiskFull …"""
        pixels = self.pixels()
        self.reporter.report(Note("Loading the pretrained model."))
        watch = Stopwatch()
        network = self.pretrained()
        after = watch.lap()  # it is loaded once more
        train = [s for s in self.samples if s.part == "train"]
        val = [s for s in self.samples if s.part == "val"]
        halves = halves_for(self.settings, train, val)
        borrowed = not val and self.settings.mode is not Mode.QUICK and not halves
        if borrowed:
            train, val = hold_back(train, len(self.classes), self.settings.seed)
        keys = [s.content for s in (*train, *val)]
        self.reporter.report(Note("Looking at the images with the pretrained model."))
        watch.lap()
        features = frozen_features(self.project, network, pixels, keys, device=self.device, reporter=self.reporter)
        after += watch.lap() * (1 + looks(len(train)) / len(keys))  # the same network untrained looks at them, too
        self.reporter.report(Note("Finding the first result."))
        views = views_of(network.spec, pixels, keys[: len(train)])
        probe = fit_views(
            features[: len(train)],
            labels_of(train),
            len(self.classes),
            views=views,
            units=[s.unit for s in train],
            seed=self.settings.seed,
            reporter=self.reporter,
        )
        after += COMPARED * watch.lap()
        seen = features[: len(train)]
        probe, unlabeled = self._with_unlabeled(network, pixels, seen, train, views=views, probe=probe)
        network.set_gauge(seen)
        network.set_head(probe.head)
        return Prepared(network, pixels, train, val, features, views, probe, borrowed, halves, after, unlabeled)

    def _with_unlabeled(
        self,
        network: Network,
        pixels: RowStore,
        seen: npt.NDArray[np.float32],
        train: list[Sample],
        *,
        views: Views,
        probe: Fitted,
    ) -> tuple[Fitted, npt.NDArray[np.float32]]:
        """The probe that has learned from images without a class, too, and their features; as it was where they don't help."""
        none = seen[:0]
        if not self.settings.pseudo_labels:
            if words := advice(self.project, train, len(self.classes)):
                self.reporter.report(Note(words))
            return probe, none
        keys = [s.content for s in self.unlabeled if s.content in pixels.keys]
        tried = Tried(None, 0.0, 0.0)
        if keys:
            self.reporter.report(Note("Looking at the images without a class."))
            others = frozen_features(self.project, network, pixels, keys, device=self.device, reporter=self.reporter)
            tried = try_pseudo_labels(
                seen,
                labels_of(train),
                len(self.classes),
                others,
                views=views,
                units=[s.unit for s in train],
                first=probe,
                seed=self.settings.seed,
                reporter=self.reporter,
            )
        self.reporter.report(Note(sentence(tried, len(keys))))
        return (probe, none) if tried.head is None else (tried.head, others)

    @cached_property
    def unlabeled(self) -> list[Sample]:
        """The images without a class that are learned from, where that is asked for."""
        if not self.settings.pseudo_labels:
            return []
        return collect_unlabeled(self.project) if self.run_id is None else kept_unlabeled(self.project, self.run_id)

    @cached_property
    def spec(self) -> PreprocessSpec:
        spec = preprocess_for(self.card, self.settings.input_size, self.settings.fit, self.settings.channels)
        return packed_spec(self.project, spec, self.settings.depth) or with_depth(
            self.project, self.run_id, spec, settings=self.settings, samples=self.samples, reporter=self.reporter
        )

    def pretrained(self) -> Network:
        """The pretrained network with a new head. Raises WeightsMissing or WeightsRefused."""
        where = weights.require(self.settings.model)
        return load_pretrained(
            where,
            self.card,
            self.spec,
            self.classes,
            weights.weights_hash(where),
            drop_path=0.0 if self.settings.mode is Mode.QUICK else self.settings.drop_path,
            waiting=self.reporter.check_cancelled,
        )

    def look(self, network: Network, head: LinearHead, data: Data, unseen: npt.NDArray[np.float32]) -> Augmentation:
        """What training may change in these images. unseen: features of those to judge by, (n, d)."""
        return allowed_changes(network, head, data, unseen, settings=self.settings, device=self.device)

    def planned(self, network: Network, data: Data, look: Augmentation, *, images: int, budget: float | None) -> Recipe:
        """How this network is trained on these images; puts the adapters in that the settings ask for.

        images: for how many it is planned; a rehearsal follows the plan for all of them. budget: seconds, None where the epochs
        decide.
        """
        settings = self.settings
        if settings.adapter is Adapter.LORA:
            adapters.attach(network, settings.adapter_rank, seed=settings.seed)
        return plan(
            settings,
            data.train_labels,
            Subject.of(network, any_edge=not self.card.fixed_input_size),
            look=look,
            device=self.device,
            images=images,
            budget=budget,
        )

    def pixels(self) -> RowStore:
        """The cache with every image of the training; images that can't be read any more are left out, and said."""
        self.reporter.report(Note("Preparing the images."))
        wanted = training_rows(self.project, [*self.samples, *self.unlabeled])
        store, refused = fill_cache(self.project, self.spec, wanted, self.reporter)
        if refused:
            self.reporter.report(Note(f"{len(refused)} images can't be read any more and are left out."))
        self.samples = [s for s in self.samples if s.content in store.keys]
        left = {s.label for s in self.samples if s.part == "train"}
        if len(left) < len(self.classes):
            raise NotEnoughImages(
                "Images that were imported can't be found any more, and a class is left without any.",
                remedy=f"Connect the drive that holds the images, or {FIND_THEM}.",
            )
        return store
