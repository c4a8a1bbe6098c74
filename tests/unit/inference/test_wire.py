"""An ONNX file as bytes: what is hashed, what is described, and whether all numbers are in it."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.unit.inference.bundles import INFO, model_of, parts, plain
from tlstudio.domain.bundle import METADATA_KEY
from tlstudio.inference import wire


def test_a_description_comes_back_and_replaces_an_earlier_one() -> None:
    bare = model_of(*parts()).SerializeToString()
    assert wire.description(bare) is None
    once = wire.described(bare, "ä" * 200)
    assert wire.description(once) == "ä" * 200
    assert wire.described(once, "b") == wire.described(bare, "b")
    assert onnx.load_from_string(once).metadata_props[0].key == METADATA_KEY
    onnx.checker.check_model(onnx.load_from_string(once))


def test_other_properties_stay_and_are_hashed() -> None:
    model = model_of(*parts())
    helper.set_model_props(model, {"other": "1", METADATA_KEY: "first"})
    data = model.SerializeToString()
    again = wire.described(data, "second")
    assert {p.key: p.value for p in onnx.load_from_string(again).metadata_props} == {
        "other": "1",
        METADATA_KEY: "second",
    }
    assert wire.digest(again) == wire.digest(data)
    model.metadata_props[0].value = "2"
    assert wire.digest(model.SerializeToString()) != wire.digest(data)


def test_the_digest_is_that_of_everything_else() -> None:
    bare = model_of(*parts()).SerializeToString()
    assert wire.digest(bare) == hashlib.sha256(bare).hexdigest()
    assert wire.digest(wire.described(bare, "text")) == hashlib.sha256(bare).hexdigest()


def test_two_descriptions_are_none() -> None:
    data = plain()
    entry = wire.described(b"", "another")
    with pytest.raises(ValueError, match="two"):
        wire.description(data + entry)


@pytest.mark.parametrize(
    "data",
    [
        b"\x3a\x05abc",  # longer than the file
        b"\x3a",  # a length that is missing
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",  # a number without an end
        b"\x08\x80",
        b"\x08" + b"\xff" * 10 + b"\x01",  # of more than 64 bits
        b"\x3b\x00",  # a type that ONNX does not use
        b"\x09abc",  # eight bytes that are three
        b"\x0dabc",
    ],
)
def test_damaged_bytes_are_told(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(wire.fields(data))


def test_every_type_of_field_is_read() -> None:
    data = b"\x08\x96\x01" + b"\x11" + bytes(8) + b"\x1a\x02hi" + b"\x25" + bytes(4)
    found = list(wire.fields(data))
    assert [(f.number, f.kind, f.value) for f in found] == [(1, 0, 150), (2, 1, 0), (3, 2, 0), (4, 5, 0)]
    assert [(f.begin, f.start, f.end) for f in found] == [(0, 3, 3), (3, 4, 12), (12, 14, 16), (16, 17, 21)]


def external(name: str = "weights") -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[3, 3], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="elsewhere.bin")
    return tensor


def hidden(where: str) -> onnx.ModelProto:  # noqa: PLR0912  # one branch a place
    """A model with one tensor that lies in another file."""
    nodes, tensors = parts()
    body = helper.make_graph([helper.make_node("Identity", ["t"], ["o"])], "body", [], [], [external("t")])
    sparse = onnx.SparseTensorProto(values=external("s"), dims=[3])
    match where:
        case "initializer":
            tensors[1] = external()
        case "constant":
            nodes.append(helper.make_node("Constant", [], ["c"], value=external("c")))
        case "list of tensors":
            nodes.append(onnx.NodeProto(op_type="X", attribute=[onnx.AttributeProto(name="a", tensors=[external()])]))
        case "branch":
            nodes.append(helper.make_node("If", ["c"], ["o"], then_branch=body, else_branch=body))
        case "graphs":
            nodes.append(onnx.NodeProto(op_type="X", attribute=[onnx.AttributeProto(name="a", graphs=[body])]))
        case "sparse attribute":
            nodes.append(onnx.NodeProto(op_type="X", attribute=[onnx.AttributeProto(name="a", sparse_tensor=sparse)]))
        case "sparse attributes":
            nodes.append(
                onnx.NodeProto(op_type="X", attribute=[onnx.AttributeProto(name="a", sparse_tensors=[sparse])])
            )
        case _:
            pass
    model = model_of(nodes, tensors)
    inner = helper.make_node("Constant", [], ["c"], value=external("c"))
    if where == "function":
        model.functions.append(helper.make_function("d", "f", [], ["c"], [inner], [helper.make_opsetid("", 18)]))
    elif where == "default of a function":
        function = helper.make_function("d", "f", [], [], [], [helper.make_opsetid("", 18)])
        function.attribute_proto.append(onnx.AttributeProto(name="a", t=external()))
        model.functions.append(function)
    elif where == "sparse initializer":
        model.graph.sparse_initializer.append(sparse)
    elif where == "sparse indices":
        model.graph.sparse_initializer.append(onnx.SparseTensorProto(indices=external("s"), dims=[3]))
    elif where == "training":
        model.training_info.add().algorithm.initializer.append(external())
    elif where == "start of training":
        model.training_info.add().initialization.initializer.append(external())
    return model


WHERE = (
    *(
        "initializer",
        "constant",
        "list of tensors",
        "branch",
        "graphs",
        "sparse attribute",
        "sparse attributes",
        "function",
    ),
    *("default of a function", "sparse initializer", "sparse indices", "training", "start of training"),
)


@pytest.mark.parametrize("where", WHERE)
def test_a_tensor_elsewhere_is_found_wherever_it_is_named(where: str) -> None:
    assert not wire.is_complete(hidden(where).SerializeToString())


@pytest.mark.parametrize("sign", ["location", "place"])
def test_either_sign_is_enough(sign: str) -> None:
    tensor = external()
    if sign == "location":
        tensor.ClearField("external_data")
    else:
        tensor.ClearField("data_location")
    nodes, tensors = parts()
    assert not wire.is_complete(model_of(nodes, [*tensors, tensor]).SerializeToString())


def test_a_whole_file_is_complete() -> None:
    assert wire.is_complete(plain())
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "more")
    tensor.data_location = TensorProto.DEFAULT
    nodes, tensors = parts()
    assert wire.is_complete(model_of(nodes, [*tensors, tensor]).SerializeToString())
    assert wire.is_complete(wire.described(b"", INFO.dumps()))


def nested(depth: int) -> bytes:
    """Graphs in graphs: each a node's attribute. One level is four messages deep."""
    data = b""
    for _ in range(depth):
        data = wire._written(1, wire._written(5, wire._written(6, data)))
    return wire._written(7, data)


