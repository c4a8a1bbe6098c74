"""The certificate: the exported file, run over the held-out files through the real decoding path, equals the trained model.

A file with fewer bits can't be equal. It has to come near, each kind within limits of its own, and to be worth it; the
certificate says how near it comes and what it saves. Where a class has a threshold of its own, all that holds for the decisions
at this threshold too: they are what the file's user will see.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.certificate import Certificate, Decisions, FileKind, Nearness, Saving
from tlstudio.domain.errors import CertificateFailed
from tlstudio.domain.events import Progress, Reporter
from tlstudio.evaluation.paired import difference_interval
from tlstudio.inference.bundle import Bundle
from tlstudio.inference.predictor import Prediction, Status, judge, predict_files

TIE = 1e-4  # a lead smaller than this may fall either way
LARGEST_DIFFERENCE = 1e-4  # of any probability
MAY_DIFFER = {  # share of images whose class, decision at the threshold or mark "unfamiliar" may change; one always may
    FileKind.INT8: 0.05,
    FileKind.STORED_SMALL: 0.02,
    FileKind.HALF: 0.01,
}
MAY_LOSE = 0.01  # of the accuracy, and of the images of a class that must not be missed
SMALL = 0.5  # times the size at which a small file is worth it
SHORT = 0.7  # times the seconds for one image at which it is worth it whatever its size
ROUNDING = 1e-9  # by which a share that is exactly at its limit may seem above it
NO_LONGER = 1.0  # times the seconds that a file which computes with 8 bits may take, as it is made for speed

Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examination:
    """Left-out images and what the trained model says of them.

    paths: of the files. expected: probabilities, (n, classes). truth: numbers of the labeled classes, (n,). split: of the images.
    info: the classes and the operating point that both sides decide by. units: of the images, by their groups; every image is its
    own without them. novelty: (n,), of the file in full precision; None
    before there is one, and then the novelty of the file that is examined counts for both sides.
    """

    paths: Sequence[Path]
    expected: Table
    truth: npt.NDArray[np.int64]
    split: str
    info: BundleInfo
    units: Sequence[Hashable] = ()
    novelty: npt.NDArray[np.float64] | None = None

    def after(self, answers: Sequence[Prediction]) -> Examination:
        """The same for another file, which is to be as novel as these answers of the file in full precision say."""
        return replace(self, novelty=np.array([answer.novelty for answer in answers], np.float64))


def answers_of(file: Path, by: Examination, reporter: Reporter) -> list[Prediction]:
    """Has the file answer, each image decoded from its own file. Raises CertificateFailed when one can't be read any more."""
    rows = []
    for done, answer in enumerate(
        predict_files(Bundle(file, own=True), by.paths, waiting=reporter.check_cancelled, whatever=True), start=1
    ):
        if answer.status is Status.REFUSED:
            raise CertificateFailed(
                "An image that the check needs can't be read any more.",
                remedy="Connect the drive that holds the images and export again.",
                path=answer.file,
            )
        rows.append(answer)
        reporter.report(Progress("Checking the exported file image by image", done, len(by.paths)))
    return rows


def certify(answers: Sequence[Prediction], by: Examination) -> Certificate:
    """The certificate of a file that gave these answers: equal, or not."""
    seal = compare(_table(answers), by.expected, by.split)
    return _with(seal, compare_decisions(answers, by))


def certify_reduced(kind: FileKind, answers: Sequence[Prediction], by: Examination, saving: Saving) -> Certificate:
    """The same for a file with fewer bits: near enough and worth it, or not."""
    found, n = _table(answers), len(answers)
    may_differ = _allowed(MAY_DIFFER[kind], n)
    same = compare(found, by.expected, by.split)
    right, right_trained = found.argmax(1) == by.truth, by.expected.argmax(1) == by.truth
    loss = difference_interval(right_trained, right, by.units or range(n))
    near = Nearness(
        differ=n - int(_agree(found, by.expected).sum()),
        may_differ=may_differ,
        loss=loss.value,
        low=loss.low,
        high=loss.high,
        may_lose=MAY_LOSE,
        unfamiliar=_other_mark(answers, by),
        may_be_unfamiliar=may_differ,
    )
    seal = replace(
        same,
        passed=is_near(near) and is_worth_it(kind, saving),
        precision=kind.value,
        accuracy=float(right.mean()),
        accuracy_trained=float(right_trained.mean()),
        nearness=near,
        saving=saving,
    )
    decisions = compare_decisions(answers, by)
    if decisions is not None:
        may_miss = int(MAY_LOSE * decisions.positives + ROUNDING)
        decisions = replace(decisions, may_differ=may_differ, may_miss=may_miss)
    return _with(seal, decisions)


