"""Weights as whole numbers, and back."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from tlstudio.export.quantise import _channels, _per_channel


@pytest.mark.parametrize(("shape", "axis"), [((8, 3, 5, 5), 0), ((6, 9), 1), ((9, 6), 0)])
def test_each_channel_has_its_own_scale(shape: tuple[int, ...], axis: int) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    sizes = 10.0 ** -np.arange(shape[axis], dtype=np.float32)
    values *= sizes.reshape([-1 if k == axis else 1 for k in range(len(shape))])
    whole, scale = _per_channel(values, axis)
    assert (whole.dtype, whole.shape, scale.shape) == (np.int8, shape, (shape[axis],))
    wide = scale.reshape([-1 if k == axis else 1 for k in range(len(shape))])
    assert (np.abs(whole * wide - values) <= wide / 2 * 1.001).all()
    assert np.abs(whole).max() == 127


def test_a_channel_of_zeros_stays_one() -> None:
    whole, scale = _per_channel(np.zeros((2, 4), np.float32), 0)
    assert not whole.any()
    assert np.isfinite(scale).all()


def test_where_the_outputs_of_a_product_are() -> None:
    assert _channels(helper.make_node("Conv", ["x", "w"], ["y"]), 4) == 0
    assert _channels(helper.make_node("MatMul", ["x", "w"], ["y"]), 2) == 1
    assert _channels(helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), 2) == 0
    assert _channels(helper.make_node("Gemm", ["x", "w"], ["y"]), 2) == 1
