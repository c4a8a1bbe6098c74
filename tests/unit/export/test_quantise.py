"""8-bit numbers: only in the trunk, safe on every processor, near to the model."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.unit.export.graphs import KEPT, TRUNK_CONVS, answers, initial, pictures, write_bundle
from tlstudio.export import quantise
from tlstudio.export.quantise import EXAMPLES, WAYS, Way, calibration, try_ways
from tlstudio.export.trunk import find_trunk, keeps_rest, load_named


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file in full precision, and by their names those that the ways make of it."""
    folder = tmp_path_factory.mktemp("ways")
    files = {"full": write_bundle(folder / "full.onnx")}
    watched, trial = [], folder / "trial.onnx"
    for way in try_ways(files["full"], trial, pictures(24), trial.is_file, lambda *done: watched.append(done)):
        files[way] = (folder / "trial.onnx").rename(folder / f"{len(files)}.onnx")
    assert watched == [(k + 1, TRUNK_CONVS) for k in range(TRUNK_CONVS)] * len(WAYS)
    assert sorted(file.name for file in folder.iterdir()) == ["1.onnx", "2.onnx", "3.onnx", "full.onnx"]
    return files


def test_every_way_is_one_of_its_own(tried: dict[str, Path]) -> None:
    assert list(tried) == ["full", "all of the trunk", "all of the trunk, outliers cut", "its products, outliers cut"]
    pixels = pictures(4, seed=5)
    found = [answers(file, pixels)["embedding"] for file in tried.values()]
    assert all(np.abs(a - b).max() > 0 for k, a in enumerate(found) for b in found[:k])


def test_only_the_trunk_is_quantised(tried: dict[str, Path]) -> None:
    full = load_named(tried["full"])
    values = initial(tried["full"])
    for way in list(tried)[1:]:
        model = onnx.load(str(tried[way]))
        assert keeps_rest(full, model)
        found = initial(tried[way])
        for name in KEPT:
            assert found[name].tobytes() == values[name].tobytes()
        makers = {tensor: node for node in model.graph.node for tensor in node.output}
        convs = [n for n in model.graph.node if n.op_type == "Conv"]
        assert len(convs) == TRUNK_CONVS
        assert {makers[tensor].op_type for n in convs for tensor in n.input} == {"DequantizeLinear"}
        assert next(n for n in model.graph.node if n.op_type == "Gemm").input[1] == "head"


def test_what_is_no_product_is_quantised_only_where_all_of_the_trunk_is(tried: dict[str, Path]) -> None:
    kinds = []
    for way in list(tried)[1:]:
        readers = Counter(
            (n.op_type, tensor) for n in onnx.load(str(tried[way])).graph.node for tensor in n.input if tensor == "gate"
        )
        kinds.append({kind for kind, _ in readers})
    assert kinds == [{"QuantizeLinear"}, {"QuantizeLinear"}, {"Mul"}]


def test_no_sum_of_two_products_overflows_16_bits(tried: dict[str, Path]) -> None:
    """Processors without 8-bit instructions of their own add two products of 0 … 255 and a weight into 16 bits."""
    for way in list(tried)[1:]:
        weights = [v for v in initial(tried[way]).values() if v.dtype == np.int8 and v.ndim == 4]
        assert len(weights) == TRUNK_CONVS
        largest = max(int(np.abs(v.astype(int)).max()) for v in weights)
        assert largest == 64
        assert 2 * 255 * largest < 2**15
        # Each channel has a scale of its own, so that each uses the whole range.
        assert all((np.abs(v.astype(int)).reshape(len(v), -1).max(axis=1) >= 63).all() for v in weights)


def test_the_answers_are_near(tried: dict[str, Path]) -> None:
    pixels = pictures(40, seed=7)
    full = answers(tried["full"], pixels)
    spread = full["embedding"].std(axis=0).mean()
    for way in list(tried)[1:]:
        found = answers(tried[way], pixels)
        assert np.abs(found["embedding"] - full["embedding"]).mean() < 0.1 * spread
        # What is wrong on average has been taken back, layer by layer.
        assert np.abs((found["embedding"] - full["embedding"]).mean(axis=0)).mean() < 0.03 * spread


