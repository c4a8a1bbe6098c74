"""The same model with 8-bit weights and activations: a backbone of a quarter of the size, for small computers.

Post-training quantisation after Jacob et al. (2018), done by onnxruntime: scales come from what the network does with some of its
training images. The head, the probabilities and the novelty keep their full precision; they cost nothing.

What comes out is another model, not the same one, and how much it differs depends on the backbone. So several ways are tried, and
what the caller's certificate says decides.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
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


PRODUCTS = ("Conv", "MatMul", "Gemm")
WAYS = (
    Way("all", _static(CalibrationMethod.MinMax, None)),
    Way("products", _static(CalibrationMethod.MinMax, PRODUCTS)),
    Way("products, outliers cut", _static(CalibrationMethod.Percentile, PRODUCTS)),
    Way("weights", _weights_only),
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
