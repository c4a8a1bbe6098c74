"""Figures of merit against scikit-learn and against what the definition says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as reference

from tlstudio.domain.values import Interval
from tlstudio.evaluation.intervals import alikeness, area_interval, exact, few_groups, outermost, share_interval
from tlstudio.evaluation.metrics import (
    _Area,
    accuracy,
    auroc,
    auroc_interval,
    balanced_accuracy,
    balanced_interval,
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


def test_balanced_accuracy_is_about_the_classes_that_occur() -> None:
    truth = np.array([0, 2, 2, 2, 2])
    assert balanced_accuracy(truth, np.array([0, 2, 2, 2, 0]), 4) == pytest.approx((1.0 + 0.75) / 2)


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


def clustered_answers(seed: int, classes: int, *, pure: bool = False) -> tuple[Ints, Floats, Ints]:
    """Labels, probabilities and groups of unequal sizes; some groups are harder than others. Seed 1: nearly all are
    right; seed 3: nearly all are wrong."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(14), rng.integers(1, 14, 14))
    truth = groups % classes if pure else rng.integers(0, classes, len(groups))
    logits = (
        rng.normal(0, 1.5, (len(truth), classes))
        + ((1.5, 5.5, 1.5, -5.5)[seed] + rng.normal(0, 1.2, 14)[groups])[:, None] * np.eye(classes)[truth]
    )
    return truth, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), groups


def mean_of_figures(
    parts: list[Interval], beyond: list[Interval], weights: Floats, groups: Ints, alike: float
) -> tuple[float, float, float]:
    """MOVER written out. weights: (n, figures), what each image weighs in each figure."""

    def related(share: float) -> Floats:
        sums = np.array([weights[groups == g].sum(axis=0) for g in np.unique(groups)])
        covariance = (1 - share) * weights.T @ weights + share * sums.T @ sums
        scale = np.sqrt(np.diag(covariance))
        return np.asarray(covariance / scale[:, None] / scale)

    def reach(distances: list[float], share: float) -> float:
        return float(np.sqrt(np.array(distances) @ related(share) @ np.array(distances))) / len(distances)

    value = float(np.mean([p.value for p in parts]))
    low = min(value - reach([p.value - p.low for p in parts], alike), 1 - reach([1 - b.low for b in beyond], 1.0))
    high = max(value + reach([p.high - p.value for p in parts], alike), reach([b.high for b in beyond], 1.0))
    return value, max(0.0, low), min(1.0, high)


def doubted(alike: float, wrong: Floats, groups: Ints) -> float:
    """The correlation as if one more group had been alike, written out; wrong: how far off each image is."""
    amounts = np.array([wrong[groups == g].sum() for g in np.unique(groups)])
    if not amounts.any():
        return 1.0
    shares = amounts / amounts.sum()
    telling = 1 / (shares**2).sum()
    return float((1 + telling * alike) / (1 + telling))


