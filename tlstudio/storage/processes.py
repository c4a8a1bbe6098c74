"""Other processes: whether one still lives, which its number alone does not tell, as numbers are given out again; and those that
were started beside this one to share its work."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil


def started_at(pid: int) -> float | None:
    """When the process of that number was started (seconds since the epoch); 0 where that is not for us to know.

    None when there is none, or when it has ended and only its parent has not taken note of that yet.
    """
    try:
        process = psutil.Process(pid)
        started = float(process.create_time())
        with suppress(psutil.AccessDenied):
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
    except psutil.NoSuchProcess:
        return None
    except psutil.Error:
        return 0.0
    return started


def shares_work() -> bool:
    """Whether torchrun has started this process as one of several."""
    try:
        return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ["WORLD_SIZE"]) > 1
    except (KeyError, ValueError):
        return False


def follows() -> bool:
    """Whether it is another than the first of these, which alone changes anything."""
    return shares_work() and os.environ.get("RANK") != "0"
