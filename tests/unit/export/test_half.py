"""16 bits in the trunk, 32 around it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.unit.export.graphs import KEPT, TRUNK_CONVS, answers, initial, pictures, write_bundle
from tlstudio.export import half
from tlstudio.export.half import LARGEST, halve
from tlstudio.export.trunk import keeps_rest, load_named


def halved(full: Path) -> Path:
    halve(full, full.with_name("half.onnx"))
    return full.with_name("half.onnx")


def types(file: Path) -> dict[str, int]:
    graph = onnx.shape_inference.infer_shapes(onnx.load(str(file)), strict_mode=True).graph
    return {v.name: v.type.tensor_type.elem_type for v in [*graph.value_info, *graph.output, *graph.input]}


def test_only_the_trunk_computes_with_16_bits(tmp_path: Path) -> None:
    full = write_bundle(tmp_path / "full.onnx")
    file = halved(full)
    assert keeps_rest(load_named(full), onnx.load(str(file)))
    kinds = types(file)
    assert kinds["image"] == TensorProto.UINT8
    assert {kinds[name] for name in ("probabilities", "embedding", "novelty", "logits", "stage_mean")} == {
        TensorProto.FLOAT
    }
    assert kinds["pixels"] == TensorProto.FLOAT
    graph = onnx.load(str(file)).graph
    for node in graph.node:
        if node.op_type == "Conv":
            assert kinds[node.output[0]] == TensorProto.FLOAT16
    before, after = initial(full), initial(file)
    assert Counter(v.dtype.name for v in after.values())["float16"] == 2 * TRUNK_CONVS
    assert not {name for name in before if name in after and name.endswith(("_w", "_b"))}, "nothing is stored twice"
    for name in KEPT:
        assert after[name].tobytes() == before[name].tobytes()
    # One way in; out where the novelty and the pooling read.
    assert Counter(n.op_type for n in graph.node)["Cast"] == 1 + 1 + 2


def test_the_answers_are_nearly_the_same(tmp_path: Path) -> None:
    full, pixels = write_bundle(tmp_path / "full.onnx"), pictures(8)
    found, wanted = answers(halved(full), pixels), answers(full, pixels)
    assert {v.dtype.name for v in found.values()} == {"float32"}
    assert 0 < np.abs(found["embedding"] - wanted["embedding"]).max() < 0.01 * wanted["embedding"].std()


def test_numbers_beyond_16_bits_become_the_largest() -> None:
    tensor = half._in_half(np.array([-1e9, 2.0, 1e9, -np.inf], np.float32), "mask")
    assert numpy_helper.to_array(tensor).tolist() == [-65504, 2, 65504, -65504]
    assert numpy_helper.to_array(tensor).dtype == np.float16
    assert float(np.finfo(np.float16).max) == LARGEST


def with_between(full: Path, *nodes: onnx.NodeProto, tensors: tuple[onnx.TensorProto, ...] = ()) -> Path:
    """Puts nodes into the trunk; the first reads `wide_cut`, the last writes `changed`, which the last layer reads."""
    model = onnx.load(str(full))
    kept = list(model.graph.node)
    place = next(k for k, n in enumerate(kept) if n.output[0] == "last")
    kept[place].input[0] = "changed"
    del model.graph.node[:]
    model.graph.node.extend([*kept[:place], *nodes, *kept[place:]])
    model.graph.initializer.extend(tensors)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(full))
    return full


def test_inputs_that_are_wide_by_definition_stay_wide(tmp_path: Path) -> None:
    scales = numpy_helper.from_array(np.array([1, 1, 0.5, 0.5], np.float32), "scales")
    resize = helper.make_node("Resize", ["wide_cut", "", "scales"], ["changed"])
    full = with_between(write_bundle(tmp_path / "full.onnx"), resize, tensors=(scales,))
    file, pixels = halved(full), pictures(4)
    assert initial(file)["scales"].dtype == np.float32
    found, wanted = answers(file, pixels), answers(full, pixels)
    assert np.abs(found["embedding"] - wanted["embedding"]).max() < 0.01 * wanted["embedding"].std()


def test_the_region_to_resize_stays_wide(tmp_path: Path) -> None:
    region = numpy_helper.from_array(np.array([0, 0, 0.25, 0.25, 1, 1, 0.75, 0.75], np.float32), "region")
    scales = numpy_helper.from_array(np.array([1, 1, 0.5, 0.5], np.float32), "scales")
    resize = helper.make_node(
        "Resize", ["wide_cut", "region", "scales"], ["changed"], coordinate_transformation_mode="tf_crop_and_resize"
    )
    full = with_between(write_bundle(tmp_path / "full.onnx"), resize, tensors=(region, scales))
    file, pixels = halved(full), pictures(4)
    assert initial(file)["region"].dtype == initial(file)["scales"].dtype == np.float32
    found, wanted = answers(file, pixels), answers(full, pixels)
    assert np.abs(found["embedding"] - wanted["embedding"]).max() < 0.01 * wanted["embedding"].std()


def test_wide_inputs_that_the_trunk_works_out_are_turned_back(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMax", ["wide_cut"], ["most"], keepdims=0),
        helper.make_node("Div", ["most", "most"], ["unit"]),
        helper.make_node("Expand", ["unit", "four"], ["scales"]),
        helper.make_node("Resize", ["wide_cut", "", "scales"], ["changed"]),
    ]
    four = numpy_helper.from_array(np.array([4], np.int64), "four")
    full = with_between(write_bundle(tmp_path / "full.onnx"), *nodes, tensors=(four,))
    file, pixels = halved(full), pictures(4)
    assert types(file)["scales"] == TensorProto.FLOAT
    assert np.isfinite(answers(file, pixels)["embedding"]).all()


def test_types_that_nodes_name_follow(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["wide_cut"], ["shape"]),
        helper.make_node(
            "ConstantOfShape", ["shape"], ["twos"], value=numpy_helper.from_array(np.array([2], np.float32), "value")
        ),
        helper.make_node("Cast", ["wide_cut"], ["whole"], to=TensorProto.INT32),
        helper.make_node("Cast", ["whole"], ["back"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["back", "twos"], ["changed"]),
    ]
    full = with_between(write_bundle(tmp_path / "full.onnx"), *nodes)
    file, pixels = halved(full), pictures(4)
    assert types(file)["whole"] == TensorProto.INT32
    assert types(file)["twos_16bit"] == types(file)["back_16bit"] == TensorProto.FLOAT16
    assert np.isfinite(answers(file, pixels)["probabilities"]).all()


def test_whole_numbers_that_nodes_hold_stay_whole(tmp_path: Path) -> None:
    twos = numpy_helper.from_array(np.array([2], np.int32), "value")
    nodes = [
        helper.make_node("Shape", ["wide_cut"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["twos"], value=twos),
        helper.make_node("Cast", ["twos"], ["factor"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["wide_cut", "factor"], ["changed"]),
    ]
    file = halved(with_between(write_bundle(tmp_path / "full.onnx"), *nodes))
    assert types(file)["twos"] == TensorProto.INT32
    assert types(file)["factor_16bit"] == TensorProto.FLOAT16


def test_a_trunk_that_16_bits_can_not_run_is_refused(tmp_path: Path) -> None:
    """The scales that this one takes must be in 32 bits."""
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["wide_cut"], ["bytes", "scale", "zero"]),
        helper.make_node("DequantizeLinear", ["bytes", "scale", "zero"], ["changed"]),
    ]
    full = with_between(write_bundle(tmp_path / "full.onnx"), *nodes)
    with pytest.raises(onnx.shape_inference.InferenceError, match="float16"):
        halved(full)
    assert not (tmp_path / "half.onnx").exists()


def test_what_changes_the_head_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half, "keeps_rest", lambda *_: False)
    with pytest.raises(ValueError, match="changed"):
        halved(write_bundle(tmp_path / "full.onnx"))
    assert not (tmp_path / "half.onnx").exists()
