"""The certificate: the exported file, run over the held-out files through the real decoding path, equals the trained model.

A file with 8-bit numbers can't be equal; it has to come close, and the certificate says how close. Where a class has a threshold
of its own, that holds for the decisions at this threshold too: they are what the file's user will see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.bundle import BundleInfo, Certificate, Decisions
from tlstudio.domain.errors import CertificateFailed
from tlstudio.domain.events import Progress, Reporter
from tlstudio.inference.bundle import Bundle
from tlstudio.inference.predictor import Prediction, Status, judge, predict_files

TIE = 1e-4  # a lead smaller than this may fall either way
LARGEST_DIFFERENCE = 1e-4  # of any probability
INT8_DISAGREE = (
    0.05  # share of images whose top class, or whose decision at the threshold, may change with 8-bit numbers
)
INT8_LOSS = 0.02  # of the accuracy, and of the images of a class that must not be missed; either way one image may always change

Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examination:
    """Left-out images and what the trained model says of them.

    paths: of the files. expected: probabilities, (n, classes). truth: numbers of the labeled classes, (n,). split: of the images.
    info: the classes and the operating point that both sides decide by. novelty: (n,), of the file in full precision; None
    before there is one, and then the novelty of the file that is examined counts for both sides.
    """

    paths: Sequence[Path]
    expected: Table
    truth: npt.NDArray[np.int64]
    split: str
    info: BundleInfo
    novelty: npt.NDArray[np.float64] | None = None

    def after(self, answers: Sequence[Prediction]) -> Examination:
        """The same for another file, which is to be as novel as these answers of the file in full precision say."""
        return replace(self, novelty=np.array([answer.novelty for answer in answers], np.float64))


def answers_of(file: Path, by: Examination, reporter: Reporter) -> list[Prediction]:
    """Has the file answer, each image decoded from its own file. Raises CertificateFailed when one can't be read any more."""
    rows = []
    for done, answer in enumerate(
        predict_files(Bundle(file), by.paths, waiting=reporter.stop_requested, whatever=True), start=1
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


def certify_int8(answers: Sequence[Prediction], by: Examination) -> Certificate:
    """The same for a file with 8-bit numbers: close enough, or not."""
    seal = compare_int8(_table(answers), by.expected, by.truth, by.split)
    decisions = compare_decisions(answers, by)
    if decisions is not None:
        may_differ, may_miss = _allowed(INT8_DISAGREE, len(answers)), _allowed(INT8_LOSS, decisions.positives)
        decisions = replace(decisions, may_differ=may_differ, may_miss=may_miss)
    return _with(seal, decisions)


def closeness(seal: Certificate) -> float:
    """How near a file comes, 0 … 1: by its top classes or, where it is less, by its decisions at the operating point."""
    if seal.decisions is None or not seal.images:
        return seal.agreement
    return min(seal.agreement, 1 - seal.decisions.differ / seal.images)


def _table(answers: Sequence[Prediction]) -> Table:
    return np.array([answer.probabilities for answer in answers])


def _with(seal: Certificate, decisions: Decisions | None) -> Certificate:
    return replace(seal, decisions=decisions, passed=seal.passed and (decisions is None or decisions.held))


def _allowed(share: float, n: int) -> int:
    """One image may always change."""
    return max(1, int(share * n + 1e-9))


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


def compare(found: Table, expected: Table, split: str) -> Certificate:
    """The certificate for two tables of probabilities, (n, classes) each."""
    agree = _agree(found, expected)
    difference = float(np.abs(found - expected).max()) if len(found) else 1.0
    passed = bool(len(found) and agree.all() and difference <= LARGEST_DIFFERENCE)
    return Certificate(len(found), float(agree.mean()) if len(found) else 0.0, difference, passed, split)


def compare_int8(found: Table, expected: Table, truth: npt.NDArray[np.int64], split: str) -> Certificate:
    """The certificate of a file with 8-bit numbers: close enough, or not."""
    same = compare(found, expected, split)
    n = len(found)
    right, right_trained = int((found.argmax(1) == truth).sum()), int((expected.argmax(1) == truth).sum())
    differ = n - int(_agree(found, expected).sum())
    close = differ <= _allowed(INT8_DISAGREE, n) and right_trained - right <= _allowed(INT8_LOSS, n)
    return replace(
        same,
        passed=bool(n and close),
        precision="int8",
        accuracy=right / n if n else 0.0,
        accuracy_trained=right_trained / n if n else 0.0,
    )


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
