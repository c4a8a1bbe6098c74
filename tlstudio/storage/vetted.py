"""What was examined on this computer and found sound, by its content: so that it is examined once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tlstudio.domain.errors import StudioError
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.storage.places import data_dir

REMEMBERED = 2000
LONGEST = 1_000_000  # bytes of the file


def is_known(kind: str, content: str) -> bool:
    """kind: what was examined, and how: another examination begins anew. content: its SHA-256 (hex)."""
    return _entry(kind, content) in _known()


def remember(kind: str, content: str) -> None:
    """Only a memory: where it can't be kept, a file is examined again next time."""
    known, entry = _known(), _entry(kind, content)
    if entry not in known:
        with suppress(StudioError):
            files.write_json(_file(), [*known, entry][-REMEMBERED:])


def _entry(kind: str, content: str) -> str:
    return f"{kind} {content}"


def _file() -> Path:
    return data_dir() / "vetted.json"


def _known() -> list[str]:
    with suppress(OSError, ValueError, RecursionError):
        known = parse_json(files.read_small(_file(), LONGEST))
        if isinstance(known, list):
            return [str(entry) for entry in known]
    return []
