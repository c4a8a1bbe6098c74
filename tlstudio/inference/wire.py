"""An ONNX file as the bytes it is: its outermost fields, its description, its digest, and whether it is complete in itself.

ONNX files are protocol buffers: fields, each a number, a type and a payload; a payload may be fields again. They are read here
without a library, in one pass over the headers and never over the numbers, so that what is hashed is what lies on the disk, and
so that nothing reaches onnxruntime before it was looked at. Source: the encoding's description at protobuf.dev, and onnx.proto.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tlstudio.domain.bundle import METADATA_KEY

Bytes = bytes | bytearray | memoryview
VARINT, WIDE, NESTED, NARROW = 0, 1, 2, 5  # types of payloads
PROPERTY: Final = 14  # of the model: one entry of its metadata
KEY, VALUE = 1, 2  # of an entry
EXTERNAL, LOCATION = 13, 14  # of a tensor: where its numbers are, if not in the file
DEEPEST = 60  # graphs in graphs; the libraries themselves stop at 100 messages
MOST_OUTER = 100_000  # outermost fields; a real file has some hundred
MOST_FIELDS = 1_000_000  # that are looked at in one file; a large network with 8-bit numbers has 300,000

# What may hold tensors, by what it is in: message -> field -> message. See onnx.proto.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "function": {7: "node", 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
    "tensor": {},
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: it lies from `begin` to `end`, its payload from `start`. For a number, `number` is the payload itself."""

    number: int
    kind: int
    begin: int
    start: int
    end: int
    value: int = 0


def fields(data: Bytes, begin: int = 0, end: int | None = None) -> Iterator[Field]:
    """The fields of a message that lies from `begin` to `end`. Raises ValueError where they don't fill it exactly."""
    place, end = begin, len(data) if end is None else end
    while place < end:
        first = place
        tag, place = _varint(data, place, end)
        kind, value = tag & 7, 0
        if tag < 8:
            raise ValueError("a field without a number")
        if kind == VARINT:
            value, place = _varint(data, place, end)
            yield Field(tag >> 3, kind, first, place, place, value)
            continue
        if kind == NESTED:
            length, place = _varint(data, place, end)
        elif kind in (WIDE, NARROW):
            length = 8 if kind == WIDE else 4
        else:
            raise ValueError("no such type of field")
        if length > end - place:
            raise ValueError("a field is longer than what holds it")
        yield Field(tag >> 3, kind, first, place, place + length)
        place += length


def description(data: Bytes) -> str | None:
    """The text under the program's key; None where there is none. Raises ValueError for a damaged file or two of them."""
    found = [text for _, text in _descriptions(data)]
    if len(found) > 1:
        raise ValueError("two descriptions")
    return found[0].decode("utf-8") if found else None


def digest(data: Bytes) -> str:
    """SHA-256 (hex) of everything but the description: graph, weights, whatever else the file holds. Raises ValueError."""
    told, place = hashlib.sha256(), 0
    view = memoryview(data)
    for entry, _ in _descriptions(data):
        told.update(view[place : entry.begin])
        place = entry.end
    told.update(view[place:])
    return told.hexdigest()


def described(data: Bytes, text: str) -> bytes:
    """The same file with this description in place of any other. Raises ValueError for a damaged file."""
    view, place, kept = memoryview(data), 0, []
    for entry, _ in _descriptions(data):
        kept.append(view[place : entry.begin])
        place = entry.end
    new = _written(KEY, METADATA_KEY.encode()) + _written(VALUE, text.encode("utf-8"))
    return b"".join([*kept, view[place:], _written(PROPERTY, new)])


def is_complete(data: Bytes) -> bool:
    """Whether every tensor of the model lies in the file itself, in nested graphs and functions too.

    Raises ValueError for a damaged file, or one so nested that nobody wrote it in earnest.
    """
    waiting, seen = [("model", 0, len(data), 0)], 0
    while waiting:
        message, begin, end, depth = waiting.pop()
        if depth > DEEPEST:
            raise ValueError("nested too deeply")
        inside = _INSIDE[message]
        for field in fields(data, begin, end):
            seen += 1
            if seen > MOST_FIELDS:
                raise ValueError("too many fields")
            if message == "tensor":
                if field.number == EXTERNAL or (field.number == LOCATION and field.value):
                    return False
            elif field.kind == NESTED and field.number in inside:
                waiting.append((inside[field.number], field.start, field.end, depth + 1))
    return True


def _descriptions(data: Bytes) -> Iterator[tuple[Field, bytes]]:
    """The model's entries under the program's key, with their texts."""
    for count, entry in enumerate(fields(data)):
        if count == MOST_OUTER:
            raise ValueError("too many fields")
        if entry.number == PROPERTY and entry.kind == NESTED:
            parts = {f.number: bytes(data[f.start : f.end]) for f in fields(data, entry.start, entry.end)}
            if parts.get(KEY) == METADATA_KEY.encode():
                yield entry, parts.get(VALUE, b"")


def _varint(data: Bytes, place: int, end: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number without an end")


def _written(number: int, payload: bytes) -> bytes:
    """A field with a nested payload."""
    return _number(number << 3 | NESTED) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
