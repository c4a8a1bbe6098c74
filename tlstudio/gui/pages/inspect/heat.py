"""What the model looks at: a heat map over the image on view if it passes its tests; else the reason why there is none."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.explanations import Explanation
from tlstudio.domain.values import ImageRow
from tlstudio.domain.wording import isolated
from tlstudio.gui import theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.heat_canvas import HeatCanvas

_KEPT = 40


class Text:
    """Words of the heat map."""

    show = "Show what the model looks at"
    tip = "Colours the places that speak for the model's answer, if hiding them really changes it."
    strength = "How strongly the colours cover the image"
    working = "Testing what the model looks at"
    job = "Finding what the model looks at"
    speaks = "The colours show what speaks for {label}."


class HeatPanel(QWidget):
    """A switch, a slider and the verdict. Asks the worker only for images that are on view while the switch is on."""

    def __init__(self, session: Session, canvas: HeatCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas = session, canvas
        self._run = ""
        self._row: ImageRow | None = None
        self._known: OrderedDict[tuple[str, str], tuple[Explanation, QPixmap]] = OrderedDict()
        self._job: Job | None = None
        self.switch = named(QCheckBox(Text.show, self), "inspect.heat", Text.show)
        self.switch.setToolTip(Text.tip)
        self.strength = named(QSlider(Qt.Orientation.Horizontal, self), "inspect.heat_strength", Text.strength)
        self.strength.setRange(0, 100)
        self.strength.setValue(70)
        self.strength.setFixedWidth(140)
        self.strength.setMinimumHeight(32)
        self.strength.setToolTip(Text.strength)
        self.words = named(QLabel(self), "inspect.heat_words", Text.tip)
        self.words.setProperty("role", "secondary")
        self.words.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(theme.M)
        row.addWidget(self.switch)
        row.addWidget(self.strength)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addLayout(row)
        column.addWidget(self.words)
        self.switch.toggled.connect(lambda _: self._refresh())
        self.strength.valueChanged.connect(lambda value: canvas.set_strength(value / 100))
        canvas.set_strength(self.strength.value() / 100)
        self._refresh()

    def show_image(self, run: str, row: ImageRow | None) -> None:
        """The image on view has changed; `run` is the model that is looked at."""
        if (run, row) != (self._run, self._row):
            self._run, self._row = run, row
            self._refresh()

    def explanation(self) -> Explanation | None:
        """Of the image on view, once it is known."""
        found = self._known.get(self._key())
        return None if found is None else found[0]

    def _key(self) -> tuple[str, str]:
        return self._run, "" if self._row is None else self._row.content

    def _refresh(self) -> None:
        on = self.switch.isChecked()
        self.strength.hide()
        self.words.setVisible(on)
        self._canvas.set_layer(None)
        self._cancel()
        if not on or self._row is None:
            return
        found = self._known.get(self._key())
        if found is None:
            self._ask()
        else:
            self._tell(*found)

    def _ask(self) -> None:
        project, row = self._session.project, self._row
        if project is None or row is None:
            return
        self._say(Text.working)
        key = self._key()
        wanted = {"project": project, "image": row.path, "run": self._run or None}
        job = self._job = self._session.bridge.submit("explain", Text.job, **wanted)
        job.finished.connect(lambda result: self._done(job, key, result))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._stopped(job))

    def _done(self, job: Job, key: tuple[str, str], found: Explanation) -> None:
        pixmap = QPixmap()
        pixmap.loadFromData(found.heat)
        self._known[key] = (found, pixmap)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        if job is self._job:
            self._job = None
            if key == self._key():
                self._tell(found, pixmap)

    def _failed(self, job: Job, error: StudioError) -> None:
        if job is self._job:
            self._job = None
            self._say(f"{error.what} {error.remedy}".strip(), "bad")

    def _stopped(self, job: Job) -> None:
        """By the user, in the job strip; the switch asks again."""
        if job is self._job:
            self._job = None
            self.switch.setChecked(False)

    def _cancel(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _tell(self, found: Explanation, pixmap: QPixmap) -> None:
        shown = found.proof.shown
        self._canvas.set_layer(pixmap if shown else None)
        self.strength.setVisible(shown)
        speaks = Text.speaks.format(label=isolated(found.label)) if shown else ""
        self._say(f"{speaks} {found.proof.sentence()}".strip(), "good" if shown else "muted")

    def _say(self, text: str, tone: str = "muted") -> None:
        self.words.setText(text)
        self.words.setAccessibleName(text)
        self.words.setProperty("tone", tone)
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
