"""One run, live or from the list: the number that counts, what is happening, and the curve."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from tlstudio.domain.events import EpochDone, FirstResult, Note, Progress, Started, StepDone, sentence
from tlstudio.domain.runs import LogLine, Mode, RunRow, RunState, TrainSettings
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.model_titles import title_of
from tlstudio.gui.models.run_list import MODES, kept_words, mode_of
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.run_reader import StoredRun
from tlstudio.gui.pages.train.views import RunViews
from tlstudio.gui.widgets.big_number import BigNumber
from tlstudio.gui.widgets.facts import Facts
from tlstudio.gui.widgets.fitting import ElidedLabel
from tlstudio.gui.widgets.help_bubble import HelpButton
from tlstudio.gui.widgets.live_chart import Point
from tlstudio.gui.widgets.scrolling import scroll_around

SIDE = 288
NO_GAIN = 6
_BAR = 1000


class Text:
    """Words of a run."""

    best_so_far = "Best accuracy so far, on images kept from it"
    first_so_far = "First result, on images kept from it"
    reached = "Accuracy on images kept from it"
    reached_corrected = "Accuracy on images kept from it, corrected for having been chosen by them"
    counted = "Not corrected"
    first = "First result"
    time_left, epoch, speed, device = "Time left", "Epoch", "Images per second", "Device"
    memory, gpu_memory = "Memory", "GPU memory"
    took, kept, began = "Training took", "Kept", "Started"
    starting = "Getting ready"
    queued = "Waiting for its turn: other work is before it."
    no_gain = "No gain for {epochs}: stopping early is fine."
    paused = "Paused. Nothing is lost; go on whenever you like."
    going_on = "Going on where it was."
    stopping = "Stopping after this step. The best model so far is kept."
    quick = "Quick mode has no epochs: it builds on what the model has learned before and is done in one step."
    quick_done = (
        "Quick mode uses what the model knows already. Train again with Balanced to adjust it to your images; "
        "that often gains a few percent."
    )
    no_curve = "There is no curve of this run."
    epochs_title = "Practice rounds (epochs)"
    epochs_help = (
        "In one epoch the model sees every training image once and corrects itself a little. After each one it is tried "
        "on images kept from it, which it does not learn from."
    )
    states = "Interrupted after {epochs}.", "Training failed."


class RunPanel(QWidget):
    """`begin` and `take` follow a job; `show_run` shows a stored run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = Mode.BALANCED
        self._best_epoch = 0
        self._best = 0.0
        self.title = named(ElidedLabel("", self), "train.run", "Run")
        self.title.setProperty("role", "card-title")
        self.number = BigNumber("train.accuracy", Text.best_so_far, self)
        self.facts = Facts("train", self)
        self._add_facts()
        self.now = named(QLabel(self), "train.now", "What is happening")
        self.now.setWordWrap(True)
        self.advice = named(QLabel(self), "train.advice", "Advice")
        self.advice.setProperty("tone", "caution")
        self.advice.setWordWrap(True)
        self.bar = named(QProgressBar(self), "train.progress", "Progress")
        self.bar.setTextVisible(False)
        self.views = RunViews(self)
        self.chart = self.views.chart
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.L)
        row.addWidget(self._side())
        row.addWidget(self._main(), 1)

    def _add_facts(self) -> None:
        help_button = HelpButton(Text.epochs_help, "train.epochs_help", "What is an epoch?", Text.epochs_title)
        for key, caption, beside in (
            ("first", Text.first, None),
            ("counted", Text.counted, None),
            ("time_left", Text.time_left, None),
            ("epoch", Text.epoch, help_button),
            ("speed", Text.speed, None),
            ("device", Text.device, None),
            ("memory", Text.memory, None),
            ("gpu_memory", Text.gpu_memory, None),
            ("took", Text.took, None),
            ("kept", Text.kept, None),
            ("began", Text.began, None),
        ):
            self.facts.add(key, caption, beside)

    def _side(self) -> QFrame:
        card = QFrame(self)
        card.setProperty("role", "card")
        card.setFixedWidth(SIDE)
        inner = QWidget()
        frame = QVBoxLayout(card)
        frame.setContentsMargins(theme.L, theme.L, theme.M, theme.S)
        frame.addWidget(scroll_around(inner))
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addWidget(self.title)
        column.addWidget(self.number)
        column.addSpacing(theme.XS)
        column.addWidget(self.facts)
        column.addStretch(1)
        return card

    def _main(self) -> QFrame:
        card = QFrame(self)
        card.setProperty("role", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.S)
        column.setSpacing(theme.S)
        column.addWidget(self.now)
        column.addWidget(self.advice)
        column.addWidget(self.bar)
        column.addWidget(self.views, 1)
        return card

    # --- live -------------------------------------------------------------------------

    def begin(self, settings: TrainSettings, device: str) -> None:
        """A training starts: everything empty."""
        self._mode = settings.mode
        self._best, self._best_epoch = 0.0, 0
        self.title.setText(f"{title_of(settings.model)} · {MODES[settings.mode]}")
        self.number.show_interval(None, Text.first_so_far)
        self.facts.clear()
        self.facts.set("device", device)
        self._say(Text.starting)
        self._advise("")
        self.bar.setRange(0, 0)
        self.bar.show()
        self.views.clear()
        self.chart.clear(Text.quick if self._mode is Mode.QUICK else "")
        if self._mode is not Mode.QUICK:
            self.chart.clear()

    def continue_from(self, run: StoredRun) -> None:
        """A resumed run keeps the curve, the log and the mix-ups that it has."""
        row = run.row
        self._fill_chart(row)
        self.views.log.show_lines(run.records.log)
        self.views.show_counts(run.records.confusion)
        if row.history:
            best = max((r for r in row.history if not r.rehearsal), key=lambda r: r.val_accuracy, default=None)
            if best is not None:
                self._best, self._best_epoch = best.val_accuracy, best.epoch
                self.number.show_interval(None, Text.best_so_far)

    def name_classes(self, classes: Sequence[str], styles: ClassStyles) -> None:
        """The run's classes in its own order, known once it has begun."""
        self.views.name_classes(classes, styles)

    def take(self, event: object) -> None:
        """Shows what the job tells."""
        self._log(event)
        match event:
            case Started(device=device) if device:  # the one of this run, whatever others would take
                self.set_device(device)
            case Note(text=text):
                self._say(text)
            case Progress():
                self._progress(event)
            case FirstResult():
                self._best = event.accuracy.value  # an epoch has to be better than this to count as a gain
                self.number.show_interval(event.accuracy, Text.first_so_far)
                self.facts.set("first", event.accuracy.percent())
                self.chart.set_first(event.accuracy.value if self._mode is not Mode.QUICK else None)
                self.views.show_counts(event.confusion)
            case StepDone():
                self._step(event)
            case EpochDone():
                self._epoch(event)

    def take_quietly(self, event: object) -> None:
        """What arrives during a pause: the curve and the log miss nothing, the words stay."""
        self._log(event)
        if isinstance(event, EpochDone):
            self._add_epoch(event)

    def _log(self, event: object) -> None:
        words = sentence(event)
        if words:
            self.views.log.add(LogLine(time.time(), words))

    def show_paused(self, paused: bool) -> None:
        if paused:
            self._say(Text.paused)
            self.facts.set("time_left", "")
        elif self.now.text() == Text.paused:
            self._say(Text.going_on)

    def show_queued(self, queued: bool) -> None:
        if queued:
            self._say(Text.queued)
            self.bar.setRange(0, _BAR)  # at rest
        elif self.now.text() == Text.queued:
            self._say(Text.starting)
            self.bar.setRange(0, 0)

    def show_stopping(self) -> None:
        self._say(Text.stopping)

    def set_device(self, device: str) -> None:
        self.facts.set("device", device)

    def _progress(self, event: Progress) -> None:
        self.bar.show()
        self.bar.setRange(0, _BAR if event.total else 0)
        if event.total:
            self.bar.setValue(round(_BAR * event.done / event.total))
        self._say(messages.progress(event, time=False))
        self._time_left(event.seconds_left)

    def _step(self, event: StepDone) -> None:
        self._counts(event)
        done = event.epoch - 1 + event.step / max(1, event.steps)
        self.bar.show()
        self.bar.setRange(0, _BAR)
        self.bar.setValue(round(_BAR * done / max(1, event.epochs)))

    def _epoch(self, event: EpochDone) -> None:
        self._counts(event)
        self.bar.setRange(0, _BAR)
        self.bar.setValue(round(_BAR * event.epoch / max(1, event.epochs)))
        self._add_epoch(event)

    def _add_epoch(self, event: EpochDone) -> None:
        if not event.rehearsal:  # whose figures are about other images, and of models that are given up
            self.number.show_interval(event.best_accuracy, Text.best_so_far)
        losses = event.train_loss, event.val_loss
        figures = event.epoch, event.accuracy.value, *losses, event.train_accuracy, event.learning_rate
        point = Point(*figures, rehearsal=event.rehearsal)
        self.chart.add(point, event.epochs)
        self.views.show_counts(event.confusion)
        if event.accuracy.value > self._best and not event.rehearsal:
            self._best, self._best_epoch = event.accuracy.value, event.epoch
        idle = event.epoch - self._best_epoch
        # After rehearsals no image may be left to measure on: a figure that stands still says nothing of the training.
        seen = {(point.accuracy, point.val_loss) for point in self.chart.points[-NO_GAIN:]}
        if event.rehearsal or (len(seen) == 1 and event.accuracy == event.best_accuracy):
            idle, self._best_epoch = 0, event.epoch  # nor does a rehearsal, which has to come to its end
        self._advise(Text.no_gain.format(epochs=messages.count(idle, "epoch")) if idle >= NO_GAIN else "")

    def _counts(self, event: StepDone | EpochDone) -> None:
        speed, memory = event.images_per_second, event.memory
        self.facts.set("epoch", f"{event.epoch} of {event.epochs}")
        self.facts.set("speed", messages.number(round(speed)) if speed >= 10 else f"{speed:.1f}")
        self._time_left(event.seconds_left)
        if memory is not None:
            self.facts.set("memory", messages.memory(memory.process))
            shown = messages.memory(memory.device, memory.device_total) if memory.device_total else ""
            self.facts.set("gpu_memory", shown)

    def _time_left(self, seconds: float | None) -> None:
        self.facts.set("time_left", messages.time_left(seconds).removesuffix(" left"))

    # --- stored -----------------------------------------------------------------------

    def show_run(self, run: StoredRun) -> None:
        """A run that is not under way."""
        row = run.row
        self.views.show_stored(run.records, run.styles)
        self._mode = row.mode
        self.title.setText(f"{title_of(row.model)} · {mode_of(row)}")
        self.number.show_interval(row.accuracy, Text.reached if row.measured is None else Text.reached_corrected)
        self.facts.clear()
        if row.measured is not None:
            self.facts.set("counted", row.measured.percent())
        if row.mode is not Mode.QUICK and row.epochs:
            self.facts.set("epoch", messages.number(row.epochs))
        if row.seconds:
            self.facts.set("took", messages.duration(row.seconds))
        self.facts.set("kept", kept_words(row.chosen))
        self.facts.set("began", messages.ago(row.created_at))
        self.bar.hide()
        self._advise(row.message if row.state in (RunState.FAILED, RunState.DAMAGED) else "")
        interrupted, failed = Text.states
        words = {
            RunState.INTERRUPTED: interrupted.format(epochs=messages.count(len(row.history), "epoch")),
            RunState.FAILED: failed,
        }
        self._say(words.get(row.state, row.reason))
        self.chart.clear(Text.quick_done if row.mode is Mode.QUICK else Text.no_curve)
        self._fill_chart(row)
        if row.history:
            self.chart.set_first(run.first)

    def _fill_chart(self, row: RunRow) -> None:
        points = [
            Point(
                r.epoch,
                r.val_accuracy,
                r.train_loss,
                r.val_loss,
                r.train_accuracy,
                r.learning_rate,
                rehearsal=r.rehearsal,
            )
            for r in row.history
        ]
        if points:
            self.chart.set_points(points, max(row.epochs, points[-1].epoch))

    def _say(self, words: str) -> None:
        self.now.setText(words)
        self.now.setAccessibleName(words)
        self.now.setVisible(bool(words))

    def _advise(self, words: str) -> None:
        self.advice.setText(words)
        self.advice.setAccessibleName(words)
        self.advice.setVisible(bool(words))
