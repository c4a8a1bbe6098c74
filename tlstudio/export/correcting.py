"""Bias correction: what rounding the weights does to a layer's mean output is taken back by its bias.

After Nagel et al. (2019, arXiv 1906.04721, section 4.2), measured on training images as they describe in their appendix D, layer
by layer from the image on, so that a layer is corrected on what it really gets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from tlstudio.export.trunk import find_trunk

IMAGES = 16  # that the means are taken over, of those given
BATCH = 8
WARNINGS_OFF = 3  # onnxruntime's severity "error"

Pixels = npt.NDArray[np.uint8]
Watch = Callable[[int, int], None]  # told how many of how many layers are done


def unwatched(done: int, total: int) -> None:
    """Nobody is told."""


def batches(pixels: Pixels) -> list[Pixels]:
    """In parts of about BATCH images, none of them empty."""
    return np.array_split(pixels, max(1, len(pixels) // BATCH))


def correct_biases(source: Path, target: Path, examples: Pixels, watch: Watch = unwatched) -> None:
    """Shifts the bias of each of the trunk's convolutions so that its mean output becomes that of `source`; rewrites `target`.

    source: a file of `load_named`, whose names `target` has kept. examples: uint8 (n, size, size, 3). Convolutions without a bias
    stay as they are; a bias in whole numbers, with its scale beside it, is shifted in these.
    """
    examples = examples[:IMAGES]
    full, model = onnx.load(str(source)), onnx.load(str(target))
    makers = {tensor: node for node in model.graph.node for tensor in node.output}
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    products = set(find_trunk(full.graph).products)
    layers = [n for n in model.graph.node if n.op_type == "Conv" and n.name in products and len(n.input) == 3]
    wanted = _means(full, [n.name for n in layers], examples)
    for done, (layer, mean) in enumerate(zip(layers, wanted, strict=True), start=1):
        (found,) = _means(model, [layer.name], examples)
        name, scale = layer.input[2], np.ones(1, np.float32)
        if name not in stored:  # a node turns whole numbers into the bias
            name, scale = makers[name].input[0], numpy_helper.to_array(stored[makers[name].input[1]])
        shift(stored[name], (mean - found) / scale)
        watch(done, len(layers))
    onnx.save(model, str(target))


def shift(bias: onnx.TensorProto, by: npt.NDArray[np.float64]) -> None:
    """Adds `by`, in units of the tensor's own numbers; whole ones are rounded and stay within their 32 bits."""
    values = numpy_helper.to_array(bias)
    moved = values.astype(np.float64) + by
    if values.dtype == np.int32:
        limits = np.iinfo(np.int32)
        moved = np.clip(np.rint(moved), limits.min, limits.max)
    bias.CopyFrom(numpy_helper.from_array(moved.astype(values.dtype), bias.name))


def _means(model: onnx.ModelProto, layers: Sequence[str], examples: Pixels) -> list[npt.NDArray[np.float64]]:
    """The mean output (channels,) over images and places of each of these convolutions; only what they rest on is run."""
    if not layers:
        return []
    part = onnx.ModelProto()
    part.CopyFrom(model)
    graph, wanted = part.graph, set(layers)
    nodes = list(graph.node)
    last = max(number for number, node in enumerate(nodes) if node.name in wanted)
    outputs = {node.name: node.output[0] for node in nodes if node.name in wanted}
    del graph.node[last + 1 :], graph.output[:]
    graph.initializer.append(numpy_helper.from_array(np.array([0, 2, 3], np.int64), "tlstudio_mean_axes"))
    for number, name in enumerate(layers):
        mean = f"tlstudio_mean_{number}"
        graph.node.append(helper.make_node("ReduceMean", [outputs[name], "tlstudio_mean_axes"], [mean], keepdims=0))
        graph.output.append(helper.make_tensor_value_info(mean, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = WARNINGS_OFF
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(part.SerializeToString(), options, providers=["CPUExecutionProvider"])
    sums = [np.zeros(1)] * len(layers)
    for batch in batches(examples):
        found = session.run(None, {"image": np.ascontiguousarray(batch)})
        sums = [total + mean.astype(np.float64) * len(batch) for total, mean in zip(sums, found, strict=True)]
    return [total / len(examples) for total in sums]
