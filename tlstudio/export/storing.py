"""The same model with its trunk's weights stored in 8 bits: a small file that computes with the numbers of full precision.

The weights are turned back while the file is opened, by a conversion and a multiplication of constants, which onnxruntime works
out once. So it is as fast as the file in full precision and takes as much memory; only the file is small.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from tlstudio.export.correcting import Pixels, Watch, correct_biases, unwatched
from tlstudio.export.trunk import find_trunk, keeps_rest, load_named

LEAST_VALUES = 1024  # of weights that are worth it


def store_small(source: Path, target: Path, examples: Pixels, watch: Watch = unwatched) -> None:
    """Writes `target`, the bundle `source` with its trunk's weights in 8 bits, each output channel on a scale of its own.

    examples: training images, uint8 (n, size, size, 3), on which the biases are corrected. Raises ValueError where more than the
    trunk would change.
    """
    model, full = load_named(source), load_named(source)
    graph = model.graph
    products = set(find_trunk(graph).products)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    back = []
    for name, tensor in weights.items():
        if tensor.data_type != onnx.TensorProto.FLOAT or not users[name]:
            continue
        values = numpy_helper.to_array(tensor)
        axes = {channels(n, values.ndim) for n in users[name] if n.name in products and n.input[1] == name}
        if len(axes) != 1 or values.size < LEAST_VALUES or any(n.name not in products for n in users[name]):
            continue
        whole, scale = per_channel(values, axes.pop())
        small, step, wide = f"{name}_8bit", f"{name}_scale", f"{name}_wide"
        graph.initializer.remove(tensor)
        graph.initializer.extend([numpy_helper.from_array(whole, small), numpy_helper.from_array(scale, step)])
        back.append(helper.make_node("Cast", [small], [wide], name=wide, to=onnx.TensorProto.FLOAT))
        back.append(helper.make_node("Mul", [wide, step], [name], name=f"{name}_back"))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*back, *nodes])  # a node comes after those whose results it takes
    onnx.checker.check_model(model)
    named = target.with_name(f"{target.name}.named")
    try:
        onnx.save(full, str(named))
        onnx.save(model, str(target))
        correct_biases(named, target, examples, watch)
        if not keeps_rest(full, onnx.load(str(target))):
            raise ValueError("head or novelty were changed")
    finally:
        named.unlink(missing_ok=True)


def channels(node: onnx.NodeProto, dimensions: int) -> int:
    """The axis of a product's weights that its outputs run along."""
    turned = any(a.name == "transB" and a.i for a in node.attribute)
    return 0 if node.op_type == "Conv" or turned else dimensions - 1


def per_channel(values: npt.NDArray[np.float32], axis: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Whole numbers of -127 … 127 in the shape of `values`, and for each channel along `axis` what one of them stands for.

    The second can be multiplied with the first: its other axes have length 1.
    """
    others = tuple(k for k in range(values.ndim) if k != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.clip(np.rint(values / scale), -127, 127).astype(np.int8), scale
