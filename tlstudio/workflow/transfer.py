"""Does the pretrained model help? Every finished run is compared with simpler ways on the very images it is measured on.

transfer.json is written when the training ends, about the images of its own figure: the validation images or, in a project
without any, training images that were left out. transfer-<split>.json is written by `evaluate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tlstudio.catalog import weights
from tlstudio.domain.errors import Cancelled, NotEnoughImages, StudioError, WeightsRefused
from tlstudio.domain.events import Note, Reporter
from tlstudio.domain.predictions import ImagePrediction
from tlstudio.domain.runs import RunRow
from tlstudio.domain.transfer import Method, Transfer
from tlstudio.domain.values import Split
from tlstudio.evaluation.transfer import compare
from tlstudio.evaluation.transfer_words import Circumstances, tell
from tlstudio.images.cache import fill_cache, pixel_store
from tlstudio.storage import files, run_records, runs
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import devices
from tlstudio.training.baselines import (
    Baselines,
    Learned,
    Seen,
    fit_baselines,
    load_baselines,
    save_baselines,
    thumbnails,
)
from tlstudio.training.features import frozen_features
from tlstudio.training.loading import load_pretrained, read_spec
from tlstudio.training.network import Network, NetworkSpec
from tlstudio.training.untrained import Draw, best_draw, untrained
from tlstudio.training.views import views_of
from tlstudio.workflow import rehearsing
from tlstudio.workflow.left_out import Chances, left_out_chances, measured_chances, said_unchosen
from tlstudio.workflow.run_data import Sample, read_samples, training_rows

UNCHANGED = "probe"  # what a run is said to have chosen where the pretrained model itself stays as it is
OUT_OF_FOLD = "training images, each left out once"
HALVES = "training images, each judged by models that learned from the other half"
HELD_BACK = "training images that were held back"
VALIDATION = "validation images"

Answers = dict[Method, npt.NDArray[np.int64]]


def compare_when_trained(project: Project, run_id: str, reporter: Reporter) -> None:
    """Compares a run that has just finished, and says the answer. Trouble, or being cancelled, costs the comparison alone."""
    with suppress(Cancelled):
        try:
            reporter.report(Note("Comparing the model with simpler ways."))
            reporter.report(Note(compare_own(project, runs.choose_run(project, run_id), reporter).sentence))
        except StudioError as error:
            reporter.report(Note(f"The model was not compared with simpler ways. {error.what}"))


def compare_own(project: Project, run: RunRow, reporter: Reporter) -> Transfer:
    """The comparison on the images of the run's own figure.

    Fits what it is compared with to the images that the run learned from, and keeps both with the run. Raises RunNotReady,
    NotEnoughImages, WeightsMissing …
    """
    work = _Comparing(project, run, reporter)
    samples = work.readable(read_samples(project, run.id))
    own = left_out_chances(project, run)
    learning = [s for s in samples if s.part == "train"]
    rest = [s for s in learning if s.content not in own]
    # A run that held images back itself has learned all classes from the rest; else each image was left out in turn.
    in_turn = bool(own) and len({s.label for s in rest}) < len(run.classes)
    if own and not in_turn:
        learning = rest
    baselines, left_out = work.fit(learning)
    if in_turn:
        judged = [s for s in learning if s.content in own]
        if work.tuned:  # the model's own answers are those of its rehearsals: the others learn from the same halves
            left_out = work.fit_halves(learning)
        said = {m: np.array([answers[s.content] for s in judged], dtype=np.int64) for m, answers in left_out.items()}
        images = HALVES if work.tuned else OUT_OF_FOLD
    else:
        images = HELD_BACK if own else VALIDATION
        own = own or measured_chances(project, run, Split.VAL)
        judged = [s for s in samples if s.content in own and (s.part == "val" or images == HELD_BACK)]
        said = work.ask(baselines, [s.content for s in judged]) if judged else {}
    truth = np.array([s.label for s in judged], dtype=np.int64)
    unchosen = said_unchosen(project, run)  # or what it was chosen for would be taken for what it is
    likeliest = zip(judged, _likeliest(own, judged), strict=True)
    said[Method.MODEL] = np.array([unchosen.get(s.content, int(label)) for s, label in likeliest], dtype=np.int64)
    found = work.tell(truth, said, [s.unit for s in judged], images)
    work.keep(found, run_records.TRANSFER)
    return found


def compare_split(
    project: Project,
    run: RunRow,
    split: Split,
    predictions: Sequence[ImagePrediction],
    *,
    units: Sequence[str],
    reporter: Reporter,
) -> Transfer | None:
    """The comparison on images that the run has just been measured on; `units[i]` is what prediction i is grouped with.

    None, with a Note that says why, where what it is compared with can't be had any more.
    """
    work = _Comparing(project, run, reporter)
    try:
        baselines = load_baselines(work.folder)
        if baselines is None:
            compare_own(project, run, reporter)  # a run of an earlier version, or one whose comparison was cancelled
            baselines = load_baselines(work.folder)
        if baselines is None:
            return None
        said = work.ask(baselines, [p.content for p in predictions])
        said[Method.MODEL] = np.array([run.classes.index(p.predicted) for p in predictions], dtype=np.int64)
        truth = np.array([run.classes.index(p.label) for p in predictions], dtype=np.int64)
        found = work.tell(truth, said, units, f"{split.caption.lower()} images")
        work.keep(found, f"transfer-{split.value}.json")
    except StudioError as error:
        reporter.report(Note(f"The model was not compared with simpler ways. {error.what}"))
        return None
    return found


class _Comparing:
    """One run, its pixels and what its pretrained model sees, loaded when they are needed."""

    def __init__(self, project: Project, run: RunRow, reporter: Reporter) -> None:
        self.project = project
        self.run = run
        self.reporter = reporter
        self.folder = project.run_folder(run.id)
        self.tuned = run.chosen != UNCHANGED

    @cached_property
    def spec(self) -> NetworkSpec:
        return read_spec(self.folder / "model")

    @cached_property
    def pretrained(self) -> Network:
        """The pretrained model as the run found it. Raises WeightsMissing, or WeightsRefused where it is another one by now."""
        folder = weights.require(self.spec.model)
        if weights.weights_hash(folder) != self.spec.weights_hash:
            raise WeightsRefused("The pretrained model was replaced by another one since the training.", path=folder)
        card = weights.describe(self.spec.model)
        return load_pretrained(
            folder,
            card,
            self.spec.preprocess,
            self.spec.classes,
            self.spec.weights_hash,
            staged=bool(self.spec.staged),
        )

    @property
    def pixels(self) -> RowStore:
        return pixel_store(self.project, self.spec.preprocess)

    def readable(self, samples: Sequence[Sample]) -> list[Sample]:
        """Those whose pixels are in the cache, or can be brought there."""
        rows = training_rows(self.project, samples)
        store, _ = fill_cache(self.project, self.spec.preprocess, rows, self.reporter)
        return [s for s in samples if s.content in store.keys]

    def features(self, network: Network, contents: Sequence[str]) -> npt.NDArray[np.float32]:
        device = devices.choose("auto")
        try:
            return frozen_features(self.project, network, self.pixels, contents, device=device, reporter=self.reporter)
        finally:
            devices.release(device)

    def draw(self, samples: Sequence[Sample]) -> Draw:
        """The untrained network, by images that the run learned from."""
        device = devices.choose("auto")
        labels, keys = np.array([s.label for s in samples], dtype=np.int64), [s.content for s in samples]
        try:
            return best_draw(self.spec, self.pixels, keys, labels, units=[s.unit for s in samples], device=device)
        finally:
            devices.release(device)

    def fit(self, samples: Sequence[Sample]) -> tuple[Baselines, dict[Method, dict[str, int]]]:
        """Fits the baselines and keeps them; also what each said of an image while that was left out, by content."""
        learned = self._fitted(samples, self.draw(samples))
        save_baselines(learned.baselines, self.folder)
        contents = [s.content for s in samples]
        left_out = {m: dict(zip(contents, map(int, said), strict=True)) for m, said in learned.left_out.items()}
        return learned.baselines, left_out

    def _fitted(self, samples: Sequence[Sample], draw: Draw) -> Learned:
        contents = [s.content for s in samples]
        return fit_baselines(
            Seen(
                thumbnails(self.pixels, contents),
                self.features(untrained(self.spec, draw), contents),
                draw,
                self.features(self.pretrained, contents) if self.tuned else None,
                views_of(self.spec, self.pixels, contents),
            ),
            np.array([s.label for s in samples], dtype=np.int64),
            len(self.run.classes),
            units=[s.unit for s in samples],
            seed=self.run.settings.seed,
        )

    def fit_halves(self, samples: Sequence[Sample]) -> dict[Method, dict[str, int]]:
        """What each says of an image after learning from the half that it is not in, as in the run's rehearsals; by content."""
        found: dict[Method, dict[str, int]] = {}
        draw = self.draw(samples)
        for left_out in rehearsing.halves(samples, self.run.settings.seed):
            out = set(left_out.tolist())
            baselines = self._fitted([s for i, s in enumerate(samples) if i not in out], draw).baselines
            contents = [samples[i].content for i in left_out]
            for method, answers in self.ask(baselines, contents).items():
                found.setdefault(method, {}).update(zip(contents, map(int, answers), strict=True))
        return found

    def ask(self, baselines: Baselines, contents: Sequence[str]) -> Answers:
        """What each baseline says. Without the pretrained model on this machine the probe is silent; that costs its bar alone."""
        features = None
        if self.tuned:
            try:
                features = self.features(self.pretrained, contents)
            except StudioError as error:
                self.reporter.report(Note(f"The first result is not part of the comparison. {error.what}"))
        blank = self.features(untrained(self.spec, baselines.draw), contents)
        return baselines.answers(thumbnails(self.pixels, contents), blank, features)

    def tell(self, truth: npt.NDArray[np.int64], said: Answers, units: Sequence[str], images: str) -> Transfer:
        if len(truth) == 0:
            raise NotEnoughImages("There are no images to compare on.")
        if not self.tuned:
            said[Method.PROBE] = said[Method.MODEL]  # they are one and the same
        counts = Counter(s.label for s in read_samples(self.project, self.run.id) if s.part == "train")
        around = Circumstances(
            images, self.run.mode, self.tuned, min(counts.values(), default=0), self.spec.preprocess.size
        )
        return tell(compare(truth, said, units, tuned=self.tuned), around)

    def keep(self, found: Transfer, name: str) -> None:
        files.write_json(self.folder / name, {"baselines": found.baselines_json(), "transfer": found.to_json()})


def _likeliest(chances: Chances, samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
    return np.array([int(np.argmax(chances[s.content])) for s in samples], dtype=np.int64)
