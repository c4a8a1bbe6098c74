"""Models on this machine are tried on the user's images: what helps ranks high, what fails costs itself alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.bench.random_weights import make_random
from tests.conftest import COLOURS, TEST_MODEL, TEST_WEIGHTS, paint
from tests.unit.training.test_building import Inside
from tlstudio.catalog import weights
from tlstudio.domain.errors import Cancelled, NotEnoughImages, WeightsRefused, WrongUsage
from tlstudio.domain.events import SILENT, Note, Progress
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.images.samples.metal import write_metal
from tlstudio.storage.project import Project
from tlstudio.training import features, vetting
from tlstudio.workflow import recommending
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.recommending import recommend, thin
from tlstudio.workflow.run_data import Sample, read_samples
from tlstudio.workflow.training import train


def samples(count: int, label: int, *, units: int = 0) -> list[Sample]:
    return [Sample(i, f"{label}-{i}", label, f"{label}-{i % units if units else i}", "train") for i in range(count)]


def test_thinning_keeps_the_classes_in_their_shares_and_the_rare_one_in() -> None:
    kept = thin([*samples(900, 0), *samples(300, 1), *samples(3, 2)], 100)
    counts = Counter(s.label for s in kept)
    assert counts[0] in (74, 75) and counts[1] in (24, 25) and counts[2] == 2
    assert kept == thin([*samples(900, 0), *samples(300, 1), *samples(3, 2)], 100)


def test_thinning_takes_from_every_unit_before_it_takes_twice() -> None:
    kept = thin([*samples(1000, 0, units=40), *samples(1000, 1, units=5)], 100)
    each = Counter(s.unit for s in kept)
    assert {each[f"0-{i}"] for i in range(40)} == {1, 2}
    assert {each[f"1-{i}"] for i in range(5)} == {10}


def test_few_images_are_all_taken() -> None:
    few = samples(50, 0)
    assert thin(few, 50) == few


@pytest.fixture(autouse=True)
def _one_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the network of the tests is on this machine, and what else a test brings."""
    monkeypatch.setattr(weights, "models_dir", lambda: tmp_path)
    monkeypatch.setattr(vetting, "GUARD", Inside())


# Nothing is changed in these projects; what one test has computed of the images the next ones find there.


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recommending")
    for k, (label, colour) in enumerate(COLOURS.items()):
        for i in range(14):
            paint(folder / "images" / label, f"part{k}{i % 7:02d}_{i:03d}.png", colour, seed=1000 * k + i)
    import_images(ImportRequest(folder / "images", folder / "project", group_from=r"name:^(part\d+)"))
    return folder / "project"


@pytest.fixture(scope="module")
def metal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metal")
    drawn = write_metal(folder / "images", SILENT, parts=dict.fromkeys(("scratch", "pit", "stain"), 24))
    import_images(ImportRequest(drawn.sample.folder, folder / "project", group_from=drawn.sample.group_rule))
    return folder / "project"


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("weights")
    return folder, [make_random(folder, "mobilenetv3_small_050", 0), make_random(folder, "resnet10t", 1)]


