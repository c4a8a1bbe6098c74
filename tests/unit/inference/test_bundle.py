"""A model file is what it was, or it is refused: by name, as a whole, and soon."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.unit.inference.bundles import CLASSES, INFO, SIZE, model_of, parts, plain, sealed, write
from tests.unit.inference.test_wire import WHERE, hidden
from tlstudio.domain.errors import BundleRefused, Cancelled
from tlstudio.inference import opening, vetting, wire
from tlstudio.inference.bundle import Bundle, read_info
from tlstudio.storage import vetted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "model.onnx", sealed())


def refusal(path: Path, *, own: bool = True) -> str:
    with pytest.raises(BundleRefused) as caught:
        Bundle(path, own=own)
    assert caught.value.remedy
    assert caught.value.path == str(path)
    return caught.value.what


def test_a_sealed_bundle_opens_and_answers(file: Path) -> None:
    bundle = Bundle(file, own=True)
    assert bundle.info.sealed and bundle.info.seal_sentence.startswith("Whole")
    assert bundle.info.classes == CLASSES
    probabilities, novelty = bundle.run(np.zeros((3, SIZE, SIZE, 3), np.uint8))
    assert probabilities.shape == (3, 3) and novelty.shape == (3,)
    assert read_info(file) == bundle.info


def test_every_changed_byte_is_found_out(file: Path) -> None:
    """One bit anywhere: in weights, graph, description or what lies between."""
    data = bytearray(file.read_bytes())
    for place in range(len(data)):
        for bit in (0, 7) if place % 7 else range(8):
            data[place] ^= 1 << bit
            with pytest.raises(BundleRefused):
                opening.read_description(bytes(data), file)
            data[place] ^= 1 << bit
    assert opening.read_description(bytes(data), file).sealed


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -100])
def test_a_cut_file_is_found_out(file: Path, cut: int) -> None:
    write(file, file.read_bytes()[:cut])
    assert refusal(file)


def test_what_is_added_is_found_out(file: Path) -> None:
    write(file, file.read_bytes() + b"\x08\x09")
    assert "seal is broken" in refusal(file)


def test_swapped_names_of_classes_are_found_out(file: Path) -> None:
    data = file.read_bytes()
    write(file, data.replace(b'"red", "blue"', b'"blue", "red"'))
    assert file.read_bytes() != data
    assert "description inside this model file was changed" in refusal(file)


def test_a_flipped_weight_is_found_out(file: Path) -> None:
    model = onnx.load(str(file))
    weights = numpy_helper.to_array(model.graph.initializer[1]).copy()
    weights[0, 0] = np.nextafter(weights[0, 0], np.float32(9))
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(weights, "weights"))
    write(file, model.SerializeToString())
    assert refusal(file) == "The model inside this file was changed after the export: its seal is broken."


@pytest.mark.parametrize("key", ["graph_sha256", "description_sha256", "trial"])
def test_a_part_of_the_seal_is_no_seal(file: Path, key: str) -> None:
    data = file.read_bytes()
    told = json.loads(wire.description(data) or "")
    del told[key]
    write(file, wire.described(data, json.dumps(told, ensure_ascii=False, sort_keys=True)))
    assert "seal is broken" in refusal(file)


def test_the_same_description_in_another_spelling_is_found_out(file: Path) -> None:
    data = file.read_bytes()
    write(file, wire.described(data, (wire.description(data) or "") + " "))
    assert "seal is broken" in refusal(file)


def test_files_of_earlier_versions_open_and_say_that_they_carry_no_seal(tmp_path: Path) -> None:
    bundle = Bundle(write(tmp_path / "old.onnx", plain()), own=True)
    assert not bundle.info.sealed
    assert "carries no seal" in bundle.info.seal_sentence and "earlier version" in bundle.info.seal_sentence


def weights_of(value: float) -> list[TensorProto]:
    _, tensors = parts()
    tensors[1] = numpy_helper.from_array(np.full((3, 3), value, np.float32), "weights")
    return tensors


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("seal", [True, False])
def test_weights_that_are_no_numbers_are_refused_with_and_without_a_seal(
    tmp_path: Path, value: float, seal: bool
) -> None:
    model = model_of(parts()[0], weights_of(value)).SerializeToString()
    data = sealed(graph=model) if seal and np.isfinite(value) else wire.described(model, INFO.dumps())
    assert "no probabilities" in refusal(write(tmp_path / "nan.onnx", data))


def test_another_answer_than_at_the_export_is_refused(tmp_path: Path) -> None:
    """As on a computer whose library computes wrongly: the file is whole, and answers otherwise."""
    data = sealed()
    info = opening.read_description(data, tmp_path)
    assert info.trial is not None
    rows = [list(row) for row in info.trial.probabilities]
    rows[0][0], rows[0][1] = rows[0][0] + 0.01, rows[0][1] - 0.01
    other = replace(info, trial=replace(info.trial, probabilities=tuple(map(tuple, rows))))
    path = write(tmp_path / "other.onnx", wire.described(data, other.dumps()))
    assert "does not answer its test pictures as it did" in refusal(path)


GRAPHS: dict[str, Callable[[], onnx.ModelProto]] = {}


def graph(function: Callable[[], onnx.ModelProto]) -> Callable[[], onnx.ModelProto]:
    GRAPHS[function.__name__] = function
    return function


@graph
def no_sum_of_one() -> onnx.ModelProto:
    nodes, tensors = parts()
    nodes[4] = helper.make_node("Sigmoid", ["logits"], ["probabilities"])
    return model_of(nodes, tensors)


@graph
def one_class_less() -> onnx.ModelProto:
    nodes, tensors = parts(2)
    return model_of(nodes, tensors, classes=2)


@graph
def pictures_of_another_size() -> onnx.ModelProto:
    return model_of(*parts(), size=SIZE + 1)


@graph
def a_second_input() -> onnx.ModelProto:
    model = model_of(*parts())
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    return model


@graph
def an_input_of_another_name() -> onnx.ModelProto:
    model = model_of(*parts())
    model.graph.input[0].name = model.graph.node[0].input[0] = "picture"
    return model


@graph
def an_input_of_floating_point() -> onnx.ModelProto:
    model = model_of(*parts())
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    return model


@graph
def novelty_missing() -> onnx.ModelProto:
    model = model_of(*parts())
    del model.graph.output[1]
    return model


@graph
def answers_of_text() -> onnx.ModelProto:
    nodes, tensors = parts()
    nodes[4] = helper.make_node("Cast", ["logits"], ["probabilities"], to=TensorProto.STRING)
    model = model_of(nodes, tensors)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING
    return model


@pytest.mark.parametrize("name", GRAPHS)
def test_a_model_without_sane_answers_is_refused_as_a_whole(name: str, tmp_path: Path) -> None:
    data = wire.described(GRAPHS[name]().SerializeToString(), INFO.dumps())
    assert "answers that can be used" in refusal(write(tmp_path / "x.onnx", data))


@pytest.mark.parametrize("where", WHERE)
def test_numbers_in_other_files_are_refused_before_onnxruntime_sees_them(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "make_session", None)
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(36))
    (tmp_path / "elsewhere.bin").symlink_to(secret)
    path = write(tmp_path / "x.onnx", wire.described(hidden(where).SerializeToString(), INFO.dumps()))
    assert "numbers in other files" in refusal(path)
    (tmp_path / "elsewhere.bin").unlink()
    os.link(secret, tmp_path / "elsewhere.bin")
    assert "numbers in other files" in refusal(path)


@pytest.mark.parametrize(
    "name", ["hf-hub:timm/resnet18", "local-dir:/etc", "nosuchnetwork.tag", "../x", "", 7, ["resnet18"]]
)
def test_a_network_that_timm_does_not_know_is_refused(name: object, tmp_path: Path) -> None:
    data = plain(replace(INFO, backbone={"model": name}))
    assert "a network that this program does not know" in refusal(write(tmp_path / "x.onnx", data))


def test_a_file_that_names_no_network_opens(tmp_path: Path) -> None:
    assert Bundle(write(tmp_path / "x.onnx", plain(replace(INFO, backbone={}))), own=True)


# --- what is no file ---


def test_a_link_that_somebody_names_is_the_file_it_leads_to(tmp_path: Path) -> None:
    """As `current.onnx` that leads to the newest one; onnxruntime is handed bytes and never a path."""
    write(tmp_path / "v3.onnx", sealed())
    (tmp_path / "current.onnx").symlink_to("v3.onnx")
    os.link(tmp_path / "v3.onnx", tmp_path / "copy.onnx")
    for name in ("current", "copy"):
        assert Bundle(tmp_path / f"{name}.onnx").info.classes == INFO.classes
    (tmp_path / "secret.onnx").symlink_to("/etc/hostname")
    (tmp_path / "gone.onnx").symlink_to("v4.onnx")
    assert refusal(tmp_path / "secret.onnx")
    assert "not there" in refusal(tmp_path / "gone.onnx")


def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(str(tmp_path / "socket.onnx"))
        (tmp_path / "folder.onnx").mkdir()
        (tmp_path / "loop.onnx").symlink_to(tmp_path / "loop.onnx")
        (tmp_path / "zero.onnx").symlink_to("/dev/zero")
        for name in ("pipe", "folder", "zero"):
            assert refusal(tmp_path / f"{name}.onnx")
        for name in ("socket", "loop"):
            with pytest.raises(Exception) as caught:
                Bundle(tmp_path / f"{name}.onnx")
            assert type(caught.value).__name__ in ("FileTrouble", "BundleRefused")
    assert "not there" in refusal(tmp_path / "nothing.onnx")


def test_a_file_above_two_gigabytes_is_no_model(tmp_path: Path) -> None:
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate(opening.LARGEST + 1)
    assert "too large" in refusal(tmp_path / "large.onnx")


# --- descriptions that somebody else wrote ---


@pytest.mark.parametrize(
    "change",
    [
        {"classes": []},
        {"classes": ["a", "a", "b"]},
        {"classes": ["a", 1, "b"]},
        {"classes": "abc"},
        {"preprocess": {"size": "16"}},
        {"preprocess": [16]},
        {"preprocess": {"size": 16, "fit": ["stretch"]}},
        {"novelty_threshold": "high"},
        {"novelty_threshold": True},
        {"temperature": 0},
        {"temperature": "warm"},
        {"certificate": {"images": "many", "agreement": 1.0, "max_difference": 0.0, "passed": True}},
        {"certificate": {"images": 1, "agreement": 1.0, "max_difference": 0.0, "passed": "yes"}},
        {"certificate": [1]},
        {"certificate": {"images": 1}},
        {"novelty": {"images": 1}},
        {"novelty": {"images": 1, "units": 1, "promised": 1, "false_alarms": 0.1}},
        {"metrics": "good"},
        {"versions": [1]},
        {"backbone": "resnet18"},
        {"operating_point": {"nobody": 0.5}},
        {"operating_point": {"red": 0.5, "blue": 0.5}},
        {"operating_point": {"red": 1.5}},
        {"operating_point": [1]},
        {"format_version": "x"},
        {"format_version": None},
        {"format_version": 1e400},
        {"format_version": 99},
    ],
)
def test_a_description_that_is_not_what_it_should_be_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    told = {**json.loads(INFO.dumps()), **change}
    data = wire.described(model_of(*parts()).SerializeToString(), json.dumps(told))
    assert refusal(write(tmp_path / "x.onnx", data))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "1", '"x"', "[" * 100_000, '{"a":' * 100_000, "{", "NaN", '{"format_version": 1}', "9" * 10_000],
)
def test_text_that_is_no_description_is_refused(text: str, tmp_path: Path) -> None:
    data = wire.described(model_of(*parts()).SerializeToString(), text)
    assert "description inside this model file is damaged" in refusal(write(tmp_path / "x.onnx", data))


def test_text_that_is_no_text_is_refused(tmp_path: Path) -> None:
    data = wire.described(model_of(*parts()).SerializeToString(), "aaaa").replace(b"aaaa", b"a\xff\xfea")
    assert refusal(write(tmp_path / "x.onnx", data))


def test_a_description_of_endless_length_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tlstudio.domain.bundle.LONGEST", 100)
    assert "damaged" in refusal(write(tmp_path / "x.onnx", plain()))


# --- in a process of its own ---


def test_an_unknown_file_is_vetted_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Bundle(file)
    assert vetted.is_known(vetting.KIND, vetting.content_of(file.read_bytes()))
    monkeypatch.setattr(vetting, "Guard", None)
    assert Bundle(file).info.sealed
    write(file, sealed(replace(INFO, project="another")))
    with pytest.raises(TypeError):
        Bundle(file)


def test_what_is_found_in_the_process_is_told_here(tmp_path: Path) -> None:
    path = write(tmp_path / "x.onnx", wire.described(GRAPHS["no_sum_of_one"]().SerializeToString(), INFO.dumps()))
    assert "answers that can be used" in refusal(path, own=False)
    assert not vetted.is_known(vetting.KIND, vetting.content_of(path.read_bytes()))


def endless(condition: str = "true") -> bytes:
    """A loop without an end in front of the answers."""
    nodes, tensors = parts()
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Sin", ["v"], ["v2"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("c2", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v2", TensorProto.FLOAT, None),
        ],
    )
    tensors.append(numpy_helper.from_array(np.array(True), "true"))
    nodes.insert(3, helper.make_node("Loop", ["", condition, "embedding"], ["turned"], body=body))
    nodes[4].input[0] = "turned"
    return wire.described(model_of(nodes, tensors).SerializeToString(), INFO.dumps())


def huge(gigabytes: int = 8) -> bytes:
    """A constant of many gigabytes that the answers need."""
    nodes, tensors = parts()
    tensors.append(numpy_helper.from_array(np.array([gigabytes * 2**28], np.int64), "shape"))
    nodes[:0] = [
        helper.make_node(
            "ConstantOfShape", ["shape"], ["large"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
        ),
        helper.make_node("ReduceMean", ["large"], ["one"], keepdims=0),
    ]
    nodes[5].input[1] = "scaled"
    nodes.insert(5, helper.make_node("Mul", ["weights", "one"], ["scaled"]))
    return wire.described(model_of(nodes, tensors).SerializeToString(), INFO.dumps())


def test_a_loop_without_an_end_is_refused_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vetting, "SECONDS", 2.0)
    assert "takes too long" in refusal(write(tmp_path / "x.onnx", endless()), own=False)


def test_a_huge_constant_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vetting, "MEMORY", 500 * 2**20)
    told = refusal(write(tmp_path / "x.onnx", huge(2)), own=False)
    assert "too much memory" in told or "does not fit into memory" in told


def test_the_wait_can_be_cancelled(tmp_path: Path) -> None:
    path = write(tmp_path / "x.onnx", endless())
    started = time.monotonic()

    def impatient() -> None:
        if time.monotonic() - started > 1.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        Bundle(path, waiting=impatient)


def test_a_file_that_changes_meanwhile_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = file.read_bytes()
    write(file, sealed(replace(INFO, project="another")))
    with pytest.raises(BundleRefused, match="changes while it is read"):
        vetting.vet(file, data)
    assert not vetted.is_known(vetting.KIND, vetting.content_of(data))


def test_limits_as_the_readme_states_them() -> None:
    assert (vetting.SECONDS, vetting.MEMORY, vetting.MEMORY_PER_BYTE) == (12.0, 2 * 2**30, 8)


def test_the_largest_file() -> None:
    assert opening.LARGEST == 2_147_483_647


def test_a_file_may_be_as_large_as_the_largest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LARGEST", 10)
    (tmp_path / "file").write_bytes(b"0123456789")
    assert opening.read_file(tmp_path / "file") == b"0123456789"
    (tmp_path / "file").write_bytes(b"01234567890")
    with pytest.raises(BundleRefused, match="too large"):
        opening.read_file(tmp_path / "file")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "does not fit into memory"),
        (RuntimeError("no such node"), "not a model that this program"),
    ],
)
def test_what_onnxruntime_says_is_told_in_words(
    error: Exception, words: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(opening.onnxruntime, "InferenceSession", fail)
    assert words in refusal(file)


def test_both_pictures_have_to_be_answered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = opening.run
    for broken in (0, 1):

        def half(session: object, pixels: np.ndarray, broken: int = broken) -> opening.Answers:
            probabilities, novelty = right(session, pixels)
            probabilities[broken] = np.nan
            return probabilities, novelty

        monkeypatch.setattr(opening, "run", half)
        assert "no probabilities" in refusal(file)


def test_a_larger_file_may_take_more(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, float] = {}

    class Asked:
        def __init__(self, processes: int, **limits: float) -> None:
            asked.update(limits)

        def __enter__(self) -> Asked:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def call(self, function: object, *_: object, waiting: object) -> vetting.Vetted:
            return vetting.Vetted(vetting.content_of(bytes(1_000_000)))

    monkeypatch.setattr(vetting, "Guard", Asked)
    vetting.vet(file, bytes(1_000_000))
    assert asked["seconds"] == pytest.approx(12.03)
    assert asked["memory"] == 2 * 2**30 + 8_000_000
