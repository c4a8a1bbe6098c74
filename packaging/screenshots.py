"""Takes the pictures of the README from the running program: the real window, the real workers, the sample project.

    python packaging/screenshots.py [--out resources/screenshots] [--scheme light|dark] [--size 1280x800]

Makes the sample project in a temporary home, walks through every step as a user would, and saves one picture a step.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 600.0  # seconds for a step to become what its picture shall show


class Tour:
    """A window and the way through it."""

    def __init__(self, home: Path, out: Path, scheme: str, size: tuple[int, int]) -> None:
        from tlstudio.gui import application, theme

        self.home, self.out = home, out
        self.app = application.make_application([])
        self.window = application.show_window(self.app)
        application.furnish(self.app, self.window)
        theme.apply(self.app, scheme)
        self.window.resize(*size)
        self.out.mkdir(parents=True, exist_ok=True)
        self.wait(lambda: False, seconds=2, fail=False)

    def wait(self, condition: Callable[[], object], seconds: float = PATIENCE, *, fail: bool = True) -> None:
        from PySide6.QtTest import QTest

        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                if fail:
                    raise SystemExit("A page did not become what its picture shall show.")
                return
            QTest.qWait(50)

    def idle(self) -> bool:
        return not self.window.bridge.jobs()

    def settle(self) -> None:
        """Until no job runs any more, and then a moment for thumbnails and animations."""
        self.wait(self.idle)
        self.wait(lambda: False, seconds=1.5, fail=False)

    def click(self, name: str) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QAbstractButton

        buttons = [b for b in self.window.findChildren(QAbstractButton, name) if b.isVisible()]
        if not buttons:
            raise SystemExit(f"There is no button called {name}.")
        QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)

    def picture(self, name: str) -> None:
        self.window.grab().save(str(self.out / f"{name}.png"))
        print(self.out / f"{name}.png")

    def walk(self) -> None:
        """Every step with the sample project in it."""
        from tlstudio.domain.events import EpochDone

        window = self.window
        self.click("start.sample")
        self.wait(lambda: window.session.project is not None)
        for key, name in (("images", "2-images"), ("labels", "3-labels"), ("check", "4-check"), ("model", "5-model")):
            window.go(key)
            self.settle()
            self.picture(name)
        self.click("model.primary")
        epochs: list[object] = []
        self.wait(lambda: window.bridge.running("train") is not None)
        job = window.bridge.running("train")
        job.event.connect(lambda event: epochs.append(event) if isinstance(event, EpochDone) else None)
        self.wait(lambda: len(epochs) >= 5 or self.idle())
        self.picture("6-train")
        self.settle()
        window.go("inspect")
        self.settle()
        self.picture("7-inspect-closed")
        self.click("inspect.state_button")
        self.settle()
        self.picture("7-inspect")
        self.predict()
        window.session.close_project()
        window.go("start")
        self.settle()
        self.picture("1-start")

    def predict(self) -> None:
        """Exports, and classifies a handful of the sample's images with the exported file."""
        from tlstudio.storage import places

        window = self.window
        project = window.session.project
        bundle = project / "exports" / "metal-surfaces.onnx"
        job = window.bridge.submit("export", "", project=project, run=None, out=bundle)
        done: list[object] = []
        job.finished.connect(done.append)
        job.failed.connect(lambda error: sys.exit(str(error)))
        self.wait(lambda: done)
        window.open_path(bundle)
        self.settle()
        images = sorted((places.data_dir() / "samples" / "metal-surfaces").glob("*/*_0[1-2].png"))[::6][:14]
        window.stack.page("use").panel.predict(images)
        self.settle()
        self.picture("8-use")

    def end(self) -> None:
        from tlstudio.gui import application

        self.window.close()
        application.end(self.window)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "screenshots")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1280x800")
    options = parser.parse_args()
    width, height = (int(v) for v in options.size.split("x"))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as home:
        os.environ["TLSTUDIO_HOME"] = home
        tour = Tour(Path(home), options.out, options.scheme, (width, height))
        try:
            tour.walk()
        finally:
            tour.end()


if __name__ == "__main__":
    main()
