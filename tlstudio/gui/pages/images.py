"""Images: drop a folder, see what was found, import it; afterwards the images of the project by class."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.importing import ImportPreview, ImportResult
from tlstudio.gui import theme
from tlstudio.gui.dropping import Dropped, Kind
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.messages import count
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.drop_area import DropArea
from tlstudio.gui.widgets.folder_picture import FolderPicture
from tlstudio.gui.widgets.import_preview import ImportPreviewView
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.project_images import ProjectImagesView

SIDE_WIDTH = 372


class ImagesPage(Page):
    """Three views in one place: the drop area, the preview with its import, and the project's images."""

    class Text:
        BEFORE = "Drop a folder with one sub-folder per class. You see what was found before anything is imported."
        LOOKING = "Looking through “{}”"
        PREVIEW = "Check what was found, then import it. Your files are only read, never moved or changed."
        IMPORTING = "Every image is opened once and checked. You can look at other pages meanwhile."
        AFTER = "These are the images of your project, by class."
        DROP = "Drop a folder of images here"
        DROP_MORE = "PNG, JPEG, TIFF, BMP, WebP or GIF. Any size, any number."
        OPEN = "Choose a folder"
        HOW = "How folders become classes"
        LINES = (
            "Each sub-folder is one class, and its name is the name of the class.",
            "Deeper folders belong to the class they lie in.",
            "Folders called train, val and test are kept as they are.",
        )
        IMPORT = "Import {}"
        IMPORT_RUNNING = "Importing"
        BACK = "Back"
        CANCEL_LOOKING = "Stop looking"
        CONTINUE = "Continue to labels"
        ADD = "Import another folder"
        DONE = "{} imported."
        DONE_REFUSED = "{} imported. {} could not be read; the list is below the table."

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
        self._shown: object = None
        self._views = QStackedWidget()
        self._before = self._drop_view()
        self.preview_view = ImportPreviewView()
        self.preview_view.changed.connect(self._show_footer)
        self.project_view = ProjectImagesView()
        self.project_view.trouble.connect(session.tell)
        self.project_view.said.connect(session.say)
        for view in (self._before, self.preview_view, self.project_view):
            self._views.addWidget(view)
        self.content.addWidget(self._views, 1)
        self.back = named(QPushButton(self.Text.BACK), "images.back", self.Text.BACK)
        self.back.clicked.connect(self._leave_preview)
        self.add_button = named(QPushButton(self.Text.ADD), "images.add", self.Text.ADD)
        self.add_button.clicked.connect(session.choose_wanted)
        self.extra.addWidget(self.add_button)
        self.extra.addWidget(self.back)
        session.project_changed.connect(self._project_changed)
        self._show_view()

    def _drop_view(self) -> QWidget:
        text = self.Text
        self.drop = DropArea("images.drop", "images", (text.DROP, text.DROP_MORE), takes=(Kind.FOLDER,))
        self.drop.dropped.connect(lambda dropped: QTimer.singleShot(0, self, lambda: self.receive(dropped)))
        self.open_button = self.drop.add_button(named(QPushButton(text.OPEN), "images.open", text.OPEN))
        self.open_button.setProperty("role", "primary")
        self.open_button.clicked.connect(self._open_clicked)
        self.trouble = InlineMessage("images.error")
        side = QVBoxLayout()
        side.setSpacing(theme.M)
        side.addWidget(self._explanation())
        side.addWidget(self.trouble)
        side.addStretch(1)
        column = QWidget()
        column.setFixedWidth(SIDE_WIDTH)
        column.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        view = QWidget()
        row = QHBoxLayout(view)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.L)
        row.addWidget(self.drop, 1)
        row.addWidget(column)
        return view

    def _explanation(self) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        column.setSpacing(theme.S)
        heading = QLabel(self.Text.HOW)
        heading.setProperty("role", "card-title")
        column.addWidget(heading)
        column.addWidget(FolderPicture())
        column.addSpacing(theme.XS)
        for line in self.Text.LINES:
            label = QLabel(line)
            label.setWordWrap(True)
            label.setProperty("role", "muted")
            column.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
        return card

    # --- the page's answers to the window ---

    def done(self) -> bool:
        return self.session.summary is not None and self.session.summary.images > 0

    def enter(self) -> None:
        self._show_view()

    def wants(self, dropped: Dropped) -> bool:
        return dropped.kind is Kind.FOLDER

    def receive(self, dropped: Dropped) -> None:
        if dropped.kind is Kind.FOLDER and self.preview_view.job is None:
            self.look_into(dropped.path)

    def continue_clicked(self) -> None:
        if self._preview is not None:
            self._start_import()
        else:
            self.session.go_to.emit("labels")

    # --- looking ---

    def look_into(self, folder: Path) -> None:
        """Previews a folder; what is wrong with it is said beside the drop area."""
        if self._looking is not None:
            self._looking.cancel()
        self._preview = None
        self.trouble.hide()
        title = self.Text.LOOKING.format(folder.name)
        self._looking = job = self.session.bridge.submit("preview_import", title, source=folder)
        job.finished.connect(self._found)
        job.failed.connect(self._not_found)
        job.ended.connect(lambda: self._looked(job))
        self._show_view()

    def _looked(self, job: Job) -> None:
        if self._looking is job:
            self._looking = None
            self._show_view()

    def _found(self, preview: ImportPreview) -> None:
        self._preview = preview
        # What may only be looked at can't be added to, and a new project can always be made.
        self.preview_view.show_preview(preview, None if self.session.read_only.reason else self.session.summary)

    def _not_found(self, error: StudioError) -> None:
        self.trouble.tell(error)
        self._preview = None

    def _open_clicked(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        else:
            self.session.choose_wanted.emit()

    def _leave_preview(self) -> None:
        self._preview = None
        self.trouble.hide()
        self._show_view()

    # --- importing ---

    def _start_import(self) -> None:
        request = self.preview_view.request()
        job = self.session.bridge.submit("import", self.Text.IMPORT_RUNNING, request=request)
        job.finished.connect(self._imported)
        self.preview_view.follow(job)
        self._show_view()

    def _imported(self, result: ImportResult) -> None:
        self._preview = None
        amount = count(result.images, "image")
        if self.session.project == result.project:
            self.session.refresh()
        else:
            self.session.open_project(result.project)
        if result.refused:
            text = self.Text.DONE_REFUSED.format(amount, count(len(result.refused), "file"))
        else:
            text = self.Text.DONE.format(amount)
        self.session.say.emit(text, "caution" if result.refused else "good")

    # --- views ---

    def _project_changed(self) -> None:
        if self.preview_view.job is None:
            self._preview = None
        self._shown = None
        self._show_view()

    def _show_view(self) -> None:
        if self._preview is not None:
            view: QWidget = self.preview_view
        elif self.done() and self._looking is None and self.trouble.isHidden():
            view = self.project_view
            self._show_project()
        else:
            view = self._before
            self._show_looking()
        self._views.setCurrentWidget(view)
        self._show_footer()

    def _show_project(self) -> None:
        summary = self.session.summary
        if summary is None or self._shown is summary:
            return
        self._shown = summary
        try:
            self.project_view.show_project(summary)
        except StudioError as error:
            self.session.tell(error)

    def _show_looking(self) -> None:
        text, job = self.Text, self._looking
        self.drop.headline.setText(job.title if job else text.DROP)
        self.open_button.setText(text.CANCEL_LOOKING if job else text.OPEN)
        self.open_button.setAccessibleName(self.open_button.text())

    def _show_footer(self) -> None:
        text, view = self.Text, self._views.currentWidget()
        importing = self.preview_view.job is not None
        in_preview = view is self.preview_view and self._preview is not None
        self.back.setVisible((in_preview and not importing) or (view is self._before and self.done()))
        self.add_button.setVisible(view is self.project_view)
        if in_preview and self._preview is not None:
            amount = count(sum(self._preview.classes.values()), "image")
            problem = self.preview_view.options.problem()
            self.set_sentence(text.IMPORTING if importing else text.PREVIEW)
            self.set_primary(text.IMPORT.format(amount), enabled=not importing and not problem, hint=problem)
        elif view is self.project_view:
            self.set_sentence(text.AFTER)
            self.set_primary(text.CONTINUE)
        else:
            self.set_sentence(text.BEFORE)
            self.set_primary("")
