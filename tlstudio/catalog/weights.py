"""Finding pretrained weights on this machine.

A weights folder is what timm calls a local directory: `<architecture>.<tag>/{config.json, model.safetensors}`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tlstudio.catalog.cards import canonical, card_for_folder, cards, find_card
from tlstudio.catalog.config import CONFIG, WEIGHTS, read_config
from tlstudio.catalog.tensors import read_tensors
from tlstudio.domain.cards import ModelCard, ModelStatus, Where
from tlstudio.domain.errors import StudioError, UnknownModel, WeightsMissing, WeightsRefused, from_os_error
from tlstudio.storage.files import write_json
from tlstudio.storage.places import data_dir, models_dir


def own_folder() -> Path:
    """Where added and downloaded weights go."""
    return data_dir() / "weights"


def folders() -> tuple[Path, ...]:
    """Where weights are looked for, in this order: `TLSTUDIO_WEIGHTS` (a path list), the user's own, the bundled ones."""
    listed = os.environ.get("TLSTUDIO_WEIGHTS", "").split(os.pathsep)
    return (*(Path(each).expanduser() for each in listed if each.strip()), own_folder(), models_dir())


def find(model_id: str) -> Path | None:
    """The first undamaged folder of this model, or None. Raises UnknownModel for what is no model name."""
    return next((folder for folder in _candidates(canonical(model_id)) if _is_sound(folder)), None)


def require(model_id: str) -> Path:
    """The folder of this model. Raises WeightsMissing, UnknownModel for a name that is none of a model with a card, or
    WeightsRefused when a folder is there but damaged.
    """
    name = canonical(model_id)
    here = find(name)
    if here is not None:
        return here
    for folder in _candidates(name):
        check_folder(folder)
    known = find_card(name)
    if known is None:
        raise _unknown(name)
    if known.bundled:
        remedy = "This model is part of the program: install the program again."
    else:
        remedy = (
            f"Download it on the Model page or with “tlstudio models download {name}”; without internet, bring it on a stick "
            "and use “tlstudio models add FOLDER”."
        )
    raise WeightsMissing(f"The weights of {known.title} are not on this machine.", remedy=remedy)


def describe(model_id: str) -> ModelCard:
    """The card of a model: the one that came with the program, else one made from its folder on this machine.

    Raises UnknownModel where there is neither.
    """
    name = canonical(model_id)
    known = find_card(name)
    if known is not None:
        return known
    folder = find(name)
    if folder is None:
        raise _unknown(name)
    return card_for_folder(folder)


def _unknown(name: str) -> UnknownModel:
    known = {*(each.id for each in cards()), *(folder.name for root in folders() for folder in _subfolders(root))}
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return UnknownModel(
        f"No model called “{name}” is known here, and no weights of that name are on this machine.",
        remedy=f"{meant}“tlstudio models list” names all. Weights of another timm model come in with “tlstudio models add”.",
    )


def statuses() -> list[ModelStatus]:
    """Every card, then every other sound weights folder on this machine; reads headers only, so it is quick."""
    known = [_status(each, find(each.id)) for each in cards()]
    seen = {status.card.id for status in known}
    others: dict[str, ModelStatus] = {}
    for root in folders():
        for folder in _subfolders(root):
            if folder.name not in seen and folder.name not in others and _is_sound(folder):
                others[folder.name] = _status(card_for_folder(folder), folder)
    return known + [others[name] for name in sorted(others)]


def check_folder(folder: Path) -> None:
    """Raises WeightsRefused unless config.json is timm's, names this network, and the weights are complete.

    Costs milliseconds: the header of the weights must parse and their length must match it; the numbers are not read.
    """
    config = read_config(folder / CONFIG)
    if folder.name.split(".", 1)[0] != config.architecture:
        raise WeightsRefused(
            f"The folder's name and its description disagree: inside is {config.id}.",
            remedy=f"Name the folder {config.id}, or add it with “tlstudio models add”.",
            path=folder,
        )
    read_tensors(folder / WEIGHTS)


def weights_hash(folder: Path) -> str:
    """SHA-256 of the folder's model.safetensors (hex), remembered until its size or time changes. Raises FileTrouble."""
    path = folder / WEIGHTS
    try:
        facts = path.stat()
        key, stamp = str(path.resolve()), [facts.st_size, facts.st_mtime_ns]
        known = _remembered()
        entry = known.get(key)
        if isinstance(entry, dict) and entry.get("stamp") == stamp:
            return str(entry["sha256"])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise from_os_error(error, path) from error
    # Only a memory: where it can't be kept, the file is read again next time.
    with suppress(StudioError):
        write_json(_memory(), {**known, key: {"stamp": stamp, "sha256": digest}})
    return digest


def _memory() -> Path:
    return data_dir() / "weights-hashes.json"


def _remembered() -> dict[str, Any]:
    with suppress(OSError, ValueError):
        known = json.loads(_memory().read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _status(card: ModelCard, folder: Path | None) -> ModelStatus:
    if folder is None:
        return ModelStatus(card, Where.DOWNLOAD)
    return ModelStatus(card, Where.BUNDLED if folder.parent == models_dir() else Where.HERE, folder)


def _candidates(name: str) -> Iterator[Path]:
    for root in folders():
        folder = root / name
        if folder.is_dir():
            yield folder


def _subfolders(root: Path) -> list[Path]:
    """Folders that may hold weights; a place that is gone or can't be read holds none."""
    with suppress(OSError):
        return sorted(each for each in root.iterdir() if not each.name.startswith(".") and (each / WEIGHTS).is_file())
    return []


def _is_sound(folder: Path) -> bool:
    try:
        check_folder(folder)
    except StudioError:
        return False
    return True
