"""Model files by people who mean ill, and by copies that went wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.conftest import paint
from tests.hostile import Attack, judge
from tests.hostile.strange_files import STRANGE
from tests.unit.inference.bundles import INFO, SIZE, model_of, parts, plain, sealed
from tests.unit.inference.test_bundle import GRAPHS, endless, huge
from tests.unit.inference.test_wire import WHERE, hidden, nested
from tlstudio.domain.events import SILENT, Event, Predicted
from tlstudio.inference import wire

FILE = "model.onnx"
Model = Callable[[], onnx.ModelProto]


def attempt(attack: Attack, folder: Path) -> tuple[bool, str]:
    """Opens the file as the window does, then classifies with it as the shell does."""
    from tlstudio.workflow.exports import find_export
    from tlstudio.workflow.predicting import predict, read_bundle

    path = attack.make(folder)
    picture = paint(folder / "pictures", "a.png", (190, 60, 50), seed=1)

    def use() -> None:
        heard = _Heard()
        read_bundle(path, SILENT)
        predict(path, [picture], reporter=heard)
        json.dumps(heard.rows, allow_nan=False)

    refused, wrong = judge(use, attack)
    if not wrong:
        (folder / "exports").mkdir(exist_ok=True)
        with suppress(OSError):
            os.link(path, folder / "exports" / FILE)
        _, wrong = judge(lambda: find_export(folder, "nosuchrun"), replace(attack, may_pass=True))
    return refused, wrong


class _Heard:
    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def report(self, event: Event) -> None:
        if isinstance(event, Predicted):
            self.rows.append(event.row)

    def stop_requested(self) -> bool:
        return False

    def check_cancelled(self) -> None:
        pass


def attacks() -> list[Attack]:
    return [*_files(), *_bytes(), *_descriptions(), *_graphs(), *_greedy(), *_elsewhere(), *_seals()]


def _data(data: Callable[[], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / FILE).write_bytes(data())
        return folder / FILE

    return make


def _of(model: Model) -> Callable[[Path], Path]:
    return _data(lambda: wire.described(model().SerializeToString(), INFO.dumps()))


# --- files ---


def _files() -> Iterator[Attack]:
    for name, put in STRANGE.items():

        def make(folder: Path, put: Callable[[Path], None] = put) -> Path:
            put(folder / FILE)
            return folder / FILE

        yield Attack(f"file: {name}", "file", make)
    yield Attack("file: missing", "file", lambda folder: folder / FILE)
    for tenth in range(1, 10):
        yield Attack(
            f"cut: at {tenth} tenths", "cut", _data(lambda tenth=tenth: sealed()[: len(sealed()) * tenth // 10])
        )
    yield Attack("cut: the last byte", "cut", _data(lambda: sealed()[:-1]))
    yield Attack("cut: the first byte", "cut", _data(lambda: sealed()[1:]))
    yield Attack("cut: twice after itself", "cut", _data(lambda: sealed() * 2))
    yield Attack("cut: a part turned to zeros", "cut", _data(lambda: sealed()[:200] + bytes(50) + sealed()[250:]))


# --- bytes ---


def _bytes() -> Iterator[Attack]:
    good = plain()
    entry = wire.described(b"", INFO.dumps())
    raw: dict[str, bytes] = {
        "a length beyond the end": good + b"\x3a\xff\xff\xff\xff\x07",
        "a length of eight bytes": good + b"\x3a" + b"\xff" * 9 + b"\x01",
        "a number without an end": good + b"\x08" + b"\xff" * 30,
        "groups": good + b"\x0b\x0c",
        "a field of type 7": good + b"\x0f\x00",
        "field number 0": b"\x00\x00" + good,
        "only a description": entry,
        "two descriptions": good + entry,
        "a description without text": good[: -len(entry)] + wire._written(14, wire._written(1, b"tlstudio")),
        "text that is no UTF-8": good.replace(b"ab12", b"a\xff\xfe2"),
        "graphs in graphs, 30": nested(30),
        "graphs in graphs, 100": nested(100),
        "graphs in graphs, 2,000": nested(2_000),
        "five million empty fields": b"\x08\x00" * 5_000_000 + good,
        "fields behind a field without a number": good + b"\x02\x00",
        "a million empty nodes": wire.described(wire._written(7, b"\x0a\x00" * 1_000_000), INFO.dumps()),
        "a graph that is a number": wire.described(b"\x38\x01", INFO.dumps()),
        "a hundred thousand properties": wire.described(b"\x72\x00" * 100_000, INFO.dumps()),
    }
    for name, data in raw.items():
        yield Attack(f"bytes: {name}", "bytes", _data(lambda data=data: data))


# --- descriptions ---


CHANGES: dict[str, dict[str, Any]] = {
    "no classes": {"classes": []},
    "classes twice": {"classes": ["a", "a", "b"]},
    "classes of numbers": {"classes": [1, 2, 3]},
    "classes in a word": {"classes": "abc"},
    "classes in an object": {"classes": {"a": 1}},
    "one class less": {"classes": ["a", "b"]},
    "a thousand classes more": {"classes": [f"c{i}" for i in range(1003)]},
    "size as text": {"preprocess": {"size": "16"}},
    "size 0": {"preprocess": {"size": 0}},
    "size of a million": {"preprocess": {"size": 10**6}},
    "size of 400 digits": {"preprocess": {"size": 10**400}},
    "another size than the graph": {"preprocess": {"size": 32}},
    "size as a list": {"preprocess": {"size": [16]}},
    "fit as a list": {"preprocess": {"size": 16, "fit": ["stretch"]}},
    "depth as an object": {"preprocess": {"size": 16, "depth": {}}},
    "range of text": {"preprocess": {"size": 16, "depth": "dataset", "low": "a", "high": "b"}},
    "preparation unknown": {"preprocess": {"size": 16, "nosuch": 1}},
    "preparation missing": {"preprocess": None},
    "threshold of text": {"novelty_threshold": "high"},
    "threshold of truth": {"novelty_threshold": True},
    "threshold in a list": {"novelty_threshold": [1]},
    "temperature 0": {"temperature": 0},
    "temperature below 0": {"temperature": -1},
    "temperature of text": {"temperature": "warm"},
    "certificate of text": {"certificate": "passed"},
    "certificate without facts": {"certificate": {}},
    "certificate with words for numbers": {
        "certificate": {"images": "many", "agreement": 1.0, "max_difference": 0.0, "passed": True}
    },
    "certificate passed by a word": {
        "certificate": {"images": 1, "agreement": 1.0, "max_difference": 0.0, "passed": "yes"}
    },
    "certificate with decisions of text": {
        "certificate": {"images": 1, "agreement": 1.0, "max_difference": 0.0, "passed": True, "decisions": "all"}
    },
    "novelty of text": {"novelty": "none"},
    "novelty with a list": {"novelty": {"images": [], "units": 1, "promised": True, "false_alarms": 0.1}},
    "novelty with strangers of text": {
        "novelty": {"images": 1, "units": 1, "promised": True, "false_alarms": 0.1, "strangers": "abc"}
    },
    "metrics of text": {"metrics": "good"},
    "versions in a list": {"versions": [1]},
    "backbone of text": {"backbone": "resnet18"},
    "an address for a backbone": {"backbone": {"model": "hf-hub:timm/resnet18.a1_in1k"}},
    "a folder for a backbone": {"backbone": {"model": "local-dir:/etc"}},
    "a network that nobody knows": {"backbone": {"model": "nosuchnet.x"}},
    "a list for a backbone": {"backbone": {"model": ["resnet18"]}},
    "a way out for a backbone": {"backbone": {"model": "../../resnet18"}},
    "an operating point of nobody": {"operating_point": {"nobody": 0.5}},
    "two operating points": {"operating_point": {"red": 0.5, "blue": 0.5}},
    "an operating point above 1": {"operating_point": {"red": 1.5}},
    "an operating point in a list": {"operating_point": [1]},
    "format of text": {"format_version": "x"},
    "no format": {"format_version": None},
    "format 99": {"format_version": 99},
    "format beyond numbers": {"format_version": 10**400},
    "a trial alone": {"trial": {"rule": 1, "probabilities": [[1, 0, 0]], "novelty": [0]}},
    "a hash alone": {"graph_sha256": "0" * 64},
    "its own hash alone": {"description_sha256": "0" * 64},
}
HARMLESS: dict[str, dict[str, Any]] = {
    "names with escapes": {"classes": ["\x1b[31mred", "=1+1", "a\nb"]},
    "names of great length": {"classes": ["a" * 100_000, "b", "c"]},
    "a project's name with escapes": {"project": "\x1b]0;x\x07\n<script>"},
    "a run of great length": {"run": "x" * 100_000},
    "unknown words": {"nosuch": {"deep": [[[1]]]}},
    "metrics in depth": {"metrics": {"a": [[[[[[1]]]]]]}},
}
TEXTS: dict[str, str] = {
    "nothing": "",
    "a list": "[]",
    "null": "null",
    "a number": "1",
    "lists in lists": "[" * 200_000,
    "objects in objects": '{"a":' * 200_000,
    "half": INFO.dumps()[:100],
    "a number of a million digits": '{"format_version": ' + "9" * 1_000_000 + "}",
    "only a format": '{"format_version": 1}',
    "no number": INFO.dumps().replace('"novelty', '"x": NaN, "novelty'),
    "forty megabytes": '{"format_version": 1, "x": "' + "x" * 40_000_000 + '"}',
}


def _descriptions() -> Iterator[Attack]:
    model = model_of(*parts()).SerializeToString()
    told = json.loads(INFO.dumps())
    for name, change in {**CHANGES, **HARMLESS}.items():
        text = json.dumps({**told, **change})
        make = _data(lambda text=text: wire.described(model, text))
        yield Attack(f"description: {name}", "description", make, may_pass=name in HARMLESS)
    for name, text in TEXTS.items():
        make = _data(lambda text=text: wire.described(model, text))
        yield Attack(f"description: {name}", "text", make, may_pass=name == "no number" and "NaN" not in text)


# --- graphs ---


def _graphs() -> Iterator[Attack]:
    for name, model in {**GRAPHS, **BROKEN}.items():
        yield Attack(f"graph: {name.replace('_', ' ')}", "graph", _of(model), may_pass=name in MAY_WORK)
    for value in (np.nan, np.inf, -np.inf, 1e38):
        yield Attack(f"graph: weights of {value}", "numbers", _of(lambda value=value: _weights(value)), value == 1e38)


def _weights(value: float) -> onnx.ModelProto:
    nodes, tensors = parts()
    tensors[1] = numpy_helper.from_array(np.full((3, 3), value, np.float32), "weights")
    return model_of(nodes, tensors)


def _changed(change: Callable[[onnx.ModelProto], object]) -> Model:
    def make() -> onnx.ModelProto:
        model = model_of(*parts())
        change(model)
        return model

    return make


def _with_node(kind: str, place: int = 3, **attributes: Any) -> Model:
    """One more node between the embedding and the head."""

    def change(model: onnx.ModelProto) -> None:
        model.graph.node[place].input[0] = "more"
        model.graph.node.insert(place, helper.make_node(kind, ["embedding"], ["more"], **attributes))

    return _changed(change)


def _tensor(**fields: Any) -> Model:
    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[1]
        for name, value in fields.items():
            tensor.ClearField(name)
            if isinstance(value, list):
                getattr(tensor, name).extend(value)
            else:
                setattr(tensor, name, value)

    return _changed(change)


def _cycle(model: onnx.ModelProto) -> None:
    model.graph.node[2].input[0] = "logits"


def _calls_itself(model: onnx.ModelProto) -> None:
    node = helper.make_node("again", ["x"], ["y"], domain="own")
    model.functions.append(helper.make_function("own", "again", ["x"], ["y"], [node], [helper.make_opsetid("own", 1)]))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[3].input[0] = "more"
    model.graph.node.insert(3, helper.make_node("again", ["embedding"], ["more"], domain="own"))


def _call_each_other(model: onnx.ModelProto) -> None:
    for one, other in (("ping", "pong"), ("pong", "ping")):
        node = helper.make_node(other, ["x"], ["y"], domain="own")
        model.functions.append(helper.make_function("own", one, ["x"], ["y"], [node], [helper.make_opsetid("own", 1)]))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[3].input[0] = "more"
    model.graph.node.insert(3, helper.make_node("ping", ["embedding"], ["more"], domain="own"))


def _output(place: int, kind: int, shape: list[Any]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        name = model.graph.output[place].name
        model.graph.output[place].CopyFrom(helper.make_tensor_value_info(name, kind, shape))

    return change


BROKEN: dict[str, Model] = {
    "nothing in it": _changed(lambda m: m.ClearField("graph")),
    "no nodes": _changed(lambda m: m.graph.ClearField("node")),
    "no inputs": _changed(lambda m: m.graph.ClearField("input")),
    "no outputs": _changed(lambda m: m.graph.ClearField("output")),
    "no opset": _changed(lambda m: m.ClearField("opset_import")),
    "opset 999": _changed(lambda m: setattr(m.opset_import[0], "version", 999)),
    "opset -1": _changed(lambda m: setattr(m.opset_import[0], "version", -1)),
    "version 999": _changed(lambda m: setattr(m, "ir_version", 999)),
    "a node that nobody knows": _with_node("NoSuchThing"),
    "a node of another's": _with_node("Thing", domain="com.example"),
    "a cycle": _changed(_cycle),
    "one name for two results": _changed(lambda m: m.graph.node[1].output.__setitem__(0, "float")),
    "an input from nowhere": _changed(lambda m: m.graph.node[2].input.__setitem__(0, "nowhere")),
    "a missing tensor": _changed(lambda m: m.graph.initializer.__delitem__(1)),
    "a tensor with too few numbers": _tensor(raw_data=bytes(8)),
    "a tensor with too many numbers": _tensor(raw_data=bytes(8000)),
    "a tensor below nothing": _tensor(dims=[-3, 3]),
    "a tensor beyond everything": _tensor(dims=[2**62, 2**62]),
    "a tensor of an unknown kind": _tensor(data_type=99),
    "a tensor of no kind": _tensor(data_type=0),
    "a tensor of text": _tensor(data_type=TensorProto.STRING),
    "a tensor without edges": _tensor(dims=[]),
    "a function that calls itself": _changed(_calls_itself),
    "functions that call each other": _changed(_call_each_other),
    "an attribute of a wrong kind": _with_node("Softmax", axis="one"),
    "an axis far away": _with_node("Softmax", axis=2**40),
    "a cast to nothing": _with_node("Cast", to=99),
    "probabilities in three dimensions": _changed(_output(0, TensorProto.FLOAT, ["a", "b", "c"])),
    "probabilities of whole numbers": _changed(_output(0, TensorProto.INT64, ["a", 3])),
    "novelty of two columns": _changed(_output(1, TensorProto.FLOAT, ["a", 2])),
    "an input of three dimensions": _changed(
        lambda m: m.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, ["b", 16, 16]))
    ),
    "an input for one picture": _changed(
        lambda m: m.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 16, 16, 3]))
    ),
    "an input of any shape": _changed(
        lambda m: m.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, None))
    ),
    "outputs of a sequence": _with_node("SequenceConstruct"),
}
# The libraries know what is meant, or the answers are right whatever the file says of their shapes.
MAY_WORK = (
    *("no opset", "an input of any shape", "an axis far away"),
    *("probabilities in three dimensions", "novelty of two columns"),
)


# --- greed for time and memory ---


def _doubling(functions: int) -> onnx.ModelProto:
    """Each function calls the one before it twice."""
    model = model_of(*parts())
    for number in range(functions):
        inner = f"f{number - 1}" if number else "Sin"
        domain = "own" if number else ""
        nodes = [
            helper.make_node(inner, ["x"], ["m"], domain=domain),
            helper.make_node(inner, ["m"], ["y"], domain=domain),
        ]
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
        model.functions.append(helper.make_function("own", f"f{number}", ["x"], ["y"], nodes, opsets))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[3].input[0] = "more"
    model.graph.node.insert(3, helper.make_node(f"f{functions - 1}", ["embedding"], ["more"], domain="own"))
    return model


def _growing(kind: str, times: int) -> onnx.ModelProto:
    """A tensor that is put beside itself again and again, of which one number is used."""
    nodes, tensors = parts()
    grown, name = [], "embedding"
    for number in range(times):
        grown.append(helper.make_node("Concat", [name, name], [f"g{number}"], axis=1))
        name = f"g{number}"
    grown.append(helper.make_node(kind, [name, "last"], ["summed"], keepdims=1))
    grown.append(helper.make_node("Add", ["embedding", "summed"], ["more"]))
    nodes[3].input[0] = "more"
    return model_of([*nodes[:3], *grown, *nodes[3:]], tensors)


def _made(kind: str, values: list[tuple[str, Any]], **attributes: Any) -> onnx.ModelProto:
    """A large tensor that a node makes of little ones; its mean scales the embedding."""
    nodes, tensors = parts()
    tensors += [numpy_helper.from_array(np.asarray(value), name) for name, value in values]
    made = [
        helper.make_node(kind, [name for name, _ in values], ["large"], **attributes),
        helper.make_node("Cast", ["large"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["wide"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["embedding", "mean"], ["more"]),
    ]
    nodes[3].input[0] = "more"
    return model_of([*nodes[:3], *made, *nodes[3:]], tensors)


def _product(edge: int) -> onnx.ModelProto:
    """Large matrices, multiplied."""
    nodes, tensors = parts()
    tensors.append(numpy_helper.from_array(np.array([edge, edge], np.int64), "shape"))
    value = helper.make_tensor("v", TensorProto.FLOAT, [1], [1e-9])
    made = [
        helper.make_node("ConstantOfShape", ["shape"], ["a"], value=value),
        *(helper.make_node("MatMul", ["a", "a"] if not i else [f"p{i - 1}", "a"], [f"p{i}"]) for i in range(60)),
        helper.make_node("ReduceMean", ["p59"], ["mean"], keepdims=0),
        helper.make_node("Add", ["embedding", "mean"], ["more"]),
    ]
    nodes[3].input[0] = "more"
    return model_of([*nodes[:3], *made, *nodes[3:]], tensors)


def _chain(length: int) -> onnx.ModelProto:
    nodes, tensors = parts()
    links = [helper.make_node("Sin", [f"s{i}" if i else "embedding"], [f"s{i + 1}"]) for i in range(length)]
    nodes[3].input[0] = f"s{length}"
    return model_of([*nodes[:3], *links, *nodes[3:]], tensors)


def _branches(depth: int) -> onnx.ModelProto:
    """Each branch holds the next condition."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["embedding"], ["o0"])],
        "g0",
        [],
        [helper.make_tensor_value_info("o0", TensorProto.FLOAT, None)],
    )
    for level in range(1, depth):
        node = helper.make_node("If", ["yes"], [f"o{level}"], then_branch=body, else_branch=body)
        out = [helper.make_tensor_value_info(f"o{level}", TensorProto.FLOAT, None)]
        body = helper.make_graph([node], f"g{level}", [], out)
    nodes, tensors = parts()
    tensors.append(numpy_helper.from_array(np.array(True), "yes"))
    nodes[3].input[0] = "more"
    node = helper.make_node("If", ["yes"], ["more"], then_branch=body, else_branch=body)
    return model_of([*nodes[:3], node, *nodes[3:]], tensors)


