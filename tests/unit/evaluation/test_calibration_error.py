"""The calibration error follows its definition, and what it is by chance is what right models show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtri
from scipy.stats import norm

from tlstudio.evaluation import calibration_error
from tlstudio.evaluation.calibration_error import BINS, ChanceError, chance_error, expected_calibration_error
from tlstudio.evaluation.intervals import alikeness, few_groups

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def answers(seed: int, n: int = 120, classes: int = 3) -> tuple[Ints, Floats]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, classes))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return rng.integers(0, classes, n), probabilities


def right_model(seed: int, groups: Ints, alike: float = 0.0, sharp: float = 2.0) -> tuple[Ints, Floats]:
    """Labels and probabilities of two classes that come true as often as they say; in groups, together."""
    rng = np.random.default_rng(seed)
    n = len(groups)
    confidence = 1 / (1 + np.exp(-np.abs(rng.normal(0, sharp, n))))
    luck = np.sqrt(alike) * rng.normal(size=groups.max() + 1)[groups] + np.sqrt(1 - alike) * rng.normal(size=n)
    said = rng.integers(0, 2, n)
    probabilities = np.empty((n, 2))
    probabilities[np.arange(n), said], probabilities[np.arange(n), 1 - said] = confidence, 1 - confidence
    return np.where(luck < ndtri(confidence), said, 1 - said), probabilities


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bins", [5, BINS])
def test_calibration_error_follows_its_definition(seed: int, bins: int) -> None:
    truth, probabilities = answers(seed)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    expected = 0.0
    for b in range(bins):
        inside = (confidence >= b / bins) & ((confidence < (b + 1) / bins) | (b == bins - 1))
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert expected_calibration_error(truth, probabilities, bins) == pytest.approx(expected)


def test_there_are_fifteen_bins() -> None:
    assert BINS == 15
    truth, probabilities = answers(1)
    assert expected_calibration_error(truth, probabilities) == expected_calibration_error(truth, probabilities, 15)


def test_of_the_sure_and_right_and_of_the_sure_and_wrong() -> None:
    sure = np.eye(3)[[0, 1, 2, 0]]
    assert expected_calibration_error(np.array([0, 1, 2, 0]), sure) == 0.0
    assert expected_calibration_error(np.array([1, 2, 0, 1]), sure) == 1.0


def test_without_images_there_is_no_error() -> None:
    assert expected_calibration_error(np.zeros(0, np.int64), np.zeros((0, 3))) == 0.0
    assert chance_error(np.zeros(0, np.int64), np.zeros((0, 3))) == ChanceError(0.0, 0.0)


def test_chance_of_one_confidence_is_that_of_a_binomial() -> None:
    """All answers at 0.8: the error is the distance of a binomial share from it."""
    probabilities = np.tile([0.8, 0.2], (50, 1))
    found = chance_error(np.arange(50) % 2, probabilities)
    shares = np.random.default_rng(5).binomial(50, 0.8, 200_000) / 50
    assert found.mean == pytest.approx(np.abs(shares - 0.8).mean(), abs=0.005)
    assert found.limit == pytest.approx(np.quantile(np.abs(shares - 0.8), 0.95), abs=0.021)  # shares go by 0.02


def test_it_repeats_itself_and_does_not_depend_on_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, probabilities = right_model(1, np.arange(40))
    found = chance_error(truth, probabilities)
    assert chance_error(truth, probabilities) == found
    assert chance_error(truth, probabilities, seed=1) != found
    monkeypatch.setattr(calibration_error, "AT_ONCE", 40 * 7)  # seven draws at a time, the last one alone
    pieces = chance_error(truth, probabilities)
    assert (pieces.mean, pieces.limit) == pytest.approx((found.mean, found.limit), abs=0.02)
    monkeypatch.setattr(calibration_error, "AT_ONCE", 1)
    assert chance_error(truth, probabilities).mean == pytest.approx(found.mean, abs=0.02)


def test_so_many_answers_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    gaps = calibration_error._bin_gaps

    def counting(excess: Floats, confidence: Floats, bins: int = BINS) -> Floats:
        seen.append(len(excess))
        return gaps(excess, confidence, bins)

    truth, probabilities = right_model(1, np.arange(40))
    monkeypatch.setattr(calibration_error, "AT_ONCE", 40 * 150)
    monkeypatch.setattr(calibration_error, "_bin_gaps", counting)
    chance_error(truth, probabilities)
    assert seen == [150, 150, 100]
    seen.clear()
    monkeypatch.setattr(calibration_error, "AT_ONCE", 39)  # fewer than images
    chance_error(truth, probabilities)
    assert seen == [1] * 400


def test_right_models_stay_below_the_limit_and_wrong_ones_do_not() -> None:
    groups = np.arange(100)
    above, errors, means = 0, [], []
    for seed in range(60):
        truth, probabilities = right_model(seed, groups)
        found = chance_error(truth, probabilities)
        errors.append(expected_calibration_error(truth, probabilities))
        means.append(found.mean)
        above += errors[-1] > found.limit
    assert above <= 8  # 3 expected
    assert np.mean(means) == pytest.approx(np.mean(errors), abs=0.008)
    truth, probabilities = right_model(0, np.arange(300), sharp=1.0)
    raised = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    assert expected_calibration_error(truth, raised) > chance_error(truth, raised).limit + 0.02


def test_grouped_answers_err_together() -> None:
    groups = np.repeat(np.arange(20), 20)
    above, alone, together = 0, [], []
    for seed in range(16):
        truth, probabilities = right_model(seed, groups, alike=0.6, sharp=1.0)
        found = chance_error(truth, probabilities, [f"part {g}" for g in groups])
        above += expected_calibration_error(truth, probabilities) > found.limit
        alone.append(chance_error(truth, probabilities).limit)
        together.append(found.limit)
    assert above <= 3
    assert np.mean(together) > 1.4 * np.mean(alone)


def test_answers_of_groups_that_are_not_alike_count_as_alone() -> None:
    truth, probabilities = right_model(3, np.arange(200))
    order = np.argsort(probabilities.argmax(1) == truth, kind="stable")
    groups = np.empty(200, np.int64)
    groups[order] = np.arange(200) % 10  # every group has its share of the mistakes
    assert chance_error(truth, probabilities, groups).limit == pytest.approx(
        chance_error(truth, probabilities).limit, abs=0.02
    )


def test_the_correlation_behind_the_answers_is_found() -> None:
    groups = np.repeat(np.arange(400), 10)
    for alike in (0.2, 0.5):
        truth, probabilities = right_model(2, groups, alike=alike, sharp=0.5)
        confidence = probabilities.max(1)
        found = calibration_error._latent_alikeness(probabilities.argmax(1) == truth, confidence, groups)
        assert found == pytest.approx(alike, abs=0.08)
    whole = calibration_error._latent_alikeness(np.ones(4000, bool), np.full(4000, 0.9), groups)
    assert whole == 1.0


def test_the_certain_is_drawn_like_the_nearly_certain() -> None:
    sure = np.eye(2)[np.arange(40) % 2]
    found = chance_error(np.arange(40) % 2, sure, np.repeat(np.arange(4), 10))
    assert 0.0 <= found.mean < 1e-4
    assert found.limit == pytest.approx(1e-6), "the nearest to 1 that counts"


def test_the_certain_share_the_last_bin() -> None:
    probabilities = np.array([[0.95, 0.05], [1.0, 0.0]])
    assert expected_calibration_error(np.array([0, 1]), probabilities) == pytest.approx(0.475)


def test_the_correlation_is_that_of_right_answers_taken_larger_for_few_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = np.repeat(np.arange(12), 10)
    truth, probabilities = right_model(5, groups, alike=0.15, sharp=0.5)
    confidence, hits = probabilities.max(1), probabilities.argmax(1) == truth
    seen = alikeness((hits - confidence) / np.sqrt(confidence * (1 - confidence)), groups)
    thinned = (norm.pdf(norm.ppf(confidence)) ** 2 / (confidence * (1 - confidence))).mean()
    found = calibration_error._latent_alikeness(hits, confidence, groups)
    assert 0.0 < found < 1.0
    assert found == pytest.approx(seen / thinned * few_groups(12))
    asked: list[list[bool]] = []
    monkeypatch.setattr(calibration_error, "_latent_alikeness", lambda h, c, g: asked.append(h.tolist()) or 0.0)
    chance_error(truth, probabilities, groups)
    assert asked == [hits.tolist()]


def test_chance_is_about_the_likeliest_of_many_classes() -> None:
    found = chance_error(np.arange(50) % 3, np.tile([0.6, 0.3, 0.1], (50, 1)))
    shares = np.random.default_rng(5).binomial(50, 0.6, 200_000) / 50
    assert found.mean == pytest.approx(np.abs(shares - 0.6).mean(), abs=0.005)


def test_no_more_than_one_draw_in_twenty_is_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is one more like the draws: it is beyond the 381st of 400 no oftener than 20 times in 401."""
    monkeypatch.setattr(calibration_error, "_bin_gaps", lambda excess, confidence: np.arange(len(excess))[::-1] / 1000)
    found = chance_error(np.zeros(4, int), np.full((4, 2), 0.5))
    assert found.limit == pytest.approx(0.380)
    assert found.mean == pytest.approx(0.1995)