@pytest.mark.parametrize("pure", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_balanced_interval_follows_its_definition(seed: int, classes: int, pure: bool) -> None:
    truth, probabilities, groups = clustered_answers(seed, classes, pure=pure)
    hits = probabilities.argmax(1) == truth
    parts = [share_interval(hits[truth == k], groups[truth == k]) for k in range(classes)]
    beyond = [outermost(float(hits[truth == k].mean()), len(set(groups[truth == k]))) for k in range(classes)]
    weights = np.eye(classes)[truth] / np.bincount(truth)
    alike = doubted(alikeness(hits.astype(float), groups), np.where(hits == (hits.mean() > 0.5), 0.0, 1.0), groups)
    expected = mean_of_figures(parts, beyond, weights, groups, alike)
    assert tuple_of(balanced_interval(hits, truth, groups)) == pytest.approx(expected)
    assert tuple_of(balanced_interval(hits, truth, [f"part {g}" for g in groups])) == pytest.approx(expected)


def areas_by_pairs(truth: Ints, probabilities: Floats) -> list[tuple[Floats, np.ndarray]]:
    """Placements of all images and who is of the class, for each class, counted pair by pair."""
    found = []
    for k in range(probabilities.shape[1]):
        scores, positive = probabilities[:, k], truth == k
        above = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
        found.append((np.where(positive, above[:, ~positive].mean(1), 1 - above[:, positive].mean(1)), positive))
    return found


def of_whole_groups(
    positive: np.ndarray, scores: Floats, groups: Ints, area: float, units: tuple[int, int]
) -> tuple[float, float]:
    """The limits that follow from whole groups, counted group by group."""
    ours, theirs = ([g for g in np.unique(groups) if (groups[side] == g).any()] for side in (positive, ~positive))

    def share(of_ours: Callable[[Floats], float], of_theirs: Callable[[Floats], float]) -> float:
        pairs = [
            (of_ours(scores[positive & (groups == a)]), of_theirs(scores[~positive & (groups == b)]))
            for a in ours
            for b in theirs
        ]
        return float(np.mean([(a > b) + 0.5 * (a == b) for a, b in pairs]))

    worst, best = share(np.min, np.max), share(np.max, np.min)
    low = area_interval(worst, *units).low if worst <= area + 1e-12 else 0.0
    return low, area_interval(best, *units).high if best >= area - 1e-12 else 1.0


@pytest.mark.parametrize("kind", ["alone", "mixed", "pure"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_auroc_interval_follows_its_definition(seed: int, classes: int, kind: str) -> None:
    truth, probabilities, groups = clustered_answers(seed, classes, pure=kind == "pure")
    probabilities = probabilities.round(1)  # so that some tie
    if kind == "alone":
        groups = np.arange(len(truth))
    counts = np.bincount(truth)
    own = np.eye(classes, dtype=bool)[truth]
    weights = np.where(own, 1 / counts, 1 / (len(truth) - counts))
    placed = areas_by_pairs(truth, probabilities)
    influence = np.zeros(len(truth))
    for k, (ordered, positive) in enumerate(placed):
        influence[positive] = (ordered[positive] - ordered[positive].mean()) / counts[k]
    wrong = np.zeros(len(truth))
    for k, (ordered, positive) in enumerate(placed):
        area = ordered[positive].mean()
        wrong += (1 - ordered if area > 0.5 else ordered) / np.where(positive, counts[k], len(truth) - counts[k])
    alike = doubted(alikeness(influence, groups), wrong, groups)
    parts, beyond = [], []
    for k, (ordered, positive) in enumerate(placed):
        area = float(ordered[positive].mean())
        sums = np.array([weights[groups == g, k].sum() for g in np.unique(groups)])
        single, together = float((weights[:, k] ** 2).sum()), float((sums**2).sum())
        units = len(set(groups[positive])), len(set(groups[~positive]))
        effect, most = 1 - alike + alike * together / single, together / single
        if kind != "alone":
            effect = min(most, effect * few_groups(min(units)))
        variance = ordered[positive].var(ddof=1) / counts[k] + ordered[~positive].var(ddof=1) / (len(truth) - counts[k])
        right = area_interval(1.0, units[0] * area, units[1] * area).low if area > 0 else 0.0
        beyond_wrong = area_interval(0.0, units[0] * (1 - area), units[1] * (1 - area)).high if area < 1 else 1.0
        if area in (0.0, 1.0):
            parts.append(Interval(area, right, beyond_wrong))
            beyond.append(parts[-1])
            continue
        newcombe = area_interval(area, counts[k] / effect, (len(truth) - counts[k]) / effect)
        worth = area * (1 - area) / variance / effect
        share = exact(area * worth, worth)
        beyond.append(Interval(area, right, beyond_wrong))
        low, high = min(newcombe.low, share.low, right), max(newcombe.high, share.high, beyond_wrong)
        if kind != "alone":
            low = max(low, of_whole_groups(positive, probabilities[:, k], groups, area, units)[0])
            high = min(high, of_whole_groups(positive, probabilities[:, k], groups, area, units)[1])
        parts.append(Interval(area, low, high))
    expected = mean_of_figures(parts, beyond, weights, groups, alike)
    assert tuple_of(auroc_interval(truth, probabilities, groups)) == pytest.approx(expected)


def test_areas_of_two_classes_are_one_and_of_many_err_apart() -> None:
    """With two classes both areas are the same, so the mean is no better known than each; ten of them are better known."""
    truth = np.repeat(np.arange(10), 20)
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1, (200, 10)) + 1.5 * np.eye(10)[truth]
    many = auroc_interval(truth, logits)
    one = auroc_interval((truth > 0).astype(np.int64), np.column_stack([logits[:, 0], -logits[:, 0]]))
    assert many is not None and one is not None
    assert many.high - many.low < 0.75 * (one.high - one.low)


def test_scores_that_spread_differently_widen_the_interval() -> None:
    """A few images of one class are taken for the other for sure: the area is a share of images then."""
    truth = np.repeat([0, 1], [200, 20])
    scores = np.concatenate([np.linspace(0, 1, 200), np.full(17, 2.0), np.full(3, -1.0)])
    found = auroc_interval(truth, np.column_stack([-scores, scores]))
    assert found is not None
    assert found.value == pytest.approx(0.85)
    assert found.low < area_interval(0.85, 20, 200).low - 0.05
    share = exact(17, 20)
    assert (found.low, found.high) == pytest.approx((share.low, share.high), abs=0.02)


def test_a_single_pair_of_images_makes_groups() -> None:
    """All others stand alone; the interval need not exceed the one of eleven groups."""
    truth = np.array([1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    scores = np.array([0.0, 0.1, 0.0, 0.6, 0.5, 0.6, 0.2, 0.6, 0.7, 0.3, 0.4, 0.9])
    groups = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0])  # the lowest of the one class and the highest of the other
    area, low, high = tuple_of(auroc_interval(truth, np.column_stack([1 - scores, scores]), groups))
    eleven = area_interval(0.5, 3, 9)
    assert (area, low, high) == pytest.approx((0.5, eleven.low, eleven.high))


def test_a_perfect_area_in_groups_counts_the_groups() -> None:
    truth = np.repeat([0, 1, 0, 1], 10)
    groups = np.repeat(np.arange(8), 5)
    found = auroc_interval(truth, np.eye(2)[truth], groups)
    assert tuple_of(found) == pytest.approx(tuple_of(area_interval(1.0, 4, 4)))
    none = auroc_interval(truth, np.eye(2)[1 - truth], groups)
    assert tuple_of(none) == pytest.approx(tuple_of(area_interval(0.0, 4, 4)))


def test_the_limits_of_a_perfect_area_end_at_one_and_of_none_at_nought() -> None:
    perfect, none = (_Area(value, 0.0, (9, 9), (4, 3)).outermost() for value in (1.0, 0.0))
    assert perfect == Interval(1.0, area_interval(1.0, 4, 3).low, 1.0)
    assert none == Interval(0.0, 0.0, area_interval(0.0, 4, 3).high)


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
