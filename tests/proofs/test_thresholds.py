"""Thresholds: a few cells of the trial, with the seed fixed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.proofs.thresholds import (
    CLASSIFIERS,
    Classifier,
    Groups,
    kept_promises,
    never_worse,
    said_when_enough,
    trials,
)

SLACK = 0.04  # three standard errors of a share of 95 % in so many draws
DRAWS = 240


@pytest.mark.parametrize("positives", [10, 60, 200])
@pytest.mark.parametrize("by", CLASSIFIERS, ids=lambda by: by.name)
def test_a_threshold_never_misses_more_and_keeps_its_word(by: Classifier, positives: int) -> None:
    outcomes = list(trials(by, positives, 0.95, DRAWS, np.random.default_rng(1)))
    assert never_worse(outcomes) <= 0.0
    assert said_when_enough(outcomes)
    kept = kept_promises(outcomes)
    assert (kept is None) == (positives < 59)
    assert kept is None or kept >= 0.95 - SLACK


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize(("alike", "blocks"), [(0.0, 0.0), (0.7, 0.0), (0.3, 0.08)])
def test_images_of_a_group_count_as_one(alike: float, blocks: float, unequal: bool) -> None:
    kind = Groups(80, unequal, alike, blocks)
    outcomes = list(trials(CLASSIFIERS[0], 240, 0.9, DRAWS, np.random.default_rng(2), groups=kind))
    assert never_worse(outcomes) <= 0.0
    assert said_when_enough(outcomes)
    kept = kept_promises(outcomes)
    assert kept is not None and kept >= 0.95 - SLACK


def test_what_the_program_did_before_would_be_noticed() -> None:
    """The largest threshold that finds enough of the images it is chosen on keeps its word half of the time."""
    rng = np.random.default_rng(3)
    by, kept = CLASSIFIERS[2], 0
    truth = np.sort(by.answers(np.zeros(20_000, np.int64), rng.normal(size=20_000), rng)[:, 0])
    for _ in range(DRAWS):
        own = np.sort(by.answers(np.zeros(100, np.int64), rng.normal(size=100), rng)[:, 0])
        kept += 1 - float(np.searchsorted(truth, own[5])) / len(truth) >= 0.95
    assert kept < 0.7 * DRAWS
