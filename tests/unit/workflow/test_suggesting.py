"""Suggestions: made of today's labels, kept beside them, and in an order that needs fewer labels than chance."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from tests.conftest import TEST_MODEL
from tlstudio.catalog import weights
from tlstudio.domain.errors import Cancelled, NotEnoughImages, RunNotFound
from tlstudio.domain.events import SILENT
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.labels import SuggestResult
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.evaluation import selection
from tlstudio.evaluation.selection import BATCH, teaching_order
from tlstudio.images.cache import fill_cache
from tlstudio.storage import images, runs, suggestions
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import frozen_features
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.views import views_of
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.run_data import units_of
from tlstudio.workflow.samples import METAL, import_sample
from tlstudio.workflow.suggesting import fit_head, suggest
from tlstudio.workflow.training import train

START = 2  # labels of each class before the model looks for the first time
LABELS = 110
SEEDS = 8
GOAL = 0.84


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three colours with a quick run, whose images have lost their class but for four of each."""
    from tests.conftest import COLOURS, paint

    folder = tmp_path_factory.mktemp("trained")
    for k, (label, colour) in enumerate(COLOURS.items()):
        for i in range(16):
            paint(folder / "images" / label, f"{label}_{i:02d}.png", colour, seed=1000 * k + i)
    project = import_images(ImportRequest(folder / "images", folder / "project")).project
    train(project, TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    for label in COLOURS:
        rows = [r for r in browsing.images(project) if r.label == label]
        kept = [r.id for r in rows if r.split is Split.TRAIN][:4]
        labeling.set_label(project, [r.id for r in rows if r.id not in kept], None)
    return project


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Path:
    """A copy of it that was opened once, as it lies elsewhere: then it knows where its images are."""
    return Project.open(Path(shutil.copytree(trained, tmp_path / "project"))).folder


def right(result: SuggestResult) -> float:
    """Share of suggestions that name the colour of the file's folder."""
    return float(np.mean([s.file.parent.name == s.label for s in result.suggestions]))


def test_suggestions_are_kept_beside_the_labels(project: Path) -> None:
    before = [r.label for r in browsing.images(project)]
    result = suggest(project)
    waiting = {r.path: r for r in browsing.images(project) if r.label is None}
    assert [r.label for r in browsing.images(project)] == before
    assert [s.priority for s in result.suggestions] == list(range(1, len(result.suggestions) + 1))
    assert {s.file for s in result.suggestions} == {p for p, r in waiting.items() if r.split is not Split.TEST}
    assert result.held_back == sum(r.split is Split.TEST for r in waiting.values()) > 0
    assert (result.learned_from, result.run) == (12, runs.list_runs(Project(project))[0].id)
    assert all(1 / 3 <= s.confidence <= 1 for s in result.suggestions)
    assert right(result) > 0.9
    kept = suggestions.list_suggestions(Project(project))
    assert [(waiting[s.file].id, s.label, s.priority) for s in result.suggestions] == [
        (s.image, s.label, s.priority) for s in kept
    ]
    parts = [waiting[s.file].split for s in result.suggestions]
    assert parts == sorted(parts, key=lambda part: part is Split.VAL), "those that can be learned from come first"


def test_todays_labels_and_classes_count_not_those_of_the_run(project: Path) -> None:
    blue = [r for r in browsing.images(project) if r.path.parent.name == "blue"]
    labeling.rename_class(project, "blue", "sky")
    labeling.add_class(project, "grass")
    labeling.set_label(project, [r.id for r in browsing.images(project) if r.label == "green"], "grass")
    result = suggest(project)
    said = {s.label for s in result.suggestions}
    assert said == {"red", "grass", "sky"}
    about_blue = [s.label for s in result.suggestions if s.file in {r.path for r in blue}]
    assert about_blue.count("sky") > 0.8 * len(about_blue)


def test_images_left_out_are_neither_asked_nor_listened_to(project: Path) -> None:
    rows = browsing.images(project)
    labeling.set_left_out(project, [r.id for r in rows if r.label == "red" or r.path.name.endswith("_09.png")], True)
    result = suggest(project)
    assert {s.label for s in result.suggestions} == {"green", "blue"}
    assert not any(s.file.name.endswith("_09.png") for s in result.suggestions)


def test_a_file_that_is_gone_costs_its_own_suggestion(project: Path) -> None:
    waiting = [r for r in browsing.images(project) if r.label is None and r.split is Split.TRAIN]
    shutil.rmtree(project / "cache" / "pixels")
    content = waiting[0].path.read_bytes()
    waiting[0].path.unlink()
    try:
        result = suggest(project)
    finally:
        waiting[0].path.write_bytes(content)
    assert [r.path for r in result.refused] == [str(waiting[0].path)]
    assert waiting[0].path not in {s.file for s in result.suggestions}
    assert len(result.suggestions) > 10


def test_without_a_run_or_two_classes_it_is_said_so(project: Path) -> None:
    rows = browsing.images(project)
    labeling.set_label(project, [r.id for r in rows if r.label in ("red", "green")], None)
    with pytest.raises(NotEnoughImages, match="two classes"):
        suggest(project)
    with pytest.raises(RunNotFound):
        suggest(project, "no such run")
    shutil.rmtree(project / "runs")


def test_cancelling_leaves_the_earlier_suggestions(project: Path, recorder: Callable) -> None:
    suggest(project)
    before = suggestions.list_suggestions(Project(project))
    with pytest.raises(Cancelled):
        suggest(project, reporter=recorder(cancel=lambda event: True))
    assert suggestions.list_suggestions(Project(project)) == before


def test_nothing_to_suggest_is_no_failure(project: Path) -> None:
    waiting = [r.id for r in browsing.images(project) if r.label is None]
    labeling.set_label(project, waiting, "red")
    assert suggest(project).suggestions == ()
    assert browsing.suggestions_standing(project) is None


def test_a_fine_tuned_run_looks_with_its_own_eyes(project: Path) -> None:
    settings = TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=32, epochs=1, batch_size=8)
    rows = browsing.images(project)
    labeling.set_label(project, [r.id for r in rows if r.split is Split.VAL and "red" in r.path.name], "red")
    labeling.set_label(project, [r.id for r in rows if r.split is Split.VAL and "blue" in r.path.name], "blue")
    run = train(project, settings).run
    before = set((project / "cache" / "features").glob("*.rows"))
    result = suggest(project)
    assert (result.run, right(result) > 0.9) == (run, True)
    assert len(set((project / "cache" / "features").glob("*.rows")) - before) == 1


