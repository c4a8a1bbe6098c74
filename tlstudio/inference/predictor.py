"""Classifying files with a bundle: bounded memory for any number of images, one bad file costs that file alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.operating import WINS
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.evaluation.decision import decide, is_close
from tlstudio.images.guard import DECODERS
from tlstudio.images.inspect import THUMBNAIL, shrink
from tlstudio.images.prepare import Pixels, prepare_and_keep, shows_something
from tlstudio.inference.bundle import Bundle
from tlstudio.inference.trial import usable

BATCH = 16
NOTHING_TO_SEE = "Without contrast: it is of one colour all over, so there is nothing to classify."
NO_ANSWER = "The model gave no valid answer for this image."
CLOSE_CALL = 0.2  # a lead of the best class over the second below this is uncertain


class Status(StrEnum):
    OK = "ok"
    UNCERTAIN = "uncertain"
    UNFAMILIAR = "unfamiliar"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One file's answer. novelty and probabilities are empty for a refused file; `small` is a JPEG, when asked for."""

    file: Path
    status: Status
    label: str = ""
    confidence: float | None = None
    novelty: float | None = None
    probabilities: tuple[float, ...] = ()
    message: str = ""
    small: bytes | None = None

    def to_row(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """The JSON object of `tlstudio predict`."""
        return {
            "file": str(self.file),
            "status": self.status.value,
            "label": self.label,
            "confidence": self.confidence,
            "novelty": self.novelty,
            "probabilities": dict(zip(classes, self.probabilities, strict=False)),
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class _Ready:
    pixels: Pixels
    small: bytes | None


def predict_files(
    bundle: Bundle,
    files: Iterable[Path],
    *,
    thumbnails: bool = False,
    waiting: Callable[[], object] | None = None,
    whatever: bool = False,
) -> Iterator[Prediction]:
    """Classifies files in order, decoding them in processes of their own. No pictures pile up, however many there are.

    Pictures without contrast are refused; whatever: classified like all others, as a comparison of two models wants them.
    waiting: called several times a second while a file is being decoded; what it raises ends the loop.
    """
    wanted = list(files)
    read = partial(_read, spec=bundle.info.preprocess, thumbnails=thumbnails, whatever=whatever)
    batch: list[tuple[Path, _Ready | Refusal]] = []
    # A decoding process may have been started in another folder.
    results = DECODERS.in_order(read, (path.absolute() for path in wanted), waiting=waiting)
    for path, (_, ready) in zip(wanted, results, strict=True):
        batch.append((path, ready))
        if len(batch) == BATCH:
            yield from _answer(bundle, batch)
            batch = []
    yield from _answer(bundle, batch)


def _read(path: Path, spec: PreprocessSpec, thumbnails: bool, whatever: bool) -> _Ready:
    pixels, picture = prepare_and_keep(path, spec)
    if not whatever and not shows_something(pixels):
        raise ImageRefused(NOTHING_TO_SEE)
    return _Ready(pixels, shrink(picture, THUMBNAIL) if thumbnails else None)


def _answer(bundle: Bundle, waiting: list[tuple[Path, _Ready | Refusal]]) -> Iterator[Prediction]:
    shown = [ready.pixels for _, ready in waiting if isinstance(ready, _Ready)]
    results = _results(bundle, np.stack(shown)) if shown else iter(())
    for path, ready in waiting:
        if isinstance(ready, Refusal):
            yield Prediction(path, Status.REFUSED, message=ready.reason)
            continue
        result = next(results)
        if result is None:
            yield Prediction(path, Status.REFUSED, message=NO_ANSWER, small=ready.small)
        else:
            yield judge(bundle.info, path, *result, ready.small)


def _results(bundle: Bundle, pixels: npt.NDArray[np.uint8]) -> Iterator[tuple[list[float], float] | None]:
    """Probabilities and novelty of each picture; None where what the model gave is no answer."""
    probabilities, novelty = bundle.run(pixels)
    good = usable(probabilities, novelty, len(pixels), len(bundle.info.classes))
    for i, answered in enumerate(good):
        yield (probabilities[i].tolist(), float(novelty[i])) if answered else None


def judge(
    info: BundleInfo, path: Path, probabilities: list[float], novelty: float, small: bytes | None = None
) -> Prediction:
    """The label, status and message that go with one answer of the graph."""
    label, status, message = _by_threshold(info, probabilities, _by_rank(info.classes, probabilities))
    if info.novelty_threshold is not None and novelty > info.novelty_threshold:
        status, message = Status.UNFAMILIAR, "Unlike the images the model learned from: check it yourself."
    return Prediction(
        file=path,
        status=status,
        label=info.classes[label],
        confidence=probabilities[label],
        novelty=novelty,
        probabilities=tuple(probabilities),
        message=message,
        small=small,
    )


_Verdict = tuple[int, Status, str]  # the class's number, and what to say about it


def _by_rank(classes: Sequence[str], probabilities: Sequence[float]) -> _Verdict:
    """The most likely class; uncertain when the next one is nearly as likely."""
    best, *rest = sorted(range(len(probabilities)), key=lambda k: -probabilities[k])
    if rest and probabilities[best] - probabilities[rest[0]] < CLOSE_CALL:
        return best, Status.UNCERTAIN, f"Nearly as likely: {classes[rest[0]]}."
    return best, Status.OK, ""


def _by_threshold(info: BundleInfo, probabilities: Sequence[float], ranked: _Verdict) -> _Verdict:
    """The class by the operating point's rule; uncertain when its threshold or the rank might as well decide otherwise.

    ranked: what is said without an operating point, and where there is none.
    """
    if not info.operating_point:
        return ranked
    ((name, threshold),) = info.operating_point.items()
    positive = info.classes.index(name)
    flagged = int(decide(np.array([probabilities]), positive, threshold)[0]) == positive
    above, close = probabilities[positive] >= threshold, is_close(probabilities[positive], threshold)
    if not flagged:  # a threshold that changes nothing is not spoken of
        below = f"Just below the threshold for {name}."
        return (ranked[0], Status.UNCERTAIN, below) if close and threshold < WINS else ranked
    if ranked[0] == positive:  # far above the threshold it is given even if it should not be the likeliest
        return (positive, Status.OK, "") if above and not close else ranked
    if close:
        return positive, Status.UNCERTAIN, f"Just above the threshold for {name}."
    return positive, Status.OK, f"Above the threshold for {name}, though {info.classes[ranked[0]]} is more likely."
