"""A small trial: the planted patch is found, and models that have learned nothing show nothing."""

from __future__ import annotations

import numpy as np

from tests.proofs.heat_maps import prove
from tests.proofs.table import Trial
from tests.unit.explain.test_proof import proved, spot_map, sure
from tests.unit.explain.test_saliency import SIZE


def test_the_planted_patch_is_found_and_shuffled_models_show_nothing() -> None:
    proofs = list(prove(Trial(scale=0.3)))
    assert len(proofs) == 3
    assert all(proof.holds for proof in proofs), proofs


def test_random_maps_are_believed_no_oftener_than_promised() -> None:
    """Ninety maps that have nothing to do with the model: at most about one in twenty may beat all other places but one."""
    passed = 0
    for seed in range(90):
        random = np.random.default_rng(seed)
        pixels = random.integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
        top, left = random.integers(0, SIZE - 16, 2)
        heat = spot_map(slice(top, top + 16), slice(left, left + 16))
        passed += proved(sure(400.0, 2.0), pixels, heat).p <= 0.05
    assert passed <= 10  # P(more than 10 of 90 at 0.05) is 0.6 %
