"""The probe: better than one way alone, groups, tiny data, and the regularisation taken over."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from tests.unit.training.blobs import blobs
from tlstudio.training import discriminant, logistic, probe
from tlstudio.training.linear import LinearHead
from tlstudio.training.probe import Held, fit_probe, sharpness_for


def test_small_steps_never_wait_for_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linear algebra library shares them between threads; on a busy machine each would wait for a turn."""
    seen = []

    def watch(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def watched(*args: object, **options: object) -> object:
            seen.append((name, threads()))
            return real(*args, **options)

        monkeypatch.setattr(owner, name, watched)

    watch(logistic, "minimize")
    watch(np.linalg, "eigh")
    watch(np.linalg, "qr")
    for name in ("cholesky", "solve_triangular", "cho_solve"):
        watch(discriminant, name)
    with threadpool_limits(2, "blas"):
        before = threads()
        fit_probe(*blobs(60, 120, 3, 2.0), 3)
        assert threads() == before
    assert {name for name, _ in seen} == {"minimize", "eigh", "qr", "cholesky", "solve_triangular", "cho_solve"}
    assert {count for _, count in seen} == {1}


def threads() -> int:
    """Of the linear algebra libraries, the most that one of them uses."""
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def test_accuracy_at_least_that_of_scikit_learn_at_its_default() -> None:
    features, labels = blobs(600, 64, 4, 3.0, seed=3)
    found = fit_probe(features[:400], labels[:400], 4)
    scaler = StandardScaler().fit(features[:400])
    reference = LogisticRegression(max_iter=2000).fit(scaler.transform(features[:400]), labels[:400])
    ours = (found.head.logits(features[400:]).argmax(axis=1) == labels[400:]).mean()
    theirs = (reference.predict(scaler.transform(features[400:])) == labels[400:]).mean()
    assert ours >= theirs - 0.01


def test_out_of_fold_answers_are_not_those_of_the_fit() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (80, 200)).astype(np.float32)
    labels = rng.integers(0, 2, 80)  # nothing to learn: out of fold must be near chance
    found = fit_probe(features, labels, 2)
    assert 0.25 < (found.held_out.argmax(axis=1) == labels).mean() < 0.75
    assert found.folds == probe.FOLDS


