"""scikit-learn on the same frozen features: StandardScaler, then LogisticRegressionCV over a sweep of C."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.bench.peers.data import Cell
from tests.bench.peers.method import Outcome, backbone, judged, outputs, watch

STRENGTHS = tuple(10.0**e for e in range(-5, 3))
FOLDS = 5


def probe(cell: Cell) -> Outcome:
    """Trains on the training images; C by stratified cross-validation on them, as many folds as the smallest class allows."""
    model = backbone(cell, 0)
    part = cell.parts["train"]
    folds = max(2, min(FOLDS, int(np.bincount(part.labels).min())))
    with watch(cell) as spent:
        features = outputs(cell, model, part)
        fitted = make_pipeline(
            StandardScaler(),
            LogisticRegressionCV(
                Cs=STRENGTHS,
                cv=StratifiedKFold(folds, shuffle=True, random_state=cell.seed),
                scoring="accuracy",
                max_iter=1000,
            ),
        )
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of convergence at the weakest strengths, and of what a later version will do
            fitted.fit(features, part.labels)
    predicted = fitted.predict(outputs(cell, model, cell.parts["test"]))
    return judged(cell, predicted, spent.seconds, c=float(np.ravel(fitted[-1].C_)[0]), folds=folds)
