"""The log file: where defects go instead of the user's eyes."""

from __future__ import annotations

import logging
import logging.handlers
from copy import copy
from typing import Any

from tlstudio.domain.safe_text import visible
from tlstudio.storage.places import log_file

MEGABYTE = 1_000_000


class _OneLine(logging.Formatter):
    """A message is one line whatever is in it, so that no name can look like a line of ours; what failed follows below."""

    def format(self, record: logging.LogRecord) -> str:
        mine = copy(record)
        mine.exc_text = None  # as another handler has written it, if there is one
        return super().format(mine)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own
        return visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own
        return visible(super().formatException(ei), lines=True)


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
    handler.setFormatter(_OneLine(f"%(asctime)s {process} %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