def test_graphs_in_graphs_have_an_end() -> None:
    assert wire.is_complete(nested(wire.DEEPEST // 3 - 1))
    with pytest.raises(ValueError, match="deep"):
        wire.is_complete(nested(wire.DEEPEST // 3 + 1))


def test_fields_without_number_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_FIELDS", 100)
    assert wire.is_complete(b"\x08\x00" * 100)
    with pytest.raises(ValueError, match="many"):
        wire.is_complete(b"\x08\x00" * 101)


def test_outermost_fields_have_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_OUTER", 10)
    assert wire.description(b"\x08\x00" * 10) is None
    with pytest.raises(ValueError, match="many"):
        wire.description(b"\x08\x00" * 11)


def test_limits() -> None:
    assert (wire.DEEPEST, wire.MOST_OUTER, wire.MOST_FIELDS) == (60, 100_000, 1_000_000)


def test_a_field_without_a_number_is_damage() -> None:
    with pytest.raises(ValueError, match="without a number"):
        list(wire.fields(b"\x08\x00\x07"))


def test_only_a_property_is_a_description() -> None:
    entry = wire.described(b"", "text")
    assert wire.description(b"\x3a" + entry[1:]) is None, "the same under the number of the graph"
    assert wire.description(b"\x70\x08" + entry) == "text", "the number of a property, but no property"


@pytest.mark.parametrize(("more", "good"), [(b"", True), (wire._written(6, b""), False)])
def test_the_deepest_that_is_read(more: bytes, good: bool) -> None:
    """A model is at depth 0, its graph at 1, each level of `nested` three further; then a node and its attribute: 60."""
    data = wire._written(1, wire._written(5, more))
    for _ in range(19):
        data = wire._written(1, wire._written(5, wire._written(6, data)))
    data = wire._written(7, data)
    if good:
        assert wire.is_complete(data)
    else:
        with pytest.raises(ValueError, match="deep"):
            wire.is_complete(data)