def test_a_way_that_fails_or_touches_the_head_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    full = write_bundle(tmp_path / "full.onnx")

    def fails(*_: object) -> None:
        raise ValueError("a graph that it does not understand")

    def honest(source: Path, target: Path, _examples: object) -> None:
        target.write_bytes(source.read_bytes())

    def careless(source: Path, target: Path, _examples: object) -> None:
        """As a quantiser does that takes the head for a product like any other."""
        model = onnx.load(str(source))
        head = next(t for t in model.graph.initializer if t.name == "head")
        head.CopyFrom(numpy_helper.from_array(np.round(numpy_helper.to_array(head), 2), "head"))
        onnx.save(model, str(target))

    monkeypatch.setattr(quantise, "WAYS", (Way("a", fails), Way("b", careless), Way("c", honest)))
    before = logging.getLogger().level
    with caplog.at_level(logging.WARNING, logger=quantise.log.name):
        assert list(try_ways(full, tmp_path / "t.onnx", pictures(2), lambda: True)) == ["c"]
    assert [record.args[0] for record in caplog.records] == ["a", "b"]
    assert "changed" in caplog.text
    assert logging.getLogger().level == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["full.onnx", "t.onnx"]


def test_a_way_that_is_not_worth_it_is_neither_corrected_nor_yielded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, trial = write_bundle(tmp_path / "full.onnx"), tmp_path / "t.onnx"
    sizes: list[int] = []
    watched: list[int] = []

    def worth_it() -> bool:
        sizes.append(trial.stat().st_size)
        return len(sizes) == 2

    monkeypatch.setattr(quantise, "correct_biases", lambda *_: watched.append(len(sizes)))
    assert list(try_ways(full, trial, pictures(8), worth_it)) == ["all of the trunk, outliers cut"]
    assert (len(sizes), watched) == (3, [2])


def test_how_the_ways_quantise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights symmetric and per channel, activations not; scales by the mean extremes in all ways but the first."""
    full, named = write_bundle(tmp_path / "full.onnx"), tmp_path / "named.onnx"
    onnx.save(load_named(full), str(named))
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(quantise, "quantize_static", lambda *_, **options: asked.append(options))
    for way in WAYS:
        way.write(named, tmp_path / "t.onnx", pictures(2))
    extra = [options["extra_options"] for options in asked]
    assert extra == [
        {"ActivationSymmetric": False, "WeightSymmetric": True, "CalibMovingAverage": averaged}
        for averaged in (False, True, True)
    ]
    assert all(options["per_channel"] and options["reduce_range"] for options in asked)
    trunk = find_trunk(onnx.load(str(named)).graph)
    assert [set(options["nodes_to_quantize"]) for options in asked] == [  # type: ignore[call-overload]
        trunk.between,
        trunk.between,
        {*trunk.products, *trunk.cuts},
    ]


def test_what_the_quantiser_advises_is_not_for_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    full = write_bundle(tmp_path / "full.onnx")

    def advises(source: Path, target: Path, _examples: object) -> None:
        logging.warning("Please consider to run pre-processing before quantization.")
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr(quantise, "WAYS", (Way("a", advises),))
    assert list(try_ways(full, tmp_path / "t.onnx", pictures(2), lambda: True)) == ["a"]
    assert caplog.records == []
    assert logging.getLogger().level == logging.INFO, "as it was"


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = write_bundle(tmp_path / "full.onnx")

    def fails(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(quantise.onnx, "save", fails)
    with pytest.raises(OSError, match="no space left"):
        next(try_ways(full, tmp_path / "t.onnx", pictures(2), lambda: True))


def test_calibration_takes_every_class_and_group_in_turn() -> None:
    labels = [0] * 6 + [1] * 3
    units = ["a", "a", "a", "a", "b", "c", "d", "d", "e"]
    # 0: a, b, c and then the rest of a; 1: d, e and then the rest of d.
    assert calibration(labels, units, 9) == [0, 6, 4, 8, 5, 7, 1, 2, 3]
    assert calibration(labels, units, 3) == [0, 6, 4]
    assert calibration([], []) == []
    assert calibration([2, 0, 1], "abc") == [1, 2, 0], "in the order of the classes, whichever comes first"
    assert len(calibration([0] * 100, range(100))) == EXAMPLES == 64


def test_a_group_of_one_class_says_nothing_of_another_class() -> None:
    assert calibration([0, 1, 1, 0], ["a", "a", "b", "c"], 4) == [0, 1, 3, 2]


def test_every_label_must_have_its_group() -> None:
    with pytest.raises(ValueError, match="shorter"):
        calibration([0, 1, 0], ["a", "b"])
