"""Labels that leave a project: the forms they can take, and what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tlstudio.domain.values import Refusal


class LabelFormat(StrEnum):
    """How labels are written. FOLDERS and HUGGINGFACE take the images along, CVAT too, in one ZIP file; CSV names them."""

    CSV = "csv"
    FOLDERS = "folders"
    CVAT = "cvat"
    HUGGINGFACE = "huggingface"


@dataclass(frozen=True, slots=True)
class LabelsExport:
    """What was written. images: lines or files. excluded: images that were left out and that the form has no place for.

    renamed: {class: what its folder is called} where a folder can't be called like the class. refused: images whose file could
    not be read. lost: what the form can't hold, in words for the user; empty for nothing. history: the file with all changes,
    if it was wished.
    """

    file: Path
    format: LabelFormat
    images: int
    excluded: int = 0
    refused: tuple[Refusal, ...] = ()
    lost: str = ""
    history: Path | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "format": self.format.value,
            "images": self.images,
            "excluded": self.excluded,
            "renamed": dict(self.renamed),
            "refused": [{"file": r.path, "reason": r.reason} for r in self.refused],
            "history": None if self.history is None else str(self.history),
        }
