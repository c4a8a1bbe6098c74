"""The same model with its trunk in 16-bit floating point: half the size, made for graphics processors.

Pixels go in as whole numbers and answers come out in 32 bits, as from every bundle; the head, the probabilities and the novelty
are computed in 32 bits too. What the processor here answers is measured; it rounds as a graphics processor would wherever one
layer hands its result to the next, and computes more exactly in between.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from tlstudio.export.trunk import constants, find_trunk, keeps_rest, load_named

LARGEST = 65504.0  # that 16 bits can hold
WIDE_INPUTS = {"Resize": (1, 2)}  # inputs that ONNX wants in 32 bits whatever the first one is

HALF, FLOAT = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT


def halve(source: Path, target: Path) -> None:
    """Writes `target`, the bundle `source` with its trunk in 16 bits.

    Raises ValueError where more than the trunk would change, and what onnx raises of a trunk that can't compute with 16 bits.
    onnxruntime's own converter is not used: it renames outputs that the graph itself goes on with, as the embedding is.
    """
    full = load_named(source)
    model = onnx.shape_inference.infer_shapes(load_named(source))
    _Halving(model.graph).run()
    if not keeps_rest(full, model):
        raise ValueError("head or novelty were changed")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(target))


class _Halving:
    """One graph on its way to 16 bits."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.inside = find_trunk(graph).between
        self.values = constants(graph)
        kinds = {v.name: v.type.tensor_type.elem_type for v in [*graph.value_info, *graph.input, *graph.output]}
        self.wide = {name for name, kind in kinds.items() if kind == FLOAT}
        self.wide |= {name for name, value in self.values.items() if value.dtype == np.float32}
        self.made: set[str] = set()  # tensors that are in 16 bits now
        self.narrow: dict[str, str] = {}  # 32-bit tensor -> its 16-bit copy
        self.nodes: list[onnx.NodeProto] = []

    def run(self) -> None:
        for node in list(self.graph.node):
            if node.name in self.inside:
                self._enter(node)
            else:
                self.nodes.append(node)
        self._leave()
        del self.graph.node[:], self.graph.value_info[:]
        self.graph.node.extend(self.nodes)
        used = {name for node in self.nodes for name in node.input} | {output.name for output in self.graph.output}
        kept = [tensor for tensor in self.graph.initializer if tensor.name in used]
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)

    def _enter(self, node: onnx.NodeProto) -> None:
        """The node takes and gives 16-bit tensors."""
        for place, name in enumerate(node.input):
            if name in self.wide and place not in WIDE_INPUTS.get(node.op_type, ()):
                node.input[place] = self._copy(name)
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT:
                attribute.i = HALF
            if attribute.type == onnx.AttributeProto.TENSOR and attribute.t.data_type == FLOAT:
                attribute.t.CopyFrom(_in_half(numpy_helper.to_array(attribute.t), attribute.t.name))
        self.nodes.append(node)
        for place, name in enumerate(node.output):
            if name in self.wide:
                node.output[place] = self.narrow[name] = f"{name}_16bit"
                self.made.add(name)

    def _copy(self, name: str) -> str:
        """The 16-bit tensor of this one."""
        if name not in self.narrow:
            self.narrow[name] = f"{name}_16bit"
            if name in self.values:
                self.graph.initializer.append(_in_half(self.values[name], self.narrow[name]))
            else:
                self.nodes.append(
                    helper.make_node("Cast", [name], [self.narrow[name]], name=self.narrow[name], to=HALF)
                )
        return self.narrow[name]

    def _leave(self) -> None:
        """What the rest, or the user, reads of the trunk is turned back into 32 bits under its old name."""
        outside = {name for node in self.nodes if node.name not in self.inside for name in node.input}
        outside |= {output.name for output in self.graph.output}
        for node in self.nodes:
            if node.name in self.inside:
                outside.update(
                    name for place, name in enumerate(node.input) if place in WIDE_INPUTS.get(node.op_type, ())
                )
        nodes = []
        for node in self.nodes:
            nodes.append(node)
            for name in [n.removesuffix("_16bit") for n in node.output if n.endswith("_16bit")]:
                if name in self.made & outside:
                    nodes.append(helper.make_node("Cast", [f"{name}_16bit"], [name], name=f"{name}_32bit", to=FLOAT))
        self.nodes = nodes


def _in_half(values: npt.NDArray[np.float32], name: str) -> onnx.TensorProto:
    """Numbers beyond what 16 bits hold, as masks have them, become the largest."""
    return numpy_helper.from_array(np.clip(values, -LARGEST, LARGEST).astype(np.float16), name)
