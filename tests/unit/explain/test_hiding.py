"""Parts are hidden, exactly so much of them, under the blur that takes the reason away."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.explain.test_saliency import SIZE, Brightness, network
from tlstudio.explain.hiding import RADII, blurred, first, hidden_picture, logistic, margin, order_of, softened, without


def test_hottest_counts_and_breaks_ties_from_the_top() -> None:
    heat = np.zeros((10, 10), np.float32)
    heat[3, 4] = 1.0
    found = first(order_of(heat), 0.05)
    assert found.sum() == 5
    assert found[3, 4] and found[0, :4].all()
    assert not first(order_of(heat), 0.0).any()


def test_only_the_parts_come_from_the_hidden_picture() -> None:
    picture, hidden = torch.full((1, 4, 4, 3), 9, dtype=torch.uint8), torch.zeros((1, 4, 4, 3), dtype=torch.uint8)
    parts = np.zeros((2, 4, 4), np.bool_)
    parts[1, 2, 3] = True
    trial = without(picture, hidden, parts)
    assert trial.dtype == torch.uint8 and trial.shape == (2, 4, 4, 3)
    assert (trial[0] == 9).all()
    assert trial[1, 2, 3].tolist() == [0, 0, 0] and int((trial[1] == 9).sum()) == 45


def test_softening_keeps_the_sum_and_spreads_by_its_radius() -> None:
    dot = torch.zeros(1, 41, 41)
    dot[0, 20, 20] = 1.0
    soft = softened(dot, 3)[0]
    assert float(soft.sum()) == pytest.approx(1.0, abs=1e-5)
    assert bool((soft[20, 11:30] > 0).all()) and float(soft[20, 10] + soft[20, 30]) == pytest.approx(0.0, abs=1e-9)
    assert torch.allclose(soft, soft.T)
    assert torch.allclose(softened(torch.ones(1, 5, 5), 9), torch.ones(1, 5, 5))


def test_the_blur_is_the_one_that_takes_most_away() -> None:
    """A bright spot shines through a light blur and is gone under a strong one."""

    class Shining(Brightness):
        def forward(self, images: Tensor) -> Tensor:
            return (self.cells(images) - 0.3).relu().mean(dim=(2, 3))

    model = network(Shining(), 1)
    model.head.weight.copy_(torch.tensor([[-20.0], [20.0]]))
    pixels = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    pixels[:, 16:48, 16:48] = 250
    picture = torch.from_numpy(pixels)
    trials = [blurred(picture, round(share * SIZE)) for share in RADII]
    assert RADII == (1 / 56, 1 / 32, 1 / 16, 1 / 4)
    assert torch.equal(hidden_picture(model, picture, 1), trials[-1])
    assert torch.equal(hidden_picture(model, picture, 0), trials[0])


def test_margin_is_the_log_odds_against_all_others() -> None:
    logits = torch.tensor([[1.0, 2.0, 0.5]], dtype=torch.float64)
    chance = float(logits.softmax(dim=1)[0, 1])
    assert logistic(margin(logits, 1).numpy())[0] == pytest.approx(chance)
    assert float(margin(logits[:, :1], 0)) == 1.0, "nothing is against an only class"
