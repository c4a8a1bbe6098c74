"""Finding pretrained weights on this machine.

A weights folder is what timm calls a local directory: `<architecture>.<tag>/{config.json, model.safetensors}`.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tlstudio.catalog.cards import canonical, card_for_folder, cards, find_card
from tlstudio.catalog.config import CONFIG, WEIGHTS, read_config
from tlstudio.catalog.layouts import is_layout_of
from tlstudio.catalog.tensors import check_numbers, read_tensors
from tlstudio.domain.cards import ModelCard, ModelStatus, Where
from tlstudio.domain.errors import StudioError, UnknownModel, WeightsMissing, WeightsRefused, from_os_error
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import vetted
from tlstudio.storage.files import open_regular, read_small, write_json
from tlstudio.storage.places import data_dir, models_dir

LONGEST = 10_000_000  # bytes of the file with hashes
# The number is raised when more is examined: everything is vetted anew.
VETTED, REFUSED = "weights-1", "weights-1-refused"
FINITE = "weights-1-numbers"  # every number is one
LISTING_SECONDS = 3.0  # for looking at numbers that nobody has looked at yet, in one listing; the next one goes on


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


def statuses(*, seconds: float | None = None) -> list[ModelStatus]:
    """Every card, then every other weights folder on this machine.

    Only weights that belong to their network are said to be here: a network with other ones would be a random one. Those that are
    stored in a way that headers can't tell are shown from when they were vetted. Weights that nobody has looked at are read once,
    for numbers that are none; where that takes longer than `seconds` (LISTING_SECONDS), the rest is listed as unread until a
    later listing. With 0 only headers are read, so that a window can wait for it.
    """
    looking = _Looking(time.monotonic() + (LISTING_SECONDS if seconds is None else seconds))
    known = [_status(each, next(filter(looking.may_be, _candidates(each.id)), None), looking) for each in cards()]
    seen = {status.card.id for status in known}
    others: dict[str, ModelStatus] = {}
    for root in folders():
        for folder in _subfolders(root):
            if folder.name not in seen and folder.name not in others and looking.may_be(folder):
                with suppress(StudioError):  # one that is taken away meanwhile
                    others[folder.name] = _status(card_for_folder(folder), folder, looking)
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
        known = _remembered_hash(path)
        if known is not None:
            return known
        key, stamp = _stamp(path)
        with open_regular(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise from_os_error(error, path) from error
    # Only a memory: where it can't be kept, the file is read again next time.
    with suppress(StudioError):
        write_json(_memory(), {**_remembered(), key: {"stamp": stamp, "sha256": digest}})
    return digest


def _remembered_hash(path: Path) -> str | None:
    """The hash if it was reckoned of the file as it is now. Raises OSError."""
    key, stamp = _stamp(path)
    entry = _remembered().get(key)
    return str(entry.get("sha256")) if isinstance(entry, dict) and entry.get("stamp") == stamp else None


def _stamp(path: Path) -> tuple[str, list[int]]:
    facts = path.stat()
    return str(path.resolve()), [facts.st_size, facts.st_mtime_ns]


def is_vetted(folder: Path) -> bool:
    """Whether these very weights were vetted on this computer, with this description; see `training.vetting`."""
    return vetted.is_known(VETTED, _content(folder, weights_hash(folder)))


def remember_vetted(folder: Path, *, sound: bool) -> None:
    """Found to be those of their network, or not to be."""
    vetted.remember(VETTED if sound else REFUSED, _content(folder, weights_hash(folder)))


def _content(folder: Path, digest: str) -> str:
    return f"{digest} {read_config(folder / CONFIG).hash}"


class _Looking:
    """What one listing finds out of weights' numbers. unread: folders for which there was no time."""

    def __init__(self, until: float) -> None:
        self.unread: set[Path] = set()
        self._until = until

    def may_be(self, folder: Path) -> bool:
        """Whether these weights belong to their network, and hold numbers as far as anybody knows."""
        if not _belongs(folder):
            return False
        if folder.parent == models_dir():
            return True
        try:
            known = _remembered_hash(folder / WEIGHTS)
            if known is not None and (vetted.is_known(FINITE, known) or is_vetted(folder)):
                return True
            if time.monotonic() >= self._until:
                self.unread.add(folder)
                return True
            return _is_finite(folder)
        except (StudioError, OSError):
            return False


def _is_finite(folder: Path) -> bool:
    """Reads all numbers of a folder's weights and remembers what came of it."""
    digest = weights_hash(folder)
    if vetted.is_known(FINITE, digest):
        return True
    try:
        check_numbers(folder / WEIGHTS)
    except WeightsRefused:
        remember_vetted(folder, sound=False)
        return False
    vetted.remember(FINITE, digest)
    return True


def _belongs(folder: Path) -> bool:
    """Whether the tensors are the network's, as far as headers tell; where they don't, what was found out before counts."""
    try:
        check_folder(folder)
        config, tensors = read_config(folder / CONFIG), read_tensors(folder / WEIGHTS)
        known = _remembered_hash(folder / WEIGHTS)
        if known is not None and vetted.is_known(VETTED, f"{known} {config.hash}"):
            return True
        if known is not None and vetted.is_known(REFUSED, f"{known} {config.hash}"):
            return False
        shapes = {name: (_kind(each.dtype), each.shape) for name, each in tensors.items()}
        return not config.arguments_change_it and is_layout_of(config.architecture, shapes, config.classifiers)
    except (StudioError, OSError):
        return False


def _kind(dtype: str) -> str:
    return "B" if dtype == "BOOL" else "I" if dtype[0] in "IU" else "F"


def _memory() -> Path:
    return data_dir() / "weights-hashes.json"


def _remembered() -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        known = parse_json(read_small(_memory(), LONGEST))
        if isinstance(known, dict):
            return known
    return {}


def _status(card: ModelCard, folder: Path | None, looking: _Looking) -> ModelStatus:
    if folder is None:
        return ModelStatus(card, Where.DOWNLOAD)
    where = Where.BUNDLED if folder.parent == models_dir() else Where.HERE
    return ModelStatus(card, where, folder, unread=folder in looking.unread)


def _candidates(name: str) -> Iterator[Path]:
    for root in folders():
        folder = root / name
        with suppress(OSError):
            if folder.is_dir():
                yield folder


def _subfolders(root: Path) -> list[Path]:
    """Folders that may hold weights; a place that is gone or can't be read holds none."""
    found = []
    with suppress(OSError):
        for each in sorted(root.iterdir()):
            with suppress(OSError):  # one that may not be looked into hides no other
                if not each.name.startswith(".") and (each / WEIGHTS).is_file():
                    found.append(each)
    return found


def _is_sound(folder: Path) -> bool:
    try:
        check_folder(folder)
    except StudioError:
        return False
    return True
