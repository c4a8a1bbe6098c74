"""Stands in for the two small libraries that a benchmark on a borrowed machine may lack: psutil and platformdirs.

Only what a training asks of them, and only where they are not installed; the program itself always has the real ones.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

NAMES = ("psutil", "platformdirs")


class Error(Exception):
    """Of psutil."""


class NoSuchProcess(Error):
    """There is no process of that number."""


class Process:
    """One that lives, or NoSuchProcess. When it began isn't known: 0, which the program takes for 'may be the same one'."""

    def __init__(self, pid: int | None = None) -> None:
        self.pid = os.getpid() if pid is None else pid
        if not pid_exists(self.pid):
            raise NoSuchProcess(self.pid)

    def create_time(self) -> float:
        return 0.0

    def status(self) -> str:
        return "running"

    def memory_info(self) -> SimpleNamespace:
        told = Path("/proc/self/statm")
        pages = int(told.read_text(encoding="ascii").split()[1]) if told.exists() else 0
        return SimpleNamespace(rss=pages * os.sysconf("SC_PAGE_SIZE"))


def pid_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def cpu_count(*, logical: bool = True) -> int:
    """All that this process may use; of real cores nothing is known."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def virtual_memory() -> SimpleNamespace:
    page = os.sysconf("SC_PAGE_SIZE")
    return SimpleNamespace(total=page * os.sysconf("SC_PHYS_PAGES"), available=page * os.sysconf("SC_AVPHYS_PAGES"))


def stand_in() -> list[str]:
    """Puts a stand-in where a library is missing; returns their names."""
    missing = [name for name in NAMES if name not in sys.modules and importlib.util.find_spec(name) is None]
    for name in missing:
        sys.modules[name] = ModuleType(name, f"stands in for {name}")
    if "psutil" in missing:
        sys.modules["psutil"].__dict__.update(
            Error=Error,
            NoSuchProcess=NoSuchProcess,
            AccessDenied=Error,
            STATUS_ZOMBIE="zombie",
            Process=Process,
            pid_exists=pid_exists,
            cpu_count=cpu_count,
            virtual_memory=virtual_memory,
            boot_time=lambda: 0.0,
            disk_partitions=lambda **_: [],
        )
    return missing
