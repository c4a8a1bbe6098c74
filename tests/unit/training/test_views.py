"""The head on two views: which of them it listens to, that it is one linear layer, and what it says of images left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import TEST_MODEL, Recorder
from tests.unit.training.conftest import CPU, EDGE, network, recipe
from tlstudio.catalog import weights
from tlstudio.domain.events import Progress
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import views as module
from tlstudio.training.batches import Batches, Data, chance
from tlstudio.training.linear import LinearHead, softmax
from tlstudio.training.loading import load_pretrained
from tlstudio.training.probe import Held, Probe, fit_probe
from tlstudio.training.steps import Stepper
from tlstudio.training.views import COLOUR_SHARE, GREY, GREY_SHARE, WEIGHT, Fitted, Views, fit_views, share_of_stages

FINAL, STAGES = 6, 4


def told(n: int, *, by_final: float, by_stages: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that the final features and the stages tell apart by so many deviations."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    apart = np.repeat([by_final, by_stages], [FINAL, STAGES])
    features = rng.normal(0, 1, (n, FINAL + STAGES)) + (labels[:, None] - 0.5) * apart
    features[:, FINAL:] *= 1000  # of another size
    return features.astype(np.float32), labels


def fitted(features: np.ndarray, labels: np.ndarray, share: float = 0.5, **more: object) -> Fitted:
    return fit_views(features, labels, 2, views=Views(FINAL, share), **more)  # type: ignore[arg-type]


def test_it_listens_to_what_tells_the_classes_apart() -> None:
    assert fitted(*told(60, by_final=0, by_stages=2)).share > 0.9
    assert fitted(*told(60, by_final=2, by_stages=0)).share < 0.1
    for by_final, by_stages in ((0, 2), (2, 0)):
        found = fitted(*told(60, by_final=by_final, by_stages=by_stages))
        fresh, truth = told(400, by_final=by_final, by_stages=by_stages, seed=1)
        assert (found.head.logits(fresh).argmax(axis=1) == truth).mean() > 0.85


def test_the_expectation_counts_where_images_say_little() -> None:
    features, labels = told(16, by_final=1, by_stages=1.2)
    low, high = (fitted(features, labels, share).share for share in (0.1, 0.9))
    assert low < 0.4 and high > 0.6
    lonely = fitted(features[:2], labels[:2], 0.7)
    assert lonely.share == 0.7 and lonely.folds == 0 and not lonely.judged.any()


def test_the_head_is_the_weighted_mean_of_both_probes() -> None:
    features, labels = told(40, by_final=1, by_stages=1)
    found = fitted(features, labels, seed=3)
    final, stages = (fit_probe(part, labels, 2, seed=3) for part in (features[:, :FINAL], features[:, FINAL:]))
    assert found.regularisation == (final.regularisation, stages.regularisation)
    said = [p.head.logits(x) for p, x in ((final, features[:, :FINAL]), (stages, features[:, FINAL:]))]
    mean = (1 - found.share) * said[0] + found.share * said[1]
    assert found.head.logits(features) == pytest.approx(mean, abs=1e-3)
    left = [np.log(p.held_out) for p in (final, stages)]
    assert found.held_out == pytest.approx(softmax((1 - found.share) * left[0] + found.share * left[1]), abs=1e-6)


def test_again_takes_everything_over() -> None:
    features, labels = told(40, by_final=1, by_stages=2)
    first = fitted(features, labels)
    again = fitted(features[:20], labels[:20], again=first, leave_out=False)
    assert (again.share, again.regularisation) == (first.share, first.regularisation)
    assert not again.judged.any()


def test_features_without_stages_are_fitted_as_they_are() -> None:
    features, labels = told(40, by_final=1, by_stages=0)
    found = fitted(features[:, :FINAL], labels)
    alone = fit_probe(features[:, :FINAL], labels, 2)
    assert found.share == 0 and found.regularisation == (alone.regularisation,)
    assert np.array_equal(found.head.weight, alone.head.weight)


def said_of(likely: float, n: int) -> Probe:
    chances = np.full((n, 2), 1 - likely)
    chances[:, 0] = likely
    nothing = LinearHead(np.zeros((2, 1), np.float32), np.zeros(2, np.float32))
    return Probe(nothing, (Held(1.0),), 5, chances, np.ones(n, bool))


def test_the_share_is_the_tempered_average_of_two_models() -> None:
    n = 10
    labels = np.zeros(n, np.int64)
    nats = np.log(0.8) - np.log(0.5)
    both = [said_of(0.5, n), said_of(0.8, n)]
    assert share_of_stages(both, labels, None, 0.5) == pytest.approx(1 / (1 + np.exp(-WEIGHT * n * nats)))
    assert share_of_stages(both[::-1], labels, None, 0.5) == pytest.approx(1 / (1 + np.exp(WEIGHT * n * nats)))
    patients = [str(i // 5) for i in range(n)]
    assert share_of_stages(both, labels, patients, 0.5) == pytest.approx(1 / (1 + np.exp(-WEIGHT * 2 * nats)))
    assert share_of_stages([both[0]] * 2, labels, None, 0.3) == pytest.approx(0.3)
    impossible = [said_of(0.0, n), said_of(1.0, n)]
    assert 0 <= share_of_stages(impossible[::-1], labels, None, 0.5) < 1e-9


def test_progress_is_that_of_both() -> None:
    watch = Recorder()
    fitted(*told(30, by_final=1, by_stages=1), reporter=watch)
    shares = [p.done / p.total for p in watch.of(Progress) if isinstance(p, Progress)]
    assert shares == sorted(shares) and shares[0] < 0.5 < shares[-1] <= 1


def store(folder: Path, colour: float) -> tuple[RowStore, list[str]]:
    """Grey noise, the three colours of each pixel this far from each other, as a deviation."""
    rng = np.random.default_rng(0)
    keys = [f"{i:064d}" for i in range(80)]
    apart = colour * np.array([-1.0, 0.0, 1.0]) * 1.5**0.5
    made = RowStore(folder, "pixels", (16, 16, 3), "uint8")
    with made.writer(len(keys)) as writer:
        for key in keys:
            writer.append(key, (rng.integers(60, 180, (16, 16, 1)) + apart).round().astype(np.uint8))
    return made, keys


@pytest.mark.parametrize(("colour", "share"), [(0.0, GREY_SHARE), (GREY - 0.6, GREY_SHARE), (GREY + 0.6, COLOUR_SHARE)])
def test_grey_images_are_expected_to_be_told_by_the_stages(tmp_path: Path, colour: float, share: float) -> None:
    pixels, keys = store(tmp_path, colour)
    spec = network().spec
    assert module.colourfulness(pixels, keys) == pytest.approx(colour, abs=0.5)
    assert module.views_of(spec, pixels, keys) == Views(spec.final, share)


def test_what_is_pinned() -> None:
    assert (GREY_SHARE, COLOUR_SHARE, WEIGHT, GREY) == (0.7, 0.2, 0.3, 3.0)


def test_a_network_sees_both_views(data: Data) -> None:
    net = network()
    spec = net.spec
    assert 0 < spec.staged == net.ends.width and spec.final == 1024
    assert net.head.in_features == spec.features == spec.final + spec.staged


def test_statistics_of_stages_come_to_the_head_in_the_size_of_final_features(data: Data) -> None:
    net = network()
    final = net.spec.final
    rng = np.random.default_rng(0)
    seen = rng.normal(0, 1, (30, net.spec.features)).astype(np.float32)
    seen[:, final:] = 500 + 20 * seen[:, final:]
    seen[:, -1] = 7.0  # says nothing, and is not blown up
    net.set_gauge(seen)
    gauged = net.gauged(torch.from_numpy(seen)).numpy()
    assert np.array_equal(gauged[:, :final], seen[:, :final])
    assert np.abs(gauged[:, final:].mean(axis=0)).max() < 1e-3
    assert gauged[:, final:-1].std(axis=0) == pytest.approx(
        np.full(net.spec.staged - 1, seen[:, :final].std(axis=0).mean()), rel=1e-3
    )
    assert np.abs(gauged[:, -1]).max() < 1e-3
    head = LinearHead(rng.normal(0, 1, (2, net.spec.features)).astype(np.float32), np.array([1.0, -1.0], np.float32))
    net.set_head(head)
    assert net.decide(torch.from_numpy(seen)).detach().numpy() == pytest.approx(head.logits(seen), rel=1e-3, abs=0.5)


def test_what_dropout_takes_away_is_how_a_statistic_differs_from_its_mean(
    data: Data,
) -> None:
    plan = recipe(data, dropout=0.5)
    stepper = Stepper.on(network(), plan, CPU)
    net, taken = stepper.network, []
    with torch.inference_mode():
        seen = net.embed(torch.from_numpy(data.pixels.take(data.train_keys))).numpy()
    net.set_gauge(seen)
    net.head.register_forward_pre_hook(lambda _, given: taken.append(given[0].detach()))
    stepper.step(next(iter(Batches(data, 20, CPU).epoch(np.arange(20)))), chance(1, 0), EDGE)
    assert taken and float(taken[0][:, net.spec.final :].abs().mean()) < 100 * float(
        taken[0][:, : net.spec.final].abs().mean()
    )


def test_a_network_of_an_earlier_run_sees_final_features_alone() -> None:
    card, where = weights.describe(TEST_MODEL), weights.require(TEST_MODEL)
    spec = PreprocessSpec(EDGE, "stretch", "bicubic")
    plain = load_pretrained(where, card, spec, ("a", "b"), "hash", staged=False)
    assert (plain.spec.staged, plain.spec.features, plain.head.in_features) == (0, 1024, 1024)
    pixels = torch.zeros((1, EDGE, EDGE, 3), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(plain.embed(pixels), network().embed(pixels)[:, :1024])


def test_what_was_heard_before_memory_ran_out_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network()
    last = net.backbone.get_submodule(net.ends.points[-1][0])

    def fails(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(last, "forward", fails)
    with pytest.raises(RuntimeError):
        net.embed(torch.zeros((1, EDGE, EDGE, 3), dtype=torch.uint8))
    assert net.ends.heard() == []


def test_what_counts_of_each_view_where_images_are_compared() -> None:
    """Squares of what they count add up to the views' shares, however many features each has."""
    found = Views(final=4, share=0.2).importance(10)
    assert (found[:4] ** 2).sum() == pytest.approx(0.8)
    assert (found[4:] ** 2).sum() == pytest.approx(0.2)
    assert len(set(found[:4])) == len(set(found[4:])) == 1
    assert Views(final=4, share=0.2).importance(4).tolist() == [1.0] * 4, "there is but one view"
