"""What the program makes of one file, for tests that look at many of them in decoding processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images.address import pages
from tlstudio.images.copies import try_prepare
from tlstudio.images.decode import load_rgb
from tlstudio.images.dicom import burned_in, group_keys
from tlstudio.images.inspect import inspect

SPEC = PreprocessSpec(32)


@dataclass(frozen=True)
class Look:
    """inspected, prepared, old: why the import, the newest and the oldest models refuse the file; None where they don't."""

    inspected: str | None
    prepared: str | None
    old: str | None
    pages: int
    header: tuple[int, int] | None = None
    decoded: tuple[int, int] | None = None


def look(path: Path) -> Look:
    """Everything that may be done with a file before it is an image of a project."""
    seen = inspect(path)
    prepared, old = try_prepare(path, SPEC), try_prepare(path, PreprocessSpec(32, version=1))
    group_keys(path, ("PatientID",), b"key")
    burned_in(path)
    reasons = [value.reason if isinstance(value, Refusal) else None for value in (seen, prepared, old)]
    if isinstance(seen, Refusal) or isinstance(prepared, Refusal):
        return Look(*reasons, pages(path))
    assert (prepared.shape, str(prepared.dtype)) == ((32, 32, 3), "uint8")
    return Look(*reasons, pages(path), (seen.width, seen.height), load_rgb(path).size)
