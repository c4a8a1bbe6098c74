"""Which part of a bundle's graph may be held in fewer bits, told by how the graph hangs together.

What a node is called is the exporter's affair, and quantisers rename nodes as they go. So only the names of the graph's outputs
count, which are the bundle's interface, and what leads to what. The products (convolutions and matrix products with fixed
weights) that the output `embedding` rests on are the backbone's. The trunk reaches from the first of them to the last. Everything
else, which is the preparation of the pixels, statistics of the stages, the head, the probabilities and the novelty, is the rest:
it stays in full precision, and `keeps_rest` proves of a finished file that it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnx
from onnx import numpy_helper

PRODUCTS = ("Conv", "MatMul", "Gemm")
CUTS = ("Relu", "Clip")  # activations that only cut a product's output off, so that both can share one scale


@dataclass(frozen=True, slots=True)
class Trunk:
    """Names of nodes in a graph that `load_named` read.

    products: of the trunk, in the graph's order. cuts: its activations that follow a product at once, also the last one.
    between: all nodes of the trunk. below: those, and what they rest on, from the image on; the others are the rest.
    """

    products: tuple[str, ...]
    cuts: frozenset[str]
    between: frozenset[str]
    below: frozenset[str]


def load_named(file: Path) -> onnx.ModelProto:
    """The model, every node under a name of its own, whatever the exporter called it, and constants under one name only."""
    model = onnx.load(str(file))
    _drop_aliases(model.graph)
    for number, node in enumerate(model.graph.node):
        node.name = f"node_{number}"
    return model


def _drop_aliases(graph: onnx.GraphProto) -> None:
    """Exporters write weights that are equal once, and hand them on through nodes that do nothing."""
    outputs = {output.name for output in graph.output}
    same = {tensor.name: tensor.name for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
        if node.op_type == "Identity" and node.input[0] in same and node.output[0] not in outputs:
            same[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def find_trunk(graph: onnx.GraphProto) -> Trunk:
    """From a graph of `load_named`."""
    fixed = set(constants(graph)) | _derived(graph)
    makers = _makers(graph)
    embedded = _leading_to(makers, ["embedding"])
    products = [n for n in graph.node if n.name in embedded and n.op_type in PRODUCTS and n.input[1] in fixed]
    made = {tensor for n in products for tensor in n.output}
    cuts = [n for n in graph.node if n.op_type in CUTS and n.input[0] in made and n.name in embedded]
    ends = [*products, *cuts]
    below = _leading_to(makers, [tensor for n in ends for tensor in n.output])
    after = _following(graph, made) | {n.name for n in products}
    names = tuple(n.name for n in products), frozenset(n.name for n in cuts)
    return Trunk(*names, frozenset(below & after), frozenset(below))


def constants(graph: onnx.GraphProto) -> dict[str, npt.NDArray[Any]]:
    """The values of tensors that are written down in the graph."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def keeps_rest(full: onnx.ModelProto, reduced: onnx.ModelProto) -> bool:
    """Whether the rest of both is the same, node by node and bit by bit, from the outputs back to where the trunk begins.

    full: of `load_named`. What the trunk hands over may be another number; what is done with it may not.
    """
    trunk = find_trunk(full.graph)
    ours, theirs = _Reading(full.graph), _Reading(reduced.graph)
    seen: set[tuple[str, str]] = set()
    waiting = [(output.name, output.name) for output in full.graph.output]
    while waiting:
        pair = waiting.pop()
        if pair in seen:
            continue
        seen.add(pair)
        mine, other = pair
        value = ours.values.get(mine)
        if value is not None:
            if not _same(value, theirs.values.get(other)):
                return False
            continue
        node, its = ours.makers.get(mine), theirs.makers.get(other)
        if node is None or node.name in trunk.below:
            continue  # an input of the graph, or the trunk
        if its is None or not _alike(node, its):
            return False
        waiting += zip(node.input, its.input, strict=True)
    return True


class _Reading:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self.values = constants(graph)
        self.makers = _makers(graph)


def _same(one: npt.NDArray[Any], other: npt.NDArray[Any] | None) -> bool:
    return (
        other is not None and one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )


def _alike(one: onnx.NodeProto, other: onnx.NodeProto) -> bool:
    """Whether two nodes do the same with what they get, whatever they and their tensors are called."""
    same = (one.op_type, one.domain, len(one.input)) == (other.op_type, other.domain, len(other.input))
    attributes = [sorted(a.SerializeToString(deterministic=True) for a in node.attribute) for node in (one, other)]
    return same and attributes[0] == attributes[1]


def _makers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    return {tensor: node for node in graph.node for tensor in node.output}


def _leading_to(makers: dict[str, onnx.NodeProto], tensors: Iterable[str]) -> set[str]:
    """Names of the nodes that these tensors rest on."""
    names: set[str] = set()
    waiting = list(tensors)
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node.name not in names:
            names.add(node.name)
            waiting += node.input
    return names


def _following(graph: onnx.GraphProto, tensors: set[str]) -> set[str]:
    """Names of the nodes that use these tensors, directly or through others."""
    reached, names = set(tensors), set()
    for node in graph.node:  # ONNX stores nodes in an order in which inputs come before their use
        if reached & set(node.input):
            reached.update(node.output)
            names.add(node.name)
    return names


def _derived(graph: onnx.GraphProto) -> set[str]:
    """Tensors that are worked out from constants alone."""
    known = set(constants(graph)) | {""}
    for node in graph.node:
        if node.input and known.issuperset(node.input):
            known.update(node.output)
    return known - {""}
