"""Weights that are only stored in 8 bits: small on the disk, as fast in use."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from tests.unit.export.graphs import KEPT, WIDTH, answers, initial, pictures, write_bundle
from tlstudio.export import storing
from tlstudio.export.storing import LEAST_VALUES, channels, per_channel, store_small
from tlstudio.export.trunk import keeps_rest, load_named


def test_large_weights_of_the_trunk_are_stored_in_8_bits(tmp_path: Path) -> None:
    full, small = write_bundle(tmp_path / "full.onnx"), tmp_path / "small.onnx"
    store_small(full, small, pictures(16))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["full.onnx", "small.onnx"]
    before, after = initial(full), initial(small)
    stored = {name for name in after if after[name].dtype == np.int8}
    # 864 and 288 values in the stem and the depthwise layer are not worth it; 1,024 are.
    assert stored == {"narrow_w_8bit", "wide_w_8bit", "last_w_8bit"}
    assert before["narrow_w"].size == LEAST_VALUES == 1024
    assert "narrow_w" not in after
    for name in (*KEPT, "stem_w", "depthwise_w"):
        assert after[name].tobytes() == before[name].tobytes()
    assert keeps_rest(load_named(full), onnx.load(str(small)))
    wide = after["wide_w_8bit"].astype(np.float32) * after["wide_w_scale"]
    assert after["wide_w_scale"].shape == (2 * WIDTH, 1, 1, 1)
    assert (np.abs(wide - before["wide_w"]) <= after["wide_w_scale"] / 2 * 1.001).all()


def test_the_answers_are_nearly_the_same(tmp_path: Path) -> None:
    full, small = write_bundle(tmp_path / "full.onnx"), tmp_path / "small.onnx"
    store_small(full, small, pictures(16))
    pixels = pictures(40, seed=2)
    found, wanted = answers(small, pixels), answers(full, pixels)
    spread = wanted["embedding"].std(axis=0).mean()
    assert 0 < np.abs(found["embedding"] - wanted["embedding"]).mean() < 0.02 * spread
    assert np.abs((found["embedding"] - wanted["embedding"]).mean(axis=0)).mean() < 0.005 * spread


def test_what_runs_is_the_graph_of_full_precision(tmp_path: Path) -> None:
    """The weights are turned back while the file is opened: after that nothing is left to be done for an image."""
    full, small = write_bundle(tmp_path / "full.onnx"), tmp_path / "small.onnx"
    store_small(full, small, pictures(2))
    kinds = []
    for file in (full, small):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # it warns that the optimised graph suits this processor only
        options.optimized_model_filepath = str(tmp_path / "opened.onnx")
        onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        kinds.append(Counter(n.op_type for n in onnx.load(str(tmp_path / "opened.onnx")).graph.node))
    assert kinds[0] == kinds[1]


def test_weights_with_another_use_are_left_alone(tmp_path: Path) -> None:
    model = onnx.load(str(write_bundle(tmp_path / "full.onnx")))
    shared = next(n for n in model.graph.node if n.output[0] == "projected")
    shared.input[1] = "narrow_square"
    nodes = list(model.graph.node)
    square = helper.make_node("Squeeze", ["narrow_w", "axes"], ["narrow_square"])
    del model.graph.node[:]
    model.graph.node.extend([square, *nodes])
    onnx.save(model, str(tmp_path / "shared.onnx"))
    store_small(tmp_path / "shared.onnx", tmp_path / "small.onnx", pictures(2))
    assert initial(tmp_path / "small.onnx")["narrow_w"].dtype == np.float32


def test_biases_are_kept_in_full_however_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "LEAST_VALUES", 1)
    full, small = write_bundle(tmp_path / "full.onnx"), tmp_path / "small.onnx"
    store_small(full, small, pictures(2))
    stored = {name for name, values in initial(small).items() if values.dtype == np.int8}
    assert stored == {f"{layer}_w_8bit" for layer in ("stem", "depthwise", "narrow", "wide", "last")}
    assert {initial(small)[name].dtype.name for name in initial(full) if name.endswith("_b")} == {"float32"}


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = write_bundle(tmp_path / "full.onnx")

    def fails(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(storing.onnx, "save", fails)
    with pytest.raises(OSError, match="no space left"):
        store_small(full, tmp_path / "small.onnx", pictures(2))


def test_what_changes_the_head_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "keeps_rest", lambda *_: False)
    with pytest.raises(ValueError, match="changed"):
        store_small(write_bundle(tmp_path / "full.onnx"), tmp_path / "small.onnx", pictures(2))


@pytest.mark.parametrize(("shape", "axis"), [((8, 3, 5, 5), 0), ((6, 9), 1), ((9, 6), 0)])
def test_each_channel_has_its_own_scale(shape: tuple[int, ...], axis: int) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    sizes = 10.0 ** -np.arange(shape[axis], dtype=np.float32)
    values *= sizes.reshape([-1 if k == axis else 1 for k in range(len(shape))])
    whole, scale = per_channel(values, axis)
    assert (whole.dtype, whole.shape) == (np.int8, shape)
    assert scale.shape == tuple(n if k == axis else 1 for k, n in enumerate(shape))
    assert (np.abs(whole * scale - values) <= scale / 2 * 1.001).all()
    assert (np.abs(whole).max(axis=tuple(k for k in range(len(shape)) if k != axis)) == 127).all()


def test_a_channel_of_zeros_stays_one() -> None:
    whole, scale = per_channel(np.zeros((2, 4), np.float32), 0)
    assert not whole.any()
    assert (scale == 1).all()


def test_where_the_outputs_of_a_product_are() -> None:
    assert channels(helper.make_node("Conv", ["x", "w"], ["y"]), 4) == 0
    assert channels(helper.make_node("MatMul", ["x", "w"], ["y"]), 2) == 1
    assert channels(helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), 2) == 0
    assert channels(helper.make_node("Gemm", ["x", "w"], ["y"], transB=0), 2) == 1
    assert channels(helper.make_node("Gemm", ["x", "w"], ["y"], transA=1), 2) == 1


def test_weights_of_another_type_are_left_alone(tmp_path: Path) -> None:
    model = onnx.load(str(write_bundle(tmp_path / "full.onnx")))
    tensor = next(t for t in model.graph.initializer if t.name == "last_w")
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), "last_half"))
    model.graph.node.insert(0, helper.make_node("Cast", ["last_half"], ["last_w"], to=onnx.TensorProto.FLOAT))
    onnx.save(model, str(tmp_path / "cast.onnx"))
    store_small(tmp_path / "cast.onnx", tmp_path / "small.onnx", pictures(2))
    assert initial(tmp_path / "small.onnx")["last_half"].dtype == np.float16
