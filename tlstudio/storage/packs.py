"""What a project keeps of a training that was packed: packs/<id>.json, the way from the opaque keys back to its images.

It stays at home. The keys are random, so whoever has the packed file learns nothing from them.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import PackRefused, from_os_error
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.storage.images import HASH_SIGNS
from tlstudio.storage.project import Project

FOLDER = "packs"
ID = re.compile(r"[0-9a-f]{32}")
KEY = re.compile(f"[0-9a-f]{{{HASH_SIGNS}}}")


@dataclass(frozen=True, slots=True)
class PackedImage:
    """image: its id in the project. content: SHA-256 of the file, hex. key: what stands for it in the packed file. label: number
    of its class, see PackRecord. part: train or val.
    """

    image: int
    content: str
    key: str
    label: int
    part: str


@dataclass(frozen=True, slots=True)
class PackRecord:
    """digest: SHA-256 of the packed list of images and settings. network: what is known of the pretrained network, as its runs
    describe it. preprocess: see PreprocessSpec. classes: id in the project and name, in the order of the outputs.
    """

    id: str
    made_at: float
    digest: str
    model: str
    network: Mapping[str, Any]
    preprocess: Mapping[str, Any]
    classes: tuple[tuple[int, str], ...]
    images: tuple[PackedImage, ...]


def new_id() -> str:
    return secrets.token_hex(16)


def new_keys(contents: list[str]) -> dict[str, str]:
    """A random key for each content; it has the form of one, as caches want it."""
    return {content: secrets.token_hex(HASH_SIGNS // 2) for content in dict.fromkeys(contents)}


def write(project: Project, record: PackRecord) -> None:
    """Raises DiskFull or CantWrite."""
    files.write_json(_path(project, record.id), asdict(record))


def read(project: Project, pack: str) -> PackRecord | None:
    """What is kept of this packed training; None where the project knows nothing of it. Raises PackRefused for a damaged
    record, FileTrouble or CantWrite.
    """
    if ID.fullmatch(pack) is None:
        return None
    path = _path(project, pack)
    try:
        data = parse_json(files.read_text(path))
        classes = tuple((int(number), str(name)) for number, name in data.pop("classes"))
        images = tuple(PackedImage(**each) for each in data.pop("images"))
        return PackRecord(classes=classes, images=images, **data)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_os_error(error, path) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackRefused(
            "What this project has noted of the packed training is damaged.",
            remedy="Pack and train it again.",
            path=path,
        ) from error


def _path(project: Project, pack: str) -> Path:
    return project.folder / FOLDER / f"{pack}.json"


# --- a project that has no files of its images ---------------------------------------------------------------------------------

META = "packed"


def mark(project: Project, told: Mapping[str, Any]) -> None:
    """Notes in a project that its images are there as prepared pixels alone. told: JSON: pack, digest, preprocess."""
    project.set_meta(META, json.dumps(dict(told)))


def mark_of(project: Project) -> dict[str, Any] | None:
    """What `mark` noted; None for an ordinary project."""
    text = project.meta(META)
    found: dict[str, Any] | None = parse_json(text) if text else None
    return found
