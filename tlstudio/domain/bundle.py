"""The bundle: one .onnx file with everything needed to use it, described by JSON in `metadata_props["tlstudio"]`.

Graph input `image`: uint8, (batch, size, size, 3), RGB. Outputs: `probabilities` (batch, classes), `embedding`
(batch, features) and `novelty` (batch,), 0 meaning like the training images. Fields that are absent read as None.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import BundleRefused, WrongUsage
from tlstudio.domain.novelty import NoveltyFacts
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.reading import read_fields

METADATA_KEY = "tlstudio"
FORMAT_VERSION = 1
OWN_HASH = "description_sha256"
SEAL = ("graph_sha256", OWN_HASH, "trial")
HASH_LETTERS = 64
LONGEST = 32_000_000  # letters of a description; with the mix-ups of 1,000 classes it has 6 million


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the file decides at its operating point, compared with the trained model.

    name, threshold: of the operating point. differ: images that are given another class (ties with a margin under 1e-4 do not
    count); may_differ: how many of them the certificate allows. marks: images that are given the same class with another mark,
    such as uncertain. positives: images labeled `name`; found, found_trained: those of them that the file and the trained
    model flag; may_miss: how many fewer the certificate allows the file to flag.
    """

    name: str
    threshold: float
    differ: int
    may_differ: int
    marks: int
    positives: int
    found: int
    found_trained: int
    may_miss: int

    @property
    def held(self) -> bool:
        return self.differ <= self.may_differ and self.found_trained - self.found <= self.may_miss


