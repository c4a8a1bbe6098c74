"""The window with everything that strains its layout in it: twelve classes, long names, names that are read from right to left,
work under way. Every stop is a page in a state; `walk` goes to each, for whoever looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabWidget

from tests.gui.conftest import Studio, draw
from tlstudio.domain.events import EpochDone, FirstResult, Progress, Started, StepDone, Unit
from tlstudio.domain.results import Ranked, Recommendation
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.gui.job_bridge import Job
from tlstudio.workflow import models, training

ARABIC, HEBREW = "طبقة أكسيد ملتصقة على السطح المعدني", "שריטה עמוקה לאורך הקצה"
NAMES = (
    "Pitted surface with shallow corrosion marks near the weld (grade B)",
    "Pitted surface with deep corrosion marks near the weld (grade C)",
    ARABIC,
    HEBREW,
    "good",
    "scratch",
    "Inclusion of foreign material, rolled in",
    "crazing",
    "patches_of_scale_without_any_space_in_the_name",
    "Überwalzung",
    "表面裂纹",
    "no finding",
)
PROJECT = "Surface inspection of cold-rolled sheet, line 4, autumn and winter 2026"
LONG_MODEL = "convnext_tiny.dinov3_lvd1689m"
RESULT = Interval(0.79, 0.71, 0.86)


def images(folder: Path, each: int = 8) -> Path:
    """Tiny pictures under all those names; file names tell groups."""
    for number, name in enumerate(NAMES):
        for i in range(each):
            shape = ("disc", "square", "cross")[number % 3]
            draw(folder / name / f"specimen-2026-{number:02}{i // 2:02}_{i}.png", shape, 100 * number + i)
    return folder


def project_of(studio: Studio, source: Path) -> Path:
    """Imported through the window, trained twice by the engine."""
    project = studio.import_folder(source)
    settings = TrainSettings(model=models.default_model(), mode=Mode.QUICK, device="cpu")
    for mode in (Mode.QUICK, Mode.BALANCED):
        training.train(project, replace(settings, mode=mode, epochs=1, input_size=32))
    studio.window.session.runs_changed.emit()
    return project


class Tour:
    """Stops by name, in an order that makes sense."""

    def __init__(self, studio: Studio, project: Path, more: Path) -> None:
        """more: another folder of images, with names as long."""
        self.studio, self.project, self.more = studio, project, more
        self.window = studio.window
        self._jobs: list[Job] = []

    def stops(self) -> Iterator[tuple[str, Callable[[], None]]]:
        yield from (
            ("start", self.start),
            ("images-before", self.images_before),
            ("images-preview", self.images_preview),
            ("images-importing", self.images_importing),
            ("images-project", self.images_project),
            ("labels", self.labels),
            ("labels-from-right", self.labels_from_right),
            ("labels-marked", self.labels_marked),
            ("labels-viewer", self.labels_viewer),
            ("check", self.check),
            ("model", self.model),
            ("model-advanced", self.model_advanced),
            ("model-comparing", self.model_comparing),
            ("model-compared", self.model_compared),
            ("train-live", self.train_live),
            ("train-paused", self.train_paused),
            ("paused-elsewhere", self.paused_elsewhere),
            ("train-runs", self.train_runs),
            ("train-several", self.train_several),
            ("inspect-summary", self.inspect_summary),
            ("inspect-cell", self.inspect_cell),
            ("inspect-mistakes", lambda: self.inspect_tab(1)),
            ("inspect-threshold", lambda: self.inspect_tab(2)),
            ("inspect-report", lambda: self.inspect_tab(3)),
            ("use-not-exported", self.use_not_exported),
            ("use-rows", self.use_rows),
            ("strip-full", self.strip_full),
        )

    def walk(self, look: Callable[[str], None]) -> None:
        """Calls `look` at every stop, once the window has come to rest."""
        for name, go in self.stops():
            go()
            self.rest()
            look(name)
            self.end_jobs()
        self.window.go("start")

    def rest(self) -> None:
        real = self.window.bridge.jobs
        self.studio.wait(lambda: not [job for job in real() if job.task not in ("check_closely", "back_up")])
        for job in real():
            job.cancel()
        self.studio.wait(lambda: not real())
        self.window.toast.hide()
        QTest.qWait(250)

    def end_jobs(self) -> None:
        for job in self._jobs:
            job.over = True
            job.cancelled.emit()
            job.ended.emit()
            self.window.bridge.job_ended.emit(job)
        self._jobs.clear()

    def job(self, task: str, title: str, *events: object, **arguments: Any) -> Job:
        """A job that no worker does."""
        lane = self.window.bridge._lanes["light"]
        job = Job(task, title, arguments, lane)
        job.number = -len(self._jobs) - 2
        self._jobs.append(job)
        self.window.bridge.job_started.emit(job)
        for event in events:
            job.latest = event
            job.event.emit(event)
        return job

    def open(self) -> None:
        if self.window.session.project != self.project:
            self.window.open_project(self.project)
            self.rest()

    # --- the stops -----------------------------------------------------------------------

    def start(self) -> None:
        self.window.session.close_project()
        self.window.go("start")

    def images_before(self) -> None:
        self.window.go("images")

    def images_preview(self) -> None:
        self.open()
        self.window.go("images")
        self.studio.page("images").look_into(self.more)

    def images_importing(self) -> None:
        page = self.studio.page("images")
        job = self.job("import", "Importing")
        page.preview_view.follow(job)
        page._show_view()
        job.event.emit(Progress("Reading images", 1204, 5310, 7300.0))

    def images_project(self) -> None:
        self.studio.page("images")._leave_preview()

    def labels(self) -> None:
        self.window.go("labels")

    def labels_from_right(self) -> None:
        page = self.studio.page("labels")
        page.grid.show_section(HEBREW)
        page.panel.buckets.scrollToBottom()

    def labels_marked(self) -> None:
        page = self.studio.page("labels")
        page.grid.go_to_row(3)
        page.gallery.show_only(
            "5 images that lie in two parts although they show the same specimen from nearly the same side",
            [str(row.path) for row in [page.grid.images.image(i) for i in range(5)]],
        )

    def labels_viewer(self) -> None:
        page = self.studio.page("labels")
        page.filter_bar.clear()
        longest = next(part for part in page.grid.images.sections if part.label == NAMES[0])
        page.grid.go_to_row(longest.start)
        QTest.keyClick(page.grid, Qt.Key.Key_Space)

    def check(self) -> None:
        self.window.go("check")
        self.studio.wait(lambda: self.studio.page("check").checks.findings is not None)

    def model(self) -> None:
        self.window.go("model")

    def model_advanced(self) -> None:
        self.studio.page("model").advanced.fold_button.setChecked(True)

    def model_comparing(self) -> None:
        page = self.studio.page("model")
        page.advanced.fold_button.setChecked(False)
        advice = page.advice
        submit = self.window.bridge.submit
        self.window.bridge.submit = lambda task, title="", **a: self.job(task, title, **a)  # type: ignore[method-assign]
        try:
            advice.button.setEnabled(True)  # as with a second model on this machine
            advice.button.click()
        finally:
            self.window.bridge.submit = submit  # type: ignore[method-assign]
        told = Progress("Trying EfficientNet B0 with noisy student (3 of 12)", 240, 1000, 400.0, Unit.SHARES)
        self._jobs[-1].event.emit(told)

    def model_compared(self) -> None:
        advice = self.studio.page("model").advice
        lines = [
            Ranked(
                model,
                0.9 - 0.02 * n,
                Interval(0.9 - 0.02 * n, 0.8, 0.95),
                61.0 * (n + 1),
                Interval(0.8, 0.7, 0.9),
                10**8,
                96,
            )
            for n, model in enumerate(list(self.studio.page("model").shelf.statuses)[:5])
        ]
        advice._job = self.job("recommend", "Comparing models", project=self.project)
        advice._done(advice._job, Recommendation(tuple(lines), 96, (), (), ()))
        advice.notes.button.setChecked(True)

    def _training(self) -> Job:
        settings = TrainSettings(model=LONG_MODEL, mode=Mode.BALANCED)
        runs = self.studio.page("train").runs.all()
        return self.job(
            "train",
            "Training",
            Started(runs[0].id, "GPU NVIDIA RTX 6000 Ada Generation, 48 GB"),
            FirstResult(RESULT, 20.0),
            EpochDone(
                1, 36, 0.4, 0.5, Interval(0.71, 0.6, 0.8), Interval(0.71, 0.6, 0.8), 1e-3, 12.0, 1860.0, rehearsal=True
            ),
            StepDone(2, 36, 4, 20, 0.5, 12.0, 1860.0),
            settings=settings,
            project=self.project,
            resume=None,
        )

    def train_live(self) -> None:
        self.window.go("train")
        self._training()

    def train_paused(self) -> None:
        self.window.go("train")
        self._training()._set_paused(True) if hasattr(Job, "_set_paused") else None

    def paused_elsewhere(self) -> None:
        job = self._training()
        self.window.go("labels")
        self.studio.page("labels").viewer.close_viewer()
        if hasattr(Job, "_set_paused"):
            job._set_paused(True)

    def train_runs(self) -> None:
        self.window.go("train")

    def train_several(self) -> None:
        self.studio.page("train").table.selectAll()

    def inspect_summary(self) -> None:
        self.window.go("inspect")
        self.studio.find("inspect.tabs", QTabWidget).setCurrentIndex(0)

    def inspect_cell(self) -> None:
        self.studio.page("inspect").summary.show_cell(0, 0)

    def inspect_tab(self, number: int) -> None:
        self.studio.find("inspect.tabs", QTabWidget).setCurrentIndex(number)

    def use_not_exported(self) -> None:
        self.window.go("use")

    def use_rows(self) -> None:
        page = self.studio.page("use")
        file = self.project / "exports" / f"{PROJECT}.onnx"
        if not file.is_file():
            job = self.window.bridge.submit("export", "", project=self.project, run=None, out=file)
            self.studio.wait(lambda: job.over)
        page.panel.open_bundle(file)
        self.rest()
        page.panel.predict(sorted(self.more.glob("*/*.png"))[:30])

    def strip_full(self) -> None:
        comparing = Progress("Comparing the file with the trained model", 24, 150, 40.0)
        fetching = Progress("Fetching", 3_100_000, 14_000_000, 90.0, Unit.BYTES)
        self.job("export", f"Exporting the model of {PROJECT}", comparing)
        self.job("download_model", "Downloading EfficientNet B0 with noisy student", fetching)
        self.job("back_up", "Making a backup")
        self.window.strip.show_device("GPU NVIDIA RTX 6000 Ada Generation, 48 GB")
