"""The line at the foot of the window: what is under way, how long it takes, and on what it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.job_bridge import Job, JobBridge
from tlstudio.gui.messages import number, progress, time_left
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import ElidedLabel
from tlstudio.gui.widgets.stop_button import StopButton

if TYPE_CHECKING:
    from tlstudio.domain.events import EpochDone, Progress, StepDone

MOST_SHOWN = 2
HEIGHT = 44
BAR = 120


class Text:
    STRIP = "Work under way"
    CANCEL = "Cancel"
    CANCEL_THIS = "Cancel: {}"
    STOP = "Stop and keep the best"
    CANCELLING = "Cancelling"
    STOPPING = "Finishing"
    PAUSED = "paused"
    QUEUED = "waiting for its turn"
    MORE = "and {} more"
    OFFLINE = "Offline"
    OFFLINE_WHY = "Your images stay on this computer. Only downloading a pretrained model uses the network."
    STARTING = "Getting ready"
    GPU = "GPU"
    PROCESSOR = "Processor"


class Spinner(QWidget):
    """A turning arc; a still one where the desktop asks for less motion, a faint circle while what it stands for has not begun,
    and two bars while that is paused."""

    def __init__(self, size: int = 16) -> None:
        super().__init__()
        self.setFixedSize(size, size)
        self._angle = 90
        self._paused = self._queued = False
        self._timer = QTimer(self, interval=50)
        self._timer.timeout.connect(self._turn)

    @property
    def turning(self) -> bool:
        return self._timer.isActive()

    def set_state(self, *, paused: bool, queued: bool) -> None:
        self._paused, self._queued = paused, queued
        self._turn_or_rest()
        self.update()

    def _turn_or_rest(self) -> None:
        if self.isVisible() and not (self._paused or self._queued) and not theme.calm():
            self._timer.start()
        else:
            self._timer.stop()

    def showEvent(self, event: object) -> None:
        self._turn_or_rest()

    def hideEvent(self, event: object) -> None:
        self._timer.stop()

    def _turn(self) -> None:
        self._angle = (self._angle - 18) % 360
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._paused:
            icons.paint(painter, "pause", QRectF(self.rect()), theme.colour("muted"))
            return
        area = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        painter.setPen(QPen(theme.colour("hairline"), 2))
        painter.drawEllipse(area)
        if self._queued:
            return
        painter.setPen(QPen(theme.colour("accent"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(area, self._angle * 16, 100 * 16)


class JobItem(QWidget):
    """One job: spinner, sentence, bar where the end is known, and the way out."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job
        self.setObjectName("strip.job")
        self.spinner = Spinner()
        self.label = named(ElidedLabel(job.title), "strip.text", job.title)
        self.label.setFont(theme.font(theme.TEXT_BODY, tabular=True))
        self.bar = named(QProgressBar(), "strip.progress", job.title)
        self.bar.setMaximumWidth(BAR)
        self.bar.setMinimumWidth(BAR // 3)
        self.bar.setTextVisible(False)
        self.bar.hide()
        training = job.task == "train"
        self.button = StopButton(Text.STOP if training else Text.CANCEL, "strip.cancel")
        self.button.setAccessibleName(Text.STOP if training else Text.CANCEL_THIS.format(job.title))
        self.button.setProperty("role", "flat")
        self.button.clicked.connect(job.stop if training else job.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        for widget in (self.spinner, self.label, self.bar, self.button):
            row.addWidget(widget)
        job.event.connect(self.show_event)
        job.pause_changed.connect(lambda _: self.show_state())
        job.begun.connect(self.show_state)
        job.ending.connect(self.show_state)
        self.show_state()

    def beside_words(self) -> int:
        """Pixels that the rest of it needs."""
        bar = 0 if self.bar.isHidden() else self.bar.minimumWidth() + theme.S
        return self.spinner.width() + theme.S + bar + self.button.sizeHint().width() + theme.S

    def show_state(self) -> None:
        """What the user wants of it, and then what it told last."""
        job, leaving = self.job, self.job.cancelling or self.job.stopping
        self.spinner.set_state(paused=job.paused and not leaving, queued=job.queued and not leaving)
        self.button.setEnabled(not leaving)
        if leaving:
            self.bar.hide()
            self._say(f"{Text.CANCELLING if job.cancelling else Text.STOPPING}: {job.title}")
        elif job.paused:
            self._say(f"{job.title}: {Text.PAUSED}")
        elif job.queued:
            self._say(f"{job.title}: {Text.QUEUED}")
        else:
            self._say(job.title)
            self.show_event(job.latest)

    def show_event(self, event: object) -> None:
        from tlstudio.domain.events import EpochDone, Progress, StepDone

        if self.job.cancelling or self.job.stopping or self.job.paused:
            return  # what still arrives was on its way before
        if isinstance(event, Progress):
            self._show_bar(event.done, event.total)
            self._say(progress(event, stage=self._stage(event)))
        elif isinstance(event, StepDone):
            self._show_bar((event.epoch - 1) * event.steps + event.step, event.epochs * event.steps)
            self._say(self._epoch(event), time_left(event.seconds_left))
        elif isinstance(event, EpochDone):
            self._say(self._epoch(event), time_left(event.seconds_left))

    def _stage(self, event: Progress) -> str:
        stage = event.stage.rstrip(".") or self.job.title
        if self.job.task in ("train", "export") and stage != self.job.title:
            # Its stages have names of their own; the strip says what they are part of.
            return f"{self.job.title}: {stage[:1].lower()}{stage[1:]}"
        return stage

    def _epoch(self, event: StepDone | EpochDone) -> str:
        return f"{self.job.title}: epoch {event.epoch} of {event.epochs}"

    def _show_bar(self, done: int, total: int) -> None:
        self.bar.setVisible(total > 1)
        self.bar.setMaximum(max(total, 1))
        self.bar.setValue(min(done, total))

    def _say(self, *parts: str) -> None:
        text = " · ".join(part for part in parts if part)
        self.label.setText(text)
        self.label.setAccessibleName(text)


class JobStrip(QWidget):
    """Shows the two newest visible jobs; at the right that nothing leaves the computer, and what computes.

    A job whose own page shows it, with its progress and the way out, is not said a second time here.
    """

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__()
        named(self, "strip", Text.STRIP)
        self.setProperty("role", "strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._items: list[JobItem] = []
        self._jobs = QHBoxLayout()
        self._jobs.setSpacing(theme.XL)
        self._more = named(QLabel(), "strip.more", Text.MORE)
        self._more.setProperty("role", "secondary")
        self._more.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.L, 1, theme.L, 0)
        row.setSpacing(theme.S)
        row.addLayout(self._jobs)
        row.addWidget(self._more)
        row.addStretch(1)
        self._add_machine(row)
        bridge.job_started.connect(self._add)
        bridge.job_ended.connect(self._remove)

    def _add_machine(self, row: QHBoxLayout) -> None:
        self._offline_mark, self._device_mark = QLabel(), QLabel()
        icons.set_icon(self._offline_mark, "offline", "muted", 16)
        icons.set_icon(self._device_mark, "processor", "muted", 16)
        offline = named(QLabel(Text.OFFLINE), "strip.offline", Text.OFFLINE)
        offline.setToolTip(Text.OFFLINE_WHY)
        self.device = named(QLabel(Text.STARTING), "strip.device", Text.STARTING)
        for label in (offline, self.device):
            label.setProperty("role", "secondary")
        self._machine = QWidget()
        inside = QHBoxLayout(self._machine)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.S)
        inside.addWidget(self._offline_mark)
        inside.addWidget(offline)
        inside.addSpacing(theme.M)
        inside.addWidget(self._device_mark)
        inside.addWidget(self.device)
        row.addWidget(self._machine)

    def show_device(self, sentence: str) -> None:
        """sentence: such as `GPU NVIDIA RTX 4070` or `Processor, 8 cores`; short here, whole in the tooltip."""
        gpu = sentence.startswith(Text.GPU)
        icons.set_icon(self._device_mark, "gpu" if gpu else "processor", "good" if gpu else "muted", 16)
        self.device.setText(f"{Text.GPU} ✓" if gpu else Text.PROCESSOR)
        self.device.setToolTip(sentence)
        self.device.setAccessibleName(sentence)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._share_room()
        return super().event(event)

    def _share_room(self) -> None:
        """Sentences that are too long for the strip are shortened alike; one that needs less leaves the rest to the other."""
        shown = [item for item in self._items if not item.isHidden()]
        beside = self._more.sizeHint().width() + theme.S if not self._more.isHidden() else 0
        room = self.width() - 2 * theme.L - self._machine.sizeHint().width() - 2 * theme.S - beside
        room -= theme.XL * max(0, len(shown) - 1) + sum(item.beside_words() for item in shown)
        for left, item in zip(
            range(len(shown), 0, -1), sorted(shown, key=lambda i: i.label.sizeHint().width()), strict=True
        ):
            width = min(item.label.sizeHint().width(), max(room // left, item.label.minimumSizeHint().width()))
            room -= width
            item.label.setFixedWidth(width)

    def items(self) -> list[JobItem]:
        return list(self._items)

    def _add(self, job: Job) -> None:
        if job.title:
            item = JobItem(job)
            self._items.append(item)
            self._jobs.addWidget(item)
            job.placed.connect(lambda: self._place(job))
            self._place(job)

    def _place(self, job: Job) -> None:
        """From now on it may be shown elsewhere."""
        for place in job.places:
            place.installEventFilter(self)  # once, however often it is asked for
        self._show_newest()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self._show_newest()
        return False

    def _remove(self, job: Job) -> None:
        for item in [i for i in self._items if i.job is job]:
            self._items.remove(item)
            self._jobs.removeWidget(item)
            item.hide()
            item.deleteLater()
        self._show_newest()

    def _show_newest(self) -> None:
        seen = [item for item in self._items if any(place.isVisible() for place in item.job.places)]
        told = [item for item in self._items if item not in seen]
        hidden = len(told) - MOST_SHOWN
        for item in self._items:
            item.setVisible(item in told[max(hidden, 0) :])
        self._more.setVisible(hidden > 0)
        self._more.setText(Text.MORE.format(number(max(hidden, 0))))
