"""What happens while two people's labels are compared: the table is read, differences are settled, the figures follow."""

from __future__ import annotations

from array import array
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog

from tlstudio.domain.errors import StudioError
from tlstudio.domain.labels import Agreement, Disagreement, ImageQuery, Mark
from tlstudio.domain.values import ImageRow
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.image_list import Entry
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.labels.compare import CompareView
from tlstudio.gui.pages.labels.compare import Text as Words
from tlstudio.gui.pages.labels.compare_detail import MINE, THEIRS, UNSURE
from tlstudio.gui.pages.relabel import Relabeler
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import browsing, labeling

_FIGURES_MS = 400  # after a decision; whoever decides quickly gets the figures at the end


class Text:
    """Words of the comparison that change."""

    dialog = "Choose a table of another person's labels"
    tables = "Tables (*.csv *.tsv *.txt)"
    job = "Comparing labels"
    place = "{place} of {all} · {left} to settle"
    place_done = "{place} of {all} · all settled"
    note = "{mine} / {theirs}"
    note_done = "{mine} / {theirs} ✓"


class Comparing(QObject):
    """Between the view and the engine. opened, closed: the comparison takes the place of the grid, or leaves it."""

    opened = Signal()
    closed = Signal()

    def __init__(
        self, session: Session, view: CompareView, relabeler: Relabeler, copies: ImageCopies, store: ThumbnailStore
    ) -> None:
        super().__init__(view)
        self._session, self._view, self._relabeler, self._store = session, view, relabeler, store
        self._job: Job | None = None
        self._name = ""
        self._items: dict[int, Disagreement] = {}
        self._settled: dict[int, str] = {}
        self._styles = ClassStyles()
        self._figures = QTimer(self, singleShot=True, interval=_FIGURES_MS)
        self._figures.timeout.connect(lambda: self._ask(keep=True))
        view.back_wanted.connect(self.closed)
        view.choose_wanted.connect(self.choose_table)
        view.person_chosen.connect(self.show_person)
        view.table_dropped.connect(self.take_in)
        view.state.pressed.connect(self._pressed)
        view.detail.chosen.connect(self.settle)
        view.grid.images.trouble.connect(session.tell)
        view.grid.selectionModel().currentChanged.connect(lambda *_: self._show_current(copies))
        copies.arrived.connect(self._copy_arrived)
        relabeler.turned.connect(self._turned)

    def forget(self) -> None:
        """Another project is open."""
        self._job, self._name = None, ""
        self._items, self._settled = {}, {}
        self._figures.stop()

    def open(self) -> None:
        """Shows the comparison with the person whose labels came last, or how to begin."""
        self.opened.emit()
        project = self._session.project
        if project is None:
            return
        try:
            people = browsing.people(project)
        except StudioError as error:
            self._view.state.show_trouble(error, Words.again)
            return
        self._view.show_people(people, self._name)
        if not people:
            self._view.show_state()
            self._view.state.show_state("groups", "muted", Words.empty, Words.empty_more, Words.choose)
            self._view.state.button.setFocus()
            return
        self._ask(annotator=self._name if self._name in people else people[0])

    def _pressed(self) -> None:
        """The button in the middle: to begin, or to try again."""
        if self._view.people.count():
            self.open()
        else:
            self.choose_table()

    def choose_table(self) -> None:
        dialog = QFileDialog(self._view.window(), Text.dialog, str(Path.home()), Text.tables)
        dialog.setObjectName("labels.table_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.take_in(Path(file)))
        dialog.open()

    def take_in(self, table: Path) -> None:
        """Reads another person's table; its name stands for the person."""
        self._ask(table=table)

    def show_person(self, name: str) -> None:
        self._ask(annotator=name)

    # --- figures ------------------------------------------------------------------------

    def _ask(self, *, table: Path | None = None, annotator: str = "", keep: bool = False) -> None:
        """Compares in the worker. keep: the list of differences stays as it is, only the figures are new."""
        project = self._session.project
        if project is None:
            return
        if not keep:
            self._view.show_state()
        job = self._job = self._session.bridge.submit(
            "compare_labels",
            "" if keep else Text.job,
            project=project,
            table=table,
            annotator=self._name if keep else annotator,
        )
        if not keep:
            self._view.state.show_working(Words.working, job=job)
        job.finished.connect(lambda found: self._found(job, found, keep=keep))
        job.failed.connect(lambda error: self._failed(job, error, keep=keep))
        job.cancelled.connect(lambda: self._cancelled(job))

    def _failed(self, job: Job, error: StudioError, *, keep: bool) -> None:
        if job is self._job and not keep:
            self._job = None
            self._view.state.show_trouble(error, Words.again)

    def _cancelled(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self.open()

    def _found(self, job: Job, found: Agreement, *, keep: bool) -> None:
        if job is not self._job or self._session.project is None:
            return
        self._job = None
        try:
            if not keep:
                self._take_over(found, self._session.project)
            self._read_rows(found, self._session.project)
        except StudioError as error:
            self._view.show_state()
            self._view.state.show_trouble(error, Words.again)
            return
        self._view.summary.show_agreement(found)
        if not keep:
            self._view.summary.show_unused(found)
            self._view.show_differences(bool(self._items), found.annotator)
            self._view.grid.setFocus()
            self._go_to_open(0)

    # --- differences ----------------------------------------------------------------------

    def _take_over(self, found: Agreement, project: Path) -> None:
        """Another person, or other labels: a new list of differences."""
        self._name = found.annotator
        self._view.show_people(browsing.people(project), found.annotator)
        self._styles = ClassStyles([c.name for c in browsing.classes(project)])
        self._view.grid.set_styles(self._styles)
        self._items = {d.image: d for d in found.disagreements}

    def _read_rows(self, found: Agreement, project: Path) -> None:
        """How the images of the list stand now; those that have become equal stay in it as settled."""
        marked = browsing.find(project, ImageQuery(mark=Mark.UNSURE, only=tuple(self._items)))
        unsure = {image for part in marked for image in part.ids}
        still = {d.image: d.settled for d in found.disagreements}
        self._settled = {}
        for image in self._items:
            if image not in still:
                self._settled[image] = THEIRS
            elif still[image]:
                self._settled[image] = UNSURE if image in unsure else MINE
        self._tell_notes()
        self._view.grid.set_ids(
            [(None, array("q", self._items))],
            lambda ids: [Entry(row) for row in browsing.rows(project, ids)],
            grouped=False,
        )
        shown = self._view.grid.current_id()
        if shown is not None:
            self._show_choice(shown)

    def _tell_notes(self) -> None:
        self._view.grid.notes = {
            i: (Text.note_done if i in self._settled else Text.note).format(mine=d.mine, theirs=d.theirs)
            for i, d in self._items.items()
        }

    def _go_to_open(self, start: int) -> None:
        """To the first image from a place on that is not settled; stays at that place when all are."""
        ids = self._view.grid.images.ids()
        places = [*range(start, len(ids)), *range(start)]
        self._view.grid.go_to_row(next((p for p in places if ids[p] not in self._settled), min(start, len(ids) - 1)))

    def _show_current(self, copies: ImageCopies) -> None:
        row = self._view.grid.current_image()
        if row is None or row.id not in self._items:
            self._view.detail.canvas.set_picture(None)
            return
        self._view.detail.show_image(row, self._store.load_now(row.content, theme.THUMBNAILS[-1]))
        self._show_choice(row.id)
        copies.want(row)

    def _show_choice(self, image: int) -> None:
        item = self._items.get(image)
        if item is not None:
            left = len(self._items) - len(self._settled)
            words = (Text.place if left else Text.place_done).format(
                place=messages.number(self._view.grid.currentIndex().row() + 1),
                all=messages.number(len(self._items)),
                left=messages.number(left),
            )
            self._view.detail.show_place(words)
            settled = self._settled.get(image, "")
            self._view.detail.show_choice(self._styles[item.mine], self._styles[item.theirs], self._name, settled)

    def _copy_arrived(self, row: ImageRow, pixmap: QPixmap) -> None:
        if self._view.isVisible() and self._view.grid.current_id() == row.id:
            self._view.detail.canvas.set_picture(pixmap, same_image=True)

    # --- settling ---------------------------------------------------------------------------

    def settle(self, choice: str) -> None:
        """Settles the image that is shown and goes on to the next open one; every choice is one change that can be undone."""
        image = self._view.grid.current_id()
        if image is None or image not in self._items:
            return
        item = self._items[image]
        label = item.theirs if choice == THEIRS else item.mine
        if self._settled.get(image) != choice:
            done = self._relabeler.edit(
                [image], lambda project: labeling.settle(project, image, label, unsure=choice == UNSURE)
            )
            if not done:
                self._show_choice(image)
                return
            self._settled[image] = choice
            self._tell_notes()
            self._figures.start()
        self._view.grid.viewport().update()
        self._go_to_open(self._view.grid.currentIndex().row() + 1)
        self._show_choice(self._view.grid.current_id() or image)

    def _turned(self, image: int) -> None:
        """Something was undone or done again while the comparison is shown."""
        if self._view.isVisible() and self._name:
            place = self._view.grid.images.index_of(image)
            if place.isValid():
                self._view.grid.go_to_row(place.row())
            self._ask(keep=True)
