"""The same model with 8-bit weights and, where it bears them, activations: a backbone of a quarter of the size.

Post-training quantisation after Jacob et al. (2018), done by onnxruntime: scales come from what the network does with some of its
training images. The head, the probabilities and the novelty keep their full precision; they cost nothing.

What comes out is another model, not the same one, and how much it differs depends on the backbone. So several ways are tried, and
what the caller's certificate says decides.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

log = logging.getLogger(__name__)

EXAMPLES = 128  # images that scales are read from; more changes little
BATCH = 8
KEPT = "embedding"  # what follows this tensor stays as it is

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to quantise. `write(source, target, examples)`; examples: uint8 (n, size, size, 3)."""

    name: str
    write: Callable[[Path, Path, Pixels], None]


def try_ways(source: Path, target: Path, examples: Pixels) -> Iterator[str]:
    """Writes `target` in one way after the other and yields each one's name; ways that fail on this network are skipped.

    source: the bundle's graph in full precision. The caller judges each file, and stops when one is good enough.
    """
    for way in WAYS:
        try:
            with contextlib.redirect_stdout(io.StringIO()), _quiet():
                way.write(source, target, examples)
        except Exception as error:  # the quantiser raises whatever a graph it does not understand makes it raise
            log.warning("quantisation %s failed: %s", way.name, error)
            continue
        yield way.name


class _Examples(CalibrationDataReader):  # type: ignore[misc]
    """Hands the examples out in batches, as onnxruntime's calibration wants them."""

    def __init__(self, pixels: Pixels) -> None:
        self._batches = iter(np.array_split(pixels, max(1, len(pixels) // BATCH)))

    def get_next(self) -> dict[str, Pixels] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"image": np.ascontiguousarray(batch)}


def _static(method: CalibrationMethod, kinds: tuple[str, ...] | None) -> Callable[[Path, Path, Pixels], None]:
    """Weights per channel, activations per tensor, both 8-bit."""

    def write(source: Path, target: Path, examples: Pixels) -> None:
        options: dict[str, Any] = {"ActivationSymmetric": False, "WeightSymmetric": True}
        quantize_static(
            str(source),
            str(target),
            _Examples(examples),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            # Without the 8-bit instructions of newer processors a full range would overflow their 16-bit sums.
            reduce_range=False,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=None if kinds is None else list(kinds),
            nodes_to_exclude=_after(source, KEPT),
            calibrate_method=method,
            extra_options=options,
        )

    return write


def _weights_only(source: Path, target: Path, examples: Pixels) -> None:
    """Weights of matrix products only; activations are scaled as they come. For transformers that resist the rest."""
    quantize_dynamic(
        str(source),
        str(target),
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=_after(source, KEPT),
    )


def _stored_small(source: Path, target: Path, examples: Pixels) -> None:
    """Only the storing of weights: 8 bits per channel in the file, turned back before each use.

    As small as the other ways and closer as a rule, but no faster. For networks that bear no 8-bit activations, as those with
    hard-swish and squeeze-and-excitation do not.
    """
    model = onnx.load(str(source))
    graph, kept = model.graph, set(_after(source, KEPT))
    weights = {tensor.name: tensor for tensor in graph.initializer}
    users = Counter(name for node in graph.node for name in node.input)
    back = []
    for node in graph.node:
        tensor = weights.get(node.input[1]) if node.op_type in PRODUCTS and node.name not in kept else None
        if tensor is None or users[tensor.name] > 1:
            continue
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < LEAST_VALUES:
            continue
        axis = _channels(node, values.ndim)
        whole, scale = _per_channel(values, axis)
        names = [tensor.name + end for end in ("_8bit", "_scale", "_zero", "_back")]
        parts: list[npt.NDArray[Any]] = [whole, scale, np.zeros_like(scale, np.int8)]
        graph.initializer.extend(numpy_helper.from_array(p, n) for p, n in zip(parts, names[:3], strict=True))
        graph.initializer.remove(tensor)
        back.append(helper.make_node("DequantizeLinear", names[:3], names[3:], name=names[3], axis=axis))
        node.input[1] = names[3]
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*back, *nodes])  # a node comes after those whose results it takes
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def _channels(node: onnx.NodeProto, dimensions: int) -> int:
    """The axis of a product's weights that its outputs run along."""
    turned = any(a.name == "transB" and a.i for a in node.attribute)
    return 0 if node.op_type == "Conv" or turned else dimensions - 1


def _per_channel(values: npt.NDArray[np.float32], axis: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Whole numbers of -127 … 127 in the shape of `values`, and for each channel along `axis` what one of them stands for."""
    others = tuple(k for k in range(values.ndim) if k != axis)
    largest = np.abs(values).max(axis=others)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    wide = np.expand_dims(scale, others)
    return np.clip(np.rint(values / wide), -127, 127).astype(np.int8), scale


PRODUCTS = ("Conv", "MatMul", "Gemm")
LEAST_VALUES = 1024  # of weights that are worth it
WAYS = (
    Way("all", _static(CalibrationMethod.MinMax, None)),
    Way("products", _static(CalibrationMethod.MinMax, PRODUCTS)),
    Way("products, outliers cut", _static(CalibrationMethod.Percentile, PRODUCTS)),
    Way("weights", _weights_only),
    Way("weights, stored only", _stored_small),
)


def _after(source: Path, tensor: str) -> list[str]:
    """Names of the nodes that use `tensor`, directly or through others."""
    graph = onnx.load(str(source), load_external_data=False).graph
    reached, names = {tensor}, []
    for node in graph.node:  # ONNX stores nodes in an order in which inputs come before their use
        if reached & set(node.input):
            reached.update(node.output)
            names.append(node.name)
    return names


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser advises through the root logger; none of it is for the user."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)


def spread(n: int, wanted: int = EXAMPLES) -> npt.NDArray[np.int64]:
    """At most `wanted` positions of n, evenly apart."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).round().astype(np.int64))
