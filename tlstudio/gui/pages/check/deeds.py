"""What the user does about a finding: repairing it, setting it aside with a reason, letting it count again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.findings import Finding, Repair, Repaired
from tlstudio.gui.pages.check.checks import Checks
from tlstudio.gui.pages.relabel import MANY, ManyDeed, Relabeler
from tlstudio.gui.session import Session
from tlstudio.workflow.labeling_many import FINDING_DEEDS

T = TypeVar("T")


class Text:
    """Words of the toasts."""

    undo = "Undo"
    unchanged = "There is nothing left to change."
    taking = "Taking the new images"
    set_aside = "Set aside: {title}"


class FindingDeeds(QObject):
    """Does it at once, or leaves it to the worker where thousands of images are concerned. trouble: (StudioError) it failed."""

    trouble = Signal(object)

    def __init__(self, session: Session, checks: Checks, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._checks = session, checks
        self.relabeler = Relabeler(session, self)

    def repair(self, finding: Finding) -> None:
        forget = partial(self._checks.forget, finding)
        if finding.repair is Repair.TAKE_NEW:
            self._take_new(finding, forget)
            return
        if self._is_large(finding):
            images, words = len(set(finding.files)), Text.unchanged
            self.relabeler.leave(ManyDeed("repair", images, lambda _: forget(), values=(finding,), nothing=words))
            return
        done = self._try(lambda project: FINDING_DEEDS["repair"](project, finding))
        if done is None:
            return
        if done.images:
            forget()
            self._session.toast.emit(done.sentence, Text.undo, self.relabeler.undo)
        else:
            self._session.toast.emit(Text.unchanged, "", None)
        self._session.refresh()

    def _take_new(self, finding: Finding, forget: Callable[[], None]) -> None:
        """Files are read by the worker; what it did can't be taken back."""
        if self._session.project is None or self.relabeler.refuses():
            return

        def done(repaired: Repaired) -> None:
            forget()
            self._session.toast.emit(repaired.sentence if repaired.images else Text.unchanged, "", None)
            self._session.refresh()

        job = self._session.bridge.submit(
            "take_changed", Text.taking, project=self._session.project, paths=finding.files
        )
        job.finished.connect(done)
        job.failed.connect(self.trouble)

    def set_aside(self, finding: Finding, reason: str) -> None:
        mark = partial(self._checks.mark, finding, reason)
        back = Text.undo, partial(self.consider_again, finding)
        words = Text.set_aside.format(title=finding.title)
        images = len(finding.files)
        if images > MANY:
            wanted = ManyDeed("set_aside", images, lambda _: mark(), values=(finding, reason), back=back, words=words)
            self.relabeler.leave(replace(wanted, refresh=False))
        elif self._try(lambda project: FINDING_DEEDS["set_aside"](project, finding, reason)):
            mark()
            self._session.toast.emit(words, *back)

    def consider_again(self, finding: Finding) -> None:
        mark = partial(self._checks.mark, finding, "")
        images = len(finding.files)
        if images > MANY:
            self.relabeler.leave(ManyDeed("consider_again", images, lambda _: mark(), values=(finding,), refresh=False))
        elif self._try(lambda project: FINDING_DEEDS["consider_again"](project, finding)):
            mark()

    def _is_large(self, finding: Finding) -> bool:
        """Whether a repair takes its time; to keep images together, every image of the project is looked at."""
        summary = self._session.summary
        every = (
            finding.repair in (Repair.KEEP_TOGETHER, Repair.REGROUP) and summary is not None and summary.images > MANY
        )
        return every or len(finding.files) > MANY

    def _try(self, deed: Callable[[Path], T]) -> T | None:
        if self._session.project is None or self.relabeler.refuses():
            return None
        try:
            return deed(self._session.project)
        except StudioError as error:
            self.trouble.emit(error)
            return None
