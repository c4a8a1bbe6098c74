"""Files with fewer bits: what they may change, how sure their figures are, and what comes of real models.

The figures of the certificate are tried on planted truths: files of which it is known how many points they lose and how long
they take. With IMAGES each folder is imported, the default model (or WEIGHTS) is trained on it in seconds, and its model is
exported in every kind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

from tests.proofs.table import Proof, Trial
from tests.unit.export.graphs import KEPT, initial, pictures, write_bundle
from tlstudio.domain.bundle import BundleInfo, ExportResult
from tlstudio.domain.certificate import Certificate, FileKind, Saving
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.export.certificate import MAY_LOSE, NO_LONGER, SHORT, SMALL, Examination, certify_reduced
from tlstudio.export.half import halve
from tlstudio.export.quantise import try_ways
from tlstudio.export.storing import store_small
from tlstudio.export.timing import PAIRS, median_interval
from tlstudio.export.trunk import keeps_rest, load_named
from tlstudio.inference.predictor import judge

KINDS = (FileKind.INT8, FileKind.STORED_SMALL, FileKind.HALF)
IMAGES = 400  # held-out images in the planted trials
CLASSES = ("a", "b", "c")
CHEAP = Saving(30, 100, 0.6, 0.55, 0.65, PAIRS, 1)


def prove(trial: Trial) -> Iterator[Proof]:
    yield from _structure(trial)
    yield from _timing(trial)
    yield from _loss(trial)
    for folder in trial.images:
        yield from _exports(trial, folder)


def _structure(trial: Trial) -> Iterator[Proof]:
    """Graphs whose nodes and tensors are called differently, as exporters do."""
    changed = graphs = overflows = 0
    with TemporaryDirectory() as place:
        for seed in range(trial.draws(10)):
            for names in ("", f"/net.{seed}/"):
                full = write_bundle(Path(place) / "full.onnx", seed=trial.seed + seed, names=names)
                before = initial(full)
                for file in _written(full, pictures(16, seed)):
                    after, graphs = initial(file), graphs + 1
                    kept = all(after[names + name].tobytes() == before[names + name].tobytes() for name in KEPT)
                    changed += not (kept and keeps_rest(load_named(full), onnx.load(str(file))))
                    whole = [v.astype(int) for v in after.values() if v.dtype == np.int8 and v.ndim == 4]
                    if whole and file.name == "int8.onnx":
                        overflows += 2 * 255 * max(int(np.abs(v).max()) for v in whole) >= 2**15
    note = f"{graphs} files of {2 * trial.draws(10)} graphs, all kinds"
    yield Proof("files in which head or novelty have changed by a bit", changed, at_most=0, note=note)
    yield Proof("8-bit files that could overflow the 16-bit sums of older processors", overflows, at_most=0, note=note)


def _written(full: Path, pixels: np.ndarray) -> Iterator[Path]:
    for _ in try_ways(full, full.with_name("int8.onnx"), pixels, lambda: True):
        yield full.with_name("int8.onnx")
    store_small(full, full.with_name("stored.onnx"), pixels)
    yield full.with_name("stored.onnx")
    halve(full, full.with_name("half.onnx"))
    yield full.with_name("half.onnx")


def _timing(trial: Trial) -> Iterator[Proof]:
    """Pairs of runs on a computer that slows down and that other programs interrupt, for a known ratio."""
    random = np.random.default_rng(trial.seed)
    draws = trial.draws(4000)
    covered = fast = 0
    for _ in range(draws):
        drift = np.exp(random.normal(0, 0.02, PAIRS).cumsum())
        runs = np.exp(random.normal(0, 0.15, (2, PAIRS))) * np.where(random.random((2, PAIRS)) < 0.1, 3.0, 1.0) * drift
        ratio = median_interval(list(runs[1] / runs[0]))
        covered += ratio.low <= 1.0 <= ratio.high
        fast += ratio.high <= SHORT
    note = f"{draws} measurements of {PAIRS} pairs; a tenth of the runs takes three times as long"
    yield Proof("intervals of the time that hold the true ratio", covered / draws, at_least=0.93, note=note)
    yield Proof("files as slow as in full precision that are called fast", fast / draws, at_most=0.001, note=note)


def _loss(trial: Trial) -> Iterator[Proof]:
    """A model that is right on 9 of 10 images, and files that change 4 of 100 of its answers, in a known direction."""
    random = np.random.default_rng(trial.seed)
    draws = trial.draws(1000)
    for points, at_most in ((3, 0.1), (5, 0.001)):
        seals = [_planted(random, points / 100) for _ in range(draws)]
        passed = sum(seal.passed for seal in seals) / draws
        note = f"{draws} files on {IMAGES} held-out images"
        yield Proof(f"files that lose {points} points in truth and are handed out", passed, at_most=at_most, note=note)
        held = sum(n.low <= points / 100 <= n.high for n in (seal.nearness for seal in seals) if n is not None) / draws
        yield Proof(f"intervals that hold the true loss of {points} points", held, at_least=0.93, note=note)
    seals = [_planted(random, 0.0, changed=0.01) for _ in range(draws)]
    passed = sum(seal.passed for seal in seals) / draws
    yield Proof("files that lose nothing, with 1 of 100 answers changed, handed out", passed, at_least=0.9, note=note)
    wrong = sum(seal.passed and (seal.nearness is None or seal.nearness.loss > MAY_LOSE + 1e-9) for seal in seals)
    yield Proof("files handed out that lost more than a point on the images compared", wrong, at_most=0, note=note)


def _planted(random: np.random.Generator, loss: float, changed: float = 0.0) -> Certificate:
    """loss: share of right answers that become wrong less the share of wrong ones that become right. changed: both alike."""
    truth = np.zeros(IMAGES, np.int64)
    trained = (random.random(IMAGES) < 0.1).astype(np.int64)  # 1 is a wrong answer
    worse, better = (loss + changed / 2) / 0.9, changed / 2 / 0.1
    found = np.where(random.random(IMAGES) < np.where(trained == 0, worse, better), 1 - trained, trained)
    tables = [np.eye(3)[rows] * 0.8 + 0.2 / 3 for rows in (trained, found)]
    info = BundleInfo(CLASSES, PreprocessSpec(32), {}, "", {})
    paths = [Path(f"{k}.png") for k in range(IMAGES)]
    by = Examination(paths, tables[0], truth, "test", info)
    answers = [judge(info, path, row, 0.0) for path, row in zip(paths, tables[1].tolist(), strict=True)]
    return certify_reduced(FileKind.INT8, answers, by, CHEAP)


def _exports(trial: Trial, folder: Path) -> Iterator[Proof]:
    """Whatever is handed out is within its limits; what isn't has been refused with both figures."""
    from tlstudio.domain.errors import CertificateFailed
    from tlstudio.workflow.exporting import export

    with _project(trial, folder) as project:
        for kind in KINDS:
            try:
                done: ExportResult | str = export(project, project / "exports" / "small.onnx", kind=kind)
            except CertificateFailed as refused:
                done = refused.what
            claim = f"{folder.name}, {kind.caption}: within its limits, or refused with both figures"
            yield Proof(claim, _kept(kind, done), at_least=1, note=_told(done))


