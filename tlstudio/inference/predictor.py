"""Classifying files with a bundle: bounded memory for any number of images, one bad file costs that file alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.cache import in_order
from tlstudio.images.decode import quiet_decoders
from tlstudio.images.inspect import THUMBNAIL, shrink
from tlstudio.images.prepare import Pixels, prepare_and_keep
from tlstudio.inference.bundle import Bundle

BATCH = 16
CLOSE_CALL = 0.2  # a lead of the best class over the second below this is uncertain, where no operating point is set


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


def predict_files(bundle: Bundle, files: Iterable[Path], *, thumbnails: bool = False) -> Iterator[Prediction]:
    """Classifies files in order. Memory does not grow with their number."""
    spec = bundle.info.preprocess

    def read(path: Path) -> _Ready | ImageRefused:
        return _read(path, spec, thumbnails)

    waiting: list[tuple[Path, _Ready | ImageRefused]] = []
    with quiet_decoders():
        for path, ready in in_order(read, files):
            waiting.append((path, ready))
            if len(waiting) == BATCH:
                yield from _answer(bundle, waiting)
                waiting = []
        yield from _answer(bundle, waiting)


def _read(path: Path, spec: PreprocessSpec, thumbnails: bool) -> _Ready | ImageRefused:
    try:
        pixels, picture = prepare_and_keep(path, spec)
    except ImageRefused as error:
        return error
    return _Ready(pixels, shrink(picture, THUMBNAIL) if thumbnails else None)


def _answer(bundle: Bundle, waiting: list[tuple[Path, _Ready | ImageRefused]]) -> Iterator[Prediction]:
    usable = [ready.pixels for _, ready in waiting if isinstance(ready, _Ready)]
    results = iter(zip(*bundle.run(np.stack(usable)), strict=True)) if usable else iter(())
    for path, ready in waiting:
        if isinstance(ready, ImageRefused):
            yield Prediction(path, Status.REFUSED, message=ready.what)
        else:
            probabilities, novelty = next(results)
            yield judge(bundle.info, path, [float(p) for p in probabilities], float(novelty), ready.small)


def judge(
    info: BundleInfo, path: Path, probabilities: list[float], novelty: float, small: bytes | None = None
) -> Prediction:
    """The status and message that go with one answer of the graph."""
    order = sorted(range(len(probabilities)), key=lambda k: -probabilities[k])
    best, second = order[0], order[1]
    status, message = Status.OK, ""
    if info.novelty_threshold is not None and novelty > info.novelty_threshold:
        status, message = Status.UNFAMILIAR, "Unlike the images the model learned from: check it yourself."
    elif probabilities[best] - probabilities[second] < CLOSE_CALL:
        status, message = Status.UNCERTAIN, f"Nearly as likely: {info.classes[second]}."
    return Prediction(
        file=path,
        status=status,
        label=info.classes[best],
        confidence=probabilities[best],
        novelty=novelty,
        probabilities=tuple(probabilities),
        message=message,
        small=small,
    )
