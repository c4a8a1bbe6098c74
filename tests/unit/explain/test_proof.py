"""A heat map that tells the truth is believed; one that only looks good is not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.unit.explain.test_saliency import SIZE, SPOT, Brightness, network
from tlstudio.domain.explanations import Verdict
from tlstudio.explain.proof import prove, proven_map
from tlstudio.training.network import Network

Pixels = npt.NDArray[np.uint8]


@pytest.fixture
def spotted() -> Pixels:
    pixels = np.random.default_rng(0).integers(40, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    pixels[SPOT] = 250
    return pixels


def sure(strength: float, offset: float) -> Network:
    made = network(Brightness(), 1)
    made.head.weight.copy_(torch.tensor([[-strength], [strength]]))
    made.head.bias.copy_(torch.tensor([offset, -offset]))
    return made


def spot_map(rows: slice, columns: slice) -> npt.NDArray[np.float32]:
    heat = np.zeros((SIZE, SIZE), np.float32)
    heat[rows, columns] = 1.0
    return heat


def test_true_map_is_believed(spotted: Pixels) -> None:
    proof = prove(sure(20.0, 1.0), spotted, spot_map(*SPOT), 1)
    assert proof.verdict is Verdict.HOLDS
    assert proof.p <= 0.05
    assert proof.after < proof.elsewhere - 0.1
    assert "shows what the model uses" in proof.sentence()


def test_map_of_the_wrong_place_is_not(spotted: Pixels) -> None:
    proof = prove(sure(20.0, 1.0), spotted, spot_map(slice(4, 20), slice(44, 60)), 1)
    assert proof.verdict is Verdict.FAILS
    assert "Don’t rely" in proof.sentence()


def test_empty_map_is_never_believed(spotted: Pixels) -> None:
    assert prove(sure(20.0, 1.0), spotted, np.zeros((SIZE, SIZE), np.float32), 1).p == 1.0


def test_model_that_never_changes_its_mind_can_not_be_tested(spotted: Pixels) -> None:
    proof = prove(sure(0.01, -5.0), spotted, spot_map(*SPOT), 1)
    assert proof.verdict is Verdict.UNTESTED
    assert "can't be tested" in proof.sentence()


def test_random_maps_are_believed_no_oftener_than_promised() -> None:
    """Ninety maps that have nothing to do with the model: at most about one in twenty may pass."""
    passed = 0
    for seed in range(90):
        random = np.random.default_rng(seed)
        pixels = random.integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
        top, left = random.integers(0, SIZE - 16, 2)
        heat = spot_map(slice(top, top + 16), slice(left, left + 16))
        passed += prove(sure(400.0, 2.0), pixels, heat, 1).p <= 0.05
    assert passed <= 10  # P(more than 10 of 90 at 0.05) is 0.6 %


def test_two_attempts_pay_for_being_two(spotted: Pixels) -> None:
    one = prove(sure(20.0, 1.0), spotted, spot_map(*SPOT), 1)
    two = prove(sure(20.0, 1.0), spotted, spot_map(*SPOT), 1, attempts=2)
    assert two.p == pytest.approx(2 * one.p)


def test_the_method_that_proves_itself_is_kept(spotted: Pixels) -> None:
    method, heat, proof = proven_map(sure(20.0, 1.0), spotted, 1)
    assert (method, proof.verdict) == ("gradcam", Verdict.HOLDS)
    assert heat[SPOT].mean() > 0.5
    assert proven_map(sure(20.0, 1.0), spotted, 1, "occlusion")[0] == "occlusion"
