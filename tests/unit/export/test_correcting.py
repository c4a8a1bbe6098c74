"""Biases take back what rounding does on average."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.unit.export.graphs import TRUNK_CONVS, answers, pictures, write_bundle
from tlstudio.export.correcting import BATCH, IMAGES, batches, correct_biases, shift
from tlstudio.export.trunk import load_named


def test_the_mean_of_every_channel_becomes_the_models(tmp_path: Path) -> None:
    full, rough = load_named(write_bundle(tmp_path / "a.onnx")), load_named(tmp_path / "a.onnx")
    for tensor in rough.graph.initializer:
        if tensor.name.endswith("_w"):
            values = numpy_helper.to_array(tensor)
            step = np.abs(values).max() / 7  # as with 4 bits and one scale for all
            tensor.CopyFrom(numpy_helper.from_array((np.round(values / step) * step).astype(np.float32), tensor.name))
    source, target = tmp_path / "full.onnx", tmp_path / "rough.onnx"
    onnx.save(full, str(source))
    onnx.save(rough, str(target))
    pixels = pictures(16)
    wanted, before = answers(source, pixels)["embedding"], answers(target, pixels)["embedding"]
    seen: list[tuple[int, int]] = []
    correct_biases(source, target, pixels, lambda done, total: seen.append((done, total)))
    after = answers(target, pixels)["embedding"]
    wrong = [np.abs((found - wanted).mean(axis=0)).mean() for found in (before, after)]
    assert wrong[1] < 0.3 * wrong[0]
    assert seen == [(k, TRUNK_CONVS) for k in range(1, TRUNK_CONVS + 1)]
    fresh = pictures(32, seed=3)
    wanted, after = answers(source, fresh)["embedding"], answers(target, fresh)["embedding"]
    assert np.abs((after - wanted).mean(axis=0)).mean() < 0.5 * wrong[0]


def test_the_first_images_are_what_counts(tmp_path: Path) -> None:
    source, target = tmp_path / "full.onnx", tmp_path / "same.onnx"
    model = load_named(write_bundle(source))
    onnx.save(model, str(source))
    bias = next(t for t in model.graph.initializer if t.name == "stem_b")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + 0.5, "stem_b"))
    onnx.save(model, str(target))
    pixels = np.concatenate([pictures(IMAGES), np.zeros_like(pictures(8))])
    correct_biases(source, target, pixels)
    found = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(target)).graph.initializer}
    wanted = {t.name: numpy_helper.to_array(t) for t in load_named(source).graph.initializer}
    assert all(np.allclose(found[name], wanted[name], atol=1e-4) for name in wanted)
    assert (IMAGES, BATCH) == (16, 8)


def test_layers_without_a_bias_stay_as_they_are(tmp_path: Path) -> None:
    model = load_named(write_bundle(tmp_path / "a.onnx"))
    for node in model.graph.node:
        if node.op_type == "Conv":
            del node.input[2]
    onnx.save(model, str(tmp_path / "b.onnx"))
    onnx.save(model, str(tmp_path / "c.onnx"))
    correct_biases(tmp_path / "b.onnx", tmp_path / "c.onnx", pictures(2))
    assert (tmp_path / "b.onnx").read_bytes() == (tmp_path / "c.onnx").read_bytes()


def test_tensors_of_any_name_are_in_nobodys_way(tmp_path: Path) -> None:
    """An exporter calls results `mean`, `mean_1` …"""
    model = load_named(write_bundle(tmp_path / "a.onnx"))
    for node in model.graph.node:
        for tensors in (node.input, node.output):
            for place, name in enumerate(tensors):
                tensors[place] = {"gate": "mean_1", "gated": "mean_axes"}.get(name, name)
    onnx.save(model, str(tmp_path / "b.onnx"))
    onnx.save(model, str(tmp_path / "c.onnx"))
    correct_biases(tmp_path / "b.onnx", tmp_path / "c.onnx", pictures(2))
    assert (tmp_path / "b.onnx").read_bytes() == (
        tmp_path / "c.onnx"
    ).read_bytes()  # nothing to correct between the same


@pytest.mark.parametrize(("n", "parts"), [(1, [1]), (7, [7]), (8, [8]), (16, [8, 8]), (23, [12, 11]), (24, [8, 8, 8])])
def test_batches_are_never_empty(n: int, parts: list[int]) -> None:
    assert [len(part) for part in batches(pictures(n))] == parts


def test_whole_numbers_stay_whole_and_within_their_bits() -> None:
    bias = numpy_helper.from_array(np.array([5, -3, 2**31 - 2, -(2**31) + 2], np.int32), "b")
    shift(bias, np.array([1.6, -0.4, 100, -100]))
    assert numpy_helper.to_array(bias).tolist() == [7, -3, 2**31 - 1, -(2**31)]
    assert numpy_helper.to_array(bias).dtype == np.int32
    numbers = numpy_helper.from_array(np.array([0.5], np.float32), "b")
    shift(numbers, np.array([0.25]))
    assert numpy_helper.to_array(numbers).tolist() == [0.75]


def test_a_bias_in_whole_numbers_is_shifted_in_these(tmp_path: Path) -> None:
    """A hundredth each, and 50 of them too many."""
    full = load_named(write_bundle(tmp_path / "a.onnx"))
    onnx.save(full, str(tmp_path / "full.onnx"))
    wanted = next(numpy_helper.to_array(t) for t in full.graph.initializer if t.name == "stem_b")
    rough = load_named(tmp_path / "a.onnx")
    rough.graph.initializer.remove(next(t for t in rough.graph.initializer if t.name == "stem_b"))
    counts = np.rint(wanted / 0.01).astype(np.int32) + 50
    for name, values in (("counts", counts), ("scale", np.float32(0.01)), ("zero", np.int32(0))):
        rough.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
    rough.graph.node.insert(0, helper.make_node("DequantizeLinear", ["counts", "scale", "zero"], ["stem_b"]))
    onnx.save(rough, str(tmp_path / "rough.onnx"))
    correct_biases(tmp_path / "full.onnx", tmp_path / "rough.onnx", pictures(8))
    found = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(tmp_path / "rough.onnx")).graph.initializer}
    assert found["counts"].dtype == np.int32
    assert np.abs(found["counts"] - wanted / 0.01).max() <= 0.51
