"""The same model with an 8-bit trunk, weights and activations: a quarter of the size, and fast where processors multiply bytes.

Post-training quantisation after Jacob et al. (2018, arXiv 1712.05877), done by onnxruntime: weights per channel, activations per
tensor with scales from some of the training images. Then each layer's bias is corrected so that its mean output is that of the
model in full precision: without that the small errors of depthwise layers add up to another model.

What comes out is another model all the same, and how much it differs depends on the backbone. So several ways are tried, and what
the caller's certificate says decides.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from tlstudio.export.correcting import Pixels, Watch, batches, correct_biases, unwatched
from tlstudio.export.trunk import Trunk, find_trunk, keeps_rest, load_named

log = logging.getLogger(__name__)

EXAMPLES = 64  # images that scales are read from; more changes little


@dataclass(frozen=True, slots=True)
class Way:
    """`write(source, target, examples)` quantises; source: a file of `load_named`; examples: uint8 (n, size, size, 3)."""

    name: str
    write: Callable[[Path, Path, Pixels], None]


def try_ways(
    source: Path, target: Path, examples: Pixels, worth_it: Callable[[], bool], watch: Watch = unwatched
) -> Iterator[str]:
    """Writes `target` in one way after the other and yields the names of those that are worth it.

    source: the bundle's graph in full precision. worth_it: asked of each `target` before its biases are corrected, which takes
    time and changes neither its size nor its speed. Ways that fail on this network, or touch more than its trunk, are skipped.
    The caller judges each file, and stops when one is good enough.
    """
    full, named = load_named(source), target.with_name(f"{target.name}.named")
    try:
        onnx.save(full, str(named))
        for way in WAYS:
            try:
                with contextlib.redirect_stdout(io.StringIO()), _quiet():
                    way.write(named, target, examples)
                if not worth_it():
                    continue
                correct_biases(named, target, examples, watch)
                if not keeps_rest(full, onnx.load(str(target))):
                    raise ValueError("head or novelty were changed")
            except OSError:
                raise
            except Exception as error:  # the quantiser raises whatever a graph it does not understand makes it raise
                log.warning("quantisation %s failed: %s", way.name, error)
                continue
            yield way.name
    finally:
        named.unlink(missing_ok=True)


class _Examples(CalibrationDataReader):  # type: ignore[misc]
    """Hands the examples out in batches, as onnxruntime's calibration wants them."""

    def __init__(self, pixels: Pixels) -> None:
        self._batches = iter(batches(pixels))

    def get_next(self) -> dict[str, Pixels] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"image": np.ascontiguousarray(batch)}


def _static(chosen: Callable[[Trunk], frozenset[str]], *, averaged: bool) -> Callable[[Path, Path, Pixels], None]:
    """chosen: names of the nodes that may be quantised. averaged: scales by the mean extremes of batches, not by the utmost."""

    def write(source: Path, target: Path, examples: Pixels) -> None:
        names = chosen(find_trunk(onnx.load(str(source)).graph))
        quantize_static(
            str(source),
            str(target),
            _Examples(examples),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            # Processors without 8-bit instructions of their own add two products of an activation (0 … 255) and a weight into 16
            # bits. Weights of 7 bits can't overflow them: 2 x 255 x 64 < 32,768. So the file says the same everywhere.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=sorted(names),
            # The other methods keep every tensor of every image in memory.
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": False,
                "WeightSymmetric": True,
                "CalibMovingAverage": averaged,
            },
        )

    return write


def _whole_trunk(trunk: Trunk) -> frozenset[str]:
    return trunk.between


def _products(trunk: Trunk) -> frozenset[str]:
    """For transformers and others whose activations resist."""
    return frozenset(trunk.products) | trunk.cuts


WAYS = (
    Way("all of the trunk", _static(_whole_trunk, averaged=False)),
    Way("all of the trunk, outliers cut", _static(_whole_trunk, averaged=True)),
    Way("its products, outliers cut", _static(_products, averaged=True)),
)


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


def calibration(labels: Sequence[int], units: Sequence[Hashable], wanted: int = EXAMPLES) -> list[int]:
    """At most `wanted` positions of training images to read scales from, the most various ones first.

    The classes take turns; within a class each group gives one image before any gives a second. So neither a frequent class nor a
    large group sets the scales alone.
    """
    turns: Counter[tuple[int, Hashable]] = Counter()
    by_class: dict[int, list[tuple[int, int]]] = defaultdict(list)  # label -> (turn of its group, position)
    for position, (label, unit) in enumerate(zip(labels, units, strict=True)):
        by_class[label].append((turns[label, unit], position))
        turns[label, unit] += 1
    queues = [[position for _, position in sorted(rows)] for _, rows in sorted(by_class.items())]
    rounds = zip_longest(*queues)
    return [position for places in rounds for position in places if position is not None][:wanted]
