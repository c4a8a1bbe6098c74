"""The system libraries that Qt needs on Linux, which no Python package brings along; a missing one is named with its package."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from installing import Trouble


@dataclass(frozen=True)
class Library:
    """A shared library, and the packages it comes in. window: only needed for a real window, not for tests without a screen."""

    name: str
    debian: str
    fedora: str
    window: bool = False


LIBRARIES = (
    Library("libEGL.so.1", "libegl1", "mesa-libEGL"),
    Library("libGL.so.1", "libgl1", "mesa-libGL"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    Library("libfreetype.so.6", "libfreetype6", "freetype"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
    Library("libgthread-2.0.so.0", "libglib2.0-0", "glib2"),
    Library("libX11.so.6", "libx11-6", "libX11"),
    Library("libzstd.so.1", "libzstd1", "libzstd"),
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", window=True),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", window=True),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", window=True),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", window=True),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil", window=True),
    Library("libxcb-util.so.1", "libxcb-util1", "xcb-util", window=True),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", window=True),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", window=True),
    Library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", window=True),
)

_TRY_EACH = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
"""


def require_qt(python: Path, *, window: bool) -> None:
    """Raises Trouble if Qt can't start. window: a real one is wanted, so a screen and the libraries for it are needed too."""
    on_x11 = window and sys.platform == "linux" and needs_x11()
    done = subprocess.run(
        [str(python), "-I", "-c", "import PySide6.QtWidgets"], capture_output=True, text=True, check=False
    )
    if done.returncode == 0 and not on_x11:
        return
    missing = missing_libraries(python, window=on_x11) if sys.platform == "linux" else []
    if missing:
        raise Trouble(describe(missing))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Trouble(
            f"The window library Qt does not start on this computer: {last}\n{unknown_library(last)}".rstrip()
        )


def needs_x11() -> bool:
    """True if the window will be drawn by an X server; raises Trouble without any screen."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if chosen:
        return chosen.startswith("xcb")
    if os.environ.get("WAYLAND_DISPLAY"):
        return False
    if not os.environ.get("DISPLAY"):
        raise Trouble(
            "There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set).\n"
            "Everything works from the command line too: .venv/bin/python -m tlstudio --help"
        )
    return True


def missing_libraries(python: Path, *, window: bool) -> list[Library]:
    """Those of LIBRARIES that the system's loader does not find."""
    wanted = {library.name: library for library in LIBRARIES if window or not library.window}
    done = subprocess.run([str(python), "-I", "-c", _TRY_EACH, *wanted], capture_output=True, text=True, check=False)
    return [wanted[name] for name in done.stdout.split() if name in wanted]


def describe(missing: list[Library]) -> str:
    """What is missing and the commands that install it."""
    debian = " ".join(sorted({library.debian for library in missing}))
    fedora = " ".join(sorted({library.fedora for library in missing}))
    return (
        f"The window library Qt needs system libraries that are missing here: {', '.join(one.name for one in missing)}\n"
        f"Debian, Ubuntu: sudo apt install {debian}\n"
        f"Fedora:         sudo dnf install {fedora}\n"
        "Then start the same command again."
    )


def unknown_library(message: str) -> str:
    """A hint for a library that is not in the table, from the loader's message `libfoo.so.1: cannot open shared object file`."""
    name = next((word.rstrip(":") for word in message.split() if ".so" in word), "")
    if not name or sys.platform != "linux":
        return ""
    return f"Debian, Ubuntu: apt-file search {name}   Fedora: sudo dnf install '*/{name}'"