def _long(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


def _greedy() -> Iterator[Attack]:
    one = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    greedy: dict[str, Callable[[], bytes]] = {
        "a loop without an end": endless,
        "8 GB of ones": huge,
        "64 GB of ones": lambda: huge(64),
        **{
            name: lambda model=model: wire.described(model().SerializeToString(), INFO.dumps())
            for name, model in {
                "30 functions that double": lambda: _doubling(30),
                "60 functions that double": lambda: _doubling(60),
                "a tensor doubled 32 times": lambda: _growing("ReduceSum", 32),
                "a tensor doubled 45 times": lambda: _growing("ReduceMax", 45),
                "a constant of a terabyte": lambda: _made("ConstantOfShape", [("shape", _long(2**38))], value=one),
                "a constant beyond numbers": lambda: _made("ConstantOfShape", [("shape", _long(2**62))], value=one),
                "a row of numbers without an end": lambda: _made(
                    "Range", [("a", np.int64(0)), ("b", np.int64(2**40)), ("c", np.int64(1))]
                ),
                "one number everywhere": lambda: _made(
                    "Expand", [("x", np.float32(1)), ("shape", _long(2**16, 2**17))]
                ),
                "one number again and again": lambda: _made(
                    "Tile", [("x", np.ones(1, np.float32)), ("n", _long(2**33))]
                ),
                "a margin of gigabytes": lambda: _made("Pad", [("x", np.ones(1, np.float32)), ("n", _long(0, 2**33))]),
                "a table of a thousand million classes": lambda: _made(
                    "OneHot", [("i", _long(1, 2, 3)), ("d", np.int64(10**9)), ("v", np.array([0, 1], np.float32))]
                ),
                "large products": lambda: _product(8_000),
                "200,000 nodes": lambda: _chain(200_000),
                "10 branches in branches": lambda: _branches(10),
                "18 branches in branches": lambda: _branches(18),
            }.items()
        },
    }
    fine = ("200,000 nodes", "10 branches in branches", "18 branches in branches")
    for name, data in greedy.items():
        yield Attack(f"greed: {name}", "greed", _data(data), may_pass=name in fine)


# --- numbers in other files ---


def _elsewhere() -> Iterator[Attack]:
    for where in WHERE:
        yield Attack(f"elsewhere: {where}", "elsewhere", _of(lambda where=where: hidden(where)))
    for name, location in {
        "the file beside it": "beside.bin",
        "a link": "link.bin",
        "a second name": "hard.bin",
        "out of the folder": "../secret.bin",
        "the system's": "/etc/passwd",
        "a device": "/dev/zero",
        "a pipe": "pipe.bin",
        "itself": FILE,
        "nothing": "",
    }.items():

        def make(folder: Path, location: str = location) -> Path:
            (folder / "beside.bin").write_bytes(bytes(36))
            (folder / "link.bin").symlink_to("/etc/passwd")
            os.link(folder / "beside.bin", folder / "hard.bin")
            os.mkfifo(folder / "pipe.bin")
            model = model_of(*parts())
            tensor = model.graph.initializer[1]
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=location)
            (folder / FILE).write_bytes(wire.described(model.SerializeToString(), INFO.dumps()))
            return folder / FILE

        yield Attack(f"elsewhere: {name}", "links", make)


