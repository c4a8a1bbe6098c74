"""Adding weights from a file, a folder or a USB stick."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlstudio.catalog.cards import canonical, find_card
from tlstudio.catalog.config import CONFIG, LONGEST, WEIGHTS, ModelConfig, config_for, read_config
from tlstudio.catalog.placing import CHUNK, Meter, alone, make_room, staging
from tlstudio.catalog.tensors import Tensor, pickle_refused, read_tensors
from tlstudio.catalog.weights import check_folder, own_folder
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import FileTrouble, UnknownModel, WeightsRefused, from_os_error
from tlstudio.domain.events import Reporter
from tlstudio.storage.files import open_regular, read_small, write_bytes, write_json

PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".tar")
DEPTH = 4  # folders below the one that was given; enough for the Hugging Face cache as it lies on a stick


@dataclass(frozen=True, slots=True)
class _Source:
    """Weights that can be added: the file, what it holds, and its config.json or else the card it must follow."""

    name: str
    weights: Path
    tensors: dict[str, Tensor]
    config: Path | None
    card: ModelCard | None


def add(
    path: Path, reporter: Reporter, *, name: str = "", check: Callable[[Path], object] = check_folder
) -> tuple[Path, ...]:
    """Copies weights into the user's own folder and returns the new weights folders; each folder's name is the model's id.

    path: a weights folder, a folder with several of them (a stick), or one .safetensors file. A file needs its config.json
    beside it; without one, `name` or the file's own name must be the id of a card.
    name: `<architecture>.<tag>`, only where `path` holds one model.
    check: asked of each folder before it takes its place; raises what is to be told instead.
    Progress counts bytes. Raises WeightsRefused for pickles, damaged files and files without a description, FileTrouble,
    DiskFull, CantWrite, UnknownModel for a name that is none; Cancelled leaves nothing behind.
    """
    files = _files(path.expanduser())
    if name and len(files) > 1:
        raise WeightsRefused(
            "There are several models in this folder, so one name can't be given to them.",
            remedy="Add them one by one, or leave the name away.",
            path=path,
        )
    # All are looked at before the first is copied: either everything on the stick is usable or the user hears at once.
    return tuple(_copy(source, reporter, check) for source in [_source(file, name) for file in files])


def _files(path: Path) -> list[Path]:
    """The safetensors files meant by `path`."""
    if path.is_file():
        if path.suffix.lower() in PICKLES:
            raise pickle_refused(path)
        if path.suffix.lower() != ".safetensors":
            raise WeightsRefused(
                "Only files in the safetensors format can be added.",
                remedy=f"Choose {WEIGHTS} from the model's page, or the folder that holds it.",
                path=path,
            )
        return [path]
    if not path.is_dir():
        raise FileTrouble(
            "There is no file or folder of this name.",
            remedy="Check the name, or connect the drive it is on.",
            path=path,
        )
    pickles: list[Path] = []
    found: list[Path] = []
    for folder, subfolders, names in os.walk(path):
        here = Path(folder)
        if len(here.relative_to(path).parts) >= DEPTH:
            subfolders.clear()
        tensors = sorted(each for each in names if each.endswith(".safetensors") and not each.startswith("."))
        # A hub repository may hold other weights beside the main file; the main one is meant.
        found += [here / each for each in ([WEIGHTS] if WEIGHTS in tensors else tensors)]
        pickles += [here / each for each in sorted(names) if Path(each).suffix.lower() in PICKLES]
    if not found and pickles:
        raise pickle_refused(pickles[0])
    if not found:
        raise WeightsRefused(
            "There are no weights in this folder.",
            remedy=f"Choose a folder with {WEIGHTS} and {CONFIG} in it, as the model's page on huggingface.co offers them.",
            path=path,
        )
    return sorted(found)


def _source(weights: Path, name: str) -> _Source:
    tensors = read_tensors(weights)
    beside = weights.with_name(CONFIG)
    if beside.is_file():
        config = read_config(beside)
        return _Source(_name_for(config, weights, name), weights, tensors, beside, None)
    wanted = canonical(name) if name else _name_of_file(weights)
    card = find_card(wanted)
    if card is None:
        raise WeightsRefused(
            f"The file {CONFIG} that describes these weights is not beside them.",
            remedy=f"Put the {CONFIG} of the model's page beside the file, or name the model that they belong to, "
            "such as resnet18.a1_in1k.",
            path=weights,
        )
    _check_kin(card, tensors, weights)
    return _Source(wanted, weights, tensors, None, card)


def _name_for(config: ModelConfig, weights: Path, name: str) -> str:
    """The id under which weights with a config.json are kept: the given one, the config's, or the folder's."""
    if name:
        wanted = canonical(name)
        if wanted.split(".", 1)[0] != config.architecture:
            raise WeightsRefused(
                f"These weights belong to {config.id}, not to {wanted}.",
                remedy=f"Add them as {config.id}, or choose another file.",
                path=weights,
            )
        return wanted
    folder = weights.parent.name
    if not config.tag and folder.startswith(f"{config.architecture}."):
        return canonical(folder)
    return config.id if config.tag else f"{config.architecture}.own"


def _name_of_file(weights: Path) -> str:
    """A model's name if the file or its folder carries one, else empty."""
    for candidate in (weights.name.removesuffix(".safetensors"), weights.parent.name):
        try:
            if find_card(canonical(candidate)) is not None:
                return candidate
        except UnknownModel:
            continue
    return ""


def _check_kin(card: ModelCard, tensors: dict[str, Tensor], weights: Path) -> None:
    """Raises WeightsRefused when bare weights can't be of the card's network: far more or fewer numbers than it has."""
    learned = sum(_count(tensor) for tensor in tensors.values()) / 1e6
    # Another classifier and the running statistics account for some difference, another network for more.
    if not 0.4 * card.parameters <= learned <= 1.6 * card.parameters:
        raise WeightsRefused(
            f"These weights are not of {card.title}: {learned:.1f} million numbers instead of {card.parameters:.1f}.",
            remedy="Name the model that they belong to.",
            path=weights,
        )


def _count(tensor: Tensor) -> int:
    count = 1
    for edge in tensor.shape:
        count *= edge
    return count


def _copy(source: _Source, reporter: Reporter, check: Callable[[Path], object]) -> Path:
    final = own_folder() / source.name
    if source.weights.parent.resolve() == final.resolve():
        return final
    try:
        size = source.weights.stat().st_size
    except OSError as error:
        raise from_os_error(error, source.weights) from error
    make_room(size)
    with alone(source.name), staging(source.name) as folder:
        if source.config is not None:
            write_bytes(folder / CONFIG, read_small(source.config, LONGEST))
        elif source.card is not None:
            write_json(folder / CONFIG, config_for(source.card, source.tensors))
        meter = Meter(reporter, f"Copying {source.name}.", size)
        with open_regular(source.weights) as old, (folder / WEIGHTS).open("wb") as new:
            while chunk := old.read(CHUNK):
                new.write(chunk)
                meter.add(len(chunk))
            new.flush()
            os.fsync(new.fileno())
        meter.report()
        check(folder)
    return final
