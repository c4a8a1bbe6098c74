"""The novelty score: far things are far, a promise is made from so many units on, and the file reckons like numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch
from sklearn.covariance import LedoitWolf

from tlstudio.export import novelty
from tlstudio.export.graph import NoveltyScore
from tlstudio.export.novelty import (
    FALSE_ALARMS,
    UNFAMILIAR,
    NoveltySpec,
    _fit,
    _limit,
    _middle,
    _softening,
    described,
    fit_novelty,
    least_units,
)

Floats = npt.NDArray[np.float64]
PINNED = [1.15764, 1.39095, 1.51233, 1.56141, 1.58257, 1.66191]
PINNED_WEIGHTS = [0.412409, 0.430146]
PINNED_SOFTENING = [0.0515727, 0.0493769, 0.0485262]
PINNED_FEW = [0.0, 0.933775, 0.578666, 1.05971]
PINNED_FEW_FRESH = [1.16776, 1.17313, 1.25173]
PINNED_MANY_FRESH = [1.40216, 1.39527, 1.50066]
PINNED_STILL = [5.77308, 5.4155, 4.97604, 5.00641]
WIDTHS = (4, 6)  # of a plain block, and of a stage of three channels


def at_home(n: int, seed: int = 0, shift: float = 0.0, units: Floats | None = None) -> list[Floats]:
    """Blocks of n images whose numbers hang together, as those of images do; `units` moves each by what is its unit's own."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(WIDTHS[0], WIDTHS[0]))
    own = np.zeros((n, WIDTHS[0])) if units is None else units
    plain = (rng.normal(size=(n, WIDTHS[0])) + own) @ mixing + shift
    stage = np.exp(rng.normal(size=(n, WIDTHS[1])) * 0.2 + shift * 0.2)
    return [plain, stage]


def names(n: int) -> list[str]:
    return [f"{i:04}" for i in range(n)]


def fitted(n: int = 200, **more: int) -> NoveltySpec:
    return fit_novelty(at_home(n), 1, names(n), **more)


def test_strangers_are_unfamiliar_and_images_from_home_are_not() -> None:
    spec = fitted()
    assert (spec.score(at_home(500, seed=1)) > UNFAMILIAR).mean() <= 0.04
    assert (spec.score(at_home(500, seed=1, shift=12.0)) > UNFAMILIAR).all()
    assert np.median(spec.score(at_home(500, seed=1))) < 0.4


def test_a_picture_without_structure_is_as_strange_as_one_with_too_much() -> None:
    spec = fitted()
    flat, wild = at_home(50, seed=2), at_home(50, seed=2)
    flat[1][:, 3:] = 0.0
    wild[1][:, 3:] *= 50.0
    assert (spec.score(flat) > UNFAMILIAR).all()
    assert (spec.score(wild) > UNFAMILIAR).all()


def test_false_alarms_are_kept_on_the_average() -> None:
    shares = [
        (fit_novelty(at_home(80, seed=s), 1, names(80)).score(at_home(400, seed=1000 + s)) > UNFAMILIAR).mean()
        for s in range(25)
    ]
    assert 0.0 < np.mean(shares) <= FALSE_ALARMS + 0.005


@pytest.mark.parametrize("n", [3, 8, 20])
def test_few_images_raise_no_more_false_alarms(n: int) -> None:
    shares = [
        (fit_novelty(at_home(n, seed=s), 1, names(n)).score(at_home(200, seed=500 + s)) > UNFAMILIAR).mean()
        for s in range(25)
    ]
    assert np.mean(shares) <= (0.1 if n < 6 else 0.05)


