"""Logistic regression against scikit-learn, and several parts at once."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests.unit.training.blobs import blobs
from tlstudio.training import logistic
from tlstudio.training.logistic import Logistic


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
