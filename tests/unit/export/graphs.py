"""A bundle's graph in small: a trunk with a side branch and depthwise layers, statistics of its stages, head and novelty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIZE, CLASSES, WIDTH = 12, 3, 32
KEPT = ("head", "head_bias", "mean", "axes", "projection", "half_power")  # of the rest
TRUNK_CONVS = 5


class Writer:
    """Adds nodes; names of nodes are left empty, as some exporters leave them."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def constant(self, name: str, values: npt.NDArray[np.generic]) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def conv(self, source: str, name: str, shape: tuple[int, int, int, int], *, group: int = 1) -> str:
        """With a bias, and channels whose weights are of very different sizes."""
        sizes = np.geomspace(0.3, 3, shape[0]).reshape(-1, 1, 1, 1)
        weights = self.random.normal(0, 1.5 / np.sqrt(np.prod(shape[1:])), shape) * sizes
        inputs = [
            source,
            self.constant(f"{name}_w", weights.astype(np.float32)),
            self.constant(f"{name}_b", self.random.normal(0.2, 0.2, shape[0]).astype(np.float32)),
        ]
        edge = shape[2] // 2
        return self.node("Conv", inputs, name, group=group, pads=[edge] * 4)


def write_bundle(path: Path, *, seed: int = 0, relu: str = "Relu", names: str = "") -> Path:
    """Outputs as a bundle's. names: put before the names of nodes and of all tensors inside, as another exporter might."""
    w = Writer(seed)
    w.node("Cast", ["image"], "float", to=TensorProto.FLOAT)
    w.node("Transpose", ["float"], "planes", perm=[0, 3, 1, 2])
    w.node("Div", ["planes", w.constant("deviation", np.float32(64))], "pixels")
    stem = w.node(relu, [w.conv("pixels", "stem", (WIDTH, 3, 3, 3))], "stem_cut")
    deep = w.node(relu, [w.conv(stem, "depthwise", (WIDTH, 1, 3, 3), group=WIDTH)], "depthwise_cut")
    narrow = w.conv(deep, "narrow", (WIDTH, WIDTH, 1, 1))
    gated = w.node("Mul", [narrow, w.node("Sigmoid", [narrow], "gate")], "gated")
    stage = w.node("Add", [gated, stem], "stage")
    wide = w.node(relu, [w.conv(stage, "wide", (2 * WIDTH, WIDTH, 1, 1))], "wide_cut")
    last = w.node(relu, [w.conv(wide, "last", (2 * WIDTH, 2 * WIDTH, 1, 1))], "last_cut")
    w.node("GlobalAveragePool", [last], "pooled")
    w.node("Flatten", ["pooled"], "embedding")
    w.constant("head", w.random.normal(0, 0.2, (CLASSES, 2 * WIDTH)).astype(np.float32))
    w.constant("head_bias", np.zeros(CLASSES, np.float32))
    w.node("Gemm", ["embedding", "head", "head_bias"], "logits", transB=1)
    w.node("Softmax", ["logits"], "probabilities", axis=1)
    w.constant("axes", np.array([2, 3], np.int64))
    w.node("ReduceMean", [stage, "axes"], "stage_mean", keepdims=0)
    w.node("Sub", ["stage_mean", w.constant("mean", np.full(WIDTH, 0.1, np.float32))], "apart")
    w.constant("projection", w.random.normal(0, 0.2, (WIDTH, 40)).astype(np.float32))
    w.node("MatMul", ["apart", "projection"], "projected")
    w.node("ReduceL2", ["projected", w.constant("one", np.array([1], np.int64))], "length", keepdims=0)
    w.node("Pow", ["length", w.constant("half_power", np.float32(0.5))], "novelty")
    if names:
        _rename(w, names)
    outputs = (("probabilities", ["batch", CLASSES]), ("embedding", ["batch", 2 * WIDTH]), ("novelty", ["batch"]))
    graph = helper.make_graph(
        w.nodes,
        "bundle",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        w.tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return path


def _rename(writer: Writer, prefix: str) -> None:
    public = {"image", "probabilities", "embedding", "novelty"}
    for tensor in writer.tensors:
        tensor.name = prefix + tensor.name
    for number, node in enumerate(writer.nodes):
        node.name = f"{prefix}{number}"
        for tensors in (node.input, node.output):
            for place, name in enumerate(tensors):
                tensors[place] = name if name in public else prefix + name


def pictures(n: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Coarse patterns, uint8 (n, SIZE, SIZE, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 3, 3, 3), np.uint8)
    return coarse.repeat(SIZE // 3, axis=1).repeat(SIZE // 3, axis=2)


def answers(file: Path, pixels: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": pixels}), strict=True))


def initial(file: Path) -> dict[str, npt.NDArray[np.generic]]:
    """The tensors that are written down in the file."""
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(str(file)).graph.initializer}
