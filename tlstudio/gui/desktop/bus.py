"""Sends messages on a D-Bus, and hears none.

Through libdbus itself (https://dbus.freedesktop.org/doc/api/html/), which Qt's own binding loads too: that binding can't write an
unsigned number from Python, and a notification carries one. A thread of its own does the talking, so that a bus that does not
answer never holds up the window.
"""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Mapping
from ctypes import byref, c_char_p, c_double, c_int32, c_uint32, c_void_p
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

LIBRARY = "libdbus-1.so.3"
BASIC: dict[str, type[Any]] = {"s": c_char_p, "u": c_uint32, "i": c_int32, "b": c_uint32, "d": c_double}
VARIANTS = {bool: "b", int: "i", float: "d", str: "s"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A signal, or a call whose answer nobody waits for where there is a `destination`.

    arguments: D-Bus signature and value of each; `s`, `u`, `i`, `b`, `d`, `as` with strings, or `a{sv}` with a mapping.
    """

    path: str
    interface: str
    member: str
    arguments: tuple[tuple[str, Any], ...]
    destination: str = ""


class Bus:
    """`send` and forget; `close` when nothing more comes. address: such as `unix:path=/run/user/1000/bus`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._wishes: SimpleQueue[Message | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="tlstudio-bus", daemon=True)
        self._thread.start()

    def send(self, message: Message) -> None:
        self._wishes.put(message)

    def close(self, patience: float = 1.0) -> None:
        """Sends what is waiting, for at most `patience` seconds, and lets go."""
        self._wishes.put(None)
        self._thread.join(patience)

    def _serve(self) -> None:
        connection: _Connection | None = None
        try:
            connection = _Connection(self._address)
        except (OSError, AttributeError) as error:
            log.debug("no D-Bus: %s", error)
        while True:
            message = self._wishes.get()
            if message is None:
                break
            if connection is not None:
                connection.send(message)
        if connection is not None:
            connection.close()


class _Iterator(ctypes.Structure):
    """DBusMessageIter: opaque, and smaller than this."""

    _fields_ = (("room", c_void_p * 16),)


class _Connection:
    """Raises OSError where there is no library or no bus."""

    def __init__(self, address: str) -> None:
        self._lib = _library()
        self._lib.dbus_threads_init_default()
        self._handle = self._lib.dbus_connection_open_private(address.encode(), None)
        if not self._handle:
            raise OSError(f"nothing answers at {address}")
        self._lib.dbus_connection_set_exit_on_disconnect(self._handle, 0)  # else the bus could end our process
        if not self._lib.dbus_bus_register(self._handle, None):
            self.close()
            raise OSError("the bus takes no more connections")

    def send(self, message: Message) -> None:
        lib = self._lib
        names = [part.encode() for part in (message.path, message.interface, message.member)]
        if message.destination:
            raw = lib.dbus_message_new_method_call(message.destination.encode(), *names)
            lib.dbus_message_set_no_reply(raw, 1)
        else:
            raw = lib.dbus_message_new_signal(*names)
        into = _Iterator()
        lib.dbus_message_iter_init_append(raw, byref(into))
        for signature, value in message.arguments:
            self._append(into, signature, value)
        lib.dbus_connection_send(self._handle, raw, None)
        lib.dbus_connection_flush(self._handle)
        lib.dbus_message_unref(raw)
        self._forget_answers()

    def close(self) -> None:
        self._lib.dbus_connection_close(self._handle)
        self._lib.dbus_connection_unref(self._handle)

    def _append(self, into: _Iterator, signature: str, value: Any) -> None:
        if signature == "as":
            with _Container(self._lib, into, "a", "s") as inside:
                for item in value:
                    self._append(inside, "s", item)
        elif signature == "a{sv}":
            with _Container(self._lib, into, "a", "{sv}") as inside:
                self._append_entries(inside, value)
        else:
            plain = value.encode("utf-8", "replace") if signature == "s" else value
            self._lib.dbus_message_iter_append_basic(byref(into), ord(signature), byref(BASIC[signature](plain)))

    def _append_entries(self, into: _Iterator, entries: Mapping[str, Any]) -> None:
        for key, value in entries.items():
            kind = VARIANTS[type(value)]
            with _Container(self._lib, into, "e", None) as entry:
                self._append(entry, "s", key)
                with _Container(self._lib, entry, "v", kind) as inside:
                    self._append(inside, kind, value)

    def _forget_answers(self) -> None:
        """What others broadcast to everybody would pile up otherwise."""
        self._lib.dbus_connection_read_write(self._handle, 0)
        while answer := self._lib.dbus_connection_pop_message(self._handle):
            self._lib.dbus_message_unref(answer)


class _Container:
    """An array, entry or variant that is open while its context lasts."""

    def __init__(self, lib: ctypes.CDLL, outer: _Iterator, kind: str, signature: str | None) -> None:
        self._lib, self._outer, self._inner = lib, outer, _Iterator()
        inside = None if signature is None else signature.encode()
        lib.dbus_message_iter_open_container(byref(outer), ord(kind), inside, byref(self._inner))

    def __enter__(self) -> _Iterator:
        return self._inner

    def __exit__(self, *_: object) -> None:
        self._lib.dbus_message_iter_close_container(byref(self._outer), byref(self._inner))


def _library() -> ctypes.CDLL:
    """libdbus with the types of what is used of it. Raises OSError where it is not installed."""
    lib = ctypes.CDLL(LIBRARY)
    pointer, text, number = c_void_p, c_char_p, ctypes.c_int
    for name, result, takes in (
        ("dbus_threads_init_default", number, []),
        ("dbus_connection_open_private", pointer, [text, pointer]),
        ("dbus_connection_set_exit_on_disconnect", None, [pointer, number]),
        ("dbus_bus_register", number, [pointer, pointer]),
        ("dbus_message_new_method_call", pointer, [text, text, text, text]),
        ("dbus_message_new_signal", pointer, [text, text, text]),
        ("dbus_message_set_no_reply", None, [pointer, number]),
        ("dbus_message_iter_init_append", None, [pointer, pointer]),
        ("dbus_message_iter_append_basic", number, [pointer, number, pointer]),
        ("dbus_message_iter_open_container", number, [pointer, number, text, pointer]),
        ("dbus_message_iter_close_container", number, [pointer, pointer]),
        ("dbus_connection_send", number, [pointer, pointer, pointer]),
        ("dbus_connection_flush", None, [pointer]),
        ("dbus_message_unref", None, [pointer]),
        ("dbus_connection_read_write", number, [pointer, number]),
        ("dbus_connection_pop_message", pointer, [pointer]),
        ("dbus_connection_close", None, [pointer]),
        ("dbus_connection_unref", None, [pointer]),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, takes
    return lib
