"""The problems hidden in the metal sample on purpose, and the list of them that detectors are tested against.

`planted.json` holds paths relative to the sample's folder, with forward slashes.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlstudio.domain.errors import FileTrouble, from_os_error

LIST = "planted.json"
FORMAT = 1

CHANGES = ("brightness", "jpeg", "crop")


@dataclass(frozen=True, slots=True)
class Twins:
    """Two files of one photograph. change: `none` (same bytes), `brightness`, `jpeg` or `crop`.

    true_class: what the photograph really shows; only of interest where the two lie in different class folders.
    """

    original: str
    copy: str
    change: str
    true_class: str


@dataclass(frozen=True, slots=True)
class WrongLabel:
    """A photograph in the folder of a class that it does not show."""

    file: str
    given: str
    true: str


@dataclass(frozen=True, slots=True)
class Planted:
    """Everything that is wrong with the metal sample. Each file is in one list at most, as `copy` where it is a twin.

    near_duplicates: one photograph, changed a little and saved under the name of another part of its class.
    exact_duplicates: the same bytes under the name of another part of its class. conflicting_labels: the same bytes in the
    folder of another class. truncated: the end of the file is missing. blank: one grey all over.
    """

    near_duplicates: tuple[Twins, ...] = ()
    exact_duplicates: tuple[Twins, ...] = ()
    conflicting_labels: tuple[Twins, ...] = ()
    wrong_labels: tuple[WrongLabel, ...] = ()
    truncated: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Planted:
        """Reads `to_json`'s form. Raises KeyError, TypeError or ValueError for anything else."""
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']} is not {FORMAT}")
        twins = {
            kind: tuple(Twins(**entry) for entry in data[kind])
            for kind in ("near_duplicates", "exact_duplicates", "conflicting_labels")
        }
        return Planted(
            **twins,
            wrong_labels=tuple(WrongLabel(**entry) for entry in data["wrong_labels"]),
            truncated=tuple(data["truncated"]),
            blank=tuple(data["blank"]),
        )

    def true_class(self, file: str) -> str:
        """What the photograph at this relative path really shows, whatever folder it is in."""
        for wrong in self.wrong_labels:
            if wrong.file == file:
                return wrong.true
        for twins in self.conflicting_labels:
            if twins.copy == file:
                return twins.true_class
        return file.split("/", 1)[0]


def read_planted(folder: Path) -> Planted:
    """The list of the sample in `folder`. Raises FileTrouble if it is missing or damaged."""
    path = folder / LIST
    try:
        return Planted.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise from_os_error(error, path) from error
    except (KeyError, TypeError, ValueError) as error:
        raise FileTrouble(
            "The list of planted problems is damaged.",
            remedy="Delete the sample's folder and open the sample again.",
            path=path,
        ) from error


def altered(picture: NDArray[np.uint8], change: str) -> bytes:
    """The file of a near-duplicate: PNG, or JPEG for the change `jpeg`."""
    buffer = io.BytesIO()
    image = Image.fromarray(picture)
    if change == "brightness":
        image.point([min(255, round(value * 1.06 + 4)) for value in range(256)]).save(buffer, "PNG")
    elif change == "jpeg":
        image.save(buffer, "JPEG", quality=72)
    elif change == "crop":
        edge = image.width
        box = (4.0, 3.0, edge - 3.0, edge - 4.0)
        image.resize((edge, edge), Image.Resampling.BICUBIC, box=box).save(buffer, "PNG")
    else:
        raise ValueError(f"unknown change {change}")
    return buffer.getvalue()


def png(picture: NDArray[np.uint8]) -> bytes:
    """The file of an ordinary photograph. Light compression: this is written in seconds and kept for an afternoon."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=2)
    return buffer.getvalue()


def suffix(change: str) -> str:
    return ".jpg" if change == "jpeg" else ".png"
