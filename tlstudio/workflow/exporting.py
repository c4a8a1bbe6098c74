"""Handing out a bundle: write the graph, prove it equal to the trained model, and only then give it its name."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

import tlstudio
from tlstudio.domain.bundle import BundleInfo, ExportResult
from tlstudio.domain.certificate import Certificate, FileKind
from tlstudio.domain.errors import CertificateFailed, WrongUsage
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.openings import Way
from tlstudio.domain.values import Split
from tlstudio.export.certificate import Examination, answers_of, certify
from tlstudio.export.graph import describe, seal, write_graph
from tlstudio.export.novelty import UNFAMILIAR, NoveltySpec
from tlstudio.inference import vetting
from tlstudio.storage import files, runs
from tlstudio.storage.project import Project
from tlstudio.workflow.evaluating import figures, predict_rows
from tlstudio.workflow.held_out import first_held_out
from tlstudio.workflow.novelty import RunImages, measure_novelty
from tlstudio.workflow.openings import open_test
from tlstudio.workflow.operating import kept_point
from tlstudio.workflow.reducing import Subject, at_threshold, reduce_file
from tlstudio.workflow.replaced import unchanged
from tlstudio.workflow.run_data import fingerprint, read_samples, units_of
from tlstudio.workflow.run_networks import network_of

LIBRARIES = ("torch", "timm", "onnx", "onnxruntime", "numpy", "Pillow")


def export(
    project: Path,
    out: Path,
    run: str | None = None,
    reporter: Reporter = SILENT,
    *,
    kind: FileKind = FileKind.FULL,
) -> ExportResult:
    """Writes the run's model as one .onnx file and returns its certificate.

    The file appears under its name only when onnxruntime, reading the held-out images from their files, agrees with the trained
    model on every one, and decides the same where a class has a threshold. kind: a file with fewer bits must come near instead
    and be worth it (`certify_reduced`).
    Raises CertificateFailed otherwise; WrongUsage for another suffix; RunNotFound, RunNotReady, DiskFull …
    Safe beside an open window: the database is only read.
    """
    if out.suffix.lower() != ".onnx":
        raise WrongUsage("The file's name must end in .onnx.", path=out)
    subject, info, novelty = _measure(project, run, reporter)
    assert info.novelty is not None  # each file of this version tells it
    told = replace(info.novelty, of_full=kind is not FileKind.FULL)
    info = replace(info, novelty=told)
    with files.replacing(out.expanduser().absolute()) as temporary:
        reporter.report(Note("Writing the ONNX file."))
        write_graph(subject.network, novelty, temporary)
        describe(temporary, info)
        reporter.report(Note("Comparing the file with the trained model."))
        answers = answers_of(temporary, subject.examination, reporter)
        certificate = certify(answers, subject.examination)
        if not certificate.passed:
            raise _unequal(certificate)
        if kind is not FileKind.FULL:
            subject = replace(subject, examination=subject.examination.after(answers))
            certificate = reduce_file(temporary, kind, subject, reporter)
        seal(temporary, replace(info, certificate=certificate))
        content = vetting.content_of(temporary.read_bytes())
    vetting.remember(content)  # made and examined here
    return ExportResult(out, out.stat().st_size, certificate, novelty=told)


def _measure(project: Path, run: str | None, reporter: Reporter) -> tuple[Subject, BundleInfo, NoveltySpec]:
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    network = network_of(opened, row)
    # In a project without test and validation images, those for training have to do: the file is compared, not judged.
    split, rows = first_held_out(opened, row, (Split.TEST, Split.VAL, Split.TRAIN))
    rows = unchanged(opened, rows, reporter)
    if split is Split.TEST:  # the file carries figures on them
        open_test(opened, row.id, Way.EXPORT, [r.content for r in rows], reporter)
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
        units=[units[p.image] for p in predictions],
    )
    return Subject(opened, network, samples, examination), info, novelty


def _unequal(seal: Certificate) -> CertificateFailed:
    return CertificateFailed(
        f"The exported file and the trained model disagree (largest difference {seal.max_difference:.1e},"
        f" agreement {seal.agreement:.2%}), so it is not handed out.{at_threshold(seal.decisions)}",
        remedy="Check that the images have not been changed since the import, then export again.",
    )
