"""The certificate: the exported file, run over the held-out files through the real decoding path, equals the trained model."""

from __future__ import annotations

from collections.abc import Sequence
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


def certify(
    file: Path, paths: Sequence[Path], expected: npt.NDArray[np.float64], split: str, reporter: Reporter
) -> Certificate:
    """Compares the file's answers with `expected` (n, classes), the trained model's on the same images.

    Raises CertificateFailed when an image can't be read any more.
    """
    answers = []
    for done, answer in enumerate(predict_files(Bundle(file), paths), start=1):
        if answer.status is Status.REFUSED:
            raise CertificateFailed(
                "An image that the check needs can't be read any more.",
                remedy="Connect the drive that holds the images and export again.",
                path=answer.file,
            )
        answers.append(answer.probabilities)
        reporter.report(Progress("Checking the exported file image by image", done, len(paths)))
    return compare(np.array(answers), expected, split)


def compare(found: npt.NDArray[np.float64], expected: npt.NDArray[np.float64], split: str) -> Certificate:
    """The certificate for two tables of probabilities, (n, classes) each."""
    ordered = np.sort(expected, axis=1)
    tie = ordered[:, -1] - ordered[:, -2] < TIE
    agree = (found.argmax(axis=1) == expected.argmax(axis=1)) | tie
    difference = float(np.abs(found - expected).max()) if len(found) else 1.0
    passed = bool(len(found) and agree.all() and difference <= LARGEST_DIFFERENCE)
    return Certificate(len(found), float(agree.mean()) if len(found) else 0.0, difference, passed, split)
