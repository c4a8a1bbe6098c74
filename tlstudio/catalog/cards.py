"""The model cards that come with the program, and cards made from a weights folder that has none."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

from tlstudio.catalog.config import CONFIG, INTERPOLATIONS, NAME, WEIGHTS, read_config
from tlstudio.catalog.tensors import count_parameters, read_tensors
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import FileTrouble, UnknownModel
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage.places import models_dir

_PREFIXES = ("https://huggingface.co/", "hf-hub:", "hf_hub:", "timm/")
_FLOATS = (int, float)


def cards() -> tuple[ModelCard, ...]:
    """All cards: the bundled one first, then by family and size. Raises FileTrouble for a damaged card."""
    return _load(models_dir() / "cards")


def card(model_id: str) -> ModelCard:
    """The card of `<architecture>.<tag>`; raises UnknownModel, naming the nearest ones, where there is none."""
    wanted = canonical(model_id)
    known = {each.id: each for each in cards()}
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    raise UnknownModel(
        f"There is no model card named “{wanted}”.",
        remedy=f"Did you mean {' or '.join(near)}?" if near else "Choose one from the list of models.",
    )


def find_card(model_id: str) -> ModelCard | None:
    """The card, or None for a name without one."""
    return next((each for each in cards() if each.id == model_id), None)


def canonical(model_id: str) -> str:
    """`<architecture>.<tag>` from what people paste: with `timm/`, `hf-hub:` or the address of the model's page.

    Raises UnknownModel for anything that is no name of timm's: names become folder names, so they are checked here.
    """
    name = model_id.strip().rstrip("/")
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    if not NAME.fullmatch(name):
        raise UnknownModel(
            f"“{model_id}” is not the name of a timm model.",
            remedy="Give the full name, such as resnet18.a1_in1k.",
        )
    return name


def card_for_folder(folder: Path) -> ModelCard:
    """A card for a weights folder, from its config.json and the header of its weights.

    What only measuring could tell stays unknown: `gmacs` is 0.0 unless a card of the same network and input size exists.
    Raises WeightsRefused for a damaged folder, FileTrouble where it can't be read.
    """
    config = read_config(folder / CONFIG)
    tensors = read_tensors(folder / WEIGHTS)
    kin = [each for each in reversed(cards()) if each.architecture == config.architecture]
    same_size = [each.gmacs for each in kin if each.input_size == config.input_size]
    name = folder.name if folder.name.split(".", 1)[0] == config.architecture else config.id
    return ModelCard(
        id=name,
        title=f"{kin[0].title} ({name})" if kin else name,
        family=kin[0].family if kin else re.split(r"[_\d]", config.architecture, maxsplit=1)[0],
        good_for="Added on this machine; the program has no description of it.",
        input_size=config.input_size,
        mean=config.mean,
        std=config.std,
        parameters=count_parameters(tensors),
        gmacs=same_size[0] if same_size else 0.0,
        classifier=config.classifier,
        license=config.license or "unknown",
        license_note="" if config.license else "The folder does not say under which licence these weights may be used.",
        source="",
        bytes=(folder / WEIGHTS).stat().st_size,
        interpolation=config.interpolation,
        fixed_input_size=config.fixed_input_size,
    )


@functools.cache
def _load(folder: Path) -> tuple[ModelCard, ...]:
    found = [read_card(path) for path in sorted(folder.glob("*.json"))]
    return tuple(sorted(found, key=lambda each: (not each.bundled, each.family, each.parameters)))


def read_card(path: Path) -> ModelCard:
    """Reads one card strictly: no unknown, missing or implausible field. Raises FileTrouble naming the field."""
    try:
        data = parse_json(path.read_text(encoding="utf-8"))
        made = ModelCard(**{name: _value(name, value) for name, value in data.items()})
        for name, holds in _RULES.items():
            if not holds(made):
                raise ValueError(name)
        if path.stem != made.id:
            raise ValueError("id differs from the name of the file")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileTrouble(
            f"The description of a model that came with the program is damaged: {error}.",
            remedy="Install the program again.",
            path=path,
        ) from error
    return made


def _value(name: str, value: Any) -> Any:
    """The JSON value as the field's own type; raises ValueError for another type, KeyError for an unknown field."""
    kind = _TYPES[name]
    if kind == tuple[float, float, float]:
        if isinstance(value, list) and len(value) == 3 and all(_is_number(each) for each in value):
            return tuple(float(each) for each in value)
    elif kind is float or kind == float | None:
        if _is_number(value):
            return float(value)
        if value is None and kind is not float:
            return None
    elif type(value) is kind:
        return value
    raise ValueError(f"{name} is {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, _FLOATS) and not isinstance(value, bool)


_TYPES = {name: kind for name, kind in get_type_hints(ModelCard).items() if name in ModelCard.__dataclass_fields__}
_RULES: dict[str, Callable[[ModelCard], bool]] = {
    "id": lambda c: NAME.fullmatch(c.id) is not None and bool(c.tag),
    "title": lambda c: bool(c.title),
    "family": lambda c: bool(c.family),
    "good_for": lambda c: bool(c.good_for),
    "license": lambda c: bool(c.license),
    "classifier": lambda c: bool(c.classifier),
    "input_size": lambda c: 32 <= c.input_size <= 1024,
    "mean": lambda c: all(0 <= value <= 1 for value in c.mean),
    "std": lambda c: all(0 < value <= 1 for value in c.std),
    "parameters": lambda c: 0 < c.parameters < 5000,
    "gmacs": lambda c: 0 < c.gmacs < 5000,
    "bytes": lambda c: c.bytes > 0,
    "sha256": lambda c: re.fullmatch(r"([0-9a-f]{64})?", c.sha256) is not None,
    "source": lambda c: c.source == "" if c.bundled else re.fullmatch(r"[\w.\-]+/[\w.\-]+", c.source) is not None,
    "interpolation": lambda c: c.interpolation in INTERPOLATIONS,
    "imagenet_top1": lambda c: c.imagenet_top1 is None or 0 < c.imagenet_top1 <= 100,
}
