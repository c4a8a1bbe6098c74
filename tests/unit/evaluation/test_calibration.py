"""Temperature scaling: finds what was done to the logits, keeps its hands off where it can't know, and never changes a class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize_scalar

from tlstudio.evaluation.calibration import BOUNDS, FOLDS, LEAST_IMAGES, Calibration, fit_temperature, tempered
from tlstudio.evaluation.calibration_error import expected_calibration_error
from tlstudio.evaluation.metrics import log_loss

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def honest(n: int, classes: int, seed: int) -> tuple[Floats, Ints]:
    """Logits whose softmax is true: each label is drawn from its image's own probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, classes))
    truth = (softmax(logits).cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return logits, truth


@pytest.mark.parametrize("true", [0.4, 0.7, 1.5, 3.0, 6.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_the_temperature_that_was_applied_is_found(true: float, classes: int) -> None:
    logits, truth = honest(8000, classes, seed=1)
    found = fit_temperature(softmax(logits * true), truth)
    assert found.temperature == pytest.approx(true, rel=0.06)
    assert found.n == 8000
    assert found.loss_after is not None and found.loss_before is not None
    assert found.loss_after < found.loss_before
    assert ("too sure" in found.reason) is (true > 1)


def test_it_minimises_the_loss_and_repeats_itself() -> None:
    logits, truth = honest(500, 3, seed=2)
    probabilities = softmax(2.5 * logits)
    found = fit_temperature(probabilities, truth)
    assert fit_temperature(probabilities, truth) == found
    reached = log_loss(truth, tempered(probabilities, found.temperature))
    for factor in (0.99, 1.01):
        assert reached < log_loss(truth, tempered(probabilities, found.temperature * factor))


def test_calibration_makes_unseen_probabilities_honest() -> None:
    logits, truth = honest(1200, 4, seed=3)
    too_sure = softmax(3 * logits)
    found = fit_temperature(too_sure[:600], truth[:600])
    before = expected_calibration_error(truth[600:], too_sure[600:])
    after = expected_calibration_error(truth[600:], tempered(too_sure[600:], found.temperature))
    assert after < before / 2


@pytest.mark.parametrize("temperature", [*BOUNDS, 0.6, 1.0, 2.7])
def test_the_most_likely_class_stays(temperature: float) -> None:
    rng = np.random.default_rng(4)
    probabilities = softmax(rng.normal(0, 8, (3000, 6)))
    scaled = tempered(probabilities, temperature)
    assert np.array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))
    assert np.allclose(scaled.sum(axis=1), 1)
    assert np.array_equal(np.argsort(scaled, axis=1), np.argsort(probabilities, axis=1))


def test_scaling_is_that_of_the_logits_and_can_be_undone() -> None:
    logits = np.random.default_rng(5).normal(0, 4, (50, 3))
    for temperature in (0.5, 1.5, 2.5):
        assert np.allclose(tempered(softmax(logits), temperature), softmax(logits / temperature))
    as_they_are = softmax(logits)
    assert tempered(as_they_are, 1.0) is as_they_are
    assert np.allclose(tempered(tempered(softmax(logits), 2.5), 1 / 2.5), softmax(logits))
    sure = np.array([[1.0, 0.0, 0.0]])
    assert np.isfinite(tempered(sure, 10.0)).all()
    assert tempered(sure, 10.0).argmax() == 0
    assert np.allclose(tempered(sure, BOUNDS[0]), sure)


def test_too_few_images_change_nothing_and_say_so() -> None:
    logits, truth = honest(LEAST_IMAGES - 1, 3, seed=6)
    found = fit_temperature(softmax(3 * logits), truth)
    assert found.temperature == 1.0
    assert found.reason.startswith(f"Only {LEAST_IMAGES - 1} images were left out;")
    assert (found.loss_before, found.loss_after) == (None, None)
    one = fit_temperature(softmax(logits[:1]), truth[:1])
    assert one.reason.startswith("Only 1 image was left out;")
    none = fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64))
    assert (none.temperature, none.n) == (1.0, 0)


def test_many_images_of_few_groups_are_few() -> None:
    logits, truth = honest(400, 3, seed=7)

    def of_groups(count: int) -> Calibration:
        return fit_temperature(softmax(3 * logits), truth, [f"patient {i % count}" for i in range(400)])

    assert of_groups(FOLDS - 1).temperature == 1.0
    assert "4 independent groups" in of_groups(FOLDS - 1).reason
    assert of_groups(1).reason.startswith("The left-out images come from 1 independent group;")
    assert of_groups(FOLDS).temperature > 2


def test_what_only_one_group_asks_for_is_not_taken() -> None:
    """All mistakes come from one group, so what they ask for does not carry over to other groups."""
    truth = np.zeros(100, np.int64)
    probabilities = np.tile([0.97, 0.03], (100, 1))
    probabilities[:10] = [0.03, 0.97]
    spread = fit_temperature(probabilities, truth)
    assert spread.temperature > 1.2
    together = fit_temperature(probabilities, truth, [f"part {i // 20}" if i >= 20 else "bad" for i in range(100)])
    assert together.temperature == 1.0