class FileKind(StrEnum):
    """What the numbers of an exported file are; its value stands in the file.

    FULL: those of the trained model. INT8: 8 bits, for weights and computation. STORED_SMALL: weights of 8 bits, computation in
    full precision. HALF: 16 bits in floating point, for graphics processors. Only the first equals the model; the others keep its
    head and its novelty as they are, and come near.
    """

    FULL = "float32"
    INT8 = "int8"
    STORED_SMALL = "stored-small"
    HALF = "float16"

    @property
    def caption(self) -> str:
        """For people, and at the beginning of a sentence."""
        return {
            "float32": "Full precision",
            "int8": "8-bit numbers",
            "stored-small": "Stored small",
            "float16": "Half precision",
        }[self.value]

    @property
    def meaning(self) -> str:
        """What one gets, for people."""
        return {
            "float32": "the numbers of the trained model, and exactly its answers",
            "int8": "small, and faster where processors multiply bytes; nearly the same answers",
            "stored-small": "small on the disk; in use it takes the time and memory of full precision; nearly the same answers",
            "float16": "for graphics processors, about half the size; checked without one, untested on one",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a file with fewer bits comes to the trained model on the images compared, and how near it has to come.

    differ: images that are given another class (ties with a margin under 1e-4 do not count). loss: the model's accuracy less
    the file's, a share that is negative where the file is right more often; low, high: its 95 % interval. unfamiliar: images
    that only one of this file and the file in full precision calls unlike the training images. may_…: how much the certificate
    allows.
    """

    differ: int
    may_differ: int
    loss: float
    low: float
    high: float
    may_lose: float
    unfamiliar: int
    may_be_unfamiliar: int

    @property
    def points(self) -> str:
        """What is lost, in percentage points."""
        low, high = (f"{100 * share:.1f}" for share in (self.low, self.high))
        return (
            f"{100 * self.loss:.1f} points lost (95 % interval {low} to {high}), up to {100 * self.may_lose:g} may be"
        )


@dataclass(frozen=True, slots=True)
class Saving:
    """What a file with fewer bits saves against the one in full precision, measured on the computer that exported it.

    bytes, full_bytes: sizes of both files. time: how many times as long it takes to answer one image, the median of `pairs` runs
    of both side by side on the processor; low, high: its 95 % interval. threads: that computed.
    """

    bytes: int
    full_bytes: int
    time: float
    low: float
    high: float
    pairs: int
    threads: int

    @property
    def size(self) -> float:
        """How many times the size."""
        return self.bytes / self.full_bytes

    @property
    def duration(self) -> str:
        """How long an image takes, for people."""
        threads = "one thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.time:.2f} times as long ({self.low:.2f} to {self.high:.2f}), {threads}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the exported file answers, compared with the trained model.

    images: held-out images compared, each decoded from its file. agreement: share with the same top class (ties with a margin
    under 1e-4 count as agreement). max_difference: largest difference of any probability. precision: a value of FileKind; a file
    in full precision must equal the model, the others must come near. accuracy, accuracy_trained: of the file and of the model
    on these images, only for those others; nearness and saving likewise. decisions: None without an operating point. In files
    of earlier versions any of the last three may be missing.
    """

    images: int
    agreement: float
    max_difference: float
    passed: bool
    split: str = "test"
    precision: str = FileKind.FULL.value
    accuracy: float | None = None
    accuracy_trained: float | None = None
    decisions: Decisions | None = None
    nearness: Nearness | None = None
    saving: Saving | None = None

    @property
    def kind(self) -> FileKind | None:
        """None for one that only a later version of the program knows."""
        return next((kind for kind in FileKind if kind.value == self.precision), None)


@dataclass(frozen=True, slots=True)
class Trial:
    """What the file answered, when it was exported, to pictures that are drawn by a rule; see `inference.trial`.

    probabilities: a row for each picture. novelty: a number for each.
    """

    rule: int
    probabilities: tuple[tuple[float, ...], ...]
    novelty: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BundleInfo:
    """The bundle's own description.

    temperature: divides the logits inside the graph. operating_point: {class: threshold} or None; an image is given that class
    when its probability is at least the threshold, and the likeliest class else. novelty_threshold: novelty above it is
    reported as unfamiliar. novelty: what was measured of it, None in files of earlier versions.
    data_fingerprint: SHA-256 over the contents and labels of the training images.
    metrics: as `evaluate` gives them, with intervals. versions: of the program and libraries that made it. run: the id, in its
    project, of the training that it is the model of; empty in files of earlier versions.
    graph_sha256: of the file without this description (hex), and trial: both empty in files of earlier versions, which carry no
    seal.
    """

    classes: tuple[str, ...]
    preprocess: PreprocessSpec
    backbone: dict[str, Any]
    data_fingerprint: str
    versions: dict[str, str]
    project: str = ""
    created_at: str = ""
    temperature: float | None = None
    operating_point: dict[str, float] | None = None
    novelty_threshold: float | None = None
    novelty: NoveltyFacts | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    certificate: Certificate | None = None
    format_version: int = FORMAT_VERSION
    run: str = ""
    graph_sha256: str = ""
    trial: Trial | None = None

    @property
    def sealed(self) -> bool:
        """Whether a changed file is found out."""
        return bool(self.graph_sha256)

    @property
    def seal_sentence(self) -> str:
        """For people."""
        if self.sealed:
            return "Whole: the file is, bit by bit, what was exported, and answers its test pictures as it did then."
        return (
            "This file carries no seal, because an earlier version of the program made it: whether it was changed since can't be"
            " told. Export the model again to get one."
        )

    def dumps(self) -> str:
        """JSON with the SHA-256 of itself, which is reckoned of the text without it."""
        data = {
            "format_version": self.format_version,
            "classes": list(self.classes),
            "preprocess": self.preprocess.to_json(),
            "backbone": self.backbone,
            "data_fingerprint": self.data_fingerprint,
            "versions": self.versions,
            "project": self.project,
            "created_at": self.created_at,
            "temperature": self.temperature,
            "operating_point": self.operating_point,
            "novelty_threshold": self.novelty_threshold,
            "novelty": None if self.novelty is None else asdict(self.novelty),
            "metrics": self.metrics,
            "run": self.run or None,
            "certificate": None
            if self.certificate is None
            else {k: v for k, v in asdict(self.certificate).items() if v is not None},
            "graph_sha256": self.graph_sha256 or None,
            "trial": None if self.trial is None else asdict(self.trial),
        }
        told = {k: v for k, v in data.items() if v is not None}
        return _text(told | {OWN_HASH: _hash(told)} if self.sealed else told)

    @staticmethod
    def loads(text: str, path: Path) -> BundleInfo:
        """Reads `dumps`' form. Raises BundleRefused, naming `path`, for anything else; unknown keys are ignored.

        A description with a seal must be, sign by sign, the one that was sealed.
        """
        try:
            if len(text) > LONGEST:
                raise ValueError("too long")
            data = json.loads(text, parse_constant=_no_number)
            version = int(data["format_version"])
        except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
            raise _damaged(path) from error
        if version > FORMAT_VERSION:
            raise _too_new(f"This model was made by a newer version of the program (format {version}).", path)
        # One of these keys alone is left where the name of another was changed.
        if any(key in data for key in SEAL) and not (all(key in data for key in SEAL) and _is_own(text, data)):
            raise BundleRefused(
                "The description inside this model file was changed after the export: its seal is broken.",
                remedy="Copy the file again from where it came from, or export the model again.",
                path=path,
            )
        try:
            certificate, trial, novelty = (data.get(name) for name in ("certificate", "trial", "novelty"))
            return BundleInfo(
                classes=_classes(data["classes"]),
                preprocess=PreprocessSpec.from_json(data["preprocess"]),
                backbone=dict(data["backbone"]),
                data_fingerprint=str(data["data_fingerprint"]),
                versions=dict(data["versions"]),
                project=str(data.get("project", "")),
                created_at=str(data.get("created_at", "")),
                temperature=_temperature(data.get("temperature")),
                operating_point=_operating_point(data.get("operating_point"), data["classes"]),
                novelty_threshold=_number(data.get("novelty_threshold")),
                novelty=None if novelty is None else read_fields(NoveltyFacts, novelty),
                metrics=dict(data.get("metrics", {})),
                certificate=None if certificate is None else read_fields(Certificate, certificate),
                format_version=version,
                run=str(data.get("run", "")),
                graph_sha256=str(data.get("graph_sha256", "")),
                trial=None if trial is None else read_fields(Trial, trial),
            )
        except WrongUsage as error:
            raise _too_new(error.what, path) from error
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise _damaged(path) from error


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _hash(data: dict[str, Any]) -> str:
    return hashlib.sha256(_text(data).encode("utf-8", "surrogatepass")).hexdigest()


def _is_own(text: str, data: dict[str, Any]) -> bool:
    rest = {key: value for key, value in data.items() if key != OWN_HASH}
    whole = isinstance(data[SEAL[0]], str) and len(data[SEAL[0]]) == HASH_LETTERS
    return whole and data[OWN_HASH] == _hash(rest) and text == _text(data)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _classes(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError("classes are a list of names")
    if not names or len(set(names)) < len(names):
        raise ValueError("each class has a name of its own")
    return tuple(names)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError("no number")
    return float(value)


def _temperature(value: Any) -> float | None:
    found = _number(value)
    if found is not None and found <= 0.0:
        raise ValueError("a temperature is above 0")
    return found


def _operating_point(data: Any, classes: list[Any]) -> dict[str, float] | None:
    if data is None:
        return None
    ((name, threshold),) = dict(data).items()
    if name not in classes or not 0.0 <= float(threshold) <= 1.0:
        raise ValueError("an operating point is one class of the model and a probability")
    return {str(name): float(threshold)}


def _damaged(path: Path) -> BundleRefused:
    return BundleRefused(
        "The description inside this model file is damaged.", remedy="Export the model again.", path=path
    )


def _too_new(what: str, path: Path) -> BundleRefused:
    return BundleRefused(what, remedy="Install the newest version of Transfer Learning Studio.", path=path)


@dataclass(frozen=True, slots=True)
class ExportResult:
    file: Path
    bytes: int
    certificate: Certificate
    novelty: NoveltyFacts
