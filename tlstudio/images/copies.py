"""What the pixel cache asks of a decoding process: one content as model input, from whichever of its files still holds it.

A file of its own, because a decoding process loads what it is asked for: the cache would bring the database along.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images.inspect import content_key
from tlstudio.images.prepare import Pixels, prepare


@dataclass(frozen=True, slots=True)
class Copies:
    """One content, and where it was found."""

    content: str
    paths: tuple[Path, ...]

    def first(self) -> Path:
        return self.paths[0]


def prepare_copy(copies: Copies, spec: PreprocessSpec) -> Pixels | Refusal:
    """Pixels of the first of these copies that is there and still holds what was imported."""
    result: Pixels | Refusal = Refusal("", "The file is not there any more.")
    for path in copies.paths:
        try:
            unchanged = content_key(path) == copies.content
        except FileNotFoundError:
            result = Refusal(str(path), "The file is not there any more.")
            continue
        except OSError as error:
            result = Refusal(str(path), f"The file can't be read: {error.strerror or error}.")
            continue
        result = try_prepare(path, spec) if unchanged else Refusal(str(path), "The file was changed after the import.")
        if not isinstance(result, Refusal):
            break
    return result


def try_prepare(path: Path, spec: PreprocessSpec) -> Pixels | Refusal:
    """`prepare`, with a refusal as a value instead of an error: for loops that go on after a bad file."""
    try:
        return prepare(path, spec)
    except ImageRefused as error:
        return Refusal(str(path), error.what)
