"""The demo's separate prediction: few enough paths for any command line, and one table at the end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import new_image
from tlstudio.domain.errors import StudioError
from tlstudio.domain.values import Split
from tlstudio.jobs import demo
from tlstudio.storage.images import add_images, list_images
from tlstudio.storage.project import Project
from tlstudio.workflow.prediction_table import table_bytes

Pets = Callable[[Sequence[str | None]], Project]


def row(path: str) -> dict[str, Any]:
    chances = {"cat": 0.75, "dog": 0.25}
    return {
        "file": path, "status": "ok", "label": "cat", "confidence": 0.75, "novelty": 0.1,
        "probabilities": chances, "message": 'a "word", and more',
    }  # fmt: skip


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; each calls every image a cat."""
    seen: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        seen.append(command)
        at = command.index("--csv")
        paths = command[command.index("predict") + 2 : at]
        if not paths:
            return subprocess.CompletedProcess(command, 2, "", "PATH is missing")
        Path(command[at + 1]).write_bytes(table_bytes(map(row, paths), ("cat", "dog")))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(demo.subprocess, "run", run)
    return seen


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "predictions.csv"


def test_many_paths_go_in_parts_and_come_back_as_one_table(pets: Pets, table: Path, commands: list[list[str]]) -> None:
    made = pets([])
    names = [f"{'x' * 230}_{i:03d}" for i in range(250)]
    wanted = [new_image(n, "cat" if i % 5 else "dog", split=Split.TEST) for i, n in enumerate(names)]
    add_images(made, wanted, [])
    assert demo._predict_apart(made, Path("model.onnx"), table) == pytest.approx(0.8)
    assert len(commands) == 3
    assert all(len(subprocess.list2cmdline(c)) < 32_767 for c in commands)
    assert table.read_bytes() == table_bytes((row(str(i.path)) for i in list_images(made)), ("cat", "dog"))
    assert not any(Path(c[c.index("--csv") + 1]).exists() for c in commands), "the parts are gone"


def test_a_part_that_fails_is_a_named_failure(pets: Pets, table: Path, commands: list[list[str]]) -> None:
    with pytest.raises(StudioError, match="PATH is missing"):
        demo._predict_apart(pets(["cat"]), Path("model.onnx"), table)
    assert not table.exists()
