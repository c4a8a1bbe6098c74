"""The window's `main` in a process of its own: how it ends, and what it never loads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def _start(code: str, home: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "TLSTUDIO_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


MAIN = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from tlstudio.gui import application
from tlstudio.gui.main_window import MainWindow
loaded = MainWindow._after_first_picture
def tell(window):
    loaded(window)
    def look():
        if all(window.stack.if_loaded(key) for key in window.rail.steps):
            print("READY", *sorted(FORBIDDEN & set(sys.modules)), flush=True)
            AT_READY
        else:
            QTimer.singleShot(20, look)
    look()
MainWindow._after_first_picture = tell
FORBIDDEN = {"torch", "timm", "onnxruntime", "torchvision", "PIL.Image", "huggingface_hub"}
if __name__ == "__main__":
    sys.exit(application.main([]))
"""


def test_main_ends_with_zero_and_never_loads_torch(tmp_path: Path) -> None:
    running = _start(MAIN.replace("AT_READY", "window.close()"), tmp_path)
    out, err = running.communicate(timeout=90)
    assert out.split() == ["READY"], "a heavy library is loaded in the window's process"
    assert running.returncode == 0
    assert not err
    assert not (tmp_path / "log" / "tlstudio.log").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child without a console")
def test_ctrl_c_in_the_terminal_closes_the_window(tmp_path: Path) -> None:
    running = _start(MAIN.replace("AT_READY", "pass"), tmp_path)
    assert running.stdout is not None
    assert running.stdout.readline().strip() == "READY"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert "Traceback" not in err
