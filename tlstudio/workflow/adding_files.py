"""Single files join a project that is there, all with the same class."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tlstudio.domain import safe_text
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import ImportRequest, ImportResult
from tlstudio.storage.files import write_bytes
from tlstudio.storage.project import Project
from tlstudio.workflow.importing import import_images


def add_files(project: Path, paths: Sequence[Path], label: str | None, reporter: Reporter = SILENT) -> ImportResult:
    """Imports these files into the project with a class, or without one; files that are there already are left alone.

    They take the way of every import, as rows of a table: each is looked at, refused with its reason where it can't be read,
    and divided among the parts; what belongs together is told as it was at the last import. Raises what `import_images` raises.
    """
    text = safe_text.table([("file", "class"), *((str(path.absolute()), label or "") for path in paths)])
    with tempfile.TemporaryDirectory(prefix="tlstudio-") as folder:
        table = Path(folder) / "files.csv"
        write_bytes(table, text.encode("utf-8"))
        seed = int(Project(project).meta("seed", "0"))
        return import_images(ImportRequest(table, project, seed=seed, may_ask=False), reporter)