# --- seals ---


def _seals() -> Iterator[Attack]:
    good = sealed()
    told = json.loads(wire.description(good) or "")
    for step in range(20):
        place = (2 * step + 1) * len(good) // 40

        def flipped(place: int = place, bit: int = step % 8) -> bytes:
            data = bytearray(good)
            data[place] ^= 1 << bit
            return bytes(data)

        yield Attack(f"seal: a bit at {place}", "bits", _data(flipped))
    yield Attack("seal: classes swapped", "seal", _data(lambda: good.replace(b'"red", "blue"', b'"blue", "red"')))
    yield Attack("seal: a class renamed", "seal", _data(lambda: good.replace(b'"red"', b'"rad"')))
    changes: dict[str, dict[str, Any]] = {
        "another hash of the graph": {"graph_sha256": "0" * 64},
        "no hash of the graph": {"graph_sha256": ""},
        "another hash of the description": {"description_sha256": "0" * 64},
        "a trial of text": {"trial": "passed"},
        "a trial without pictures": {"trial": {"rule": 1, "probabilities": [], "novelty": []}},
        "a trial of one picture": {"trial": {"rule": 1, "probabilities": [[1, 0, 0]], "novelty": [0]}},
        "a trial with other answers": {
            "trial": {"rule": 1, "probabilities": [[1, 0, 0], [1, 0, 0]], "novelty": [0, 0]}
        },
        "a trial with other classes": {"trial": {"rule": 1, "probabilities": [[1], [1]], "novelty": [0, 0]}},
    }
    for name, change in changes.items():
        yield Attack(f"seal: {name}", "seal", _data(lambda change=change: _resealed(good, {**told, **change})))
        text = json.dumps({**told, **change}, sort_keys=True, ensure_ascii=False)
        yield Attack(f"seal: {name}, unsealed", "seal", _data(lambda text=text: wire.described(good, text)))
    for key in ("graph_sha256", "description_sha256", "trial"):
        text = json.dumps({k: v for k, v in told.items() if k != key}, sort_keys=True, ensure_ascii=False)
        yield Attack(f"seal: without {key}", "seal", _data(lambda text=text: wire.described(good, text)))
    other = replace(INFO, classes=("a", "b", "c"), preprocess=replace(INFO.preprocess, size=2 * SIZE))
    yield Attack(
        "seal: of another file", "seal", _data(lambda: wire.described(sealed(other), wire.description(good) or ""))
    )


def _resealed(data: bytes, told: dict[str, Any]) -> bytes:
    """By somebody who knows how the description is sealed."""
    from tlstudio.domain.bundle import OWN_HASH, _hash, _text

    rest = {key: value for key, value in told.items() if key != OWN_HASH}
    return wire.described(
        data, _text({**rest, OWN_HASH: told[OWN_HASH] if told[OWN_HASH] == "0" * 64 else _hash(rest)})
    )
