"""`python -m tlstudio` and the `tlstudio` command.

A spawned worker process imports this module again, so it stays free of everything heavy.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from multiprocessing import freeze_support
from pathlib import Path
from typing import NoReturn


def main() -> None:
    """Runs the command line and ends the process with its status."""
    freeze_support()
    from tlstudio.cli import CANCELLED, run

    status = run(sys.argv[1:], _open_window)
    if status == CANCELLED:
        _end_at_once(status)
    sys.exit(status)


def _end_at_once(status: int) -> NoReturn:
    """Who pressed Ctrl+C waits: to put the large libraries away in good order takes seconds, and nothing of it is needed."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read our output may have gone
            stream.flush()
    os._exit(status)


def _open_window(project: Path | None) -> int:
    from tlstudio.gui.application import main as show

    return show(None, project)


if __name__ == "__main__":
    main()
