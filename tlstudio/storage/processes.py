"""Whether another process still lives: its number alone does not tell, as numbers are given out again."""

from __future__ import annotations

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
