"""The Inspect page: what the model gets right and wrong on images that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QTabWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.domain.results import Evaluation
from tlstudio.domain.values import ImageRow, Split
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.image_list import ImageListModel
from tlstudio.gui.pages.base import Page, named, set_role
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.inspect.choosers import Choosers
from tlstudio.gui.pages.inspect.mistakes import MistakesTab
from tlstudio.gui.pages.inspect.report import ReportTab
from tlstudio.gui.pages.inspect.summary import SummaryTab
from tlstudio.gui.pages.inspect.threshold import ThresholdTab
from tlstudio.gui.pages.relabel import Relabeler
from tlstudio.gui.pages.run_reader import RunReader
from tlstudio.gui.pages.ticks import Tick
from tlstudio.gui.pages.wishes import use_run
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import browsing
from tlstudio.workflow.steps import Step


class Text:
    """Words of the Inspect page."""

    title = "Inspect the result"
    sentence = "How good the model is on images it did not learn from, and where it is wrong."
    primary = "Use this model"
    first = "Train a model first."
    summary, mistakes, mistakes_count, threshold = "Summary", "Mistakes", "Mistakes ({count})", "Threshold"
    report = "Report"
    working = "Trying the model on the held-out images"
    job = "Measuring the result"
    again = "Measure again"
    stopped = "The measurement was stopped"
    closed = "The test images are closed"
    closed_words = (
        "They show how good a training is on images that had no part in it. Each training that is compared by them makes the "
        "best one look better than it is, so open them for those between which you decide at the end. Each opening is counted."
    )
    open_test = "Open the test images"
    no_split = "No images were held out for a test. Import the images again with a test share to measure honestly."


class InspectPage(Page):
    """Evaluates the chosen run on the chosen split, and keeps what it has measured while the labels stay the same."""

    key, title, sentence, icon = "inspect", Text.title, Text.sentence, "inspect"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.runs = RunReader(session)
        self._tick = Tick(session, Step.INSPECT)
        self._measured: dict[tuple[str, Split], Evaluation] = {}
        self._job: Job | None = None
        self._measuring: tuple[str, Split] | None = None
        self._looking: ImageListModel | None = None
        self._shown: tuple[str, Split] | None = None
        self.store = ThumbnailStore(lambda content: Path(), self)
        self.copies = ImageCopies(session, self)
        self.relabeler = Relabeler(session, self)
        self.choosers = Choosers(self)
        self.summary = SummaryTab(self.store, self._rows, self)
        self.mistakes = MistakesTab(session, self.store, self._rows, self)
        self.tabs = named(QTabWidget(self), "inspect.tabs", "Views of the result")
        self.tabs.addTab(self.summary, Text.summary)
        self.tabs.addTab(self.mistakes, Text.mistakes)
        self.threshold = ThresholdTab(session, self)
        self.tabs.addTab(self.threshold, Text.threshold)
        self.report = ReportTab(session, self)
        self.tabs.addTab(self.report, Text.report)
        self.state = StatePanel("inspect.state", self)
        self.viewer = ImageViewer(self, "inspect.viewer", labels=False)
        self._arrange()
        self._connect()

    def _arrange(self) -> None:
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.state)
        self.stack.addWidget(self.tabs)
        self.content.setSpacing(theme.S)
        self.content.addWidget(self.choosers)
        self.content.addWidget(self.stack, 1)

    def _connect(self) -> None:
        self.choosers.run_chosen.connect(self._run_chosen)
        self.choosers.split_chosen.connect(self._show_or_measure)
        self.choosers.again.connect(self.measure)
        self.state.pressed.connect(self.measure)
        self.tabs.currentChanged.connect(lambda _: self._emphasise())
        self.summary.look.connect(self._look)
        self.summary.grid.images.trouble.connect(self.session.tell)
        self.mistakes.look.connect(self._look)
        self.mistakes.shown.connect(self.copies.want)
        self.mistakes.relabel.connect(lambda image, label: self.relabeler.assign([image], label))
        self.relabeler.changed.connect(self._relabeled)
        self.relabeler.reloaded.connect(self._reload_labels)
        self.viewer.needs_copy.connect(self.copies.want)
        self.copies.serve_deep(self.viewer)
        self.viewer.step.connect(self._step)
        self.copies.arrived.connect(self._copy_arrived)
        self.session.project_changed.connect(self._forget)
        self.session.data_changed.connect(self._labels_changed)
        for keys, deed in (
            (QKeySequence.StandardKey.Undo, self.relabeler.undo),
            (QKeySequence.StandardKey.Redo, self.relabeler.redo),
        ):
            shortcut = QShortcut(keys, self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(deed)

    # --- the frame's questions -------------------------------------------------------

    def blocked(self) -> str:
        if self.session.project is None:
            return messages.Text.NO_PROJECT
        return "" if self.runs.finished() else Text.first

    def done(self) -> bool:
        return self._shown is not None or self._tick.run in {row.id for row in self.runs.finished()}

    def enter(self) -> None:
        if self.relabeler.telling:
            return
        finished = self.runs.finished()
        self.choosers.show_runs(finished, self.session.run_id)
        self.choosers.show_splits(self.session.summary.splits if self.session.summary is not None else {})
        self._show_or_measure()

    def leave(self) -> None:
        self.viewer.close_viewer()

    def continue_clicked(self) -> None:
        use_run(self.session, self.choosers.run())

    # --- choosing -------------------------------------------------------------------------

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = self._measuring = None
        self._measured.clear()
        self.threshold.forget()
        self.report.forget()
        self._shown = None
        self.choosers.show_runs([], "")
        self.viewer.close_viewer()

    def _run_chosen(self) -> None:
        self.session.run_id = self.choosers.run()
        self.session.runs_changed.emit()
        self._show_or_measure()

    # --- measuring --------------------------------------------------------------------------

    def _show_or_measure(self) -> None:
        run, split = self.choosers.run(), self.choosers.split()
        if split is None:
            self.state.show_state("info", "muted", Text.no_split)
            self.stack.setCurrentIndex(0)
            self.set_primary(Text.primary, enabled=bool(run))
            return
        known = self._measured.get((run, split))
        if known is not None:
            self._show(known)
        elif split is Split.TEST and self.runs.test_use().of(run) == 0:
            self._ask_to_open()
        elif self._job is None or self._measuring != (run, split):
            self.measure()

    def _ask_to_open(self) -> None:
        """The test images are opened by a deed of the user, and never because a page was visited."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._measuring = None
        words = " ".join(part for part in (Text.closed_words, self.runs.test_use().sentence) if part)
        self.state.show_state("info", "muted", Text.closed, words, Text.open_test)
        self.stack.setCurrentIndex(0)
        self.set_primary(Text.primary)

    def measure(self) -> None:
        """Tries the chosen run on the chosen images; an older measurement that is under way is given up."""
        project = self.session.project
        run, split = self.choosers.run(), self.choosers.split()
        if project is None or not run or split is None:
            return
        if self._job is not None:
            self._job.cancel()
        self.set_primary(Text.primary)
        key = self._measuring = (run, split)
        job = self._job = self.session.bridge.submit("evaluate", Text.job, project=project, run=run, split=split)
        self.state.show_working(Text.working, job=job)
        self.stack.setCurrentIndex(0)
        job.event.connect(lambda event: self._progress(job, event))
        job.finished.connect(lambda result: self._done(job, key, result))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._cancelled(job))

    def _progress(self, job: Job, event: object) -> None:
        if job is self._job and isinstance(event, Progress):
            self.state.show_progress(event)

    def _done(self, job: Job, key: tuple[str, Split], result: Evaluation) -> None:
        if job is self._job:
            self._job = None
            self._measured[key] = result
            self._shown = None if self._shown == key else self._shown
            if key == (self.choosers.run(), self.choosers.split()):
                self._show(result)

    def _failed(self, job: Job, error: StudioError) -> None:
        if job is self._job:
            self._job = None
            self.state.show_trouble(error, Text.again)

    def _cancelled(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self.state.show_state("stop", "muted", Text.stopped, "", Text.again)

    def _emphasise(self) -> None:
        """One primary button at a time: the tabs Threshold and Report have their own."""
        own = self.tabs.currentWidget() in (self.threshold, self.report)
        set_role(self.primary, "" if own else "primary")

    # --- showing -----------------------------------------------------------------------------

    def _show(self, evaluation: Evaluation) -> None:
        key = (evaluation.run, evaluation.split)
        self.set_primary(Text.primary)
        self.stack.setCurrentIndex(1)
        if key == self._shown:
            return
        styles = self._read_styles()
        if styles is None:
            return
        self._shown = key
        self._tick.set(evaluation.run)
        self.summary.show_evaluation(evaluation, styles)
        wrong = self.mistakes.show_evaluation(evaluation, styles)
        words = Text.mistakes_count.format(count=messages.number(wrong)) if wrong else Text.mistakes
        self.tabs.setTabText(1, words)
        self.threshold.show_evaluation(evaluation)
        self.report.show_run(evaluation.run, opens_test=self._opens_test(evaluation.run))
        self.choosers.show_outdated(False)

    def _opens_test(self, run: str) -> bool:
        """Whether a report on it would open the test images."""
        return self.choosers.offers(Split.TEST) and self.runs.test_use().of(run) == 0

    def _rows(self, ids: Sequence[int]) -> list[ImageRow]:
        """These images as they are now. Raises StudioError."""
        return [] if self.session.project is None else browsing.rows(self.session.project, ids)

    def _read_styles(self) -> ClassStyles | None:
        project = self.session.project
        if project is None:
            return None
        self.store.set_locate(lambda content: browsing.thumbnail(project, content))
        try:
            return ClassStyles([c.name for c in browsing.classes(project)])
        except StudioError as error:
            self.state.show_trouble(error, Text.again)
            self.stack.setCurrentIndex(0)
            return None

    # --- relabeling ----------------------------------------------------------------------------

    def _relabeled(self, ids: list[int], label: str | None) -> None:
        for image in ids:
            self.mistakes.go_on(image)
        self.choosers.show_outdated(True)

    def _reload_labels(self) -> None:
        if self.session.project is not None:
            self.mistakes.update_labels()
            self.choosers.show_outdated(True)

    def _labels_changed(self) -> None:
        """Figures hold for the labels they were measured with. Own changes keep the list in front of the user."""
        self._measured.clear()
        self._tick.clear()
        if not self.relabeler.telling:
            self._shown = None

    # --- looking ---------------------------------------------------------------------------------

    def _look(self, row: ImageRow, images: ImageListModel) -> None:
        self._looking = images
        style = None if row.label is None else self.summary.grid.painter_of_cells.styles[row.label]
        place = images.index_of(row.id).row()
        words = f"{messages.number(place + 1)} of {messages.number(images.rowCount())}"
        self.viewer.show_image(row, style, self.store.load_now(row.content, theme.THUMBNAILS[-1]), words)

    def _step(self, by: int) -> None:
        image, images = self.viewer.image, self._looking
        if image is not None and images is not None:
            place = images.index_of(image.id).row() + by
            entry = images.entry(place) if 0 <= place < images.rowCount() else None
            if entry is not None:
                self._look(entry.row, images)

    def _copy_arrived(self, row: ImageRow, pixmap: object) -> None:
        self.viewer.set_copy(row, pixmap)  # type: ignore[arg-type]
        self.mistakes.set_copy(row, pixmap)  # type: ignore[arg-type]
