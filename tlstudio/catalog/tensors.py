"""The table of contents of a safetensors file, read without torch and without touching the numbers themselves.

Format: eight bytes little-endian length N, N bytes of JSON that map a tensor's name to dtype, shape and position, then the
numbers. Source: the format description of the safetensors library.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tlstudio.domain.errors import WeightsRefused, from_os_error
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage.files import open_regular

LONGEST_HEADER = 10_000_000  # bytes; the largest network of timm's has less than 1 MB
DIMENSIONS = 8
CHUNK = 1 << 24  # bytes of numbers that are looked at together

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64,
}  # fmt: skip
# Kinds of floating-point numbers: as whole numbers of the same size, and the bits of their exponent.
_ENDLESS = {
    "F64": ("<u8", 0x7FF0000000000000),
    "F32": ("<u4", 0x7F800000),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
    "F8_E5M2": ("u1", 0x7C),
}
# What a network counts while it runs but does not learn; timm leaves it out of the number of parameters.
_NOT_LEARNED = ("running_mean", "running_var", "num_batches_tracked", "relative_position_index")

CONVERT = (
    "Convert it on a computer where you trust the file, with torch and safetensors installed: "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors'); "
    "then add model.safetensors together with its config.json."
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry: `dtype` as the format names it (F32, F16 …), the shape, and where its bytes lie, from the header's end on."""

    dtype: str
    shape: tuple[int, ...]
    begin: int = 0
    end: int = 0


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, after checking that the header and the length of the file agree.

    Reads the header alone, so it costs milliseconds whatever the size of the file. Raises WeightsRefused for a pickle, a
    damaged or cut-off file, and FileTrouble where it can't be read.
    """
    try:
        with open_regular(path) as file:
            header, size = _header(file, path)
    except OSError as error:
        raise from_os_error(error, path) from error
    try:
        return _checked(parse_json(header.decode("utf-8")), size - 8 - len(header))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise _damaged(path) from error


def check_numbers(path: Path) -> None:
    """Raises WeightsRefused where a tensor holds what is no number, or endless ones; reads the whole file, little at a time."""
    tensors = read_tensors(path)
    try:
        with open_regular(path) as file:
            header, _ = _header(file, path)
            for name, tensor in tensors.items():
                if tensor.dtype in _ENDLESS and not _is_finite(file, 8 + len(header), tensor):
                    raise WeightsRefused(
                        f"The weights hold what is no number ({name[:80]}), so they can't be used.",
                        remedy="Copy the file again from where it came from, or download the model again.",
                        path=path,
                    )
    except OSError as error:
        raise from_os_error(error, path) from error


def _header(file: BinaryIO, path: Path) -> tuple[bytes, int]:
    """The header's JSON and the size of the file. Raises WeightsRefused for a pickle and for what is damaged."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    if looks_like_pickle(start):
        raise pickle_refused(path)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or not 2 <= length <= min(LONGEST_HEADER, size - 8):
        raise _damaged(path)
    return file.read(length), size


def _is_finite(file: BinaryIO, start: int, tensor: Tensor) -> bool:
    """Numbers whose exponent has all its bits are endless, or none."""
    import numpy as np  # the window lists models without it

    kind, exponent = _ENDLESS[tensor.dtype]
    file.seek(start + tensor.begin)
    left = tensor.end - tensor.begin
    while left > 0:
        data = file.read(min(left, CHUNK))
        if not data:
            return False
        left -= len(data)
        bits = np.frombuffer(data, kind)
        if (bits & bits.dtype.type(exponent) == exponent).any():
            return False
    return True


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
        shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
        if any(type(number) is not int for number in (*shape, begin, end)) or len(shape) > DIMENSIONS:
            raise ValueError(name)
        bits = _BITS.get(entry["dtype"])
        if bits is None or min(shape, default=0) < 0 or end - begin != math.prod(shape) * bits // 8:
            raise ValueError(name)
        spans.append((begin, end))
        tensors[name] = Tensor(str(entry["dtype"]), shape, begin, end)
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
