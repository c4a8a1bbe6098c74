"""A file with fewer bits instead of the one in full precision, and why there is none where it would not be worth it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.bundle import Certificate, Decisions, FileKind, Saving
from tlstudio.domain.errors import CertificateFailed
from tlstudio.domain.events import Note, Progress, Reporter
from tlstudio.export import timing
from tlstudio.export.certificate import (
    NO_LONGER,
    SHORT,
    SMALL,
    Examination,
    answers_of,
    certify_reduced,
    closeness,
    is_near,
    is_worth_it,
)
from tlstudio.export.half import halve
from tlstudio.export.quantise import calibration, try_ways
from tlstudio.export.storing import store_small
from tlstudio.images.cache import pixel_store
from tlstudio.storage.project import Project
from tlstudio.training.network import Network
from tlstudio.workflow.run_data import Sample

GOOD_ENOUGH = 0.99  # closeness of a file with 8-bit numbers from which on no other way is tried


@dataclass(frozen=True, slots=True)
class Subject:
    """What is exported, and what the file is compared with."""

    project: Project
    network: Network
    samples: list[Sample]
    examination: Examination


def reduce_file(file: Path, kind: FileKind, subject: Subject, reporter: Reporter) -> Certificate:
    """Turns the file, in full precision, into one of this kind.

    Raises CertificateFailed where none comes near and is worth it.
    """
    pixels = _examples(subject)
    trial, best = file.with_name(f"{file.name}.trial"), file.with_name(f"{file.name}.best")
    chosen: Certificate | None = None
    try:
        for _ in _ways(kind, file, trial, pixels, reporter):
            saving = _saving(file, trial, pixels[:1], reporter)
            answers = answers_of(trial, subject.examination, reporter)
            seal = certify_reduced(kind, answers, subject.examination, saving)
            if better(seal, chosen):
                chosen = seal
                trial.replace(best)
            if chosen is not None and chosen.passed and closeness(chosen) >= GOOD_ENOUGH:
                break
        if chosen is not None and chosen.passed:
            best.replace(file)
            return chosen
    finally:
        for left in (trial, best):
            left.unlink(missing_ok=True)
    raise _refused(kind, chosen)


def better(one: Certificate, other: Certificate | None) -> bool:
    """Whether it may be handed out and the other may not; else whether it comes closer."""
    if other is None or one.passed is not other.passed:
        return other is None or one.passed
    return closeness(one) > closeness(other)


def _examples(subject: Subject) -> npt.NDArray[np.uint8]:
    """Training images only: what the file is examined with must not have shaped it."""
    store = pixel_store(subject.project, subject.network.spec.preprocess)
    usable = [s for s in subject.samples if s.content in store.keys]
    chosen = calibration([s.label for s in usable], [s.unit for s in usable])
    return np.asarray(store.take([usable[k].content for k in chosen]), np.uint8)


def _ways(
    kind: FileKind, file: Path, trial: Path, examples: npt.NDArray[np.uint8], reporter: Reporter
) -> Iterator[None]:
    """Writes `trial` in one way after the other."""

    def watch(done: int, total: int) -> None:
        reporter.report(Progress("Correcting the rounding, layer by layer", done, total))

    if kind is FileKind.INT8:
        reporter.report(Note("Trying 8-bit numbers."))
        for way in try_ways(file, trial, examples, watch):
            reporter.report(Note(f"Checking 8-bit numbers ({way})."))
            yield
    elif kind is FileKind.STORED_SMALL:
        reporter.report(Note("Storing the weights in 8 bits."))
        store_small(file, trial, examples, watch)
        yield
    else:
        reporter.report(Note("Turning the numbers into 16 bits."))
        halve(file, trial)
        yield


def _saving(full: Path, reduced: Path, pixels: npt.NDArray[np.uint8], reporter: Reporter) -> Saving:
    reporter.report(Note("Timing the file beside the one in full precision."))
    ratio = timing.times_as_long(full, reduced, pixels, reporter.stop_requested)
    sizes = reduced.stat().st_size, full.stat().st_size
    return Saving(*sizes, ratio.value, ratio.low, ratio.high, timing.PAIRS, timing.THREADS)


def _refused(kind: FileKind, best: Certificate | None) -> CertificateFailed:
    """Why there is no such file: always with what it would save, and with what it would cost where that is too much."""
    remedy = "Export it in full precision, or train with another pretrained model, such as a ResNet."
    if kind is FileKind.INT8:
        remedy = (
            "Export it stored small or in full precision, or train with another pretrained model, such as a ResNet."
        )
    if best is None or best.nearness is None or best.saving is None:
        return CertificateFailed(f"{kind.caption}: this model can't be written so.", remedy=remedy)
    near, saving = best.nearness, best.saving
    told = [
        f"{kind.caption}: the file would have {saving.size:.2f} times the size, and an image would take {saving.duration}."
    ]
    if not is_worth_it(kind, saving):
        told.append(_wanted(kind))
    if not is_near(near):
        told.append(
            f"Of {best.images:,} images it gives {near.differ:,} another class (up to {near.may_differ:,} may) and changes"
            f" the mark “unfamiliar” on {near.unfamiliar:,} (up to {near.may_be_unfamiliar:,} may); accuracy: {near.points}."
        )
    told.append(at_threshold(best.decisions).strip())
    return CertificateFailed(" ".join([*filter(None, told), "So it is not handed out."]), remedy=remedy)


def _wanted(kind: FileKind) -> str:
    if kind is FileKind.HALF:
        return "It would not be smaller."
    slower = f", and never more than {NO_LONGER:g} times as long" if kind is FileKind.INT8 else ""
    return f"It has to have at most {SMALL:g} times the size, or take at most {SHORT:g} times as long{slower}."


def at_threshold(decisions: Decisions | None) -> str:
    """A sentence on what goes wrong with the class that must not be missed, if anything does; it begins with a space."""
    if decisions is None or decisions.held:
        return ""
    return (
        f" At the threshold for {decisions.name} it decides {decisions.differ:,} images differently, where"
        f" {decisions.may_differ:,} may be, and finds {decisions.found:,} of {decisions.positives:,} instead of"
        f" {decisions.found_trained:,}."
    )
