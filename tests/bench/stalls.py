"""How long the window stops answering while it trains: `python tests/bench/stalls.py [SECONDS]`.

Opens the sample project, trains it in balanced mode on every core, and lets a 5 ms timer tick in the window meanwhile. Printed:
the longest and the 99.9th percentile gap between two ticks in milliseconds (to stay under 100), and the window's memory.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

TICK_MS = 5


def main(seconds: float) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["TLSTUDIO_HOME"] = home
        measure(Path(home), seconds)


def measure(home: Path, seconds: float) -> None:
    import psutil
    from PySide6.QtCore import Qt, QTimer

    from tlstudio.domain.runs import Mode, TrainSettings
    from tlstudio.gui import application as studio
    from tlstudio.workflow import models

    application = studio.make_application([])
    window = studio.show_window(application)
    studio.furnish(application, window)
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append((now - last) * 1000 - TICK_MS)
        last = now

    timer = QTimer(window, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)

    def train(project: Path) -> None:
        nonlocal last
        window.session.open_project(project)
        window.go("train")
        settings = TrainSettings(model=models.default_model(), mode=Mode.BALANCED, device="cpu")
        job = window.bridge.submit("train", "Training", project=project, settings=settings, resume=None)
        job.ended.connect(finish)
        QTimer.singleShot(round(seconds * 1000), job.stop)
        last = time.perf_counter()
        timer.start()

    def finish() -> None:
        timer.stop()
        gaps.sort()
        memory = psutil.Process().memory_info().rss / 1e6
        print(f"{len(gaps)} ticks; longest gap {gaps[-1]:.0f} ms, 99.9 % under {gaps[int(len(gaps) * 0.999)]:.0f} ms")
        print(f"window's memory {memory:.0f} MB")
        window.close()

    sample = window.bridge.submit("make_sample", "Making the sample", folder=home / "sample")
    sample.finished.connect(train)
    sample.failed.connect(lambda error: (print(error), window.close()))
    application.exec()
    studio.end(window)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
