"""Handing out a bundle: write the graph, prove it equal to the trained model, and only then give it its name."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

import tlstudio
from tlstudio.domain.bundle import BundleInfo, Certificate, Decisions, ExportResult
from tlstudio.domain.errors import CertificateFailed, WrongUsage
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.values import Split
from tlstudio.export.certificate import Examination, answers_of, certify, certify_int8, closeness
from tlstudio.export.graph import describe, write_graph
from tlstudio.export.novelty import UNFAMILIAR, NoveltySpec
from tlstudio.export.quantise import spread, try_ways
from tlstudio.images.cache import pixel_store
from tlstudio.storage import files, runs
from tlstudio.storage.project import Project
from tlstudio.training.network import Network, load_network
from tlstudio.workflow.evaluating import figures, predict_rows
from tlstudio.workflow.held_out import first_held_out
from tlstudio.workflow.novelty import RunImages, measure_novelty
from tlstudio.workflow.operating import kept_point
from tlstudio.workflow.run_data import Sample, fingerprint, read_samples, units_of

LIBRARIES = ("torch", "timm", "onnx", "onnxruntime", "numpy", "Pillow")
ALIKE = 0.8  # files whose sizes differ by less count as equally small
GOOD_ENOUGH = 0.99  # closeness of a file with 8-bit numbers from which on no other way is tried


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is exported, and what the file is compared with."""

    project: Project
    network: Network
    samples: list[Sample]
    examination: Examination


def export(
    project: Path, out: Path, run: str | None = None, reporter: Reporter = SILENT, *, int8: bool = False
) -> ExportResult:
    """Writes the run's model as one .onnx file and returns its certificate.

    The file appears under its name only when onnxruntime, reading the held-out images from their files, agrees with the trained
    model on every one, and decides the same where a class has a threshold. int8: with 8-bit numbers, much smaller; such a file
    must come close instead (`certify_int8`).
    Raises CertificateFailed otherwise; WrongUsage for another suffix; RunNotFound, RunNotReady, DiskFull …
    Safe beside an open window: the database is only read.
    """
    if out.suffix.lower() != ".onnx":
        raise WrongUsage("The file's name must end in .onnx.", path=out)
    subject, info, novelty = _measure(project, run, reporter)
    told = info.novelty
    assert told is not None
    with files.replacing(out.expanduser().absolute()) as temporary:
        reporter.report(Note("Writing the ONNX file."))
        write_graph(subject.network, novelty, temporary)
        describe(temporary, info)
        reporter.report(Note("Comparing the file with the trained model."))
        answers = answers_of(temporary, subject.examination, reporter)
        certificate = certify(answers, subject.examination)
        if not certificate.passed:
            raise _unequal(certificate)
        if int8:
            subject = replace(subject, examination=subject.examination.after(answers))
            certificate = _reduce(temporary, subject, reporter)
        describe(temporary, replace(info, certificate=certificate))
    return ExportResult(out, out.stat().st_size, certificate, novelty=told)


def _measure(project: Path, run: str | None, reporter: Reporter) -> tuple[_Subject, BundleInfo, NoveltySpec]:
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    network = load_network(opened.run_folder(row.id) / "model")
    # In a project without test and validation images, those for training have to do: the file is compared, not judged.
    split, rows = first_held_out(opened, row, (Split.TEST, Split.VAL, Split.TRAIN))
    reporter.report(Note("Measuring the trained model."))
    # On the processor, as onnxruntime will: a graphics processor rounds differently.
    predictions = predict_rows(opened, network, rows, row.classes, device="cpu", reporter=reporter)
    units = {r.id: u for r, u in zip(rows, units_of(rows), strict=True)}
    point = kept_point(opened, row)
    found = figures(row, split, predictions, units, temperature=network.spec.temperature, point=point)
    everything = read_samples(opened, row.id)
    samples = [s for s in everything if s.part == "train"]
    novelty, told = measure_novelty(opened, network, RunImages(row.classes, everything, rows), reporter)
    info = BundleInfo(
        classes=row.classes,
        preprocess=network.spec.preprocess,
        backbone={
            "model": network.spec.model,
            "license": network.spec.license,
            "weights_sha256": network.spec.weights_hash,
            "mode": row.mode.value,
        },
        data_fingerprint=fingerprint(samples),
        versions={"tlstudio": tlstudio.__version__, **{name: version(name) for name in LIBRARIES}},
        project=opened.meta("name", opened.folder.name),
        created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        temperature=network.spec.temperature,
        operating_point=None if point is None else {point.name: point.threshold},
        novelty_threshold=UNFAMILIAR,
        novelty=told,
        metrics={"split": split.value, **found.to_json()},
        run=row.id,
    )
    examination = Examination(
        paths=[p.path for p in predictions],
        expected=np.array([p.probabilities for p in predictions]),
        truth=np.array([row.classes.index(p.label) for p in predictions], np.int64),
        split=split.value,
        info=info,
    )
    return _Subject(opened, network, samples, examination), info, novelty