def test_groups_are_left_out_whole() -> None:
    """Images of a patient are alike; a new patient must not be a stranger for that."""
    shares = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        own = rng.normal(size=(80, WIDTHS[0])) * 3
        spec = fit_novelty(
            at_home(320, seed, units=np.repeat(own[:70], 320 // 70 + 1, axis=0)[:320]),
            1,
            [str(i // 5) for i in range(320)],
        )
        fresh = rng.normal(size=(300, WIDTHS[0])) * 3
        shares.append((spec.score(at_home(300, 900 + seed, units=fresh)) > UNFAMILIAR).mean())
    assert np.mean(shares) <= 0.03


def test_a_promise_needs_so_many_units() -> None:
    assert least_units() == 66
    assert least_units(0.05) == 19
    assert not fitted(65).promised
    assert fitted(66).promised
    assert not fit_novelty(at_home(200), 1, [str(i // 4) for i in range(200)]).promised
    assert (fitted(65).images, fitted(65).units) == (65, 65)


def test_images_that_the_network_did_not_learn_from_can_raise_the_limit() -> None:
    """A network knows its training images better than new ones; the new ones set the threshold then."""
    blocks = at_home(200)
    late = np.arange(200) >= 120
    blocks[0][late] *= 1.6
    told = [
        (fit_novelty(blocks, 1, names(200), fresh=f).score([blocks[0][late], blocks[1][late]]) > 1).mean()
        for f in (None, late)
    ]
    assert told[1] <= told[0]
    assert told[1] <= 0.03


def test_a_few_of_them_raise_it_by_how_far_they_lie_from_the_others() -> None:
    blocks = at_home(200)
    few = np.arange(200) >= 190
    alone = fit_novelty(blocks, 1, names(200))
    blocks[0][few] *= 3.0
    raised, not_raised = (fit_novelty(blocks, 1, names(200), fresh=f) for f in (few, ~few))
    stranger = at_home(50, seed=5, shift=3.0)
    assert (raised.score(stranger) < not_raised.score(stranger) - 0.05).all()
    assert (raised.score(at_home(50, seed=5, shift=12.0)) > UNFAMILIAR).all()
    assert alone.images == raised.images


def test_numbers_that_never_change_are_strange_when_they_do() -> None:
    blocks = at_home(100)
    blocks[0][:, 0] = 5.0
    spec = fit_novelty(blocks, 1, names(100))
    assert (spec.score(blocks) <= UNFAMILIAR).mean() >= 0.97
    blocks[0][:, 0] = 6.0
    assert (spec.score(blocks) > UNFAMILIAR).all()


def test_stages_are_described_by_shares_and_logarithms() -> None:
    plain, stage = described(
        [np.array([[1.0, 2.0]]), np.array([[3.0, 8.0, 1.0, 3.0]])], [np.zeros(0), np.array([0.5, 1.0])]
    )
    assert plain.tolist() == [[1.0, 2.0]]
    assert np.allclose(stage, [[2.0, 2.0, np.log(1.5), np.log(4.0)]])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # as write_graph does: torch advises its other exporter
@pytest.mark.parametrize("components", [1, 3, 64])
def test_the_file_reckons_like_numpy(tmp_path: Path, components: int) -> None:
    spec = fitted(components=components)
    path = tmp_path / "score.onnx"
    probes = [
        np.concatenate([a, b]).astype(np.float32)
        for a, b in zip(at_home(60, seed=3), at_home(20, seed=4, shift=4.0), strict=True)
    ]

    class Alone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = NoveltyScore(spec)

        def forward(self, plain: torch.Tensor, stage: torch.Tensor) -> torch.Tensor:
            return self.score([plain, stage])

    example = tuple(torch.from_numpy(p[:2]) for p in probes)
    axes = {name: {0: "batch"} for name in ("plain", "stage")}
    torch.onnx.export(
        Alone().eval(), example, str(path), dynamo=False, input_names=["plain", "stage"], dynamic_axes=axes
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (told,) = session.run(None, dict(zip(("plain", "stage"), probes, strict=True)))
    wanted = spec.score(probes)
    assert np.allclose(told, wanted, atol=2e-3, rtol=1e-3)
    assert wanted.min() == 0.0  # half of the images from home are below the middle
    assert wanted.max() > 1.0


def test_with_all_axes_it_is_mahalanobis_distance_by_ledoit_and_wolf() -> None:
    """But for one axis, whose variance is that of the rest; so nothing is left over that would be spread."""
    rows = at_home(300)[0]
    gaussian = _fit(rows, 64)
    z = (rows - gaussian.center) / gaussian.scale
    wanted = LedoitWolf(assume_centered=True).fit(z).mahalanobis(z) / rows.shape[1]
    assert np.allclose(np.exp(gaussian.distances(rows)), wanted, rtol=1e-6)


def test_fewer_axes_leave_the_mean_of_the_other_variances() -> None:
    rows = at_home(300)[0]
    gaussian = _fit(rows, 2)
    z = (rows - gaussian.center) / gaussian.scale
    values = np.linalg.eigvalsh(LedoitWolf(assume_centered=True).fit(z).covariance_)
    assert np.allclose(1 / gaussian.precision, values[-2:])
    assert 1 / gaussian.rest == pytest.approx(values[:2].mean())


def test_few_rows_of_many_numbers_have_as_many_axes_as_rows_less_one() -> None:
    rng = np.random.default_rng(0)
    few = rng.normal(size=(5, 40))
    assert _fit(few, 64).axes.shape == (40, 4)
    assert _fit(few[:2], 64).axes.shape == (40, 1)
    assert np.allclose(np.linalg.norm(_fit(few, 64).axes, axis=0), 1)


def test_a_single_number_is_measured_by_its_variance_alone() -> None:
    rows = at_home(50)[0][:, :1]
    gaussian = _fit(rows, 64)
    assert (gaussian.axes.shape, gaussian.precision.shape) == ((1, 0), (0,))
    z = (rows[:, 0] - gaussian.center) / gaussian.scale
    assert np.exp(gaussian.distances(rows)) == pytest.approx(z**2 / (z**2).mean(), rel=1e-6)


@pytest.mark.parametrize(("units", "folds"), [(20, 20), (21, 5)])
def test_up_to_twenty_units_are_left_out_one_by_one(monkeypatch: pytest.MonkeyPatch, units: int, folds: int) -> None:
    assert (novelty.MOST_FOLDS, novelty.FOLDS) == (20, 5)
    asked: list[int] = []

    def counting(rows: list[Floats], parts: npt.NDArray[np.int64], components: int) -> Floats:
        asked.append(len(np.unique(parts)))
        return left_out(rows, parts, components)

    left_out = novelty._left_out
    monkeypatch.setattr(novelty, "_left_out", counting)
    fit_novelty(at_home(63), 1, [str(i % units) for i in range(63)])
    assert asked == [folds]


@pytest.mark.parametrize(("groups", "images"), [(3, True), (4, False)])
def test_too_few_groups_are_left_out_image_by_image(groups: int, images: bool) -> None:
    blocks = at_home(40)
    by_group = fit_novelty(blocks, 1, [str(i % groups) for i in range(40)])
    by_image = fit_novelty(blocks, 1, names(40))
    assert np.allclose(by_group.weights / by_group.weights.sum(), by_image.weights / by_image.weights.sum()) is images


def test_the_score_is_what_it_was() -> None:
    """Another figure here would be another score in files: on purpose only."""
    spec = fit_novelty(at_home(100), 1, [str(i // 2) for i in range(100)], components=3)
    assert spec.score(at_home(6, seed=7, shift=2.0)) == pytest.approx(PINNED, rel=1e-4, abs=1e-6)
    assert spec.weights == pytest.approx(PINNED_WEIGHTS, rel=1e-4)
    assert spec.softening[1] == pytest.approx(PINNED_SOFTENING, rel=1e-4)
    few = fit_novelty(at_home(9), 1, names(9))
    assert few.score(at_home(4, seed=7, shift=2.0)) == pytest.approx(PINNED_FEW, rel=1e-4, abs=1e-6)
    still = at_home(100)
    still[0][:, :] = 1.0 + 1e-3 * still[0]
    assert fit_novelty(still, 1, names(100)).score(at_home(4, seed=7)) == pytest.approx(
        PINNED_STILL, rel=1e-4, abs=1e-6
    )


@pytest.mark.parametrize(("n", "rank"), [(66, 66), (132, 132), (133, 132), (200, 198), (1000, 986)])
def test_the_limit_is_a_rank_where_the_units_are_enough(n: int, rank: int) -> None:
    assert _limit(np.arange(1.0, n + 1), n) == rank


@pytest.mark.parametrize(("units", "reach"), [(1, 29.988), (2, 25.971), (10, 2.69943), (65, 2.23656)])
def test_below_it_is_the_limit_of_a_new_one_from_a_normal_distribution(units: int, reach: float) -> None:
    """Student's quantile for 98.5 %, times sqrt(1 + 1 / units)."""
    scores = np.linspace(-1, 1, 101)  # deviation of its middle two thirds: 0.68
    assert _limit(scores, units) == pytest.approx(0.68 * reach, rel=1e-4)
    assert _limit(np.r_[scores, np.full(4, 50.0)], 65) == 50.0  # more than a few strangers are no strangers


def test_what_scatters_hardly_counts_as_scattering_so_much() -> None:
    assert _middle(np.zeros((9, 1)))[1].tolist() == [0.05]
    assert _middle(np.linspace(-0.1, 0.1, 101)[:, None])[1] == pytest.approx([0.068])


def test_a_channel_that_is_always_still_is_softened_like_a_quiet_one() -> None:
    stage = np.ones((10, 6))
    stage[:, 3:] = [0.0, 2.0, 4.0]
    assert _softening(stage) == pytest.approx([0.05 * 0.05 * 2.0 + 1e-6, 0.1 + 1e-6, 0.2 + 1e-6], rel=1e-9)


@pytest.mark.parametrize(("first", "pinned"), [(190, PINNED_FEW_FRESH), (120, PINNED_MANY_FRESH)])
def test_where_new_images_put_the_threshold_is_what_it_was(first: int, pinned: list[float]) -> None:
    late = np.arange(200) >= first
    blocks = at_home(200)
    blocks[0][late] *= 2.0
    spec = fit_novelty(blocks, 1, names(200), fresh=late)
    assert spec.score(at_home(3, seed=7, shift=3.0)) == pytest.approx(pinned, rel=1e-4)
