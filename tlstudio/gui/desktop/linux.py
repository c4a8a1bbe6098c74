"""Linux: progress on the launcher's icon and notifications, both over the session's D-Bus.

Progress is the signal that Unity's launcher introduced and that KDE's task manager, Ubuntu's dock, Dash to Dock, Plank and others
understand (https://wiki.ubuntu.com/Unity/LauncherAPI). Notifications follow
https://specifications.freedesktop.org/notification-spec/latest/. Both find the program by its .desktop file.
"""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from tlstudio.gui.desktop.bus import Bus, Message

LAUNCHER = "com.canonical.Unity.LauncherEntry"
LAUNCHER_PATH = "/com/canonical/unity/launcherentry/1"
NOTIFICATIONS = "org.freedesktop.Notifications"
NOTIFICATIONS_PATH = "/org/freedesktop/Notifications"
SERVER_DECIDES = -1  # how long it is shown


def session_bus() -> str:
    """The address of the session's bus, empty where there is none; none is started for us."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    if not address and folder and (Path(folder) / "bus").exists():
        address = f"unix:path={folder}/bus"
    return address


class LinuxDesktop:
    """address: of the session's bus."""

    def __init__(self, address: str) -> None:
        self._bus = Bus(address)
        self._entry = QGuiApplication.desktopFileName()
        self._name = QGuiApplication.applicationDisplayName()
        self._shown = False

    def progress(self, share: float | None) -> None:
        if share is None and not self._shown:
            return
        self._shown = share is not None
        state = {"progress": share or 0.0, "progress-visible": self._shown}
        arguments = (("s", f"application://{self._entry}.desktop"), ("a{sv}", state))
        self._bus.send(Message(LAUNCHER_PATH, LAUNCHER, "Update", arguments))

    def notify(self, title: str, text: str) -> None:
        arguments = (
            ("s", self._name),
            ("u", 0),  # replaces none
            ("s", self._entry),  # the icon that the .desktop file names alike
            ("s", title),
            ("s", _plain(text)),
            ("as", ()),
            ("a{sv}", {"desktop-entry": self._entry}),
            ("i", SERVER_DECIDES),
        )
        self._bus.send(Message(NOTIFICATIONS_PATH, NOTIFICATIONS, "Notify", arguments, NOTIFICATIONS))

    def end(self) -> None:
        self.progress(None)
        self._bus.close()


def _plain(text: str) -> str:
    """Servers may read the body as markup; ours has none."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
