"""How long until the window stands, against an empty PySide6 window: `python tests/bench/startup.py [PAIRS]`.

Each pair starts two fresh interpreters one after the other, measured from the launch of the process. Printed: the median until
the empty window has painted itself, the median until ours has (ratio to stay under 1.5), and until its start page is complete.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

EMPTY = """
import os, time
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication([])
window = QMainWindow()
window.resize(1280, 800)
window.show()
application.processEvents()
print(time.time() - float(os.environ["BENCH_STARTED"]))
"""
STUDIO = """
import os, sys, time
from tlstudio.gui import application as studio
from tlstudio.gui.main_window import MainWindow
started = float(os.environ["BENCH_STARTED"])
application = studio.make_application([])
window = studio.show_window(application)
print(time.time() - started)
MainWindow._after_first_picture = lambda window: None  # loads what is not seen
studio.furnish(application, window)
application.processEvents()
print(time.time() - started)
heavy = {"torch", "timm", "numpy", "PIL", "pyqtgraph", "onnxruntime", "multiprocessing"} & set(sys.modules)
print(*heavy, file=sys.stderr)
studio.end(window)
"""


def seconds(program: str, home: str) -> list[float]:
    """Runs one program in a fresh interpreter and reads how long it took to each of its marks."""
    # An installed program has its bytecode; a developer's wish not to write any would measure the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "QT_QPA_PLATFORM": "offscreen",
        "TLSTUDIO_HOME": home,
        "BENCH_STARTED": str(time.time()),
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    if done.stderr.strip():
        print("loaded too early:", done.stderr.strip())
    return [float(line) for line in done.stdout.split()]


def main(pairs: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        for program in (EMPTY, STUDIO):
            seconds(program, home)  # fills the system's file cache
        both = [seconds(EMPTY, home) + seconds(STUDIO, home) for _ in range(pairs)]
    empty, stands, complete = (statistics.median(column) * 1000 for column in zip(*both, strict=True))
    ratio = statistics.median(window / theirs for theirs, window, _ in both)
    print(
        f"empty window {empty:.0f} ms, studio's window {stands:.0f} ms: ratio {ratio:.2f}; complete {complete:.0f} ms"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
