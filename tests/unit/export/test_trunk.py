"""What may change and what may not, whatever an exporter calls it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.unit.export.graphs import TRUNK_CONVS, write_bundle
from tlstudio.export.trunk import constants, find_trunk, keeps_rest, load_named


@pytest.mark.parametrize("names", ["", "/backbone/"])
@pytest.mark.parametrize("relu", ["Relu", "Clip"])
def test_the_trunk_reaches_from_the_first_product_to_the_last(tmp_path: Path, names: str, relu: str) -> None:
    graph = load_named(write_bundle(tmp_path / "b.onnx", names=names, relu=relu)).graph
    kinds = {node.name: node.op_type for node in graph.node}
    trunk = find_trunk(graph)
    assert [kinds[name] for name in trunk.products] == ["Conv"] * TRUNK_CONVS
    assert Counter(kinds[name] for name in trunk.between) == {
        "Conv": TRUNK_CONVS,
        relu: 4,
        "Add": 1,
        "Sigmoid": 1,
        "Mul": 1,
    }
    assert Counter(kinds[name] for name in trunk.below - trunk.between) == {"Cast": 1, "Transpose": 1, "Div": 1}
    assert [kinds[name] for name in trunk.cuts] == [relu] * 4
    rest = {kinds[name] for name in kinds if name not in trunk.below}
    head, novelty = (
        {"GlobalAveragePool", "Flatten", "Gemm", "Softmax"},
        {"ReduceMean", "Sub", "MatMul", "ReduceL2", "Pow"},
    )
    assert rest == head | novelty


def test_a_product_of_two_tensors_is_none_of_weights(tmp_path: Path) -> None:
    """As the attention of a transformer has them; weights that are worked out from constants count as weights."""
    model = load_named(write_bundle(tmp_path / "b.onnx"))
    last = next(n for n in model.graph.node if n.output[0] == "last")
    turned = helper.make_node("Transpose", [last.input[1]], ["turned"], perm=[0, 1, 2, 3])
    last.input[1] = "turned"
    nodes = [turned, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(tmp_path / "turned.onnx"))
    assert len(find_trunk(load_named(tmp_path / "turned.onnx").graph).products) == TRUNK_CONVS
    turned.input[0] = "pixels"
    del model.graph.node[:]
    model.graph.node.extend([*nodes[1:4], turned, *nodes[4:]])
    onnx.save(model, str(tmp_path / "two.onnx"))
    assert len(find_trunk(load_named(tmp_path / "two.onnx").graph).products) == TRUNK_CONVS - 1


def test_weights_that_are_handed_on_are_used_as_they_are(tmp_path: Path) -> None:
    model = onnx.load(str(write_bundle(tmp_path / "b.onnx")))
    last = next(n for n in model.graph.node if n.output[0] == "last")
    first = helper.make_node("Identity", [last.input[1]], ["other_name"])
    last.input[1] = "other_name"
    nodes = [first, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(tmp_path / "aliased.onnx"))
    read = load_named(tmp_path / "aliased.onnx")
    assert "Identity" not in {n.op_type for n in read.graph.node}
    assert next(n for n in read.graph.node if n.output[0] == "last").input[1] == "last_w"
    assert len({n.name for n in read.graph.node}) == len(read.graph.node)


def test_the_same_rest_under_other_names_is_the_same(tmp_path: Path) -> None:
    full = load_named(write_bundle(tmp_path / "a.onnx"))
    assert keeps_rest(full, full)
    assert keeps_rest(full, onnx.load(str(write_bundle(tmp_path / "b.onnx", names="other_"))))


def test_another_trunk_is_no_other_rest(tmp_path: Path) -> None:
    full, other = load_named(write_bundle(tmp_path / "a.onnx")), load_named(tmp_path / "a.onnx")
    for tensor in other.graph.initializer:
        if tensor.name in ("stem_w", "deviation"):
            tensor.CopyFrom(numpy_helper.from_array(2 * numpy_helper.to_array(tensor), tensor.name))
    assert keeps_rest(full, other)


@pytest.mark.parametrize("name", ["head", "head_bias", "mean", "projection", "half_power"])
def test_one_changed_bit_of_the_rest_is_seen(tmp_path: Path, name: str) -> None:
    full, other = load_named(write_bundle(tmp_path / "a.onnx")), load_named(tmp_path / "a.onnx")
    tensor = next(t for t in other.graph.initializer if t.name == name)
    values = numpy_helper.to_array(tensor).copy()
    values.reshape(-1)[-1] = np.nextafter(values.reshape(-1)[-1], np.float32(9))
    tensor.CopyFrom(numpy_helper.from_array(values, name))
    assert not keeps_rest(full, other)


def test_weights_of_another_type_or_shape_are_seen(tmp_path: Path) -> None:
    full = load_named(write_bundle(tmp_path / "a.onnx"))
    for change in (lambda v: v.view(np.int32), lambda v: v.reshape(1, -1)):
        other = load_named(tmp_path / "a.onnx")
        tensor = next(t for t in other.graph.initializer if t.name == "mean")
        tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), "mean"))
        assert not keeps_rest(full, other)


def test_other_steps_of_the_rest_are_seen(tmp_path: Path) -> None:
    full = load_named(write_bundle(tmp_path / "a.onnx"))

    def changed(output: str) -> tuple[onnx.ModelProto, onnx.NodeProto]:
        other = load_named(tmp_path / "a.onnx")
        return other, next(n for n in other.graph.node if n.output[0] == output)

    other, node = changed("probabilities")
    node.attribute[0].i = 0
    assert not keeps_rest(full, other), "another attribute"
    other, node = changed("pooled")
    node.op_type = "GlobalMaxPool"
    assert not keeps_rest(full, other), "another operation"
    other, node = changed("logits")
    del node.input[2]
    assert not keeps_rest(full, other), "an input less"
    other, node = changed("novelty")
    node.input[0] = "image"
    assert not keeps_rest(full, other), "an input in place of a result"
    other, node = changed("projected")
    node.input[1] = "apart"
    assert not keeps_rest(full, other), "a result in place of a constant"


def test_the_order_of_attributes_says_nothing(tmp_path: Path) -> None:
    full, other = load_named(write_bundle(tmp_path / "a.onnx")), load_named(tmp_path / "a.onnx")
    for model, names in ((full, ("alpha", "transB")), (other, ("transB", "alpha"))):
        head = next(n for n in model.graph.node if n.output[0] == "logits")
        del head.attribute[:]
        head.attribute.extend(helper.make_attribute(name, 1 if name == "transB" else 1.0) for name in names)
    assert keeps_rest(full, other)


def test_constants_may_be_nodes(tmp_path: Path) -> None:
    node = helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(np.float32(3)))
    other = helper.make_node("Constant", [], ["j"], value_float=3.0)
    graph = helper.make_graph([node, other], "g", [], [], [numpy_helper.from_array(np.float32(2), "w")])
    assert constants(graph) == {"k": 3, "w": 2}
