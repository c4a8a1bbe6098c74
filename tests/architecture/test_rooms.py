"""Imports point down the list of rooms, and the contracts that say so really see a violation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

# Forbidden lines, at least one for each contract, and the file each is planted in.
PLANTS = (
    ("Rooms are layered", "storage/files.py", "from tlstudio.workflow import browsing"),
    ("Rooms are layered", "reports/__init__.py", "from tlstudio.export import novelty"),
    ("Rooms are layered", "explain/__init__.py", "from tlstudio.export import novelty"),
    ("No Qt below the window", "workflow/browsing.py", "import PySide6.QtCore"),
    ("No Qt below the window", "reports/__init__.py", "import PySide6.QtGui"),
    ("No torch in the rooms that work without it", "images/decode.py", "import torch"),
    ("The window imports no engine directly", "gui/theme.py", "import onnxruntime"),
    ("Only storage opens databases", "quality/findings.py", "import sqlite3"),
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the contracts of pyproject.toml over the package in `folder`."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_every_import_points_down() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_planted_violation_breaks_each_contract(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tlstudio", tmp_path / "tlstudio", ignore=shutil.ignore_patterns("__pycache__", "_bundled"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for _, file, line in PLANTS:
        path = tmp_path / "tlstudio" / file
        path.write_text(
            path.read_text(encoding="utf-8") + f"\n\ndef planted() -> None:\n    {line}\n", encoding="utf-8"
        )
    done = lint(tmp_path)
    assert done.returncode != 0
    for name, file, line in PLANTS:
        assert f"{name} BROKEN" in done.stdout, done.stdout
        module = "tlstudio." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        target = line.split()[1]
        assert f"{module} -> {target.split('.')[0]}" in done.stdout, done.stdout


def test_every_contract_has_a_plant() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert {c["name"] for c in contracts} == {name for name, _, _ in PLANTS}


def test_every_room_is_in_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    named = {room.strip(" ()") for line in contracts[0]["layers"] for room in line.split("|")}
    rooms = {p.name for p in (ROOT / "tlstudio").iterdir() if (p / "__init__.py").exists()}
    assert rooms <= named


def test_packaging_is_no_package() -> None:
    """An __init__.py there would shadow the library of that name."""
    assert not (ROOT / "packaging" / "__init__.py").exists()


@pytest.mark.parametrize("word", ["cuda:0", "http://", "TODO", "FIXME"])
def test_no_leftovers(word: str) -> None:
    found = [str(p) for p in (ROOT / "tlstudio").rglob("*.py") if word in p.read_text(encoding="utf-8")]
    assert found == []
