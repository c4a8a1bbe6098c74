"""The untrained network: the same each time, of sane statistics, and told apart in the cache."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.training.conftest import CPU, network
from tlstudio.training import untrained as module
from tlstudio.training.batches import Data
from tlstudio.training.features import embed_batches
from tlstudio.training.untrained import SEED, Draw, best_draw, looks, settle, untrained

BARE = Draw(0, {})


def seen(net, data: Data) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.concatenate([rows for _, rows in embed_batches(net, data.pixels, data.train_keys, CPU)])


def test_it_is_the_same_network_each_time_and_knows_nothing() -> None:
    trained = network()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, other = untrained(trained.spec, BARE), untrained(trained.spec, BARE)
    assert torch.equal(torch.random.get_rng_state(), before), "the chance of what goes on is untouched"
    pairs = list(zip(one.backbone.parameters(), other.backbone.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    another = untrained(trained.spec, Draw(1, {}))
    for different in (trained, another):
        pairs = list(zip(one.backbone.parameters(), different.backbone.parameters(), strict=True))
        assert not all(torch.equal(a, b) for a, b in pairs)
    assert (one.spec.features, one.spec.preprocess) == (trained.spec.features, trained.spec.preprocess)


def test_its_normalisations_get_statistics_of_the_images(data: Data) -> None:
    spec = network().spec
    norms = settle(untrained(spec, BARE), data.pixels, data.train_keys, CPU)
    settled = untrained(spec, Draw(0, norms))
    buffers = dict(settled.backbone.named_buffers())
    assert norms and all(np.array_equal(buffers[name].numpy(), value) for name, value in norms.items())
    assert not any(m.training for m in settled.modules())
    flat, lively = (seen(each, data)[:, : spec.final] for each in (untrained(spec, BARE), settled))
    assert np.isfinite(lively).all() and lively.std() > 10 * flat.std()
    again = settle(untrained(spec, BARE), data.pixels, data.train_keys, CPU)
    assert all(np.array_equal(again[name], value) for name, value in norms.items())
    assert settle(untrained(spec, BARE), data.pixels, data.train_keys[:1], CPU) == {}, "one image has no statistics"


def test_another_draw_has_another_name(data: Data) -> None:
    spec = network().spec
    norms = settle(untrained(spec, BARE), data.pixels, data.train_keys, CPU)
    changed = {name: value + 1 for name, value in norms.items()}
    draws = BARE, Draw(1, {}), Draw(0, norms), Draw(0, changed)
    names = {untrained(spec, draw).spec.weights_hash for draw in draws} | {spec.weights_hash}
    assert len(names) == 5
    assert untrained(spec, Draw(0, dict(norms))).spec.weights_hash in names


@pytest.mark.parametrize(("shares", "settles"), [((11, 18), True), ((18, 18), False), ((18, 17), False)])
def test_statistics_of_the_images_are_taken_where_they_tell_more(
    data: Data, monkeypatch: pytest.MonkeyPatch, shares: tuple[int, int], settles: bool
) -> None:
    spec, labels, units = network().spec, data.train_labels, list(range(20))
    tried: list[Draw] = []
    made = module.untrained

    def noted(spec, draw: Draw):  # type: ignore[no-untyped-def]
        tried.append(draw)
        return made(spec, draw)

    monkeypatch.setattr(module, "untrained", noted)

    class Fitted:
        folds, judged = 2, np.ones(20, bool)

        def __init__(self, right: int) -> None:
            self.held_out = np.eye(2)[np.where(np.arange(20) < right, labels, 1 - labels)]

    each = iter(shares)
    monkeypatch.setattr(module, "fit_probe", lambda *a, **more: Fitted(next(each)))
    found = best_draw(spec, data.pixels, data.train_keys, labels, units=units, device=CPU)
    assert found.seed == SEED and bool(found.norms) is settles
    assert tried == [Draw(SEED, {})], "it is made once"


@pytest.mark.parametrize(("images", "wanted"), [(40, 120), (255, 765), (256, 768), (257, 768), (9999, 768)])
def test_what_the_yardstick_takes_does_not_grow_with_the_images(images: int, wanted: int) -> None:
    assert looks(images) == wanted


def test_few_of_many_images_are_looked_at(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IMAGES", 8)
    looked_at: list[int] = []
    looked = module.each_batch

    def counted(net, function, pixels, keys, **more):  # type: ignore[no-untyped-def]
        looked_at.append(len(keys))
        return looked(net, function, pixels, keys, **more)

    monkeypatch.setattr(module, "each_batch", counted)
    monkeypatch.setattr("tlstudio.training.features.each_batch", counted)
    fitted: list[int] = []
    real = module.fit_probe

    def noted(features, *rest, **more):  # type: ignore[no-untyped-def]
        fitted.append(len(features))
        return real(features, *rest, **more)

    monkeypatch.setattr(module, "fit_probe", noted)
    found = best_draw(
        network().spec, data.pixels, data.train_keys, data.train_labels, units=list(range(20)), device=CPU
    )
    assert found.seed == SEED and fitted == [7, 7]
    assert looked_at == [7, 7, 7] and sum(looked_at) == 3 * 7, "as `looks` says"