def test_without_a_mistake_nothing_shows_how_sure_it_may_be() -> None:
    truth = np.arange(200) % 2
    found = fit_temperature(np.where(np.eye(2)[truth] == 1, 0.8, 0.2), truth)
    assert found.temperature == 1.0
    assert "recognised" in found.reason


def test_a_gain_that_does_not_hold_up_is_not_taken() -> None:
    """One sure mistake among forty: what fits the rest is wrong about it, and the other way round."""
    rng = np.random.default_rng(8)
    unchanged = 0
    for _ in range(20):
        logits, truth = honest(60, 2, seed=int(rng.integers(1 << 30)))
        found = fit_temperature(softmax(logits), truth)
        assert found.loss_before is not None and found.loss_after is not None
        assert (found.temperature == 1.0) is (found.loss_after >= found.loss_before)
        unchanged += found.temperature == 1.0
    assert unchanged > 10, "probabilities that are honest already are mostly left alone"


def test_bounds_hold() -> None:
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 2, 300)
    nonsense = np.where(np.eye(2)[rng.integers(0, 2, 300)] == 1, 1 - 1e-9, 1e-9)
    assert fit_temperature(nonsense, truth).temperature == pytest.approx(BOUNDS[1], rel=1e-3)


def test_the_limits_are_those_that_are_told() -> None:
    assert (LEAST_IMAGES, BOUNDS, FOLDS) == (30, (0.25, 10.0), 5)
    logits, truth = honest(30, 3, seed=6)
    assert "Only" not in fit_temperature(softmax(3 * logits), truth).reason
    assert fit_temperature(softmax(3 * logits[:29]), truth[:29]).reason.startswith("Only 29")


def test_the_sharpest_temperature_is_a_quarter() -> None:
    logits, truth = honest(4000, 2, seed=12)
    assert fit_temperature(softmax(logits * 0.1), truth).temperature == pytest.approx(0.25, rel=1e-3)
    assert fit_temperature(softmax(logits * 0.3), truth).temperature == pytest.approx(0.3, rel=0.06)


def test_folds_are_drawn_by_the_seed() -> None:
    logits, truth = honest(200, 3, seed=13)
    found = fit_temperature(softmax(2 * logits), truth)
    assert fit_temperature(softmax(2 * logits), truth, seed=0) == found
    assert fit_temperature(softmax(2 * logits), truth, seed=1).loss_after != found.loss_after


def fit_by_hand(probabilities: Floats, truth: Ints) -> float:
    found = minimize_scalar(lambda t: log_loss(truth, tempered(probabilities, t)), bounds=(0.25, 10), method="bounded")
    return float(found.x)


def test_the_loss_before_and_after_is_told() -> None:
    logits, truth = honest(400, 3, seed=14)
    probabilities = softmax(3 * logits)
    found = fit_temperature(probabilities, truth)
    assert found.loss_before == pytest.approx(log_loss(truth, probabilities))
    fold = np.random.default_rng(0).permutation(400) % 5
    losses = np.empty(400)
    for k in range(5):
        rest, inside = fold != k, np.flatnonzero(fold == k)
        best = fit_by_hand(probabilities[rest], truth[rest])
        losses[inside] = [log_loss(truth[[i]], tempered(probabilities[[i]], best)) for i in inside]
    assert found.loss_after == pytest.approx(losses.mean(), rel=1e-4)
    assert found.reason == "Fitted to 400 left-out images: the model was too sure."


def test_a_class_that_is_ruled_out_does_not_overflow_at_the_sharpest_temperature() -> None:
    truth = np.arange(200) % 2
    timid = np.where(np.arange(200)[:, None] == 0, [[0.4, 0.6, 0.0]], np.eye(3)[truth] * 0.2 + [0.4, 0.4, 0.0])
    assert fit_temperature(timid, truth).temperature == pytest.approx(BOUNDS[0], rel=1e-3)


def test_the_certain_are_fitted_without_overflow() -> None:
    truth = np.arange(60) % 2
    sure = np.eye(2)[np.where(np.arange(60) < 6, 1 - truth, truth)]
    found = fit_temperature(sure, truth)
    assert found.temperature == pytest.approx(BOUNDS[1], rel=1e-3)
    assert found.loss_before is not None and np.isfinite(found.loss_before)
    assert found.loss_after is not None and np.isfinite(found.loss_after)


@pytest.mark.parametrize("n", [30, 40, 60, 64, 128])
@pytest.mark.parametrize("classes", [2, 3, 4, 5])
def test_a_model_that_finds_all_classes_alike_is_left_as_it_is(n: int, classes: int) -> None:
    """Every temperature gives the same loss, up to the rounding of sums, which must not decide."""
    found = fit_temperature(np.full((n, classes), 1 / classes), np.arange(n) % classes)
    assert found.temperature == 1.0
    assert found.reason == "The left-out images agree best with the probabilities as they are."
    assert found.loss_after == pytest.approx(np.log(classes))