def test_groups_are_not_divided_between_folds() -> None:
    """Twins with random labels: memory of a twin would give 100 %."""
    rng = np.random.default_rng(1)
    base = rng.normal(0, 1, (60, 200)).astype(np.float32)
    labels = np.repeat(rng.integers(0, 2, 60), 2)
    features = np.repeat(base, 2, axis=0) + rng.normal(0, 0.01, (120, 200)).astype(np.float32)
    units = [str(i // 2) for i in range(120)]
    leaky = fit_probe(features, labels, 2)
    honest = fit_probe(features, labels, 2, units=units)
    assert (leaky.held_out.argmax(axis=1) == labels).mean() > 0.9
    assert (honest.held_out.argmax(axis=1) == labels).mean() < 0.75


class Salted(str):
    """A name whose hash is that of another process."""

    salt = 0

    def __hash__(self) -> int:
        return hash((self.salt, str(self)))


def test_folds_do_not_depend_on_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(60, 8, 2, 3.0)
    units = [Salted(f"patient {i // 2}") for i in range(60)]
    first = fit_probe(features, labels, 2, units=units)
    monkeypatch.setattr(Salted, "salt", 1)
    assert np.array_equal(fit_probe(features, labels, 2, units=units).held_out, first.held_out)


def test_with_one_class_that_can_be_divided_nothing_is_judged() -> None:
    features, labels = blobs(20, 8, 2, 0.5)
    labels[:] = 0
    labels[0] = 1
    found = fit_probe(features, labels, 2)
    assert found.folds == 0
    assert not found.judged.any()
    assert found.held_out.shape == (20, 2)
    assert np.isnan(found.held_out).all()
    assert np.isfinite(found.head.probabilities(features)).all()


@pytest.mark.parametrize("grouped", [False, True])
def test_a_class_of_one_unit_is_not_judged_and_the_others_are_honestly(grouped: bool) -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(0, 1, (93, 200)).astype(np.float32)
    labels = np.concatenate([rng.integers(0, 2, 90), [2, 2, 2] if grouped else [2, 3, 4]])
    units = [f"patient {i // 3}" for i in range(93)] if grouped else None
    found = fit_probe(features, labels, 5, units=units)
    assert found.folds == probe.FOLDS
    assert np.array_equal(found.judged, labels < 2)
    assert np.isnan(found.held_out[~found.judged]).all()
    right = found.held_out[found.judged].argmax(axis=1) == labels[found.judged]
    assert 0.25 < right.mean() < 0.75  # nothing to learn, and the fit itself is all right


def test_the_smallest_class_that_can_be_divided_decides_the_folds() -> None:
    features, _ = blobs(24, 8, 2, 0.5)
    labels = np.array([0] * 20 + [1] * 3 + [2])
    found = fit_probe(features, labels, 3)
    assert found.folds == 3
    assert found.judged.sum() == 23
    assert np.allclose(found.held_out[found.judged].sum(axis=1), 1.0)


def test_constant_features_and_the_same_answer_twice() -> None:
    features, labels = blobs(50, 6, 3, 1.0)
    features[:, 2] = 7.0
    first, second = fit_probe(features, labels, 3, seed=5), fit_probe(features, labels, 3, seed=5)
    assert np.isfinite(first.head.weight).all()
    assert np.array_equal(first.head.weight, second.head.weight)


def test_logistic_regression_alone_when_asked_for() -> None:
    features, labels = blobs(60, 20, 3, 2.0)
    found = fit_probe(features, labels, 3, alone=True)
    assert len(found.regularisation) == 1
    scaler = StandardScaler().fit(features)
    reference = LogisticRegression(C=found.regularisation[0].setting, max_iter=5000).fit(
        scaler.transform(features), labels
    )
    said = reference.predict_proba(scaler.transform(features))
    assert np.abs(found.head.probabilities(features) - said).max() < 0.02


def test_few_images_in_many_dimensions_are_told_apart_better_by_both_than_by_one() -> None:
    """Where classes are clouds of one shape, describing them needs fewer images than drawing the borders between them."""
    rng = np.random.default_rng(4)
    centres = rng.normal(0, 0.35, (6, 200))
    turn = np.linalg.qr(rng.normal(0, 1, (200, 200)))[0]
    spread = 8 / np.sqrt(np.arange(1, 201))

    def draw(each: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(6), each)
        return (centres[labels] + (rng.normal(0, 1, (6 * each, 200)) * spread) @ turn).astype(np.float32), labels

    (few, few_labels), (many, truth) = draw(5), draw(200)
    both = float((fit_probe(few, few_labels, 6).head.logits(many).argmax(axis=1) == truth).mean())
    one = float((fit_probe(few, few_labels, 6, alone=True).head.logits(many).argmax(axis=1) == truth).mean())
    assert both > one + 0.02


def test_the_regularisation_is_taken_over_by_other_images() -> None:
    features, labels = blobs(120, 40, 3, 2.0)
    first = fit_probe(features, labels, 3)
    again = fit_probe(features, labels, 3, regularisation=first.regularisation)
    assert again.regularisation == first.regularisation
    assert again.head.weight == pytest.approx(first.head.weight, abs=1e-4)
    assert again.held_out == pytest.approx(first.held_out, abs=0.02)  # the path came from other strengths
    half = fit_probe(features[:60], labels[:60], 3, regularisation=first.regularisation, leave_out=False)
    assert half.folds == 0 and not half.judged.any()
    assert (half.head.logits(features[60:]).argmax(axis=1) == labels[60:]).mean() > 0.8


def test_that_of_the_logistic_regression_alone_stays_alone() -> None:
    features, labels = blobs(60, 20, 3, 2.0)
    found = fit_probe(features, labels, 3, regularisation=(Held(0.01),))
    assert found.folds == probe.FOLDS and found.judged.all()
    assert found.regularisation == (Held(0.01),)


@pytest.mark.parametrize("factor", [0.02, 1.0, 50.0])
def test_sharpness_undoes_a_wrong_scale(factor: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 4))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(4, p=p) for p in chances])
    assert sharpness_for(logits * factor, truth) == pytest.approx(1 / factor, rel=0.1)


