"""The architectures that timm knows, and which tensors the backbone of each is made of; told without torch.

`models/layouts.json` holds a digest for each, written by `models/write_layouts.py`. The one place that says whether a name is
that of an architecture: for weights, runs and bundles alike.
"""

from __future__ import annotations

import functools
import hashlib
import re

from tlstudio.domain.errors import FileTrouble, UnknownModel
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage.places import models_dir

FILE = "layouts.json"
Shape = tuple[str, tuple[int, ...]]  # kind (`F` floating point, `I` whole numbers, `B` yes or no) and edges

# What a file may hold or lack without being another network's: counters, and tables that a network works out by itself.
WORKED_OUT = ("num_batches_tracked", "relative_position_index", "relative_coords_table", "attn_mask")
# In files whose description does not name their classifier.
CLASSIFIERS = ("fc", "head", "head.fc", "classifier", "head_dist", "last_linear")


def check_architecture(name: str) -> str:
    """The name itself. Raises UnknownModel unless timm knows an architecture of this name; addresses and folders are none."""
    if name not in _table():
        raise UnknownModel(
            f"“{_short(name)}” is not the name of a network that this program knows.",
            remedy="Give the name of one of timm's architectures, such as resnet18.",
        )
    return name


def is_architecture(name: str) -> bool:
    """Whether timm knows an architecture of this name."""
    return name in _table()


def is_layout_of(architecture: str, tensors: dict[str, Shape], classifiers: tuple[str, ...] = ()) -> bool:
    """Whether these are the tensors of the architecture's backbone at its own input size, its classifier aside.

    False tells nothing for certain: weights may be made for another size, or be stored under names that timm turns into its own.
    """
    known = _table().get(architecture)
    heads = tuple(f"{name}." for name in classifiers or CLASSIFIERS)
    rest = {name: shape for name, shape in tensors.items() if not name.startswith(heads)}
    return bool(known) and digest(rest) == known


def digest(tensors: dict[str, Shape]) -> str:
    """16 hexadecimal digits that stand for names, kinds and shapes."""
    lines = [
        f"{name} {kind} {'x'.join(map(str, shape))}"
        for name, (kind, shape) in sorted(tensors.items())
        if not name.endswith(WORKED_OUT)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@functools.cache
def _table() -> dict[str, str]:
    path = models_dir() / FILE
    try:
        return dict(parse_json(path.read_text(encoding="utf-8"))["layouts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileTrouble(
            "The list of networks that came with the program is damaged.",
            remedy="Install the program again.",
            path=path,
        ) from error


def _short(name: str) -> str:
    return re.sub(r"[^\w.:/@\- ]", "?", str(name))[:80]
