"""Run by the Python of .venv after an interrupted installation: makes pip forget packages whose files are not all there.

A package without a complete list of files, or with a file that is missing or has another length, loses its metadata folder;
pip then takes it for not installed and installs it again.
"""

from __future__ import annotations

import shutil
from importlib.metadata import Distribution, distributions
from pathlib import Path


def is_whole(package: Distribution) -> bool:
    """Every listed file is there in its right length; files that Python compiled are nobody's business."""
    if not package.files:
        return False
    for entry in package.files:
        path = Path(str(package.locate_file(entry)))
        if path.suffix == ".pyc":
            continue
        if not path.is_file() or (entry.size is not None and path.stat().st_size != entry.size):
            return False
    return True


def forget_damaged() -> list[str]:
    """The names of the packages that were forgotten."""
    forgotten = []
    for package in list(distributions()):
        name = package.metadata["Name"] or "a package without a name"
        folder = getattr(package, "_path", None)  # the only way to it; absent in exotic kinds of packages, which stay
        if name != "pip" and folder is not None and Path(folder).is_dir() and not is_whole(package):
            shutil.rmtree(folder)
            forgotten.append(name)
    return forgotten


if __name__ == "__main__":
    for one in forget_damaged():
        print("Incomplete and to be installed again: " + one, flush=True)