def _kept(kind: FileKind, done: ExportResult | str) -> int:
    if isinstance(done, str):
        return int("times the size" in done and "times as long" in done)
    near, saving = done.certificate.nearness, done.certificate.saving
    if near is None or saving is None:
        return 0
    small = saving.size < 1 if kind is FileKind.HALF else saving.size <= SMALL or saving.high <= SHORT
    fast = kind is not FileKind.INT8 or saving.high <= NO_LONGER
    return int(small and fast and near.loss <= MAY_LOSE + 1e-9 and near.differ <= near.may_differ)


def _told(done: ExportResult | str) -> str:
    if isinstance(done, str):
        return f"refused: {done}"
    near, saving = done.certificate.nearness, done.certificate.saving
    assert near is not None
    assert saving is not None
    return (
        f"handed out: {saving.size:.2f} times the size, {saving.duration}, {near.differ} of {done.certificate.images} images with"
        f" another class, {near.unfamiliar} with another mark; {near.points}; largest difference"
        f" {done.certificate.max_difference:.4f}"
    )


@contextmanager
def _project(trial: Trial, folder: Path) -> Iterator[Path]:
    """A project of these images with a trained model, and decoding processes that end with it."""
    from tlstudio.domain.importing import ImportRequest
    from tlstudio.domain.runs import Mode, TrainSettings
    from tlstudio.images.guard import DECODERS
    from tlstudio.workflow.importing import import_images
    from tlstudio.workflow.models import default_model
    from tlstudio.workflow.training import train

    before = {name: os.environ.get(name) for name in ("TLSTUDIO_HOME", "TLSTUDIO_WEIGHTS")}
    with TemporaryDirectory() as home:
        os.environ["TLSTUDIO_HOME"] = home
        if trial.weights is not None:
            os.environ["TLSTUDIO_WEIGHTS"] = str(trial.weights.resolve().parent)
        try:
            project = Path(home) / "project"
            import_images(ImportRequest(folder, project, test_fraction=0.4, may_ask=False))
            model = default_model() if trial.weights is None else trial.weights.name
            train(project, TrainSettings(model, Mode.QUICK, device="cpu", seed=trial.seed))
            yield project
        finally:
            DECODERS.close()
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
