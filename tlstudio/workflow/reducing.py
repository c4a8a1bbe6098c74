"""A file with fewer bits instead of the one in full precision, and why there is none where it would not be worth it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.certificate import Certificate, Decisions, FileKind, Saving
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

log = logging.getLogger(__name__)

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
    attempt = _Attempt(file, file.with_name(f"{file.name}.trial"), kind, _examples(subject), reporter)
    best = file.with_name(f"{file.name}.best")
    chosen: Certificate | None = None
    try:
        for saving in attempt.ways():
            answers = answers_of(attempt.trial, subject.examination, reporter)
            seal = certify_reduced(kind, answers, subject.examination, saving)
            if better(seal, chosen):
                chosen = seal
                attempt.trial.replace(best)
            if chosen is not None and chosen.passed and closeness(chosen) >= GOOD_ENOUGH:
                break
        if chosen is not None and chosen.passed:
            best.replace(file)
            return chosen
    finally:
        for left in (attempt.trial, best):
            left.unlink(missing_ok=True)
    raise refused(kind, attempt.savings, chosen)


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


class _Attempt:
    """The ways to write a file of one kind, and what each would save."""

    def __init__(
        self, full: Path, trial: Path, kind: FileKind, examples: npt.NDArray[np.uint8], reporter: Reporter
    ) -> None:
        self.full, self.trial, self.kind, self.examples, self.reporter = full, trial, kind, examples, reporter
        self.savings: list[Saving] = []

    def ways(self) -> Iterator[Saving]:
        """Writes `trial` in one way after the other; of those that are worth it, what they save."""
        if self.kind is FileKind.INT8:
            self.reporter.report(Note("Trying 8-bit numbers."))
            for _ in try_ways(self.full, self.trial, self.examples, self._worth_it, self._watch):
                yield self.savings[-1]
            return
        try:
            self._write()
        except OSError:
            raise
        except (
            Exception
        ) as error:  # onnx and onnxruntime raise whatever a graph they do not understand makes them raise
            log.warning("%s failed: %s", self.kind.caption, error)
            return
        if self._worth_it():
            yield self.savings[-1]

    def _write(self) -> None:
        if self.kind is FileKind.STORED_SMALL:
            self.reporter.report(Note("Storing the weights in 8 bits."))
            store_small(self.full, self.trial, self.examples, self._watch)
        else:
            self.reporter.report(Note("Turning the numbers into 16 bits."))
            halve(self.full, self.trial)

    def _watch(self, done: int, total: int) -> None:
        self.reporter.report(Progress("Correcting the rounding, layer by layer", done, total))

    def _worth_it(self) -> bool:
        self.reporter.report(Note("Timing the file beside the one in full precision."))
        ratio = timing.times_as_long(self.full, self.trial, self.examples[:1], self.reporter.check_cancelled)
        sizes = self.trial.stat().st_size, self.full.stat().st_size
        self.savings.append(Saving(*sizes, ratio.value, ratio.low, ratio.high, timing.PAIRS, timing.THREADS))
        return is_worth_it(self.kind, self.savings[-1])


def refused(kind: FileKind, savings: Sequence[Saving], best: Certificate | None) -> CertificateFailed:
    """Why there is no such file: always with what it would save, and with what it would cost where that is too much.

    savings: of all that were tried. best: the nearest of those that are worth it; None where none is.
    """
    remedy = "Export it in full precision, or train with another pretrained model, such as a ResNet."
    if kind is FileKind.INT8:
        remedy = (
            "Export it stored small or in full precision, or train with another pretrained model, such as a ResNet."
        )
    if not savings:
        return CertificateFailed(f"{kind.caption}: this model can't be written so.", remedy=remedy)
    shortest = min(savings, key=lambda saving: saving.time)
    saving = shortest if best is None or best.saving is None else best.saving
    told = [
        f"{kind.caption}: the file would have {saving.size:.2f} times the size, and an image would take {saving.duration}."
    ]
    if best is None:
        told.append(_wanted(kind))
    elif best.nearness is not None and not is_near(best.nearness):
        near = best.nearness
        told.append(
            f"Of {best.images:,} images it gives {near.differ:,} another class (up to {near.may_differ:,} may) and changes"
            f" the mark “unfamiliar” on {near.unfamiliar:,} (up to {near.may_be_unfamiliar:,} may); accuracy: {near.points}."
        )
    told.append(at_threshold(None if best is None else best.decisions).strip())
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
