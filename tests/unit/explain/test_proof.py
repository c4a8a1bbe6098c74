"""A heat map that tells the truth is believed; one that only looks good, or that a model without knowledge gives too, is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.unit.explain.test_saliency import SIZE, SPOT, Brightness, network
from tlstudio.domain.explanations import Proof, Reason, Verdict
from tlstudio.explain import proof as proofs
from tlstudio.explain.hiding import hidden_picture, order_of
from tlstudio.explain.proof import CONTROLS, SHARES, controls, deletion, likeness, prove, proven_map
from tlstudio.explain.shuffled import shuffled
from tlstudio.training.network import Network

Pixels = npt.NDArray[np.uint8]
ELSEWHERE = (slice(4, 20), slice(44, 60))
CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.fixture
def spotted() -> Pixels:
    pixels = np.random.default_rng(0).integers(40, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    pixels[SPOT] = 250
    return pixels


def sure(strength: float, offset: float, classes: int = 2) -> Network:
    made = network(Brightness(), 1, classes=classes)
    made.head.weight.copy_(torch.tensor([[-strength], [strength]][-classes:]))
    made.head.bias.copy_(torch.tensor([offset, -offset][-classes:]))
    return made


def spot_map(rows: slice, columns: slice) -> npt.NDArray[np.float32]:
    heat = np.zeros((SIZE, SIZE), np.float32)
    heat[rows, columns] = 1.0
    return heat


def proved(model: Network, pixels: Pixels, heat: npt.NDArray[np.float32], target: int = 1) -> Proof:
    picture = torch.from_numpy(pixels)[None]
    return prove(model, picture, hidden_picture(model, picture, target), heat, target)


def opposite(model: Network) -> Callable[[], Network]:
    """The model for which everything is the other way round: its map has nothing in common."""

    def make() -> Network:
        made = shuffled(model)
        made.head.weight.copy_(-model.head.weight)
        return made

    return make


def test_true_map_is_believed(spotted: Pixels) -> None:
    proof = proved(sure(20.0, 1.0), spotted, spot_map(*SPOT))
    assert proof.verdict is Verdict.HOLDS
    assert (proof.as_much, proof.trials, proof.p) == (0, 39, 0.025)
    assert proof.after < proof.elsewhere - 0.1
    assert proof.lowest <= proof.after


def test_map_of_the_wrong_place_is_not(spotted: Pixels) -> None:
    proof = proved(sure(20.0, 1.0), spotted, spot_map(*ELSEWHERE))
    assert proof.reason is Reason.PLACES


def test_empty_map_is_never_believed(spotted: Pixels) -> None:
    empty = np.zeros((SIZE, SIZE), np.float32)
    found = proved(sure(20.0, 1.0), spotted, empty)
    assert found.reason is Reason.NOTHING
    assert found == Proof(0.05, *[found.before] * 4, as_much=0, trials=0)


def test_a_single_class_has_nothing_against_it(spotted: Pixels) -> None:
    heat, proof = proven_map(sure(20.0, 1.0, classes=1), spotted, 0, pytest.fail)
    assert heat.shape == (SIZE, SIZE)
    assert proof.reason is Reason.NOTHING


def test_model_that_never_changes_its_mind_can_not_be_tested(spotted: Pixels) -> None:
    proof = proved(sure(0.01, -5.0), spotted, spot_map(*SPOT))
    assert proof.reason is Reason.STEADY


def test_temperature_is_that_of_the_answer(spotted: Pixels) -> None:
    model = sure(20.0, 1.0)
    sharp = proved(model, spotted, spot_map(*SPOT)).before
    object.__setattr__(model.spec, "temperature", 10.0)
    soft = proved(model, spotted, spot_map(*SPOT)).before
    assert soft == pytest.approx(1 / (1 + np.exp(-np.log(sharp / (1 - sharp)) / 10)), rel=1e-4)


def test_other_places_have_the_shape_of_the_map_and_never_its_place() -> None:
    order = order_of(spot_map(slice(24, 40), slice(24, 40)))
    others = controls(order, np.random.default_rng(1))
    assert len(others) == CONTROLS == 39
    marked = order < 256
    for other in others:
        assert np.array_equal(np.sort(other, axis=None), np.arange(SIZE * SIZE))
        assert not (marked & (other < 256)).any(), "a quarter of the edge away, both ways"
        assert ((other < 256).sum(axis=0) > 0).sum() == 16, "in one piece or around the edge, but as wide"
    assert len({other.tobytes() for other in others}) == CONTROLS
    assert {bool((other[:, :1] < 256).any()) for other in others} == {True, False}


def test_other_places_are_a_quarter_of_the_edge_away_at_least_all_ways_round() -> None:
    """A mark in the very middle shows by how much it was moved; one more, beside it, how it was turned."""
    heat = np.zeros((SIZE, SIZE), np.float32)
    heat[31:33, 31:33] = 1.0
    heat[30, 28] = 0.5
    moved: set[tuple[int, ...]] = set()
    turned: Counter[tuple[int, ...]] = Counter()
    for seed in range(25):
        for other in controls(order_of(heat), np.random.default_rng(seed)):
            middle = np.argwhere(other < 4)
            start = next(
                place for place in middle if all((((place + step) % SIZE) == middle).all(1).any() for step in CORNERS)
            )
            moved.add(tuple((start - 31) % SIZE))
            turned[tuple((np.argwhere(other == 4)[0] - start) % SIZE)] += 1
    assert {down for down, _ in moved} == {right for _, right in moved} == set(range(16, 48))
    assert len(turned) == 8, "all ways a square can lie"
    assert all(count / turned.total() == pytest.approx(1 / 8, abs=0.03) for count in turned.values())


@pytest.mark.parametrize(("edge", "share"), [(14, 0.05), (24, 0.15)])
def test_the_figures_are_those_of_the_share_where_the_difference_is_plainest(edge: int, share: float) -> None:
    """A bright square of 5 % of the picture, and one of 14 %."""
    spot = (slice(8, 8 + edge), slice(8, 8 + edge))
    pixels = np.random.default_rng(0).integers(40, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    pixels[spot] = 250
    model, picture, order = sure(20.0, 1.0), torch.from_numpy(pixels)[None], order_of(spot_map(*spot))
    hidden = hidden_picture(model, picture, 1)

    def probabilities(order: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        parts = torch.from_numpy(np.stack([order < round(share * SIZE * SIZE) for share in SHARES]))[..., None]
        with torch.inference_mode():
            return model.chances(model(torch.where(parts, hidden, picture)))[:, 1].numpy()

    after = probabilities(order)
    elsewhere = np.mean([probabilities(other) for other in controls(order, np.random.default_rng(0))], axis=0)
    plainest = int(np.argmax(elsewhere - after))
    found = proved(model, pixels, spot_map(*spot))
    assert found.share == SHARES[plainest] == share
    assert (found.after, found.elsewhere) == pytest.approx((after[plainest], elsewhere[plainest]), abs=1e-5)


def test_all_other_places_are_counted(spotted: Pixels) -> None:
    blind = proved(sure(0.0, 0.5), spotted, spot_map(*SPOT))
    assert (blind.as_much, blind.trials) == (39, 39)


def test_as_much_is_hidden_as_is_said(spotted: Pixels) -> None:
    """The brighter the picture, the surer the model; hiding under black takes brightness in proportion."""
    model = sure(20.0, 1.0)
    bright, black = np.full((1, SIZE, SIZE, 3), 200, np.uint8), np.zeros((1, SIZE, SIZE, 3), np.uint8)
    heat = np.arange(SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE)[::-1].copy()
    object.__setattr__(model.spec, "mean", (0.0,) * 3)
    model.mean.zero_()
    whole = model(torch.from_numpy(bright))[0].double()
    found = deletion(model, torch.from_numpy(bright), torch.from_numpy(black), [order_of(heat)], 1)[0]
    slope = [(float(whole[1] - whole[0]) - value) / share for value, share in zip(found, SHARES, strict=True)]
    assert SHARES == (0.05, 0.15, 0.3)
    assert slope == pytest.approx([slope[0]] * 3, rel=0.02)


def test_the_map_of_the_truth_is_proven_and_shown(spotted: Pixels) -> None:
    model = sure(20.0, 1.0)
    heat, proof = proven_map(model, spotted, 1, opposite(model))
    assert proof.shown and proof.likeness is not None
    assert heat[SPOT].mean() > 0.5


def test_a_map_that_a_model_without_knowledge_gives_too_is_not_shown(spotted: Pixels) -> None:
    model = sure(20.0, 1.0)
    _, proof = proven_map(model, spotted, 1, lambda: model)
    assert proof.reason is Reason.PICTURE
    assert proof.likeness == pytest.approx(1.0)


def test_the_model_without_knowledge_is_asked_only_where_it_decides(
    spotted: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "heat_map", lambda *_: spot_map(*ELSEWHERE))
    _, proof = proven_map(sure(20.0, 1.0), spotted, 1, pytest.fail)
    assert proof.likeness is None


def test_likeness_is_of_ranks_and_of_cells() -> None:
    rows = np.linspace(0, 1, 56, dtype=np.float32)[:, None].repeat(56, axis=1)
    assert likeness(rows, rows**3) == pytest.approx(1.0)
    assert likeness(rows, 1 - rows) == pytest.approx(-1.0)
    assert abs(likeness(rows, rows.T.copy())) < 0.01
    assert likeness(rows, np.zeros_like(rows)) == 0.0
    checks = np.indices((56, 56)).sum(axis=0).astype(np.float32) % 2
    assert likeness(rows + 0.5 * checks, rows) == pytest.approx(1.0), (
        "what is finer than a cell of two pixels is no difference"
    )
    assert likeness(spot_map(slice(0, 4), slice(0, 4))[:8, :8].copy(), rows[:8, :8].copy()) != 0.0
