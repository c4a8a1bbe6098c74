"""Windows: progress on the button in the task bar through ITaskbarList3, and Qt's notifications.

https://learn.microsoft.com/windows/win32/api/shobjidl_core/nn-shobjidl_core-itaskbarlist3. The interface is called through its
table of functions, in the order of shobjidl_core.h: IUnknown has three, ITaskbarList five, ITaskbarList2 one.
"""

from __future__ import annotations

import ctypes
import uuid
from ctypes import POINTER, byref, c_long, c_ubyte, c_uint, c_ulonglong, c_void_p
from typing import Any

from PySide6.QtWidgets import QWidget

from tlstudio.gui.desktop.tray import Tray

CLASS, INTERFACE = "56FDF344-FD6D-11d0-958A-006097C9A090", "EA1AFB91-9E28-4B86-90E9-9E9F8A5EEFAF"
RELEASE, INITIALISE, SET_VALUE, SET_STATE = 2, 3, 9, 10  # places in the table
NO_PROGRESS, NORMAL = 0, 2  # TBPFLAG
IN_PROCESS = 1  # CLSCTX_INPROC_SERVER
SCALE = 1000


class WindowsDesktop:
    """Qt has initialised COM on the window's thread, on which all of this runs."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._tray = Tray(window)
        self._list = _TaskbarList()

    def progress(self, share: float | None) -> None:
        handle = int(self._window.winId())
        if share is None:
            self._list.set_state(handle, NO_PROGRESS)
        else:
            self._list.set_state(handle, NORMAL)
            self._list.set_value(handle, round(SCALE * share), SCALE)

    def notify(self, title: str, text: str) -> None:
        self._tray.notify(title, text)

    def end(self) -> None:
        self.progress(None)
        self._tray.end()
        self._list.release()


class _Guid(ctypes.Structure):
    _fields_ = (("bytes", c_ubyte * 16),)

    @staticmethod
    def of(text: str) -> _Guid:
        return _Guid((c_ubyte * 16)(*uuid.UUID(text).bytes_le))


class _TaskbarList:
    """A COM object. Raises OSError where the system has none; its calls say nothing of their own failures."""

    def __init__(self) -> None:
        self._object = c_void_p()
        create: Any = ctypes.oledll.ole32.CoCreateInstance  # type: ignore[attr-defined]  # there on Windows only
        create(byref(_Guid.of(CLASS)), None, IN_PROCESS, byref(_Guid.of(INTERFACE)), byref(self._object))
        self._call(INITIALISE)

    def set_value(self, window: int, done: int, total: int) -> None:
        self._call(SET_VALUE, (c_void_p, window), (c_ulonglong, done), (c_ulonglong, total))

    def set_state(self, window: int, state: int) -> None:
        self._call(SET_STATE, (c_void_p, window), (c_uint, state))

    def release(self) -> None:
        if self._object:
            self._call(RELEASE)
            self._object = c_void_p()

    def _call(self, place: int, *arguments: tuple[Any, int]) -> None:
        if not self._object:
            return
        table = ctypes.cast(self._object, POINTER(POINTER(c_void_p))).contents
        kinds = [kind for kind, _ in arguments]
        function = ctypes.WINFUNCTYPE(c_long, c_void_p, *kinds)(table[place] or 0)  # type: ignore[attr-defined]
        function(self._object, *(value for _, value in arguments))
