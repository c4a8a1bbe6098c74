"""The certificate: the exported file, run over the held-out files through the real decoding path, equals the trained model.

A file with 8-bit numbers can't be equal; it has to come close, and the certificate says how close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.bundle import Certificate
from tlstudio.domain.errors import CertificateFailed
from tlstudio.domain.events import Progress, Reporter
from tlstudio.inference.bundle import Bundle
from tlstudio.inference.predictor import Status, predict_files

TIE = 1e-4  # a lead smaller than this may fall either way
LARGEST_DIFFERENCE = 1e-4  # of any probability
INT8_DISAGREE = 0.05  # share of images whose top class may change with 8-bit numbers
INT8_LOSS = 0.02  # of the accuracy; either way one image may always change

Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examination:
    """Left-out images and what the trained model says of them.

    paths: of the files. expected: probabilities, (n, classes). truth: numbers of the labeled classes, (n,). split: of the images.
    """

    paths: Sequence[Path]
    expected: Table
    truth: npt.NDArray[np.int64]
    split: str


def certify(file: Path, by: Examination, reporter: Reporter) -> Certificate:
    """Has the file answer, each image decoded from its own file. Raises CertificateFailed when one can't be read any more."""
    return compare(_answers(file, by.paths, reporter), by.expected, by.split)


def certify_int8(file: Path, by: Examination, reporter: Reporter) -> Certificate:
    """The same for a file with 8-bit numbers."""
    return compare_int8(_answers(file, by.paths, reporter), by.expected, by.truth, by.split)


def _answers(file: Path, paths: Sequence[Path], reporter: Reporter) -> Table:
    rows = []
    for done, answer in enumerate(predict_files(Bundle(file), paths, waiting=reporter.stop_requested), start=1):
        if answer.status is Status.REFUSED:
            raise CertificateFailed(
                "An image that the check needs can't be read any more.",
                remedy="Connect the drive that holds the images and export again.",
                path=answer.file,
            )
        rows.append(answer.probabilities)
        reporter.report(Progress("Checking the exported file image by image", done, len(paths)))
    return np.array(rows)


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
    close = differ <= max(1, INT8_DISAGREE * n) and right_trained - right <= max(1, INT8_LOSS * n)
    return replace(
        same,
        passed=bool(n and close),
        precision="int8",
        accuracy=right / n if n else 0.0,
        accuracy_trained=right_trained / n if n else 0.0,
    )


def _agree(found: Table, expected: Table) -> npt.NDArray[np.bool_]:
    ordered = np.sort(expected, axis=1)
    tie = ordered[:, -1] - ordered[:, -2] < TIE
    agree: npt.NDArray[np.bool_] = (found.argmax(axis=1) == expected.argmax(axis=1)) | tie
    return agree
