"""`python -m tlstudio` and the `tlstudio` command.

A spawned worker process imports this module again, so it stays free of everything heavy.
"""

from __future__ import annotations

import sys
from multiprocessing import freeze_support
from pathlib import Path


def main() -> None:
    """Runs the command line and ends the process with its status."""
    freeze_support()
    from tlstudio.cli import run

    sys.exit(run(sys.argv[1:], _open_window))


def _open_window(project: Path | None) -> int:
    from tlstudio.gui.application import main as show

    return show(None, project)


if __name__ == "__main__":
    main()
