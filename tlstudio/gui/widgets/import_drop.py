"""Before an import: the place to drop a folder, a ZIP file or a table, and how folders become classes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.errors import NoClasses, NotEnoughImages, StudioError
from tlstudio.gui import theme
from tlstudio.gui.dropping import Kind
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.drop_area import DropArea
from tlstudio.gui.widgets.folder_picture import FolderPicture
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.stop_button import StopButton

SIDE_WIDTH = 372


class Text:
    DROP = "Drop a folder of images here"
    DROP_ADD = "Drop images to add to “{}”"
    DROP_MORE = "Or a ZIP file of one, a table (CSV), or an export of Label Studio or CVAT."
    OPEN = "Choose a folder"
    FILE = "Choose a file"
    FILES = "Sources of images (*.zip *.csv *.tsv *.txt *.json *.jsonl *.xml);;All files (*)"
    STOP = "Stop looking"
    HOW = "How folders become classes"
    LINES = (
        "Each sub-folder is one class, and its name is the name of the class.",
        "Deeper folders belong to the class they lie in.",
        "Folders called train, val and test are kept as they are.",
        "A table says the class of each image in a column; you see which one before anything is imported.",
    )
    UNLABELED = "These images have no labels yet"


class ImportDrop(QWidget):
    """Its signals say what the user wishes; file_chosen carries a path. What is dropped comes by `drop`."""

    folder_wanted = Signal()
    file_chosen = Signal(object)
    stop_wanted = Signal()
    unlabeled_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.drop = DropArea("images.drop", "images", (Text.DROP, Text.DROP_MORE), takes=(Kind.FOLDER, Kind.SOURCE))
        self.open_button = self.drop.add_button(named(QPushButton(Text.OPEN), "images.open", Text.OPEN))
        self.open_button.setProperty("role", "primary")
        self.open_button.clicked.connect(self.folder_wanted)
        self.file_button = self.drop.add_button(named(QPushButton(Text.FILE), "images.open_file", Text.FILE))
        self.file_button.clicked.connect(self._ask_for_file)
        self.stop_button = self.drop.add_button(StopButton(Text.STOP, "images.stop_looking"))
        self.stop_button.clicked.connect(self.stop_wanted)
        self.stop_button.hide()
        self.trouble = InlineMessage("images.error")
        self.unlabeled = named(QPushButton(Text.UNLABELED), "images.unlabeled", Text.UNLABELED)
        self.unlabeled.clicked.connect(self.unlabeled_wanted)
        self.unlabeled.hide()
        side = QVBoxLayout()
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(theme.M)
        side.addWidget(_explanation())
        side.addWidget(self.trouble)
        side.addWidget(self.unlabeled)
        side.addStretch(1)
        column = QWidget()
        column.setFixedWidth(SIDE_WIDTH)
        column.setLayout(side)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.L)
        row.addWidget(self.drop, 1)
        row.addWidget(column)

    def show_state(self, looking: str, adding_to: str) -> None:
        """looking: what is being looked through, empty for nothing. adding_to: the project that images are added to."""
        self.drop.headline.setText(looking or (Text.DROP_ADD.format(adding_to) if adding_to else Text.DROP))
        for button in (self.open_button, self.file_button):
            button.setVisible(not looking)
        self.stop_button.setVisible(bool(looking))

    def tell(self, error: StudioError) -> None:
        """What is wrong with a source; where only labels are missing, with the way on."""
        self.trouble.tell(error)
        self.unlabeled.setVisible(isinstance(error, NoClasses | NotEnoughImages))

    def forget_trouble(self) -> None:
        self.trouble.hide()
        self.unlabeled.hide()

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self.window(), Text.FILE, "", Text.FILES)
        dialog.setObjectName("images.source_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.file_chosen.emit(Path(file)))
        dialog.open()


def _explanation() -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    column = QVBoxLayout(card)
    column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
    column.setSpacing(theme.S)
    heading = QLabel(Text.HOW)
    heading.setProperty("role", "card-title")
    column.addWidget(heading)
    column.addWidget(FolderPicture())
    column.addSpacing(theme.XS)
    for line in Text.LINES:
        label = QLabel(line)
        label.setWordWrap(True)
        label.setProperty("role", "muted")
        column.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
    return card
