"""The Check page: what in the images and labels could mislead the result, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.domain.findings import FIND, Finding, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.pages.base import Page
from tlstudio.gui.pages.check.aside import AsideList
from tlstudio.gui.pages.check.card import FindingCard
from tlstudio.gui.pages.check.checks import Checks
from tlstudio.gui.pages.check.closer import CloserLine
from tlstudio.gui.pages.check.deeds import FindingDeeds
from tlstudio.gui.pages.check.discarding import Column
from tlstudio.gui.pages.check.finder import ImageFinder
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.wishes import show_images
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.scrolling import scroll_around
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import browsing

EXAMPLES = 3  # pairs, or single pictures


class Text:
    """Words of the Check page."""

    title = "Check your images"
    sentence = "Some things in a data set make a result look better than it is. This page looks for them."
    found = "{findings} could mislead your result. The most harmful comes first."
    found_one = "One thing could mislead your result."
    found_none = "Nothing serious was found. What is listed here is good to know."
    aside = "Nothing was found but what you have set aside."
    help = (
        "The check compares images, classes and splits, and looks for what a model could take a short cut by. A repair moves or"
        " leaves out images in the project only; your files stay as they are, and every repair can be undone. Setting a finding"
        " aside keeps your reason with the project; it comes back when other images are concerned."
    )
    primary = "Choose a model"
    working = "Looking at every image"
    working_more = "This takes a few seconds for a thousand images."
    nothing = "Nothing found that could mislead the result"
    nothing_more = (
        "No copies, nothing on both sides of a split, no label that looks wrong, nothing that gives a class away,"
        " and enough images in every class."
    )
    again = "Check again"
    stopped = "The check was stopped"
    first = "Look at the first card before you train."


class CheckPage(Page):
    """Cards for what was found. What is known comes from `Checks`, which also works while the page is not shown."""

    key, title, sentence, icon, help = "check", Text.title, Text.sentence, "check", Text.help

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.checks = Checks(session, self)
        self._examples: list[ImageRow] = []
        self._styles = ClassStyles()
        self.store = ThumbnailStore(lambda content: Path(), self)
        self.copies = ImageCopies(session, self)
        self.deeds = FindingDeeds(session, self.checks, self)
        self.finder = ImageFinder(session, self)
        self.state = StatePanel("check.state", self)
        self.trouble = InlineMessage("check.trouble")
        self.closer = CloserLine()
        self.aside = AsideList(session.read_only)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        cards = QVBoxLayout()
        cards.setSpacing(theme.M)
        self.cards: Column[FindingCard] = Column(cards, self.session.read_only)
        for part in (self.trouble, self.closer):
            column.addWidget(part)
        column.insertLayout(1, cards)
        column.addWidget(self.aside)
        column.addStretch(1)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.state)
        self.stack.addWidget(scroll_around(inner))
        self.content.addWidget(self.stack, 1)
        self.viewer = ImageViewer(self, "check.viewer", labels=False)
        self._connect()
        self._forget()

    def _connect(self) -> None:
        checks = self.checks
        checks.changed.connect(self._show)
        checks.progress.connect(self.state.show_progress)
        checks.stopped.connect(self._stopped)
        checks.failed.connect(self._failed)
        checks.closer.connect(self._closer)
        checks.note.connect(self.closer.tell)
        self.state.pressed.connect(self._again)
        self.closer.stop_wanted.connect(checks.stop_looking)
        self.closer.again_wanted.connect(self._again)
        self.aside.again_wanted.connect(self.deeds.consider_again)
        self.deeds.trouble.connect(self.trouble.tell)
        self.finder.trouble.connect(self.trouble.tell)
        self.finder.found.connect(lambda _: self._again())
        self.viewer.needs_copy.connect(self.copies.want)
        self.copies.serve_deep(self.viewer)
        self.viewer.step.connect(self._step)
        self.copies.arrived.connect(self.viewer.set_copy)
        self.session.project_changed.connect(self._forget)

    # --- the frame's questions ------------------------------------------------

    def blocked(self) -> str:
        summary = self.session.summary
        if summary is None:
            return messages.Text.NO_PROJECT
        return "" if summary.images else messages.Text.NO_IMAGES

    def done(self) -> bool:
        return self.checks.findings is not None and not self.waiting()

    def waiting(self) -> int:
        return self.checks.serious()

    def enter(self) -> None:
        self.set_primary(Text.primary)
        self.checks.watch(True)
        self._show()

    def leave(self) -> None:
        self.checks.watch(False)
        self.viewer.close_viewer()

    def continue_clicked(self) -> None:
        self.session.go_to.emit("model")

    # --- showing -----------------------------------------------------------------

    def _forget(self) -> None:
        self.viewer.close_viewer()
        self.trouble.hide()
        self.closer.forget()
        project = self.session.project
        if project is not None:
            self.store.set_locate(lambda content: browsing.thumbnail(project, content))

    def _again(self) -> None:
        self.closer.forget()
        self.checks.run()
        self._show()

    def _show(self) -> None:
        """Shows what is known now; the rail hears of it too."""
        findings = self.checks.findings
        if findings is None:
            self.cards.clear()
            self.set_sentence(Text.sentence)
            self.state.show_working(Text.working, Text.working_more, job=self.checks.quick)
            self.stack.setCurrentIndex(0)
            return
        self.trouble.hide()
        self._show_cards([f for f in findings if not f.ignored])
        self.aside.show_findings([f for f in findings if f.ignored])
        self._say(findings)
        self.session.steps_changed.emit()

    def _show_cards(self, findings: Sequence[Finding]) -> None:
        """Cards that stay the same stay: the keyboard's focus and a reason that is being written are not lost."""
        there = {card.finding: card for card in self.cards}
        sets = self._example_sets(findings)
        for finding, card in list(there.items()):
            if finding not in sets or card.examples.sets() != sets[finding]:
                self.cards.discard(there.pop(finding))
        for place, finding in enumerate(findings):
            card = there.get(finding) or self._card(finding, sets[finding])
            self.cards.put(place, card)

    def _card(self, finding: Finding, sets: list[list[ImageRow]]) -> FindingCard:
        card = FindingCard(finding, sets, self.store, self._styles, self.session.read_only.watch)
        card.repair_wanted.connect(self.deeds.repair)
        card.show_wanted.connect(lambda found: show_images(self.session, found.title, found.files))
        card.ignore_wanted.connect(self.deeds.set_aside)
        card.page_wanted.connect(lambda page: self.finder.ask() if page == FIND else self.session.go_to.emit(page))
        card.look.connect(lambda row: self._look(row, card.examples.rows()))
        return card

    def _say(self, findings: Sequence[Finding]) -> None:
        serious = self.checks.serious()
        counting = [f for f in findings if not f.ignored]
        if serious:
            text = Text.found_one if serious == 1 else Text.found.format(findings=messages.count(serious, "finding"))
        elif counting:
            text = Text.found_none
        else:
            text = Text.aside if findings else Text.sentence
        self.set_sentence(text)
        urgent = any(f.severity is Severity.HIGH for f in counting)
        self.set_primary(Text.primary, hint=Text.first if urgent else "")
        if findings or self.checks.looking_closer or not self.checks.complete:
            self.stack.setCurrentIndex(1)
        else:
            self.state.show_state("good", "good", Text.nothing, Text.nothing_more, Text.again)
            self.stack.setCurrentIndex(0)

    def _closer(self, event: Progress | None) -> None:
        job = self.checks.close
        if event is not None and job is not None and self.closer.stop not in job.places:
            job.show_in(self.closer.stop)
        self.closer.show_progress(event)
        if event is None and self.checks.findings == ():
            self._say(())

    def _stopped(self) -> None:
        if self.checks.findings is None:
            self.state.show_state("stop", "muted", Text.stopped, "", Text.again)

    def _failed(self, error: StudioError) -> None:
        if self.checks.findings is None:
            self.state.show_trouble(error, Text.again)
            self.stack.setCurrentIndex(0)
        else:
            self.trouble.tell(error)

    def _example_sets(self, findings: Sequence[Finding]) -> dict[Finding, list[list[ImageRow]]]:
        """Up to EXAMPLES of each: the first two of a set, or single images."""
        wanted = {
            finding: [kin[:2] for kin in finding.sets[:EXAMPLES]] or [(file,) for file in finding.files[:EXAMPLES]]
            for finding in findings
        }
        project = self.session.project
        if project is None:
            return {finding: [] for finding in findings}
        try:
            self._styles = ClassStyles([c.name for c in browsing.classes(project)])
            ids = browsing.ids_of(project, {file for sets in wanted.values() for kin in sets for file in kin})
            rows = {str(row.path): row for row in browsing.rows(project, ids)}
        except StudioError as error:
            self.trouble.tell(error)
            rows = {}
        found = {
            finding: [[rows[file] for file in kin if file in rows] for kin in sets] for finding, sets in wanted.items()
        }
        return {finding: [kin for kin in sets if kin] for finding, sets in found.items()}

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
