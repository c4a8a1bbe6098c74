"""Vetting: an unknown model file is opened, and asked for its first answers, in a process of its own with little time and memory.

A file of a few kilobytes can keep onnxruntime busy for ever or fill the memory: a loop without an end, functions that double each
other, a constant of eight gigabytes. Whoever opens one learns it within seconds, and nothing else is lost. What has passed is
known by its content, so it is vetted once on a computer; what this computer has exported itself was examined then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.errors import BundleRefused
from tlstudio.domain.values import Refusal
from tlstudio.images.guard import TOO_LARGE, TOO_LONG, Guard
from tlstudio.storage import vetted

KIND = "model-1"  # the number is raised when more is examined: everything is vetted anew
SECONDS = 12.0  # for a small file; with the start of a process the user hears after less than 20
SECONDS_PER_GIGABYTE = 30.0
MEMORY = 2 * 2**30  # bytes beside those that follow from the file's size
MEMORY_PER_BYTE = 8  # weights of 8 bits become 4 bytes each, and are held twice while a file is opened


@dataclass(frozen=True, slots=True)
class Vetted:
    """A file that passed; content: its SHA-256 (hex)."""

    content: str


def content_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def vet(path: Path, data: bytes, waiting: Callable[[], object] | None = None) -> None:
    """Returns once the file with these bytes is known to be harmless and sane; raises BundleRefused otherwise.

    waiting: called several times a second; what it raises ends the wait and the process.
    """
    content = content_of(data)
    if vetted.is_known(KIND, content):
        return
    size = len(data)
    seconds = SECONDS + SECONDS_PER_GIGABYTE * size / 1e9
    with Guard(1, seconds=seconds, memory=MEMORY + MEMORY_PER_BYTE * size, pictures=False) as guard:
        found = guard.call(examine, path.absolute(), path, waiting=waiting)
    if isinstance(found, Refusal):
        raise BundleRefused(_why(found), remedy="Choose another file, or export the model again.", path=path)
    if found.content != content:
        raise BundleRefused("The file changes while it is read.", remedy="Wait until it is copied.", path=path)
    remember(content)


def remember(content: str) -> None:
    """A file of this content was examined, here or when it was made."""
    vetted.remember(KIND, content)


def examine(path: Path) -> Vetted:
    """Runs in a process of its own. Raises BundleRefused."""
    from tlstudio.inference import opening

    data = opening.read_file(path)
    info = opening.read_description(data, path)
    opening.check_answers(opening.make_session(data, path), info, path)
    return Vetted(content_of(data))


def _why(found: Refusal) -> str:
    if found.reason == TOO_LONG:
        return "This model file takes too long to open, or to give its first answer."
    if found.reason == TOO_LARGE:
        return "This model file takes too much memory to open, or to give its first answer."
    return "This model file makes the library that opens it crash."
