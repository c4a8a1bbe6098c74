"""The table of contents of a safetensors file, read without torch and without touching the numbers themselves.

Format: eight bytes little-endian length N, N bytes of JSON that map a tensor's name to dtype, shape and position, then the
numbers. Source: the format description of the safetensors library.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import WeightsRefused, from_os_error

LONGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors library itself

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64,
}  # fmt: skip
# What a network counts while it runs but does not learn; timm leaves it out of the number of parameters.
_NOT_LEARNED = ("running_mean", "running_var", "num_batches_tracked", "relative_position_index")

CONVERT = (
    "Convert it on a computer where you trust the file, with torch and safetensors installed: "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors'); "
    "then add model.safetensors together with its config.json."
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry: `dtype` as the format names it (F32, F16 …) and the shape."""

    dtype: str
    shape: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, after checking that the header and the length of the file agree.

    Reads the header alone, so it costs milliseconds whatever the size of the file. Raises WeightsRefused for a pickle, a
    damaged or cut-off file, and FileTrouble where it can't be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            if looks_like_pickle(start):
                raise pickle_refused(path)
            length = int.from_bytes(start, "little")
            if len(start) < 8 or not 2 <= length <= min(LONGEST_HEADER, size - 8):
                raise _damaged(path)
            header = file.read(length)
    except OSError as error:
        raise from_os_error(error, path) from error
    try:
        return _checked(json.loads(header.decode("utf-8")), size - 8 - length)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error


def count_parameters(tensors: dict[str, Tensor]) -> float:
    """Learned numbers in millions, as timm counts them: running statistics left out."""
    learned = (t for name, t in tensors.items() if not name.endswith(_NOT_LEARNED))
    return round(sum(math.prod(t.shape) for t in learned) / 1e6, 2)


def looks_like_pickle(start: bytes) -> bool:
    """True for the first bytes of a zip archive (torch.save) or of a bare pickle, whatever the file is called."""
    # A safetensors header of 2 to 5 times 256 plus 128 bytes begins with the same two bytes as a pickle but is followed by
    # zeros, which no pickle is: its opcode comes next.
    return start[:4] == b"PK\x03\x04" or (
        start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05" and start[2:8] != bytes(6)
    )


def pickle_refused(path: Path) -> WeightsRefused:
    """The refusal of a pickle, with the way to convert it."""
    return WeightsRefused(
        "This file is a pickle: opening it could run any program hidden in it, so it is never read.",
        remedy=CONVERT,
        path=path,
    )


def _checked(header: dict[str, Any], length: int) -> dict[str, Tensor]:
    """The entries as `Tensor`; ValueError unless they fill `length` bytes exactly, one after the other."""
    spans: list[tuple[int, int]] = []
    tensors: dict[str, Tensor] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape = tuple(int(edge) for edge in entry["shape"])
        begin, end = (int(edge) for edge in entry["data_offsets"])
        bits = _BITS.get(entry["dtype"])
        if bits is None or min(shape, default=0) < 0 or end - begin != math.prod(shape) * bits // 8:
            raise ValueError(name)
        spans.append((begin, end))
        tensors[name] = Tensor(str(entry["dtype"]), shape)
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise ValueError("a gap between tensors")
        position = end
    if position != length or not tensors:
        raise ValueError("the file ends too early or too late")
    return tensors


def _damaged(path: Path) -> WeightsRefused:
    return WeightsRefused(
        "The weights file is damaged or incomplete.",
        remedy="Copy it again from where it came from, or download the model again.",
        path=path,
    )