class Metal:
    """The metal sample as features, for counting how many labels it takes to recognise its test images."""

    def __init__(self, folder: Path) -> None:
        import_sample(METAL, folder / "images", folder / "project", SILENT)
        project = Project(folder / "project")
        rows = images.list_images(project)
        where, card = weights.require(TEST_MODEL), weights.describe(TEST_MODEL)
        network = load_pretrained(where, card, preprocess_for(card), ("a", "b"), weights.weights_hash(where))
        pixels, _ = fill_cache(project, network.spec.preprocess, rows, SILENT)
        contents = [r.content for r in rows]
        device = devices.choose("cpu")
        self.features = frozen_features(project, network, pixels, contents, device=device, reporter=SILENT)
        self.views = views_of(network.spec, pixels, contents)
        names = sorted({str(r.label) for r in rows})
        self.labels = np.array([names.index(str(r.label)) for r in rows], dtype=np.int64)
        self.classes = len(names)
        self.units = np.array(units_of(rows))
        self.test = np.flatnonzero([r.split is Split.TEST for r in rows])
        self.pool = np.setdiff1d(np.arange(len(rows)), self.test)

    def accuracies(self, seed: int, *, teaching: bool) -> list[float]:
        """Accuracy on the test images after START labels of each class and after each batch, up to LABELS."""
        rng = np.random.default_rng(seed)
        of_class = [rng.permutation(self.pool[self.labels[self.pool] == k]) for k in range(self.classes)]
        known = np.concatenate([rows[:START] for rows in of_class])
        reached = []
        while len(known) <= LABELS:
            units = self.units[known].tolist()
            head = fit_head(self.features[known], self.labels[known], self.classes, views=self.views, units=units)
            said = head.probabilities(self.features[self.test]).argmax(axis=1)
            reached.append(float((said == self.labels[self.test]).mean()))
            left = np.setdiff1d(self.pool, known)
            if teaching:
                chances = head.probabilities(self.features[left])
                own = self.features[known]
                order = teaching_order(
                    chances, lambda rows, left=left: self.features[left[rows]], own, self.views.importance(own.shape[1])
                )
            else:
                order = rng.permutation(len(left))
            known = np.concatenate([known, left[order[:BATCH]]])
        return reached


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For problems so small that threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_on_the_sample_it_takes_fewer_labels_than_in_random_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metal = Metal(tmp_path)
    monkeypatch.setattr(
        selection, "SOUGHT", BATCH
    )  # the model looks again after each batch: the later ones are not used

    def needed(*, teaching: bool) -> float:
        """Labels until the accuracy, averaged over seeds, is at GOAL; without end where it never is."""
        mean = np.mean([metal.accuracies(seed, teaching=teaching) for seed in range(SEEDS)], axis=0)
        there = np.flatnonzero(mean >= GOAL)
        return float(START * metal.classes + BATCH * there[0]) if len(there) else float("inf")

    assert needed(teaching=True) < needed(teaching=False)
