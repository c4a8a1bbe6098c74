"""The search for a learning rate: its curve on tiny images, its end, and what it suggests."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import Recorder
from tests.unit.training.conftest import CPU, network, recipe
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import Progress
from tlstudio.domain.rates import RateCurve, plain
from tlstudio.training import rate_finder
from tlstudio.training.batches import Data
from tlstudio.training.rate_finder import LEAST, SAFE, STEPS, find, limit_of, smooth
from tlstudio.training.steps import Stepper, Taken


def search(data: Data, watch: Recorder | None = None, **wishes: object) -> RateCurve:
    return find(network(), data, recipe(data, **wishes), device=CPU, reporter=watch or Recorder())


def test_it_begins_where_the_network_is_and_ends_where_it_diverges(data: Data) -> None:
    watch = Recorder()
    found = search(data, watch)
    assert list(found.rates) == sorted(found.rates) and found.rates[0] == pytest.approx(LEAST)
    assert len(found.rates) == len(found.losses) <= STEPS
    assert len(watch.of(Progress)) == len(found.rates) - found.diverged, "each step but the one that ends it"
    assert found.losses[0] == pytest.approx(found.start, rel=0.01), "a rate of next to nothing changes nothing"
    assert max(found.losses) > found.start, "and one that is far too high harms"
    assert np.isfinite(found.losses).all()
    assert found.usual == recipe(data).peak_rate


def test_the_same_seed_gives_the_same_curve(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_finder, "STEPS", 12)
    first = search(data)
    assert search(data) == first
    assert search(data, seed=1).losses != first.losses


def test_the_still_network_sees_what_the_moving_one_sees(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout, crops and all: without a step in between, both losses are the same."""
    monkeypatch.setattr(rate_finder, "STEPS", 4)
    monkeypatch.setattr(rate_finder, "set_rate", lambda optimizer, factor: _stand_still(optimizer))
    found = search(data)
    assert found.losses == pytest.approx([found.start] * 4, abs=1e-6)


def _stand_still(optimizer: torch.optim.Optimizer) -> None:
    for group in optimizer.param_groups:
        group["lr"] = 0.0


def test_a_loss_that_is_no_number_ends_it(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = Stepper.step, 0

    def step(self: Stepper, *arguments: object) -> Taken:
        nonlocal count
        count += 1
        taken = real(self, *arguments)  # type: ignore[arg-type]
        return taken._replace(loss=taken.loss * float("nan")) if count == 6 else taken

    monkeypatch.setattr(Stepper, "step", step)
    found = search(data)
    assert found.diverged and len(found.rates) == 5
    assert np.isfinite(found.losses).all()


def test_a_loss_far_above_its_least_ends_it(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_finder, "LEAST", 0.5)
    found = search(data)
    assert found.diverged and len(found.rates) < STEPS
    assert found.suggested is None or found.suggested == pytest.approx(SAFE * (found.limit or 0))


def test_it_can_be_cancelled_and_stopped(data: Data) -> None:
    def third(event: object) -> bool:
        return isinstance(event, Progress) and event.done == 3

    with pytest.raises(Cancelled):
        search(data, Recorder(cancel=third))
    found = search(data, Recorder(stop=third))
    assert len(found.rates) == 3 and not found.diverged
    assert found.suggested is None and "names no rate" in found.sentence


# --- the rule ---

RATES = np.geomspace(1e-6, 1.0, 100)
START = 2.0


def bowl(limit: float, depth: float) -> np.ndarray:
    """Flat, a fall by `depth`, back at the start at `limit`, then steeply up."""
    place = np.log10(RATES / limit)
    return START - depth * np.clip(1 + place / 3, 0, None) + depth * 10.0**place


@pytest.mark.parametrize("limit", [1e-3, 1e-2])
def test_the_limit_is_where_the_loss_is_back_at_its_start(limit: float) -> None:
    assert limit_of(RATES, bowl(limit, 0.6), START) == pytest.approx(limit, rel=0.02)


def test_noise_of_the_size_of_real_batches_moves_it_little() -> None:
    found = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 0.25, len(RATES)) * np.linspace(0, 1, len(RATES))
        values = np.minimum(bowl(7e-3, 0.6) + noise - START, START)
        found.append(limit_of(RATES, START + smooth(values, rate_finder.WIDTH), START))
    assert all(limit is not None and 2e-3 < limit < 1.4e-2 for limit in found)
    assert np.std(np.log10(np.array(found, float))) < 0.15


def test_a_curve_that_tells_nothing_suggests_nothing() -> None:
    assert limit_of(RATES, np.full(100, START), START) is None
    assert limit_of(RATES, np.linspace(START, START - 1, 100), START) is None, "it never rises again"
    assert limit_of(RATES, np.linspace(START, START + 1, 100), START) is None, "it never falls"


def test_smoothing_keeps_what_is_even() -> None:
    assert smooth(np.full(30, 3.0), 4.0) == pytest.approx(np.full(30, 3.0))
    assert smooth(np.array([1.0]), 4.0) == pytest.approx([1.0])


def test_rates_in_plain_figures() -> None:
    assert [plain(rate) for rate in (0.00143, 3.2e-5, 1e-6, 0.1, 1.0)] == ["0.0014", "0.000032", "0.000001", "0.1", "1"]
