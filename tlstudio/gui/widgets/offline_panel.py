"""A model file at work: choose it, drop images, read the table. Needs no project and no training part."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Predicted, Progress
from tlstudio.domain.wording import isolated_all
from tlstudio.gui import icons, theme
from tlstudio.gui.dropping import Dropped, Kind
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.later import later
from tlstudio.gui.messages import count, listing, number, progress
from tlstudio.gui.models.prediction_table import PredictionRow
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.drop_area import DropArea
from tlstudio.gui.widgets.fitting import MIDDLE, ElidedLabel
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.prediction_view import PredictionView
from tlstudio.gui.widgets.seal import Seal

FLUSH_MS = 80


class Text:
    NO_MODEL = "Drop a model file here"
    NO_MODEL_MORE = "A file that ends in .onnx, exported by this program. It brings its classes with it."
    CHOOSE_MODEL = "Choose a model"
    OTHER_MODEL = "Other model…"
    MODELS = "Models (*.onnx)"
    READING = "Reading the model"
    CLASSES = "{}: {}"
    NO_ROWS = "Drop images or a folder here"
    NO_ROWS_MORE = "The model looks at every image and tells its class and how sure it is."
    MORE = "Drop more images or another folder here"
    CHOOSE_IMAGES, CHOOSE_FOLDER = "Choose images", "Choose a folder"
    IMAGES = "Images (*.png *.jpg *.jpeg *.tif *.tiff *.bmp *.webp *.gif);;All files (*)"
    LOOKING = "Looking at images"
    TABLE = "What the model says"
    STOPPED = "Stopped. What was looked at so far stays in the table."


class OfflinePanel(QWidget):
    """`changed` whenever the model, the rows or the work under way changed. `opened`: another model file is open."""

    changed = Signal()
    opened = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("use.panel")
        self._session = session
        self.info: BundleInfo | None = None
        self.bundle: Path | None = None
        self.own = False  # the user has chosen the file, so that it stays until they choose another
        self.job: Job | None = None
        self._reading: Job | None = None
        self._waiting: list[PredictionRow] = []
        self._received = 0
        self.progress = ""  # how far the work under way is
        self._flush = QTimer(self, interval=FLUSH_MS)
        self._flush.timeout.connect(self._show_waiting)
        self.model_card = self._model_row()
        self.trouble = InlineMessage("use.error")
        self.views = QStackedWidget()
        self.no_model = self._no_model_view()
        self.no_rows = self._no_rows_view()
        self.rows_view = self._rows_view()
        for view in (self.no_model, self.no_rows, self.rows_view):
            self.views.addWidget(view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addWidget(self.model_card)
        column.addWidget(self.trouble)
        column.addWidget(self.views, 1)
        self._show_view()

    # --- building ---

    def _model_row(self) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        mark = QLabel()
        icons.set_icon(mark, "model", "accent", 24)
        self.model_name = named(ElidedLabel(mode=MIDDLE), "use.model_name", "")
        self.model_name.setProperty("role", "card-title")
        self.model_classes = named(ElidedLabel(), "use.model_classes", "")
        self.model_classes.setProperty("role", "muted")
        self.seal = Seal("use.seal")
        self.other = named(QPushButton(Text.OTHER_MODEL), "use.other_model", Text.OTHER_MODEL)
        self.other.clicked.connect(self.choose_model)
        words = QVBoxLayout()
        words.setSpacing(theme.XS)
        words.addWidget(self.model_name)
        words.addWidget(self.model_classes)
        row = QHBoxLayout(card)
        row.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        row.setSpacing(theme.M)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self.seal)
        row.addWidget(self.other)
        return card

    def _no_model_view(self) -> DropArea:
        area = DropArea("use.drop_model", "model", (Text.NO_MODEL, Text.NO_MODEL_MORE), (Kind.BUNDLE,))
        area.dropped.connect(self._dropped)
        self.choose = area.add_button(named(QPushButton(Text.CHOOSE_MODEL), "use.choose_model", Text.CHOOSE_MODEL))
        self.choose.clicked.connect(self.choose_model)
        return area

    def _no_rows_view(self) -> DropArea:
        takes = (Kind.FOLDER, Kind.FILES, Kind.BUNDLE)
        area = DropArea("use.drop", "images", (Text.NO_ROWS, Text.NO_ROWS_MORE), takes)
        area.dropped.connect(self._dropped)
        area.buttons.addStretch(1)
        self._add_choosers(area, "use.choose_images", "use.choose_folder")
        area.buttons.addStretch(1)
        return area

    def _rows_view(self) -> QWidget:
        takes = (Kind.FOLDER, Kind.FILES, Kind.BUNDLE)
        area = DropArea("use.drop_more", "images", (Text.MORE, ""), takes, compact=True)
        area.sentence.hide()
        area.dropped.connect(self._dropped)
        self._add_choosers(area, "use.more_images", "use.more_folder")
        self.table = PredictionView("use.table", Text.TABLE)
        view = QWidget()
        column = QVBoxLayout(view)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addWidget(area)
        column.addWidget(self.table, 1)
        return view

    def _add_choosers(self, area: DropArea, images: str, folder: str) -> None:
        one = area.add_button(named(QPushButton(Text.CHOOSE_IMAGES), images, Text.CHOOSE_IMAGES))
        one.clicked.connect(self.choose_images)
        many = area.add_button(named(QPushButton(Text.CHOOSE_FOLDER), folder, Text.CHOOSE_FOLDER))
        many.clicked.connect(self.choose_folder)

    # --- choosing ---

    def _dropped(self, dropped: Dropped) -> None:
        later(self, lambda: self.receive(dropped))

    def receive(self, dropped: Dropped) -> None:
        """A model is opened; anything else is looked at."""
        if dropped.kind is Kind.BUNDLE:
            self.open_bundle(dropped.path, own=True)
        else:
            self.predict(list(dropped.paths))

    def choose_model(self) -> None:
        dialog = QFileDialog(self.window(), Text.CHOOSE_MODEL, "", Text.MODELS)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self.open_bundle(Path(file), own=True))
        self._ask(dialog, "use.model_dialog")

    def choose_images(self) -> None:
        dialog = QFileDialog(self.window(), Text.CHOOSE_IMAGES, "", Text.IMAGES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda files: self.predict([Path(file) for file in files]))
        self._ask(dialog, "use.images_dialog")

    def choose_folder(self) -> None:
        dialog = QFileDialog(self.window(), Text.CHOOSE_FOLDER)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda folder: self.predict([Path(folder)]))
        self._ask(dialog, "use.folder_dialog")

    @staticmethod
    def _ask(dialog: QFileDialog, name: str) -> None:
        dialog.setObjectName(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # --- the model ---

    def forget(self) -> None:
        """No model is open, and nothing that one has said is shown."""
        self.bundle = self.info = self._session.bundle = None
        self.own = False
        self._reading = None
        self.trouble.hide()
        self.clear()

    def open_bundle(self, file: Path, *, own: bool = False) -> None:
        """Reads the model's own description; one that can't be used leaves the one before in its place.

        own: the user chose the file.
        """
        self.trouble.hide()
        self.own = own
        if self._reading is not None:
            self._reading.cancel()  # another one is wanted now
        self._reading = job = self._session.bridge.submit("read_bundle", Text.READING, bundle=file)
        job.finished.connect(lambda info: self._opened(file, info) if job is self._reading else None)
        job.failed.connect(lambda error: self._refused(error) if job is self._reading else None)
        job.ended.connect(lambda: self._read(job))

    def _opened(self, file: Path, info: BundleInfo) -> None:
        if self.bundle != file:
            self.clear()
        self.bundle, self.info = file, info
        self._session.bundle = file
        self.model_name.setText(file.name)
        self.model_name.setToolTip(str(file))
        classes = listing(list(info.classes), 6)
        self.model_classes.setText(Text.CLASSES.format(count(len(info.classes), "class", "classes"), classes))
        self.model_classes.setToolTip(", ".join(isolated_all(info.classes)))
        self.seal.show_info(info)
        if not info.sealed:
            self.trouble.say(info.seal_sentence, tone="caution")
        self.table.show_classes(info.classes)
        self.opened.emit()

    def _refused(self, error: StudioError) -> None:
        self.trouble.tell(error)

    def _read(self, job: Job) -> None:
        if job is self._reading:
            self._reading = None
            self._show_view()

    # --- looking at images ---

    def clear(self) -> None:
        if self.job is not None:
            self.job.cancel()
        self._waiting.clear()
        self.table.table.clear()
        self._received = 0
        self._show_view()

    def predict(self, paths: list[Path]) -> None:
        """Adds rows for these files and folders to the table; a second call waits for the first to end."""
        if self.bundle is None or not paths:
            self.trouble.say(Text.CHOOSE_MODEL, Text.NO_MODEL_MORE, "caution")
            return
        self.trouble.hide()
        self.progress = ""
        bridge = self._session.bridge
        self.job = job = bridge.submit(
            "predict", Text.LOOKING, bundle=self.bundle, paths=paths, recursive=True, thumbnails=True
        )
        job.event.connect(self._on_event)
        job.failed.connect(self._refused)
        job.cancelled.connect(self._stopped)
        job.ended.connect(lambda: self._looked(job))
        self._flush.start()
        self._show_view()

    def _on_event(self, event: object) -> None:
        if isinstance(event, Predicted):
            self._waiting.append(PredictionRow.read(event.row, self._received))
            self._received += 1
        elif isinstance(event, Progress):
            self.progress = progress(event, stage="")

    def _show_waiting(self) -> None:
        """A batch at a time: a row by itself would repaint the table a thousand times a second."""
        if self._waiting:
            batch, self._waiting = self._waiting, []
            self.table.table.add(batch)
            self._show_view()

    def _stopped(self) -> None:
        self._show_waiting()
        if self.table.table.rows:
            self.trouble.say(Text.STOPPED, tone="caution")

    def _looked(self, job: Job) -> None:
        self._show_waiting()
        if self.job is job:
            self.job = None
            self._flush.stop()
        self._show_view()

    def tally(self) -> str:
        """`1,204 images: 1,100 confident, 80 uncertain …`, in the words of the status column."""
        from tlstudio.gui.models.prediction_table import ORDER
        from tlstudio.gui.models.prediction_table import Text as Status

        rows = self.table.table.rows
        parts = []
        for status in reversed(ORDER):
            amount = sum(row.status == status for row in rows)
            if amount:
                parts.append(f"{number(amount)} {Status.STATUS[status].lower()}")
        return f"{count(len(rows), 'image')}: {', '.join(parts)}" if rows else ""

    def _show_view(self) -> None:
        has_rows = bool(self.table.table.rows) or self.job is not None
        view = self.rows_view if has_rows else self.no_rows if self.bundle is not None else self.no_model
        self.views.setCurrentWidget(view)
        self.model_card.setVisible(self.bundle is not None)
        self.changed.emit()
