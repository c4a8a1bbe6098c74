"""The bundle: one .onnx file with everything needed to use it, described by JSON in `metadata_props["tlstudio"]`.

Graph input `image`: uint8, (batch, size, size, 3), RGB. Outputs: `probabilities` (batch, classes), `embedding`
(batch, features) and `novelty` (batch,), 0 meaning like the training images. Fields that are absent read as None.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tlstudio.domain.certificate import Certificate
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
