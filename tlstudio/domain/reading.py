"""Dataclasses from JSON that somebody else may have written: every value is what its field says, or the whole is refused."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read_fields(kind: type[T], data: Any) -> T:
    """Reads `asdict`'s form. Fields of a newer version are passed over; absent ones take their defaults.

    Raises TypeError for a value of another type or a missing field, ValueError for a number that is none.
    """
    if not isinstance(data, Mapping):
        raise TypeError(f"{kind.__name__} is no object")
    hints = get_type_hints(kind)
    known = {name: _value(hints[name], data[name], name) for name in hints if name in data}
    return kind(**known)


def _value(kind: Any, value: Any, name: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in parts:
            return None
        (kind,) = (part for part in parts if part is not type(None))
        return _value(kind, value, name)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError(f"{name} is no list")
        return tuple(_value(parts[0], each, name) for each in value)
    if is_dataclass(kind):
        return read_fields(kind, value)  # type: ignore[arg-type]
    return _plain(kind, value, name)


def _plain(kind: Any, value: Any, name: str) -> Any:
    if kind is float and type(value) in (int, float):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{name} is no number")
        return number
    if type(value) is not kind:
        raise TypeError(f"{name} is {type(value).__name__}")
    return value
