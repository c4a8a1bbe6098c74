"""The log file: where defects go instead of the user's eyes."""

from __future__ import annotations

import logging
import logging.handlers

from tlstudio.storage.places import log_file

MEGABYTE = 1_000_000


def start_logging(process: str) -> None:
    """Sends warnings and worse of this process to the log file; without a place to write, logs nothing. Safe to call twice."""
    root = logging.getLogger("tlstudio")
    if any(isinstance(h, logging.handlers.RotatingFileHandler) for h in root.handlers):
        return
    path = log_file()
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
