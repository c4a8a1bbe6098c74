"""The untrained network: the same each time, of sane statistics, and told apart in the cache."""

from __future__ import annotations

import numpy as np
import torch

from tests.unit.training.conftest import CPU, network
from tlstudio.training.batches import Data
from tlstudio.training.features import each_batch
from tlstudio.training.untrained import IMAGES, settle, untrained


def seen(net, data: Data) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.concatenate([rows for _, rows in each_batch(net, net.embed, data.pixels, data.train_keys, device=CPU)])


def test_it_is_the_same_network_each_time_and_knows_nothing(data: Data) -> None:
    trained = network()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, other = untrained(trained.spec), untrained(trained.spec)
    assert torch.equal(torch.random.get_rng_state(), before), "the chance of what goes on is untouched"
    pairs = list(zip(one.backbone.parameters(), other.backbone.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), trained.parameters(), strict=True))
    assert (one.spec.features, one.spec.preprocess) == (trained.spec.features, trained.spec.preprocess)


def test_its_normalisations_get_statistics_of_the_images(data: Data) -> None:
    bare = untrained(network().spec)
    norms = settle(untrained(network().spec), data.pixels, data.train_keys, CPU)
    settled = untrained(network().spec, norms)
    buffers = dict(settled.backbone.named_buffers())
    assert norms and all(np.array_equal(buffers[name].numpy(), value) for name, value in norms.items())
    assert not settled.training and not any(m.training for m in settled.modules())
    flat, lively = seen(bare, data), seen(settled, data)
    assert np.isfinite(lively).all()
    # Images differ in what a settled network sees of them by more than in what a bare one sees.
    assert (lively.std(axis=0) / np.abs(lively).mean()).mean() > (flat.std(axis=0) / np.abs(flat).mean()).mean()
    again = settle(untrained(network().spec), data.pixels, data.train_keys, CPU)
    assert all(np.array_equal(again[name], value) for name, value in norms.items())


def test_other_statistics_are_another_network(data: Data) -> None:
    spec = network().spec
    norms = settle(untrained(spec), data.pixels, data.train_keys, CPU)
    names = {untrained(spec).spec.weights_hash, untrained(spec, norms).spec.weights_hash, spec.weights_hash}
    changed = {name: value + 1 for name, value in norms.items()}
    assert len(names | {untrained(spec, changed).spec.weights_hash}) == 4
    assert untrained(spec, norms).spec.weights_hash == untrained(spec, dict(norms)).spec.weights_hash


def test_some_images_are_enough_and_one_is_too_few(data: Data) -> None:
    assert IMAGES == 256
    assert settle(untrained(network().spec), data.pixels, data.train_keys[:1], CPU) == {}
    assert settle(untrained(network().spec), data.pixels, data.train_keys[:2], CPU)
