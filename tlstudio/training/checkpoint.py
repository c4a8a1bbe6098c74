"""Checkpoints: tensors and state in one safetensors file, replaced atomically, so that they can never disagree."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from tlstudio.domain.errors import RunNotReady
from tlstudio.storage import files

NAME = "checkpoint.safetensors"


def save(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any], name: str = NAME) -> None:
    """Writes both; `state` is JSON in the file's own metadata. Raises DiskFull or CantWrite, the old one staying."""
    ready = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with files.replacing(folder / name) as temporary:
        write_tensors(temporary, ready, {"state": json.dumps(state)})


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """`save_file`, whose own errors hide what the system said: here a full disk is an OSError again."""
    try:
        save_file(tensors, path, metadata)
    except SafetensorError as error:
        found = re.search(r"\(os error (\d+)\)", str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1])), str(path)) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """`load_file`, which would wait for ever for a pipe. Raises OSError and SafetensorError."""
    files.open_regular(path).close()
    return load_file(path)


def load(folder: Path, name: str = NAME) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """What `save` wrote, None where there is no checkpoint yet. Raises RunNotReady for a damaged one."""
    path = folder / name
    if not path.exists():
        return None
    try:
        files.open_regular(path).close()  # a pipe would never say anything
        with safe_open(path, framework="pt") as file:
            # Copies: a tensor that still maps the file would keep Windows from replacing it.
            state = json.loads(file.metadata()["state"])
            return {name: file.get_tensor(name).clone() for name in file.keys()}, state  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunNotReady(
            "The checkpoint of this run is damaged.", remedy="Start the training again.", path=path
        ) from error


def there(folder: Path) -> bool:
    return (folder / NAME).exists()


def remove(folder: Path) -> None:
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)
