"""Proofs in processes of their own: prediction without torch and Qt, training without Qt, a window without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import TEST_MODEL

BLOCKED = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED_NAMES:
            raise ImportError(f"{name} is blocked")

BLOCKED_NAMES = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Block())
"""


def run(code: str, *arguments: object, block: str = "none") -> str:
    """Runs code with modules blocked; its standard output. A failure shows what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKED + code, block, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONWARNINGS": ""},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


COMMANDS = """
from tlstudio.cli import run

def no_window(project):
    raise AssertionError("no window was asked for")

for command in sys.argv[2].split(";"):
    status = run(command.split("|"), no_window)
    assert status == 0, (command, status)
print("seen:", sorted(n for n in ("torch", "timm", "torchvision", "PySide6") if n in sys.modules))
"""


@pytest.fixture
def bundle(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    """The headless train: import, train, evaluate and export with Qt blocked."""
    out = tmp_path / "model.onnx"
    project = tmp_path / "project"
    commands = (
        f"import|{make_images(10)}|--project|{project}",
        f"train|--project|{project}|--mode|balanced|--model|{TEST_MODEL}|--input-size|32|--epochs|1",
        f"evaluate|--project|{project}",
        f"export|--project|{project}|--out|{out}",
    )
    printed = run(COMMANDS, ";".join(commands), block="PySide6,shiboken6,pyqtgraph")
    assert "PySide6" not in printed.splitlines()[-1]
    return out


def test_training_without_qt_and_prediction_without_torch_and_qt(bundle: Path, tmp_path: Path) -> None:
    command = f"predict|{bundle}|{tmp_path / 'images' / 'red'}|--csv|{tmp_path / 'out.csv'}"
    printed = run(COMMANDS, command, block="torch,torchvision,timm,PySide6,shiboken6,pyqtgraph")
    assert printed.splitlines()[-1] == "seen: []"
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()) == 11


def test_the_window_never_imports_torch(make_images: Callable[..., Path], tmp_path: Path) -> None:
    """Every page is opened on a project with images, and still nothing heavy is in the window's process."""
    code = """
from pathlib import Path
from PySide6.QtTest import QTest
from tlstudio.domain.importing import ImportRequest
from tlstudio.gui import application
from tlstudio.workflow.importing import import_images

if __name__ == "__main__":
    source, project = Path(sys.argv[2]), Path(sys.argv[3])
    import_images(ImportRequest(source, project))
    app = application.make_application([])
    window = application.show_window(app)
    application.furnish(app, window, project)
    for key in ("start", "images", "labels", "check", "model", "train", "inspect", "use"):
        window.stack.page(key)
        QTest.qWait(100)
    heavy = ("torch", "torchvision", "timm", "onnxruntime", "sklearn", "huggingface_hub")
    print("seen:", sorted(n for n in heavy if n in sys.modules))
    application.end(window)
"""
    script = tmp_path / "window.py"  # a file: a spawned worker imports the main module again
    script.write_text("import sys\n" + code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), "-", str(make_images(6)), str(tmp_path / "project")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seen: []" in done.stdout
