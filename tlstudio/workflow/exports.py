"""The model files that were taken out of a project, as far as they lie in it."""

from __future__ import annotations

from pathlib import Path

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.inference.bundle import read_info

FOLDER = "exports"


def find_export(project: Path, run: str, reporter: Reporter = SILENT) -> Path | None:
    """The newest model file in the project's folder for them that holds this run's model; None where there is none.

    Files of versions that did not write down their run are not taken for anybody's, nor are links: no export is one, and a
    project from elsewhere may hold any.
    """
    for file in _newest_first(project / FOLDER):
        reporter.check_cancelled()  # a user who has gone on wants no answer
        try:
            if read_info(file).run == run:
                return file
        except StudioError:
            continue  # whatever it is, it is not that model
    return None


def _newest_first(folder: Path) -> list[Path]:
    try:
        there = [file for file in folder.glob("*.onnx") if not file.is_symlink()]
        return [file for _, file in sorted(((file.stat().st_mtime, file) for file in there), reverse=True)]
    except OSError:
        return []
