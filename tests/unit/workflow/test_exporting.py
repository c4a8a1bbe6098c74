"""A bundle is one file, says everything, equals the trained model, and is not handed out when it doesn't."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from tests.conftest import COLOURS, STARTER, paint
from tlstudio.domain.bundle import METADATA_KEY, Certificate
from tlstudio.domain.errors import BundleRefused, CertificateFailed, NothingToImport, RunNotFound, WrongUsage
from tlstudio.domain.events import Predicted
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.export import certificate, graph, quantise
from tlstudio.export.certificate import compare
from tlstudio.inference.bundle import Bundle
from tlstudio.storage.project import Project
from tlstudio.storage.runs import choose_run
from tlstudio.workflow.exporting import _Trial, export
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.operating import drop_threshold, keep_threshold
from tlstudio.workflow.predicting import predict, read_bundle
from tlstudio.workflow.training import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished quick run; its images lie beside it."""
    base = tmp_path_factory.mktemp("export")
    for k, (name, colour) in enumerate(COLOURS.items()):
        for i in range(14):
            paint(base / "images" / name, f"{i:02d}.png", colour, seed=100 * k + i)
    import_images(ImportRequest(base / "images", base / "project"))
    train(base / "project", TrainSettings(STARTER, Mode.QUICK, input_size=32))
    return base / "project"


@pytest.fixture(scope="module")
def bundle(trained: Path) -> Path:
    result = export(trained, trained / "exports" / "model.onnx")
    assert result.certificate.passed
    assert result.certificate.agreement == 1.0
    assert result.certificate.max_difference <= 1e-4
    assert result.bytes == result.file.stat().st_size
    return result.file


def test_the_file_describes_itself(bundle: Path) -> None:
    info = read_bundle(bundle)
    assert info.classes == ("blue", "green", "red")
    assert info.preprocess.size == 32
    assert info.certificate is not None
    assert info.certificate.passed
    assert info.backbone["model"] == STARTER
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

    def careless(model: object, example: object, path: Path) -> None:
        model.network.std.mul_(20)  # type: ignore[attr-defined]
        honest(model, example, path)  # type: ignore[arg-type]

    monkeypatch.setattr(graph, "EXPORTERS", (careless,))
    out = trained / "exports" / "wrong.onnx"
    with pytest.raises(CertificateFailed, match="not handed out"):
        export(trained, out)
    assert list(out.parent.glob("*wrong*")) == []


def test_the_certificate_sees_a_changed_image(trained: Path, tmp_path: Path) -> None:
    """The application learned from other pixels than the file now holds: the certificate reads the file itself."""
    from tlstudio.domain.values import Split
    from tlstudio.storage import images

    victim = images.list_images(Project(trained), split=Split.TEST)[0].path
    original = victim.read_bytes()
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


def test_a_file_of_8_bit_numbers_is_smaller_and_says_how_near_it_is(
    trained: Path, bundle: Path, tmp_path: Path
) -> None:
    done = export(trained, tmp_path / "small.onnx", int8=True)
    assert done.certificate.precision == "int8"
    assert done.certificate.passed
    assert done.bytes < 0.6 * bundle.stat().st_size
    info = read_bundle(done.file)
    assert info.certificate == done.certificate
    assert info.certificate.accuracy is not None
    rows = predict(done.file, [trained.parent / "images"], recursive=True)
    assert (rows.images, rows.refused) == (42, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["small.onnx"]


@pytest.mark.parametrize("int8", [False, True])
def test_the_threshold_is_certified_too(trained: Path, tmp_path: Path, int8: bool) -> None:
    run = choose_run(Project(trained), None).id
    point = keep_threshold(trained, run, "red", 0.95)
    try:
        done = export(trained, tmp_path / "careful.onnx", int8=int8)
    finally:
        drop_threshold(trained, run)
    said, info = done.certificate.decisions, read_bundle(done.file)
    assert info.certificate == done.certificate
    assert info.operating_point == {"red": point.threshold}
    assert said is not None
    assert (said.name, said.threshold) == ("red", point.threshold)
    assert said.differ <= said.may_differ == int(int8)
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


def test_weights_that_are_only_stored_in_8_bits(
    trained: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left when a network bears no 8-bit activations: as small, and closer."""
    monkeypatch.setattr(quantise, "WAYS", quantise.WAYS[-1:])
    done = export(trained, tmp_path / "small.onnx", int8=True)
    assert done.certificate.passed
    assert done.bytes < 0.6 * bundle.stat().st_size
    model = onnx.load(str(done.file))
    onnx.checker.check_model(model)
    stored = {t.name for t in model.graph.initializer if t.data_type == onnx.TensorProto.INT8 and len(t.dims) > 1}
    assert len(stored) > 10
    pixels = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), np.uint8)
    found, expected = (Bundle(file).run(pixels)[0] for file in (done.file, bundle))
    assert 0 < np.abs(found - expected).max() < 0.1


def test_a_file_that_is_no_smaller_is_not_handed_out(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_to_do(source: Path, target: Path, _examples: object) -> None:
        shutil.copyfile(source, target)

    monkeypatch.setattr(quantise, "WAYS", (quantise.Way("nothing", nothing_to_do),))
    with pytest.raises(CertificateFailed, match="does not become smaller"):
        export(trained, tmp_path / "small.onnx", int8=True)
    assert not list(tmp_path.iterdir())


def test_of_several_small_files_the_closest_is_taken() -> None:
    def trial(agreement: float, size: int, *, passed: bool = True, smaller: bool = True) -> _Trial:
        return _Trial(Certificate(100, agreement, 0.1, passed, precision="int8"), size, smaller)

    close, far = trial(0.98, 1000), trial(0.96, 1000)
    assert far.better_than(None)
    assert close.better_than(far)
    assert not far.better_than(close)
    assert far.better_than(trial(0.99, 2000)), "much smaller"
    assert not far.better_than(trial(0.99, 1100)), "hardly smaller"
    assert far.better_than(trial(1.0, 3000, smaller=False)), "no smaller than in full precision"
    assert far.better_than(trial(0.97, 500, passed=False))
    assert trial(0.5, 1000, passed=False).better_than(trial(1.0, 3000, smaller=False)), "says more about why"


def test_8_bit_numbers_that_change_the_answers_are_not_handed_out(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(source: Path, target: Path, examples: object) -> None:
        """A file that says the opposite: the signs of its head are turned round."""
        model = onnx.load(str(source))
        for tensor in model.graph.initializer:
            if 3 in tensor.dims and len(tensor.dims) == 2 and max(tensor.dims) > 100:
                tensor.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(tensor), tensor.name))
        onnx.save(model, str(target))

    def fails(*_: object) -> None:
        raise ValueError("a graph that the quantiser does not understand")

    monkeypatch.setattr(quantise, "WAYS", (quantise.Way("failing", fails), quantise.Way("broken", broken)))
    with pytest.raises(CertificateFailed, match="answers differently") as refused:
        export(trained, tmp_path / "small.onnx", int8=True)
    assert "At best it agrees" in refused.value.what
    assert not list(tmp_path.iterdir())
