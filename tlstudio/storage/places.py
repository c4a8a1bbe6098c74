"""Where things are on this machine: the user's own folders and what the program brought along."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import platformdirs

APP = "tlstudio"


def data_dir() -> Path:
    """The user's data folder: downloaded weights, recent projects, speeds. `TLSTUDIO_HOME` moves it (tests, shared machines)."""
    return Path(os.environ.get("TLSTUDIO_HOME") or platformdirs.user_data_dir(APP, appauthor=False))


def user_name() -> str:
    """The name that the system knows the user by; some systems know none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def log_file() -> Path:
    """The log that a defect is written to; its path is printed with the message."""
    home = os.environ.get("TLSTUDIO_HOME")
    folder = Path(home) / "log" if home else Path(platformdirs.user_log_dir(APP, appauthor=False))
    return folder / "tlstudio.log"


def documents_dir() -> Path:
    """Where new projects are suggested."""
    home = os.environ.get("TLSTUDIO_HOME")
    return Path(home) / "projects" if home else Path(platformdirs.user_documents_dir()) / "Transfer Learning Studio"


def _bundled(folder: str) -> Path:
    """`resources` or `models`: at the top of a checkout, or inside the package when installed from a wheel."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_bundled" / folder
    return installed if installed.is_dir() else package.parent / folder


def resources_dir() -> Path:
    """Icons, help and other read-only files of the program."""
    return _bundled("resources")


def models_dir() -> Path:
    """Model cards and the bundled backbones."""
    return _bundled("models")
