"""Images: drop a folder or a list, see what was found, import it; afterwards the images of the project by class."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.importing import ImportPreview, ImportResult
from tlstudio.gui.dropping import Dropped, Kind
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.later import later
from tlstudio.gui.messages import count, number
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.import_drop import ImportDrop
from tlstudio.gui.widgets.import_preview import ImportPreviewView
from tlstudio.gui.widgets.project_images import ProjectImagesView


class ImagesPage(Page):
    """Three views in one place: the drop area, the preview with its import, and the project's images."""

    class Text:
        BEFORE = "Drop a folder with one sub-folder per class. You see what was found before anything is imported."
        ADDING = "What you add joins the images of your project. None of them is moved to another part."
        LOOKING = "Looking through “{}”"
        LOOKING_AGAIN = "Looking through it again"
        PREVIEW = "Check what was found, then import it. Your files are only read, never moved or changed."
        IMPORTING = "Every image is opened once and checked. You can look at other pages meanwhile."
        AFTER = "These are the images of your project, by class."
        IMPORT = "Import {}"
        IMPORT_NOTHING = "Import"
        IMPORT_RUNNING = "Importing"
        BACK = "Back"
        CONTINUE = "Continue to labels"
        ADD = "Add images"
        DONE = "{} imported."
        DONE_AGAIN = "{} imported, {} taken anew."
        REFUSED = "{} could not be read; the Images page lists which."

    key = "images"
    title = "Your images"
    sentence = Text.BEFORE
    icon = "images"
    help = (
        "The program needs examples of every class: at least two classes, and better 50 images of each.\n\n"
        "Validation images choose the best state of the training, test images measure the final result. If several images "
        "show the same patient or part, keep them together, or the result looks better than it is."
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._preview: ImportPreview | None = None
        self._looking: Job | None = None
        self._adding = False  # the user asked for more images of the open project
        self._last: Path | None = None  # what was looked into last, for another way to read it
        self._shown: object = None
        self._views = QStackedWidget()
        self.before = ImportDrop()
        self.before.drop.dropped.connect(lambda dropped: later(self, lambda: self.receive(dropped)))
        self.before.folder_wanted.connect(session.choose_wanted)
        self.before.file_chosen.connect(self.look_into)
        self.before.stop_wanted.connect(self._stop_looking)
        self.before.unlabeled_wanted.connect(self._unlabeled)
        self.trouble = self.before.trouble
        self.preview_view = ImportPreviewView()
        self.preview_view.changed.connect(self._show_footer)
        self.preview_view.read_otherwise.connect(self._read_otherwise)
        self.preview_view.trouble.settle.connect(self._start_import)
        self.project_view = ProjectImagesView()
        self.project_view.trouble.connect(session.tell)
        self.project_view.said.connect(session.say)
        for view in (self.before, self.preview_view, self.project_view):
            self._views.addWidget(view)
        self.content.addWidget(self._views, 1)
        self.back = named(QPushButton(self.Text.BACK), "images.back", self.Text.BACK)
        self.back.clicked.connect(self._leave_preview)
        self.add_button = named(QPushButton(self.Text.ADD), "images.add", self.Text.ADD)
        self.add_button.clicked.connect(self._add_clicked)
        session.read_only.watch(self.add_button)
        self.extra.addWidget(self.add_button)
        self.extra.addWidget(self.back)
        session.project_changed.connect(self._project_changed)
        self._show_view()

    # --- the page's answers to the window ---

    def done(self) -> bool:
        return self.session.summary is not None and self.session.summary.images > 0

    def enter(self) -> None:
        self._show_view()

    def wants(self, dropped: Dropped) -> bool:
        return dropped.kind in (Kind.FOLDER, Kind.SOURCE)

    def receive(self, dropped: Dropped) -> None:
        if self.wants(dropped) and self.preview_view.job is None:
            self.look_into(dropped.path)

    def continue_clicked(self) -> None:
        if self._preview is not None:
            self._start_import()
        else:
            self.session.go_to.emit("labels")

    # --- looking ---

    def look_into(self, source: Path) -> None:
        """Previews a source; what is wrong with it is said beside the drop area."""
        self._preview = None
        self._look(source)

    def _look(self, source: Path, reading: str = "", columns: dict[str, str] | None = None, encoding: str = "") -> None:
        self._stop_looking()
        self._last = source
        self.before.forget_trouble()
        title = self.Text.LOOKING.format(source.name)
        how = {"reading": reading, "columns": columns or {}, "encoding": encoding}
        job = self.session.bridge.submit("preview_import", title, source=source, **how)
        self._looking = job.show_in(self.before.stop_button)
        # Only the newest look counts: an earlier one may have ended before it heard that nobody waits for it.
        job.finished.connect(lambda preview: self._found(preview) if self._looking is job else None)
        job.failed.connect(lambda error: self._not_found(error) if self._looking is job else None)
        job.ended.connect(lambda: self._looked(job))
        self._show_view()

    def _looked(self, job: Job) -> None:
        if self._looking is job:
            self._looking = None
            self._show_view()

    def _found(self, preview: ImportPreview) -> None:
        again = self._preview is not None and self._preview.source == preview.source
        self._preview = preview
        # What may only be looked at can't be added to, and a new project can always be made.
        project = None if self.session.read_only.reason else self.session.summary
        self.preview_view.show_preview(preview, project, adding=self._adding, keep=again)

    def _not_found(self, error: StudioError) -> None:
        self.before.tell(error)
        self._preview = None

    def _read_otherwise(self, reading: str, columns: dict[str, str], encoding: str) -> None:
        """The same source in another way: what was answered stays."""
        if self._preview is not None:
            self._look(self._preview.source, reading, columns, encoding)

    def _unlabeled(self) -> None:
        if self._last is not None:
            self._look(self._last, "unlabeled")

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    def _add_clicked(self) -> None:
        self._adding = True
        self._show_view()

    def _leave_preview(self) -> None:
        self._preview = None
        self._adding = False
        self.before.forget_trouble()
        self._show_view()

    # --- importing ---

    def _start_import(self, changed: str = "ask") -> None:
        """changed: what is done about images of the project whose files were exchanged."""
        request = self.preview_view.request(changed)
        job = self.session.bridge.submit("import", self.Text.IMPORT_RUNNING, request=request)
        job.finished.connect(self._imported)
        self.preview_view.follow(job)
        self._show_view()

    def _imported(self, result: ImportResult) -> None:
        self._preview = None
        self._adding = False
        amount = count(result.images - result.changed, "image")
        self.project_view.tell_empty(result.project, result.empty)
        if self.session.project == result.project:
            self.session.refresh()
        else:
            self.session.open_project(result.project)
        words = [self.Text.DONE.format(amount)]
        if result.changed:
            words = [self.Text.DONE_AGAIN.format(amount, number(result.changed))]
        if result.refused:
            words.append(self.Text.REFUSED.format(count(len(result.refused), "file")))
        text = " ".join((*words, *result.warnings))
        self.session.say.emit(text, "caution" if result.refused or result.empty or result.warnings else "good")

    # --- views ---

    def _project_changed(self) -> None:
        if self.preview_view.job is None:
            self._stop_looking()
            self._looking = self._preview = None
            self._adding = False
            self.before.forget_trouble()
        self._show_view()

    def _show_view(self) -> None:
        if self._preview is not None:
            view: QWidget = self.preview_view
        elif self.done() and self._looking is None and self.trouble.isHidden() and not self._adding:
            view = self.project_view
            self._show_project()
        else:
            view = self.before
            looking = self._looking.title if self._looking else ""
            self.before.show_state(looking, self._project_name() if self._adding else "")
        self._views.setCurrentWidget(view)
        self._show_footer()

    def _show_project(self) -> None:
        summary = self.session.summary
        if summary is None or self._shown is summary or not self.isVisibleTo(self.window()):
            return  # a page that nobody sees reads nothing; it is entered before it is seen
        self._shown = summary
        try:
            self.project_view.show_project(summary)
        except StudioError as error:
            self.session.tell(error)

    def _project_name(self) -> str:
        return self.session.summary.name if self.session.summary is not None else ""

    def _show_footer(self) -> None:
        text, view = self.Text, self._views.currentWidget()
        importing = self.preview_view.job is not None
        in_preview = view is self.preview_view and self._preview is not None
        self.back.setVisible((in_preview and not importing) or (view is self.before and self.done()))
        self.add_button.setVisible(view is self.project_view)
        if in_preview and self._preview is not None:
            amount = count(self._preview.images, "image")
            hint = text.LOOKING_AGAIN if self._looking else self.preview_view.options.problem()
            ready = not (importing or hint or self._preview.problem)
            self.set_sentence(text.IMPORTING if importing else text.PREVIEW)
            self.set_primary(
                text.IMPORT.format(amount) if self._preview.images else text.IMPORT_NOTHING, enabled=ready, hint=hint
            )
        elif view is self.project_view:
            self.set_sentence(text.AFTER)
            self.set_primary(text.CONTINUE)
        else:
            self.set_sentence(text.ADDING if self._adding else text.BEFORE)
            self.set_primary("")