@pytest.fixture
def rivals(strangers: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two networks on this machine that have learned nothing."""
    folder, names = strangers
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", os.pathsep.join((str(folder), str(TEST_WEIGHTS))))
    return names


def test_every_model_here_is_ranked_and_the_others_are_said_to_be_unmeasured(
    project: Path, rivals: list[str], recorder: Callable
) -> None:
    watch = recorder()
    found = recommend(project, watch)
    assert {r.model for r in found.ranking} == {TEST_MODEL, *rivals}
    assert [r.score for r in found.ranking] == sorted((r.score for r in found.ranking), reverse=True)
    for ranked in found.ranking:
        assert ranked.interval.low <= ranked.score <= ranked.interval.high
        assert ranked.neighbours is not None and ranked.bytes > 100_000 and ranked.seconds > 0
    assert found.not_tried == ()
    away = {e.model for e in found.not_measured}
    assert "resnet50.a1_in1k" in away and not away & {TEST_MODEL, *rivals}
    steps = [(e.done, e.total) for e in watch.of(Progress)]
    shares = [done / total for done, total in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert any("(2 of 3)" in e.stage for e in watch.of(Progress))


def test_what_has_learned_nothing_ranks_last(metal: Path, rivals: list[str]) -> None:
    found = recommend(metal)
    assert found.ranking[0].model == TEST_MODEL
    # Statistics of random stages tell textures, too, so that it is not far behind.
    assert found.ranking[0].score > max(r.score for r in found.ranking[1:])


def test_training_takes_the_features_that_are_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recommend(project)
    looked: list[str] = []
    own = weights.weights_hash(weights.require(TEST_MODEL))
    forward = features.embed_batches

    def watched(network, pixels, keys, device):  # type: ignore[no-untyped-def]
        if network.spec.weights_hash == own:  # the comparison with random weights looks for itself
            looked.extend(keys)
        return forward(network, pixels, keys, device)

    monkeypatch.setattr(features, "embed_batches", watched)
    result = train(project, TrainSettings(TEST_MODEL, Mode.QUICK))
    parts = {s.content: s.part for s in read_samples(Project(project), result.run)}
    assert {parts[content] for content in looked} == {"val"}  # training images were looked at before


def test_a_model_that_can_not_be_loaded_costs_itself_alone(
    project: Path, rivals: list[str], monkeypatch: pytest.MonkeyPatch, recorder: Callable
) -> None:
    load = recommending.load_pretrained

    def load_some(folder, card, *rest):  # type: ignore[no-untyped-def]
        if card.id == rivals[0]:
            raise WeightsRefused("These weights do not fit.")
        if card.id == rivals[1]:
            raise RuntimeError("a defect")
        return load(folder, card, *rest)

    monkeypatch.setattr(recommending, "load_pretrained", load_some)
    watch = recorder()
    found = recommend(project, watch)
    assert [r.model for r in found.ranking] == [TEST_MODEL]
    reasons = {n.model: n.reason for n in found.not_tried}
    assert reasons[rivals[0]] == "These weights do not fit."
    assert "error in the program" in reasons[rivals[1]]
    assert len([n for n in watch.of(Note) if "is left out" in n.text]) == 2


def test_a_model_that_takes_too_long_is_given_up(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0.0, 1e6, 40.0))
    monkeypatch.setattr(recommending, "working", lambda: float(next(clock)))
    found = recommend(project, seconds_each=60)
    assert found.ranking == ()
    assert "longer than 60 seconds" in found.not_tried[0].reason


def test_what_is_clearly_worse_on_some_images_is_not_tried_on_the_rest(
    metal: Path, rivals: list[str], monkeypatch: pytest.MonkeyPatch, recorder: Callable
) -> None:
    def narrow(hits: np.ndarray, units: object) -> Interval:
        """As many more images would give."""
        share = float(np.mean(hits))
        return Interval(share, share - 0.02, share + 0.02)

    monkeypatch.setattr(recommending, "share_interval", narrow)
    alone = recommend(metal)
    assert {r.images for r in alone.ranking} == {alone.images}, "few images are all taken at once"
    monkeypatch.setattr(recommending, "FIRST_LOOK", 24)
    watch = recorder()
    raced = recommend(metal, watch)
    assert raced.images == alone.images >= 48
    assert raced.ranking[0].model == TEST_MODEL
    assert raced.ranking[0].images == raced.images and raced.ranking[0].interval == alone.ranking[0].interval
    behind = [r for r in raced.ranking if r.behind]
    assert behind and {r.images for r in behind} <= set(range(20, 30))
    assert raced.ranking[-len(behind) :] == tuple(behind)
    steps = [e.done / e.total for e in watch.of(Progress)]
    assert steps == sorted(steps) and steps[-1] == 1.0


def test_a_model_that_fails_later_keeps_what_it_showed_before(
    metal: Path, monkeypatch: pytest.MonkeyPatch, recorder: Callable
) -> None:
    monkeypatch.setattr(recommending, "FIRST_LOOK", 24)
    real, count = recommending.neighbours_say, 0

    def fails_the_second_time(*given, **named):  # type: ignore[no-untyped-def]
        nonlocal count
        count += 1
        if count == 2:
            raise RuntimeError("a defect")
        return real(*given, **named)

    monkeypatch.setattr(recommending, "neighbours_say", fails_the_second_time)
    watch = recorder()
    found = recommend(metal, watch)
    assert found.not_tried == () and 0 < found.ranking[0].images < found.images and not found.ranking[0].behind
    assert any("a part of the images only" in n.text for n in watch.of(Note))


def test_many_classes_are_not_tried_twice(project: Path, monkeypatch: pytest.MonkeyPatch, recorder: Callable) -> None:
    """Two images of each class are at least kept, which may be nearly all."""
    monkeypatch.setattr(recommending, "thin", lambda samples, most: samples[: max(1, 2 * len(samples) // 3)])
    watch = recorder()
    recommend(project, watch)
    assert {e.stage.split()[0] for e in watch.of(Progress)} <= {"Trying", "Comparing", "Looking"}
    assert {e.stage for e in watch.of(Progress) if e.stage.startswith("Comparing")} == {"Comparing done"}


def test_the_time_of_both_rounds_counts(metal: Path, monkeypatch: pytest.MonkeyPatch, recorder: Callable) -> None:
    monkeypatch.setattr(recommending, "FIRST_LOOK", 24)
    now, real = 0.0, recommending.frozen_features
    monkeypatch.setattr(recommending, "working", lambda: now)

    def forty_seconds(*given, **named):  # type: ignore[no-untyped-def]
        nonlocal now
        now += 40
        return real(*given, **named)

    monkeypatch.setattr(recommending, "frozen_features", forty_seconds)
    watch = recorder()
    found = recommend(metal, watch, seconds_each=60)
    assert 0 < found.ranking[0].images < found.images
    assert any("longer than 60 seconds" in n.text for n in watch.of(Note))


@pytest.mark.parametrize("seconds", [0, -3])
def test_a_limit_must_be_a_time(project: Path, seconds: float) -> None:
    with pytest.raises(WrongUsage):
        recommend(project, seconds_each=seconds)


def test_it_ends_when_it_is_cancelled(project: Path, rivals: list[str], recorder: Callable) -> None:
    watch = recorder(cancel=lambda e: isinstance(e, Progress) and "(2 of" in e.stage)
    with pytest.raises(Cancelled):
        recommend(project, watch)


def test_one_image_of_each_class_is_too_few(make_images: Callable[..., Path], tmp_path: Path) -> None:
    place = tmp_path / "p"
    import_images(ImportRequest(make_images(2, groups=1), place, group_from=r"name:^(part\d+)"))
    with pytest.raises(NotEnoughImages):
        recommend(place)
