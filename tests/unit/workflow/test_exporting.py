"""A bundle is one file, says everything, equals the trained model, and is not handed out when it doesn't."""

from __future__ import annotations

import csv
import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from tests.conftest import COLOURS, TEST_MODEL, paint
from tlstudio.domain.bundle import METADATA_KEY
from tlstudio.domain.certificate import FileKind
from tlstudio.domain.errors import (
    BundleRefused,
    CertificateFailed,
    DiskFull,
    NothingToImport,
    RunNotFound,
    WrongUsage,
    from_device_error,
)
from tlstudio.domain.events import Predicted
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.export import certificate, graph, quantise, timing
from tlstudio.export.certificate import compare
from tlstudio.inference.bundle import Bundle
from tlstudio.storage.project import Project
from tlstudio.storage.runs import choose_run
from tlstudio.workflow import reducing
from tlstudio.workflow.exporting import export
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.operating import drop_threshold, keep_threshold
from tlstudio.workflow.predicting import predict, read_bundle
from tlstudio.workflow.run_data import read_samples
from tlstudio.workflow.training import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished quick run; its images lie beside it."""
    base = tmp_path_factory.mktemp("export")
    for k, (name, colour) in enumerate(COLOURS.items()):
        for i in range(14):
            paint(base / "images" / name, f"{i:02d}.png", colour, seed=100 * k + i)
    import_images(ImportRequest(base / "images", base / "project"))
    train(base / "project", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    return base / "project"


@pytest.fixture(scope="module")
def bundle(trained: Path) -> Path:
    result = export(trained, trained / "exports" / "model.onnx")
    assert result.certificate.passed
    assert result.certificate.agreement == 1.0
    assert result.certificate.max_difference <= 1e-4
    assert result.bytes == result.file.stat().st_size
    return result.file


def test_the_file_tells_what_its_novelty_notices(trained: Path, bundle: Path) -> None:
    info = read_bundle(bundle)
    told = info.novelty
    assert told is not None and info.novelty_threshold == 1.0
    project = Project.open(trained)
    used = read_samples(project, choose_run(project, None).id)
    assert told.images == told.units == len(used)
    assert not told.promised  # fewer than 66
    assert told.wrongly is not None and told.wrongly.images == 42 - len(used)  # those for testing
    kinds = {row.kind: row for row in told.strangers}
    assert list(kinds) == [
        *("single colours, black and white", "gradients", "noise", "blurred images", "noisy images", "inverted images"),
        *("images on their side", "their middle alone", "images of a class left out"),
    ]
    assert kinds["images of a class left out"].images == len(used)
    assert kinds["images of a class left out"].share > 0.9  # red, green and blue patches
    assert not told.of_full


def test_the_file_describes_itself(bundle: Path) -> None:
    info = read_bundle(bundle)
    assert info.classes == ("blue", "green", "red")
    assert info.preprocess.size == 32
    assert info.certificate is not None
    assert info.certificate.passed
    assert info.backbone["model"] == TEST_MODEL
    assert len(info.data_fingerprint) == 64
    assert set(info.metrics["accuracy"]) == {"value", "low", "high"}
    assert {"tlstudio", "torch", "timm", "onnxruntime"} <= set(info.versions)


def test_one_file_with_the_agreed_interface(bundle: Path) -> None:
    model = onnx.load(str(bundle))
    onnx.checker.check_model(model)
    (image,) = model.graph.input
    assert image.name == "image"
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [o.name for o in model.graph.output] == ["probabilities", "embedding", "novelty"]
    assert all(t.data_location != onnx.TensorProto.EXTERNAL for t in model.graph.initializer)
    for batch in (1, 5):
        probabilities, novelty = Bundle(bundle).run(np.zeros((batch, 32, 32, 3), np.uint8))
        assert probabilities.shape == (batch, 3)
        assert novelty.shape == (batch,)
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_prediction_of_files_and_folders(bundle: Path, tmp_path: Path, recorder: Callable) -> None:
    folder = tmp_path / "new"
    for i, (name, colour) in enumerate(COLOURS.items()):
        paint(folder, f"{name}.png", colour, seed=9000 + i)
    (folder / "broken.png").write_bytes(b"not a picture")
    (folder / "scan.dcm").write_bytes(b"x")
    paint(folder / "deeper", "red2.png", COLOURS["red"], seed=77)
    watch, table = recorder(), tmp_path / "out.csv"
    summary = predict(bundle, [folder], csv=table, reporter=watch)
    assert (summary.images, summary.refused) == (5, 2)
    rows = {Path(e.row["file"]).name: e.row for e in watch.of(Predicted)}
    for name in COLOURS:
        assert rows[f"{name}.png"]["label"] == name
    assert rows["broken.png"]["status"] == "refused"
    assert "DICOM" in rows["scan.dcm"]["message"]
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == [
            "file", "status", "label", "confidence", "novelty", "p_blue", "p_green", "p_red", "message",
        ]  # fmt: skip
        assert len(list(reader)) == 5
    assert predict(bundle, [folder], recursive=True).images == 6


def test_something_else_is_more_novel_than_the_training_images(bundle: Path, trained: Path) -> None:
    known = next((trained.parent / "images" / "red").iterdir())
    spec = read_bundle(bundle).preprocess
    from tlstudio.images.prepare import prepare

    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[::2] = 255
    _, novelty = Bundle(bundle).run(np.stack([prepare(known, spec), stripes]))
    assert novelty[1] > novelty[0]


def test_a_file_that_disagrees_is_not_handed_out(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exporter that loses the normalisation, as a real one might."""
    honest = graph.EXPORTERS[0]

    def careless(model: object, example: object) -> bytes:
        model.network.std.mul_(20)  # type: ignore[attr-defined]
        return honest(model, example)  # type: ignore[arg-type]

    monkeypatch.setattr(graph, "EXPORTERS", (careless,))
    out = trained / "exports" / "wrong.onnx"
    with pytest.raises(CertificateFailed, match="not handed out"):
        export(trained, out)
    assert list(out.parent.glob("*wrong*")) == []


