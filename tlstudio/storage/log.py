"""The log file: where defects go instead of the user's eyes."""

from __future__ import annotations

import logging
import logging.handlers

from tlstudio.storage.places import log_file

MEGABYTE = 1_000_000


def start_logging(process: str) -> None:
    """Sends what this process logs to the log file; without a place to write, logs nothing. Safe to call twice."""
    root = logging.getLogger("tlstudio")
    path = log_file()
    for earlier in [h for h in root.handlers if isinstance(h, logging.handlers.RotatingFileHandler)]:
        if earlier.baseFilename == str(path.absolute()):
            return
        root.removeHandler(earlier)  # the user's folder is another one now
        earlier.close()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=2 * MEGABYTE, backupCount=3, encoding="utf-8", delay=True
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter(f"%(asctime)s {process} %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
