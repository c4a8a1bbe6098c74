"""Figures of merit against scikit-learn and against what the definition says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as reference

from tlstudio.domain.values import Interval
from tlstudio.evaluation.intervals import exact
from tlstudio.evaluation.metrics import (
    accuracy,
    auroc,
    balanced_accuracy,
    confusion,
    log_loss,
    measure,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SEEDS = range(12)


def random_answers(seed: int, classes: int | None = None) -> tuple[Ints, Floats]:
    """Labels with every class present and probabilities that are better than chance; some of them tie."""
    rng = np.random.default_rng(seed)
    k = classes or int(rng.integers(2, 7))
    truth = np.concatenate([np.arange(k), rng.integers(0, k, 120)])
    logits = rng.normal(0, 1.5, (len(truth), k)) + 1.5 * np.eye(k)[truth]
    probabilities = np.exp(np.round(logits)) / np.exp(np.round(logits)).sum(1, keepdims=True)
    return truth, probabilities


def tuple_of(interval: Interval | None) -> tuple[float, float, float]:
    assert interval is not None
    return interval.value, interval.low, interval.high


@pytest.mark.parametrize("seed", SEEDS)
def test_confusion_and_accuracies_are_scikit_learn_s(seed: int) -> None:
    truth, probabilities = random_answers(seed)
    k, predicted = probabilities.shape[1], probabilities.argmax(1)
    assert np.array_equal(confusion(truth, predicted, k), reference.confusion_matrix(truth, predicted))
    assert accuracy(truth, predicted) == pytest.approx(reference.accuracy_score(truth, predicted))
    expected = reference.balanced_accuracy_score(truth, predicted)
    assert balanced_accuracy(truth, predicted, k) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_auroc_is_scikit_learn_s_with_ties(seed: int) -> None:
    truth, probabilities = random_answers(seed)
    k = probabilities.shape[1]
    areas = [reference.roc_auc_score(truth == c, probabilities[:, c]) for c in range(k)]
    assert auroc(truth, probabilities) == pytest.approx(np.mean(areas))


def test_auroc_of_two_classes_is_that_of_the_second() -> None:
    truth, probabilities = random_answers(1, classes=2)
    second = probabilities[:, 1].round(2)
    assert auroc(truth, np.column_stack([1 - second, second])) == pytest.approx(reference.roc_auc_score(truth, second))


@pytest.mark.parametrize("seed", SEEDS)
def test_log_loss_is_scikit_learn_s(seed: int) -> None:
    truth, probabilities = random_answers(seed)
    expected = reference.log_loss(truth, probabilities, labels=range(probabilities.shape[1]))
    assert log_loss(truth, probabilities) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_measure_agrees_with_its_parts(seed: int) -> None:
    truth, probabilities = random_answers(seed)
    predicted, k = probabilities.argmax(1), probabilities.shape[1]
    figures = measure(truth, probabilities)
    table = reference.confusion_matrix(truth, predicted)
    assert figures.confusion == tuple(tuple(int(v) for v in row) for row in table)
    assert figures.accuracy == exact(int((predicted == truth).sum()), len(truth))
    balanced = tuple_of(figures.balanced_accuracy)
    assert balanced[0] == pytest.approx(reference.balanced_accuracy_score(truth, predicted))
    for value, low, high in (balanced, tuple_of(figures.auroc)):
        assert 0 <= low <= value <= high <= 1
    sensitivity = reference.recall_score(truth, predicted, average=None, labels=range(k))
    precision = reference.precision_score(truth, predicted, average=None, labels=range(k), zero_division=np.nan)
    for c, one in enumerate(figures.per_class):
        assert one.n == int((truth == c).sum())
        assert tuple_of(one.sensitivity)[0] == pytest.approx(sensitivity[c])
        negatives = truth != c
        assert tuple_of(one.specificity)[0] == pytest.approx((predicted[negatives] != c).mean())
        if np.isnan(precision[c]):
            assert one.ppv is None
        else:
            assert tuple_of(one.ppv)[0] == pytest.approx(precision[c])


def test_groups_widen_every_interval_of_grouped_mistakes() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.integers(0, 2, 40), 5)
    wrong = np.repeat(rng.random(40) < 0.3, 5)
    probabilities = np.where(((truth == 1) ^ wrong)[:, None], [[0.2, 0.8]], [[0.8, 0.2]])
    alone, grouped = measure(truth, probabilities), measure(truth, probabilities, [i // 5 for i in range(200)])

    def width(interval: Interval | None) -> float:
        _, low, high = tuple_of(interval)
        return high - low

    pairs = [(alone.accuracy, grouped.accuracy), (alone.balanced_accuracy, grouped.balanced_accuracy)]
    pairs += [(alone.auroc, grouped.auroc)]
    pairs += [(a.sensitivity, g.sensitivity) for a, g in zip(alone.per_class, grouped.per_class, strict=True)]
    for a, g in pairs:
        assert tuple_of(g)[0] == tuple_of(a)[0]
        assert width(g) > 1.5 * width(a)


def test_all_right_is_no_certainty() -> None:
    truth = np.arange(10) % 2
    figures = measure(truth, np.eye(2)[truth])
    for value, low, high in (tuple_of(figures.balanced_accuracy), tuple_of(figures.auroc)):
        assert value == high == 1.0
        assert 0.4 < low < 0.9


@pytest.mark.parametrize("alike", [True, False])
def test_one_group_per_class_tells_little(alike: bool) -> None:
    truth = np.repeat([0, 1], 10)
    wrong = np.arange(20) % 5 == 0
    probabilities = np.eye(2)[truth ^ wrong]
    units = [f"patient {k}" for k in truth] if alike else [f"patient {i % 2}" for i in range(20)]
    figures = measure(truth, probabilities, units)
    for value, low, high in (tuple_of(figures.balanced_accuracy), tuple_of(figures.auroc)):
        assert value == pytest.approx(0.8)
        assert high - low > (0.4 if alike else 0.05)


def test_all_wrong_and_never_in_order_has_a_width() -> None:
    truth = np.arange(8) % 2
    figures = measure(truth, np.eye(2)[1 - truth])
    for value, low, high in (tuple_of(figures.balanced_accuracy), tuple_of(figures.auroc)):
        assert value == low == 0.0
        assert 0.1 < high < 0.6


def test_a_class_of_one_image_does_not_narrow_the_area() -> None:
    truth, probabilities = random_answers(3, classes=3)
    kept = np.flatnonzero((truth < 2) | (np.arange(len(truth)) == 2))
    value, low, high = tuple_of(measure(truth[kept], probabilities[kept]).auroc)
    assert low < value < high
    assert value == auroc(truth[kept], probabilities[kept])


def test_one_class_present_has_no_auroc_and_no_specificity() -> None:
    figures = measure(np.zeros(6, np.int64), np.tile([0.7, 0.3], (6, 1)))
    assert figures.auroc is None
    assert figures.balanced_accuracy.value == 1.0
    present, absent = figures.per_class
    assert (present.specificity, present.n) == (None, 6)
    assert (absent.sensitivity, absent.ppv, absent.n) == (None, None, 0)
    assert figures.confusion == ((6, 0), (0, 0))


def test_no_images_at_all() -> None:
    figures = measure(np.zeros(0, np.int64), np.zeros((0, 3)))
    assert figures.accuracy == figures.balanced_accuracy == Interval(0.0, 0.0, 1.0)
    assert (figures.auroc, figures.ece) == (None, 0.0)
    assert figures.confusion == ((0, 0, 0),) * 3
    assert accuracy(np.zeros(0, np.int64), np.zeros(0, np.int64)) == 0.0
    assert balanced_accuracy(np.zeros(0, np.int64), np.zeros(0, np.int64), 3) is None


def test_one_image() -> None:
    figures = measure(np.array([1]), np.array([[0.1, 0.9]]), ["patient"])
    assert figures.accuracy.value == 1.0
    assert figures.auroc is None


def test_log_loss_of_an_impossible_answer_is_finite() -> None:
    assert np.isfinite(log_loss(np.array([0]), np.array([[0.0, 1.0]])))