def test_the_certificate_sees_a_changed_image(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application learned from other pixels than the file now holds: the certificate reads the file itself."""
    from tlstudio.domain.values import Split
    from tlstudio.storage import images

    victim = images.list_images(Project(trained), split=Split.TEST)[0].path
    original = victim.read_bytes()
    monkeypatch.setattr("tlstudio.workflow.exporting.unchanged", lambda project, rows, reporter: list(rows))
    try:
        Image.new("RGB", (40, 32), (0, 0, 0)).save(victim)
        with pytest.raises(CertificateFailed):
            export(trained, tmp_path / "x.onnx")
        victim.unlink()
        with pytest.raises(CertificateFailed, match="can't be read"):
            export(trained, tmp_path / "x.onnx")
    finally:
        victim.write_bytes(original)


def test_ties_and_limits_of_the_comparison() -> None:
    expected = np.array([[0.5, 0.5 - 5e-5, 5e-5], [0.9, 0.1, 0.0]])
    assert compare(expected[:, [1, 0, 2]][:1], expected[:1], "test").passed  # a tie may fall either way
    assert not compare(expected[:, [1, 0, 2]], expected, "test").passed
    assert not compare(expected + 2e-4, expected, "test").passed
    assert not compare(np.empty((0, 3)), np.empty((0, 3)), "test").passed


def test_the_other_exporter_passes_the_same_certificate(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("this exporter can't")

    monkeypatch.setattr(graph, "EXPORTERS", (broken, graph.EXPORTERS[1]))
    assert export(trained, trained / "exports" / "other.onnx").certificate.passed


def test_a_full_disk_is_not_the_models_fault(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull):
        export(trained, trained / "exports" / "full.onnx")


def test_full_memory_is_not_the_models_fault(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def short_of_memory(*_: object) -> bytes:
        tried.append(1)
        raise RuntimeError("std::bad_alloc")

    monkeypatch.setattr(graph, "EXPORTERS", (short_of_memory, short_of_memory))
    with pytest.raises(RuntimeError, match="bad_alloc") as caught:
        export(trained, trained / "exports" / "large.onnx")
    assert tried == [1], "another exporter would take no less"
    assert from_device_error(caught.value).kind == "OutOfMemory"  # type: ignore[union-attr]


def test_named_failures(trained: Path, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        export(trained, tmp_path / "model.txt")
    with pytest.raises(RunNotFound):
        export(trained, tmp_path / "x.onnx", "no-such-run")
    with pytest.raises(BundleRefused, match="not there"):
        predict(tmp_path / "none.onnx", [tmp_path])
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(BundleRefused, match="not a model"):
        predict(tmp_path / "junk.onnx", [tmp_path])
    with pytest.raises(NothingToImport):
        predict(bundle, [tmp_path / "exports"] if (tmp_path / "exports").mkdir() is None else [])
    foreign = onnx.load(str(bundle))
    del foreign.metadata_props[:]
    onnx.save(foreign, str(tmp_path / "foreign.onnx"))
    with pytest.raises(BundleRefused, match="was not exported"):
        predict(tmp_path / "foreign.onnx", [tmp_path])
    data = json.loads(next(p.value for p in onnx.load(str(bundle)).metadata_props if p.key == METADATA_KEY))
    onnx.helper.set_model_props(foreign, {METADATA_KEY: json.dumps({**data, "format_version": 99})})
    onnx.save(foreign, str(tmp_path / "newer.onnx"))
    with pytest.raises(BundleRefused, match="newer version"):
        predict(tmp_path / "newer.onnx", [tmp_path])


def test_the_cache_may_be_deleted_before_the_export(trained: Path) -> None:
    shutil.rmtree(trained / "cache")
    assert export(trained, trained / "exports" / "again.onnx").certificate.passed


SIZES = {FileKind.STORED_SMALL: 0.5, FileKind.HALF: 0.65}  # of the file, at most
TYPES = {FileKind.STORED_SMALL: onnx.TensorProto.INT8, FileKind.HALF: onnx.TensorProto.FLOAT16}


@pytest.mark.parametrize("kind", SIZES)
def test_a_file_with_fewer_bits_is_smaller_and_says_how_near_it_is(
    trained: Path, bundle: Path, tmp_path: Path, kind: FileKind
) -> None:
    done = export(trained, tmp_path / "small.onnx", kind=kind)
    seal = done.certificate
    assert (seal.precision, seal.passed) == (kind.value, True)
    assert done.bytes < SIZES[kind] * bundle.stat().st_size
    assert seal.saving is not None
    # The description is in the file too.
    assert abs(seal.saving.size - done.bytes / bundle.stat().st_size) < 0.01
    assert seal.nearness is not None
    assert seal.nearness.low <= seal.nearness.loss <= seal.nearness.high
    assert read_bundle(done.file).certificate == seal
    model = onnx.load(str(done.file))
    onnx.checker.check_model(model)
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert {o.type.tensor_type.elem_type for o in model.graph.output} == {onnx.TensorProto.FLOAT}
    assert len([t for t in model.graph.initializer if t.data_type == TYPES[kind] and len(t.dims) > 1]) > 10
    pixels = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), np.uint8)
    found, expected = (Bundle(file).run(pixels)[0] for file in (done.file, bundle))
    assert 0 < np.abs(found - expected).max() < 0.1
    rows = predict(done.file, [trained.parent / "images"], recursive=True)
    assert (rows.images, rows.refused) == (42, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["small.onnx"]


@pytest.mark.parametrize("kind", [FileKind.FULL, FileKind.STORED_SMALL])
def test_the_threshold_is_certified_too(trained: Path, tmp_path: Path, kind: FileKind) -> None:
    run = choose_run(Project(trained), None).id
    point = keep_threshold(trained, run, "red", 0.95)
    try:
        done = export(trained, tmp_path / "careful.onnx", kind=kind)
    finally:
        drop_threshold(trained, run)
    said, info = done.certificate.decisions, read_bundle(done.file)
    assert info.certificate == done.certificate
    assert info.operating_point == {"red": point.threshold}
    assert said is not None
    assert (said.name, said.threshold) == ("red", point.threshold)
    assert said.differ <= said.may_differ == int(kind is not FileKind.FULL)
    assert 0 < said.found_trained <= said.positives
    assert said.found_trained - said.found <= said.may_miss


def test_other_decisions_at_the_threshold_are_not_handed_out(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The top classes are the same, but a class that must not be missed is found less often."""
    run = choose_run(Project(trained), None).id
    keep_threshold(trained, run, "red", 0.95)
    honest = certificate.compare_decisions

    def worse(*arguments: object) -> object:
        said = honest(*arguments)  # type: ignore[arg-type]
        return replace(said, differ=7, found=0, positives=9, found_trained=8)

    monkeypatch.setattr(certificate, "compare_decisions", worse)
    try:
        with pytest.raises(CertificateFailed, match="At the threshold for red it decides 7 images differently") as told:
            export(trained, tmp_path / "careful.onnx")
    finally:
        drop_threshold(trained, run)
    assert "finds 0 of 9 instead of 8" in told.value.what
    assert not list(tmp_path.iterdir())


def _as_it_is(source: Path, target: Path, _examples: object) -> None:
    shutil.copyfile(source, target)


def test_8_bit_numbers_that_save_nothing_are_not_handed_out(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the quantiser made of a model all whose weights it was to leave alone: as large, and a little slower."""
    monkeypatch.setattr(quantise, "WAYS", (quantise.Way("nothing", _as_it_is),))
    monkeypatch.setattr(timing, "times_as_long", lambda *_: Interval(1.04, 1.01, 1.07))
    with pytest.raises(CertificateFailed, match="not handed out") as refused:
        export(trained, tmp_path / "small.onnx", kind=FileKind.INT8)
    assert "1.00 times the size" in refused.value.what
    assert "1.04 times as long (1.01 to 1.07)" in refused.value.what
    assert "another class" not in refused.value.what
    assert not list(tmp_path.iterdir())


def test_8_bit_numbers_that_are_fast_are_handed_out(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantise, "WAYS", (quantise.Way("nothing", _as_it_is),))
    monkeypatch.setattr(timing, "times_as_long", lambda *_: Interval(0.6, 0.5, 0.7))
    done = export(trained, tmp_path / "small.onnx", kind=FileKind.INT8)
    assert done.certificate.passed
    assert done.certificate.saving is not None
    assert (done.certificate.saving.time, done.certificate.saving.high) == (0.6, 0.7)


def test_8_bit_numbers_that_change_the_answers_are_not_handed_out(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(source: Path, target: Path, _examples: object) -> None:
        """A trunk that sees the negative: the signs of its first weights are turned round."""
        model = onnx.load(str(source))
        first = next(t for t in model.graph.initializer if len(t.dims) == 4)
        first.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(first), first.name))
        onnx.save(model, str(target))

    def fails(*_: object) -> None:
        raise ValueError("a graph that the quantiser does not understand")

    monkeypatch.setattr(quantise, "WAYS", (quantise.Way("failing", fails), quantise.Way("broken", broken)))
    monkeypatch.setattr(timing, "times_as_long", lambda *_: Interval(0.6, 0.5, 0.7))
    with pytest.raises(CertificateFailed, match="another class") as refused:
        export(trained, tmp_path / "small.onnx", kind=FileKind.INT8)
    assert "1.00 times the size" in refused.value.what
    assert "It has to have" not in refused.value.what
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", SIZES)
def test_a_graph_that_is_not_understood_is_a_refusal(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: FileKind
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("no such operation")

    monkeypatch.setattr(reducing, "store_small", fails)
    monkeypatch.setattr(reducing, "halve", fails)
    with pytest.raises(CertificateFailed, match="can't be written so"):
        export(trained, tmp_path / "small.onnx", kind=kind)
    assert not list(tmp_path.iterdir())


def test_a_model_that_no_way_fits_is_named(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantise, "WAYS", ())
    with pytest.raises(CertificateFailed, match="can't be written so"):
        export(trained, tmp_path / "small.onnx", kind=FileKind.INT8)
    assert not list(tmp_path.iterdir())
