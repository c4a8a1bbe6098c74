"""The Check page: what in the images and labels could mislead the result."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.domain.findings import CheckResult, Finding, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.pages.base import Page
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.wishes import show_images
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.finding_card import FindingCard
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.scrolling import clear, scroll_around
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import browsing

EXAMPLES = 3
_ORDER = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}


class Text:
    """Words of the Check page."""

    title = "Check your images"
    sentence = "Some things in a data set make a result look better than it is. This page looks for them."
    found = "{findings} could mislead your result. The most harmful comes first."
    found_one = "One thing could mislead your result."
    primary = "Choose a model"
    working = "Looking at every image"
    working_more = "This takes a few seconds for a thousand images."
    nothing = "Nothing found that could mislead the result"
    nothing_more = "No copies, no image on both sides of a split, no empty picture, and enough images in every class."
    again = "Check again"
    stopped = "The check was stopped"
    first = "Look at the first card before you train."
    job = "Checking images"


class CheckPage(Page):
    """Runs the check when the page is opened and whenever the labels have changed since."""

    key, title, sentence, icon = "check", Text.title, Text.sentence, "check"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.result: CheckResult | None = None
        self._fresh = False
        self._job: Job | None = None
        self._rows: dict[str, ImageRow] = {}
        self._styles = ClassStyles()
        self.store = ThumbnailStore(lambda content: Path(), self)
        self.copies = ImageCopies(session, self)
        self.state = StatePanel("check.state", self)
        self.state.pressed.connect(self.run)
        inner = QWidget()
        self._cards = QVBoxLayout(inner)
        self._cards.setContentsMargins(0, 0, 0, 0)
        self._cards.setSpacing(theme.M)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.state)
        self.stack.addWidget(scroll_around(inner))
        self.content.addWidget(self.stack, 1)
        self.viewer = ImageViewer(self, "check.viewer", labels=False)
        self.viewer.needs_copy.connect(self.copies.want)
        self.viewer.step.connect(self._step)
        self.copies.arrived.connect(self.viewer.set_copy)
        session.data_changed.connect(self._outdate)
        session.project_changed.connect(self._forget)

    # --- the frame's questions ------------------------------------------------

    def blocked(self) -> str:
        summary = self.session.summary
        if summary is None:
            return messages.Text.NO_PROJECT
        return "" if summary.images else messages.Text.NO_IMAGES

    def done(self) -> bool:
        return self._fresh and self.result is not None and not self.waiting()

    def waiting(self) -> int:
        """Findings that can make the result look better than it is, or worse."""
        found = self.result.findings if self.result is not None else ()
        return sum(f.severity is not Severity.LOW for f in found)

    def enter(self) -> None:
        self.set_primary(Text.primary)
        if not self._fresh:
            self.run()

    def leave(self) -> None:
        self.viewer.close_viewer()

    def continue_clicked(self) -> None:
        self.session.go_to.emit("model")

    # --- the check ---------------------------------------------------------------

    def _outdate(self) -> None:
        self._fresh = False

    def _forget(self) -> None:
        self._fresh = False
        self.result = None
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.viewer.close_viewer()
        clear(self._cards)
        self.set_sentence(Text.sentence)

    def run(self) -> None:
        """Checks the project as it is now; a check that is under way for older labels is given up."""
        project = self.session.project
        if project is None:
            return
        if self._job is not None:
            self._job.cancel()
        self._fresh = True
        self.store.set_locate(lambda content: browsing.thumbnail(project, content))
        self.state.show_working(Text.working, Text.working_more)
        self.stack.setCurrentIndex(0)
        job = self._job = self.session.bridge.submit("check", Text.job, project=project)
        job.event.connect(lambda event: self._progress(job, event))
        job.finished.connect(lambda result: self._done(job, result))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._stopped(job))

    def _progress(self, job: Job, event: object) -> None:
        if job is self._job and isinstance(event, Progress):
            self.state.show_progress(event)

    def _stopped(self, job: Job) -> None:
        if job is self._job:
            self._job, self._fresh = None, False
            self.state.show_state("stop", "muted", Text.stopped, "", Text.again)

    def _failed(self, job: Job, error: StudioError) -> None:
        if job is self._job:
            self._job = None
            self.state.show_trouble(error, Text.again)

    def _done(self, job: Job, result: CheckResult) -> None:
        if job is not self._job:
            return
        self._job = None
        self.result = result
        if not self._read_images():
            return
        findings = sorted(result.findings, key=lambda f: _ORDER[f.severity])
        clear(self._cards)
        for finding in findings:
            self._cards.addWidget(self._card(finding))
        self._cards.addStretch(1)
        self._say(findings)

    def _read_images(self) -> bool:
        project = self.session.project
        if project is None:
            return False
        try:
            self._rows = {str(row.path): row for row in browsing.images(project)}
            self._styles = ClassStyles([c.name for c in browsing.classes(project)])
        except StudioError as error:
            self.state.show_trouble(error, Text.again)
            return False
        return True

    def _say(self, findings: list[Finding]) -> None:
        serious = self.waiting()
        if serious:
            self.set_sentence(
                Text.found_one if serious == 1 else Text.found.format(findings=messages.count(serious, "finding"))
            )
        else:
            self.set_sentence(Text.sentence)
        urgent = any(f.severity is Severity.HIGH for f in findings)
        self.set_primary(Text.primary, hint=Text.first if urgent else "")
        if findings:
            self.stack.setCurrentIndex(1)
        else:
            self.state.show_state("good", "good", Text.nothing, Text.nothing_more)
            self.stack.setCurrentIndex(0)

    def _card(self, finding: Finding) -> FindingCard:
        examples = [self._rows[file] for file in dict.fromkeys(finding.files) if file in self._rows][:EXAMPLES]
        card = FindingCard(finding, examples, self.store, self._styles)
        card.show_wanted.connect(lambda found: show_images(self.session, found.title, found.files))
        card.look.connect(lambda row: self._look(row, examples))
        return card

    # --- looking -------------------------------------------------------------------

    def _look(self, row: ImageRow, examples: list[ImageRow]) -> None:
        self._examples = examples
        style = None if row.label is None else self._styles[row.label]
        place = f"{examples.index(row) + 1} of {len(examples)}"
        self.viewer.show_image(row, style, self.store.load_now(row.content, theme.THUMBNAILS[-1]), place)

    def _step(self, by: int) -> None:
        if self.viewer.image is not None:
            place = self._examples.index(self.viewer.image) + by
            if 0 <= place < len(self._examples):
                self._look(self._examples[place], self._examples)