def test_a_few_images_that_are_all_told_apart_do_not_make_it_certain() -> None:
    logits = np.eye(3)[[0, 1, 2, 0, 1]] * 2.0
    truth = np.array([0, 1, 2, 0, 1])
    assert 1.0 < sharpness_for(logits, truth) < 20.0


def test_both_ways_together_are_about_as_sure_as_logistic_regression() -> None:
    """Left to itself the sharpness of a way that tells all of a few images apart would be anything."""
    features, labels = blobs(40, 300, 3, 0.3)
    both = fit_probe(features, labels, 3).head.logits(features).std(axis=1).mean()
    one = fit_probe(features, labels, 3, alone=True).head.logits(features).std(axis=1).mean()
    assert one / 2 < both < 5 * one


def test_features_that_say_nothing_give_the_same_answer_for_all() -> None:
    features, labels = np.ones((20, 6), np.float32), np.arange(20) % 2
    found = fit_probe(features, labels, 2)
    assert np.isfinite(found.head.weight).all() and np.isfinite(found.held_out).all()
    assert np.ptp(found.head.logits(features), axis=0) == pytest.approx(0.0, abs=1e-6)


def test_a_class_that_one_fold_has_not_learned_says_nothing_about_how_sure_the_others_are() -> None:
    """Where units hold several classes, a fold can be left without one; the truth is then what it never says."""
    rng = np.random.default_rng(242)
    classes, count, n = rng.integers(2, 5), rng.integers(3, 9), rng.integers(12, 60)
    labels, units = rng.integers(0, classes, n), rng.integers(0, count, n)
    masks = probe.fold_masks(labels, units.tolist(), 0)
    assert any(not np.isin(labels[~mask], labels[mask]).all() for mask in masks), "the case that this is about"
    features = (np.eye(4, 40)[labels] * 3 + rng.normal(0, 1, (n, 40))).astype(np.float32)
    found = fit_probe(features, labels, int(classes), units=units.tolist())
    said = found.head.probabilities(features)[np.arange(n), labels]
    assert -np.log(said).mean() < 0.5


def test_settings_that_are_given_are_not_chosen_but_the_sharpness_is() -> None:
    features, labels = blobs(60, 20, 3, 2.0)
    found = fit_probe(features, labels, 3, settings=(0.01, 0.9))
    assert [held.setting for held in found.regularisation] == [0.01, 0.9]
    assert all(held.sharpness != 1.0 for held in found.regularisation)
    assert found.judged.all()


def test_a_frequent_class_and_features_that_tell_little_leave_logistic_regression_alone() -> None:
    """To take all classes for equally likely then costs more than it brings."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [400, 50, 50])
    features = (rng.normal(0, 1, (500, 300)) + 0.5 * np.eye(3, 300)[labels]).astype(np.float32)
    found = fit_probe(features, labels, 3)
    alone = fit_probe(features, labels, 3, alone=True)
    right = (found.held_out.argmax(axis=1) == labels).mean()
    assert right >= (alone.held_out.argmax(axis=1) == labels).mean() - 0.01


@pytest.mark.parametrize(("spoiled", "alone"), [(40, True), (2, False), (0, False)])
def test_the_second_way_is_left_out_where_it_spoils_more_than_luck_would(spoiled: int, alone: bool) -> None:
    labels = np.arange(100) % 2
    first = np.eye(2, dtype=np.float32)[labels]
    second = first.copy()
    second[:spoiled] = 5 * (1 - first[:spoiled])
    half = np.arange(100) < 50
    trial = probe._Trial([half, ~half], labels, 2)
    nothing = LinearHead(np.zeros((2, 3), np.float32), np.zeros(2, np.float32))
    parts = [probe._Part(Held(0.1), nothing, first), probe._Part(Held(0.5), nothing, second)]
    assert trial.first_is_better(parts) is alone