@dataclass(frozen=True, slots=True)
class _Trial:
    """A file with 8-bit numbers. smaller: than the one in full precision, which a way that finds nothing to do does not make."""

    seal: Certificate
    bytes: int
    smaller: bool

    @property
    def usable(self) -> bool:
        return self.seal.passed and self.smaller

    def better_than(self, other: _Trial | None) -> bool:
        """Whether it may be handed out and the other may not; else whether it is much smaller; else whether it comes closer.

        Of two that may not, one that would be smaller says more about why.
        """
        if other is None:
            return True
        if (self.usable, self.smaller) != (other.usable, other.smaller):
            return (self.usable, self.smaller) > (other.usable, other.smaller)
        if self.usable and not ALIKE < self.bytes / other.bytes < 1 / ALIKE:
            return self.bytes < other.bytes
        return closeness(self.seal) > closeness(other.seal)


def _reduce(file: Path, subject: _Subject, reporter: Reporter) -> Certificate:
    """Turns the file into one of 8-bit numbers, in the way that stays closest to the trained model."""
    store = pixel_store(subject.project, subject.network.spec.preprocess)
    keys = [s.content for s in subject.samples if s.content in store.keys]
    examples = np.asarray(store.take([keys[i] for i in spread(len(keys))]), np.uint8)
    trial, best = file.with_name(f"{file.name}.trial"), file.with_name(f"{file.name}.best")
    chosen: _Trial | None = None
    try:
        for way in try_ways(file, trial, examples):
            reporter.report(Note(f"Trying 8-bit numbers ({way})."))
            seal = certify_int8(answers_of(trial, subject.examination, reporter), subject.examination)
            size = trial.stat().st_size
            found = _Trial(seal, size, size < file.stat().st_size)
            if found.better_than(chosen):
                chosen = found
                trial.replace(best)
            if chosen is not None and chosen.usable and closeness(chosen.seal) >= GOOD_ENOUGH:
                break
        if chosen is not None and chosen.usable:
            best.replace(file)
            return chosen.seal
    finally:
        for left in (trial, best):
            left.unlink(missing_ok=True)
    raise _too_far(chosen)


def _too_far(best: _Trial | None) -> CertificateFailed:
    """Why there is no file with 8-bit numbers."""
    if best is not None and not best.smaller and best.seal.passed:
        return CertificateFailed(
            "With 8-bit numbers the file of this model does not become smaller.",
            remedy="Export it without int8, or train with another pretrained model, such as a ResNet.",
        )
    told = ""
    if best is not None:
        told = f" At best it agrees on {best.seal.agreement:.1%} of {best.seal.images:,} images.".replace("%", " %")
        told += _at_threshold(best.seal.decisions)
    return CertificateFailed(
        f"With 8-bit numbers this model answers differently, so it is not handed out.{told}",
        remedy="Export it without int8, or train with another pretrained model, such as a ResNet.",
    )


def _unequal(seal: Certificate) -> CertificateFailed:
    return CertificateFailed(
        f"The exported file and the trained model disagree (largest difference {seal.max_difference:.1e},"
        f" agreement {seal.agreement:.2%}), so it is not handed out.{_at_threshold(seal.decisions)}",
        remedy="Check that the images have not been changed since the import, then export again.",
    )


def _at_threshold(decisions: Decisions | None) -> str:
    """A sentence on what goes wrong with the class that must not be missed, if anything does."""
    if decisions is None or decisions.held:
        return ""
    return (
        f" At the threshold for {decisions.name} it decides {decisions.differ:,} images differently, where"
        f" {decisions.may_differ:,} may be, and finds {decisions.found:,} of {decisions.positives:,} instead of"
        f" {decisions.found_trained:,}."
    )
