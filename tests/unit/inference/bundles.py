"""Small whole bundles, and ways to write what no exporter writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.inference import opening, trial, wire

SIZE, CLASSES = 16, ("red", "blue", "grün")
INFO = BundleInfo(CLASSES, PreprocessSpec(SIZE), {"model": "resnet18.a1_in1k"}, "ab12", {"tlstudio": "0.1"})


def parts(classes: int = len(CLASSES), size: int = SIZE) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Nodes and tensors of a graph that looks at nothing but the mean colour."""
    weights = np.random.default_rng(0).normal(0, 1, (3, classes)).astype(np.float32)
    tensors = [
        numpy_helper.from_array(np.array([1, 2], np.int64), "places"),
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.float32(64), "scale"),
        numpy_helper.from_array(np.array([1], np.int64), "last"),
    ]
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "places"], ["colour"], keepdims=0),
        helper.make_node("Div", ["colour", "scale"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("ReduceL2", ["embedding", "last"], ["novelty"], keepdims=0),
    ]
    return nodes, tensors


def model_of(
    nodes: Sequence[onnx.NodeProto],
    tensors: Sequence[onnx.TensorProto],
    *,
    classes: int = len(CLASSES),
    size: int = SIZE,
) -> onnx.ModelProto:
    """A model with a bundle's input and outputs."""
    graph = helper.make_graph(
        list(nodes),
        "bundle",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", size, size, 3])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes]),
            helper.make_tensor_value_info("novelty", TensorProto.FLOAT, ["batch"]),
        ],
        list(tensors),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def plain(info: BundleInfo = INFO) -> bytes:
    """A bundle without a seal, as earlier versions wrote it."""
    nodes, tensors = parts(len(info.classes), info.preprocess.size)
    model = model_of(nodes, tensors, classes=len(info.classes), size=info.preprocess.size)
    return wire.described(model.SerializeToString(), info.dumps())


def sealed(info: BundleInfo = INFO, graph: bytes | None = None) -> bytes:
    """The same with a seal. graph: another model's bytes; its trial is what it really answers."""
    data = plain(info) if graph is None else graph
    session = opening.make_session(data, Path("x"))
    answers = opening.run(session, trial.trial_pictures(info.preprocess.size))
    told = replace(info, graph_sha256=wire.digest(data), trial=trial.record(*answers))
    return wire.described(data, told.dumps())


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
