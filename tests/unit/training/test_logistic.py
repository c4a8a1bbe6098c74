"""Logistic regression against scikit-learn, several parts at once, and one thread for its small steps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from tests.unit.training.blobs import blobs
from tlstudio.training import discriminant, logistic
from tlstudio.training.logistic import Logistic
from tlstudio.training.probe import fit_probe


@pytest.mark.parametrize(("n", "d"), [(300, 20), (60, 120)])
def test_same_solution_as_scikit_learn(n: int, d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(n, d, 3, 2.0)
    monkeypatch.setattr(logistic, "ITERATIONS", 2000)
    way = Logistic(features, labels, 3)
    found = way.head(way.solve([np.ones(n, bool)], 0.1)[0])
    scaler = StandardScaler().fit(features)
    reference = LogisticRegression(C=0.1, max_iter=5000, tol=1e-8).fit(scaler.transform(features), labels)
    expected = reference.predict_proba(scaler.transform(features))
    assert np.abs(found.probabilities(features) - expected).max() < 5e-3


def test_several_parts_at_once_are_each_their_own_solution() -> None:
    features, labels = blobs(80, 10, 3, 2.0)
    way = Logistic(features, labels, 3)
    masks = [np.arange(80) % 3 != part for part in range(3)]
    together = way.solve(masks, 0.1)
    for mask, weights in zip(masks, together, strict=True):
        assert weights == pytest.approx(way.solve([mask], 0.1)[0], abs=0.01)


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
    watch(discriminant, "cho_factor")
    with threadpool_limits(2, "blas"):
        before = threads()
        fit_probe(*blobs(60, 120, 3, 2.0), 3)
        assert threads() == before
    assert {name for name, _ in seen} == {"minimize", "eigh", "qr", "cho_factor"}
    assert {count for _, count in seen} == {1}


def threads() -> int:
    """Of the linear algebra libraries, the most that one of them uses."""
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