def is_near(found: Nearness) -> bool:
    """Whether the answers are within the limits that stand beside them."""
    within = found.differ <= found.may_differ and found.unfamiliar <= found.may_be_unfamiliar
    return within and found.loss <= found.may_lose + ROUNDING


def is_worth_it(kind: FileKind, saving: Saving) -> bool:
    """Whether the file saves what its kind is made for.

    What was timed counts by its upper limit, so that noise can't make a file look fast.
    """
    if kind is FileKind.HALF:  # for other processors than the one it was timed on
        return saving.bytes < saving.full_bytes
    small_or_short = saving.size <= SMALL or saving.high <= SHORT
    return small_or_short and (kind is not FileKind.INT8 or saving.high <= NO_LONGER)


def closeness(seal: Certificate) -> float:
    """How near a file comes, 0 … 1: by its top classes, its marks "unfamiliar" or its decisions at the operating point."""
    if not seal.images:
        return 0.0
    other = [
        0 if seal.nearness is None else seal.nearness.unfamiliar,
        0 if seal.decisions is None else seal.decisions.differ,
    ]
    return min(seal.agreement, 1 - max(other) / seal.images)


def _table(answers: Sequence[Prediction]) -> Table:
    return np.array([answer.probabilities for answer in answers])


def _with(seal: Certificate, decisions: Decisions | None) -> Certificate:
    return replace(seal, decisions=decisions, passed=seal.passed and (decisions is None or decisions.held))


def _allowed(share: float, n: int) -> int:
    """One image may always change."""
    return max(1, int(share * n + ROUNDING))


def compare_decisions(answers: Sequence[Prediction], by: Examination) -> Decisions | None:
    """What the file decided against what the runner makes of the trained model's answers; none may differ, and none be missed.

    A tie may fall either way: at the threshold, for the likeliest class, or between the likeliest of the other classes. None
    without an operating point.
    """
    if not by.info.operating_point:
        return None
    ((name, threshold),) = by.info.operating_point.items()
    positive = by.info.classes.index(name)
    own = by.truth == positive
    trained = _trained(answers, by)
    mine, theirs = (np.array([a.label == name for a in side], bool) for side in (answers, trained))
    other = np.array([a.label != b.label for a, b in zip(answers, trained, strict=True)], bool)
    others = np.delete(by.expected, positive, axis=1)
    # The class is given from the threshold on or from the likeliest other class on, whichever is lower.
    from_here = np.minimum(threshold, others.max(axis=1, initial=0.0))
    tie = np.abs(by.expected[:, positive] - from_here) < TIE
    tie |= _ties(others) & ~mine & ~theirs
    marks = [a.label == b.label and a.status is not b.status for a, b in zip(answers, trained, strict=True)]
    return Decisions(
        name=name,
        threshold=threshold,
        differ=int((other & ~tie).sum()),
        may_differ=0,
        marks=sum(marks),
        positives=int(own.sum()),
        found=int((own & mine).sum()),
        found_trained=int((own & theirs).sum()),
        may_miss=int((own & theirs & ~mine & tie).sum()),
    )


def _trained(answers: Sequence[Prediction], by: Examination) -> list[Prediction]:
    """The trained model's answers, as the runner would give them."""
    novelty = [answer.novelty or 0.0 for answer in answers] if by.novelty is None else by.novelty.tolist()
    rows = zip(answers, by.expected.tolist(), novelty, strict=True)
    return [judge(by.info, answer.file, chances, novel) for answer, chances, novel in rows]


def _other_mark(answers: Sequence[Prediction], by: Examination) -> int:
    """Images that only one of the two sides calls unlike the training images."""
    pairs = zip(answers, _trained(answers, by), strict=True)
    return sum((mine.status is Status.UNFAMILIAR) is not (theirs.status is Status.UNFAMILIAR) for mine, theirs in pairs)


def compare(found: Table, expected: Table, split: str) -> Certificate:
    """The certificate for two tables of probabilities, (n, classes) each."""
    agree = _agree(found, expected)
    difference = float(np.abs(found - expected).max()) if len(found) else 1.0
    passed = bool(len(found) and agree.all() and difference <= LARGEST_DIFFERENCE)
    return Certificate(len(found), float(agree.mean()) if len(found) else 0.0, difference, passed, split)


def _agree(found: Table, expected: Table) -> npt.NDArray[np.bool_]:
    agree: npt.NDArray[np.bool_] = (found.argmax(axis=1) == expected.argmax(axis=1)) | _ties(expected)
    return agree


def _ties(rows: Table) -> npt.NDArray[np.bool_]:
    """Where the likeliest class leads so little that it may fall either way; never where there is only one class."""
    if rows.shape[1] < 2:
        return np.zeros(len(rows), bool)
    ordered = np.sort(rows, axis=1)
    tie: npt.NDArray[np.bool_] = ordered[:, -1] - ordered[:, -2] < TIE
    return tie
