"""The probe against scikit-learn, groups, tiny data and folded standardisation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from tlstudio.training import probe
from tlstudio.training.probe import fit_probe


def blobs(n: int, d: int, classes: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1, (classes, d))
    labels = rng.integers(0, classes, n)
    scale = rng.uniform(0.1, 20, d)  # features of very different size: standardisation must matter
    return ((centres[labels] + rng.normal(0, spread, (n, d))) * scale + 3).astype(np.float32), labels


@pytest.mark.parametrize(("n", "d"), [(300, 20), (60, 120)])
def test_same_solution_as_scikit_learn(n: int, d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(n, d, 3, 2.0)
    monkeypatch.setattr(probe, "STRENGTHS", (0.1,))
    monkeypatch.setattr(probe, "ITERATIONS", 2000)
    found = fit_probe(features, labels, 3).head
    scaler = StandardScaler().fit(features)
    reference = LogisticRegression(C=0.1, max_iter=5000, tol=1e-8).fit(scaler.transform(features), labels)
    expected = reference.predict_proba(scaler.transform(features))
    assert np.abs(found.probabilities(features) - expected).max() < 5e-3


def test_small_steps_never_wait_for_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linear algebra library shares them between threads; on a busy machine each would wait for a turn."""
    seen = []

    def watch(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def watched(*args: object, **options: object) -> object:
            seen.append((name, threads()))
            return real(*args, **options)

        monkeypatch.setattr(owner, name, watched)

    watch(probe, "minimize")
    watch(np.linalg, "eigh")
    with threadpool_limits(2, "blas"):
        before = threads()
        fit_probe(*blobs(60, 12, 3, 2.0), 3)
        assert threads() == before
    assert {name for name, _ in seen} == {"minimize", "eigh"}
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
