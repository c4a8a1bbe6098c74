"""What the window remembers between two starts. Loaded before the window stands."""

from __future__ import annotations

from PySide6.QtCore import QSettings

from tlstudio.storage import places

NOTIFICATIONS = "desktop/notifications"


def settings() -> QSettings:
    """The window's memory: its size, the last place in each project, and what the user has chosen."""
    return QSettings(str(places.data_dir() / "window.ini"), QSettings.Format.IniFormat)


def notifications() -> bool:
    """Whether the user wants to be told outside the window that long work is done; yes until they say no."""
    return bool(settings().value(NOTIFICATIONS, True, type=bool))


def set_notifications(wanted: bool) -> None:
    settings().setValue(NOTIFICATIONS, wanted)
