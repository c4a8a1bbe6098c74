"""The Threshold tab: choose the class that must not be missed, see what that costs, and keep it for the export."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.domain.errors import NotMeasured, StudioError
from tlstudio.domain.events import Progress
from tlstudio.domain.operating import OperatingPoint, PointFigures, ThresholdChoices
from tlstudio.domain.results import Evaluation
from tlstudio.domain.values import Split
from tlstudio.gui import theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.inspect.threshold_panel import USUAL, ThresholdPanel
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.message_bar import announce
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.threshold_chart import ThresholdChart


class Text:
    """Words of the Threshold tab."""

    chart = "Thresholds, and what they find"
    working = "Comparing thresholds"
    measure, measuring = "Look at the validation images", "Looking at the validation images"
    again = "Try again"


class ThresholdTab(QWidget):
    """Asks the worker once for each class; from then on the slider answers from what came back."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._evaluation: Evaluation | None = None
        self._choices: ThresholdChoices | None = None
        self._job: Job | None = None
        self._trouble: StudioError | None = None  # why there is no chart
        self._fresh = False  # another evaluation: the kept class, if any, comes first
        self.panel = ThresholdPanel()
        self.chart = named(ThresholdChart(), "inspect.threshold_chart", Text.chart)
        self.state = StatePanel("inspect.threshold_state")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self.stack.addWidget(self.chart)
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(theme.L, theme.L, theme.L, theme.S)
        inside.addWidget(self.stack)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, theme.M, 0, 0)
        row.setSpacing(theme.M)
        row.addWidget(self.panel)
        row.addWidget(card, 1)
        self.panel.name_chosen.connect(self._ask)
        self.panel.wanted_chosen.connect(lambda _: self._show_step())
        self.panel.keep.connect(self._keep)
        self.panel.drop.connect(self._drop)
        self.state.pressed.connect(self._help)
        session.read_only.watch(self.panel.keep_button, self.panel.none_button)
        self.panel.show_kept(None)
        self.panel.show_nothing()

    # --- what the page tells --------------------------------------------------------------

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Another run, other images or other labels. The thresholds are compared when somebody looks."""
        self.forget()
        self._evaluation, self._fresh = evaluation, True
        rarest = min(evaluation.classes, key=lambda name: evaluation.per_class[name].n)
        self.panel.show_classes(evaluation.classes, rarest)
        if self.isVisible():
            self._ask()

    def forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._evaluation = self._choices = self._job = None
        self.panel.show_nothing()
        self.chart.set_threshold(None)

    def showEvent(self, event: QShowEvent) -> None:
        if self._choices is None and self._job is None and self._evaluation is not None:
            self._ask()
        super().showEvent(event)

    # --- comparing --------------------------------------------------------------------------

    def _ask(self) -> None:
        """Compares the thresholds of the class that is chosen; an older comparison under way is given up."""
        name = self.panel.name_box.currentText()
        if self._evaluation is None or not name:
            return
        self._choices = None
        self.panel.show_nothing()
        self.state.show_working(Text.working)
        self.stack.setCurrentIndex(0)
        job = self._submit("thresholds", name=name, split=self._evaluation.split)
        job.finished.connect(lambda result: self._compared(job, result))

    def _submit(self, task: str, title: str = "", **arguments: object) -> Job:
        """One job at a time; a failure of it is shown in place of the chart."""
        assert self._evaluation is not None
        if self._job is not None:
            self._job.cancel()
        project = self._session.project
        job = self._job = self._session.bridge.submit(
            task, title, project=project, run=self._evaluation.run, **arguments
        )
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._failed(job, None))
        return job

    def _compared(self, job: Job, choices: ThresholdChoices) -> None:
        if job is not self._job:
            return
        self._job = None
        kept = choices.kept
        self.panel.show_kept(kept)
        if self._fresh:
            self._fresh = False
            self.panel.set_wanted(USUAL if kept is None else round(kept.wanted * 100))
            if kept is not None and kept.name != choices.name:
                self.panel.name_box.setCurrentText(kept.name)  # asks again
                return
        self._choices = choices
        self.chart.show_curve(choices.curve, choices.name)
        self.stack.setCurrentIndex(1)
        self._show_step()

    def _failed(self, job: Job, error: StudioError | None) -> None:
        """error: None when the user cancelled the job."""
        if job is not self._job:
            return
        self._job, self._trouble = None, error
        self.panel.show_nothing()
        self.stack.setCurrentIndex(0)
        if error is None:
            self.state.show_state("stop", "muted", Text.chart, "", Text.again)
        else:
            button = Text.measure if isinstance(error, NotMeasured) else ""
            self.state.show_state("caution", "caution", error.what, error.remedy, button)

    def _help(self) -> None:
        """The button beside a failure: look at the validation images, or ask again."""
        if self._evaluation is None:
            return
        if not isinstance(self._trouble, NotMeasured):
            self._ask()
            return
        job = self._submit("evaluate", Text.measuring, split=Split.VAL)
        self.state.show_working(Text.measuring, job=job)
        job.event.connect(lambda event: self.state.show_progress(event) if isinstance(event, Progress) else None)
        job.finished.connect(lambda _: self._ask() if job is self._job else None)

    # --- choosing ----------------------------------------------------------------------------

    def step(self) -> PointFigures | None:
        """What the slider's wish does; None while nothing has been compared."""
        if self._choices is None:
            return None
        wanted = self.panel.slider.value()
        return next(step for step in self._choices.steps if round(step.point.wanted * 100) == wanted)

    def _show_step(self) -> None:
        step, choices = self.step(), self._choices
        if step is None or choices is None:
            return
        self.panel.show_figures(step, choices.split, choices.unmeasured)
        self.panel.keep_button.setEnabled(step.point != choices.kept)
        self.chart.set_threshold(step.point.threshold)

    # --- keeping -----------------------------------------------------------------------------

    def _keep(self) -> None:
        step = self.step()
        if step is not None:
            job = self._submit("keep_threshold", name=step.point.name, wanted=step.point.wanted)
            job.finished.connect(lambda point: self._changed(job, point))

    def _drop(self) -> None:
        if self._evaluation is not None:
            job = self._submit("drop_threshold")
            job.finished.connect(lambda _: self._changed(job, None))

    def _changed(self, job: Job, kept: OperatingPoint | None) -> None:
        if job is not self._job:
            return
        self._job = None
        self.panel.show_kept(kept)
        announce(self.panel.kept_label, self.panel.kept_label.text())
        if self._choices is None:
            self._ask()
            return
        self._choices = replace(self._choices, kept=kept)
        self._show_step()
