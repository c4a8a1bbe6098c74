"""The choices before an import: name and place, what belongs together, how the images are divided."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.importing import ImportPreview, ImportRequest
from tlstudio.domain.values import ProjectSummary, Split
from tlstudio.domain.wording import isolated
from tlstudio.gui import icons, theme
from tlstudio.gui.messages import listing, number
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import ElidedRadio
from tlstudio.gui.widgets.group_choice import GroupChoice
from tlstudio.gui.widgets.import_pages import PagesChoice
from tlstudio.gui.widgets.import_pages import Text as Pages
from tlstudio.gui.widgets.option_card import caption, option_card
from tlstudio.gui.widgets.stacked_bar import StackedBar

WIDTH = 372
LEAST_TRAINING = 20  # percent
ARCHIVE = ".zip"


class Text:
    PROJECT = "Project"
    NEW = "Make a new project"
    ADD = "Add to “{}”"
    ADD_ANY = "Add to the open project"
    NAME, PLACE = "Name", "Place"
    CHOOSE = "Choose another place"
    TOGETHER = "What belongs together"
    TOGETHER_HELP = (
        "Images of one patient, one part or one batch look alike. If some of them are used for training and others for "
        "the test, the result looks better than it is. Keeping each group on one side prevents that."
    )
    NEAR = "Keep near-duplicates together"
    NEAR_MORE = (
        "Copies that were changed a little (saved again, mirrored, turned, cut) count as one image in the division. Switch it off"
        " where one camera takes many images of the same kind of part and they are wrongly taken for copies."
    )
    DIVISION = "How the images are divided"
    DIVISION_HELP = (
        "The program learns from the training images, chooses the best state on the validation images, and measures the "
        "final result on the test images, which it has never seen."
    )
    VALIDATION, TEST = "Validation", "Test"
    FOLDERS = "The source says which image is for what: {}. That is kept."
    FOLDER_PART = "{} for {}"
    COPY = "Copy the images into the project"
    COPY_MORE = "Without a copy the images stay where they are and must not be moved."
    UNPACKED = "The images are unpacked into the project."
    NO_NAME = "Give the project a name."
    NO_PLACE = "Choose a place for the project."
    BAD_RULE = "The rule for groups can't be followed. Change it or treat every image on its own."


class ImportOptions(QScrollArea):
    """`request()` gives the import to run, `problem()` a sentence when it can't run yet."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("images.options")
        self.setFixedWidth(WIDTH)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._preview: ImportPreview | None = None
        self._current: ProjectSummary | None = None
        self._named_by_hand = False
        inner = QWidget()
        inner.setProperty("role", "scrolled")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.S, 0)
        column.setSpacing(theme.M)
        column.addWidget(self._project_card())
        column.addWidget(self._pages_card())
        column.addWidget(self._groups_card())
        column.addWidget(self._division_card())
        column.addStretch(1)
        self.setWidget(inner)

    # --- building ---

    def _project_card(self) -> QFrame:
        self.new = named(QRadioButton(Text.NEW), "images.into_new", Text.NEW)
        self.add = named(ElidedRadio(), "images.into_current", Text.ADD_ANY)
        self.new.toggled.connect(self._refresh)
        self.name = named(QLineEdit(), "images.name", Text.NAME)
        self.name.textEdited.connect(self._name_edited)
        self.place = named(QLineEdit(), "images.place", Text.PLACE)
        self.place.textChanged.connect(self._refresh)
        for line in (self.name, self.place):
            line.textChanged.connect(line.setToolTip)
        self.choose = named(QToolButton(), "images.choose_place", Text.CHOOSE)
        self.choose.setToolTip(Text.CHOOSE)
        self.choose.setFixedSize(theme.HIT, theme.HIT)
        icons.set_icon(self.choose, "folder", "muted")
        self.choose.clicked.connect(self._choose_place)
        self.copy = named(QCheckBox(Text.COPY), "images.copy", Text.COPY)
        self.copy.setToolTip(Text.COPY_MORE)
        self._fields = QWidget()
        grid = QGridLayout(self._fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(theme.S)
        grid.addWidget(caption(Text.NAME, self.name), 0, 0)
        grid.addWidget(self.name, 0, 1, 1, 2)
        grid.addWidget(caption(Text.PLACE, self.place), 1, 0)
        grid.addWidget(self.place, 1, 1)
        grid.addWidget(self.choose, 1, 2)
        frame, column = option_card(Text.PROJECT)
        self.unpacked = named(QLabel(Text.UNPACKED), "images.unpacked", Text.UNPACKED)
        self.unpacked.setProperty("role", "muted")
        self.unpacked.setWordWrap(True)
        for widget in (self.new, self.add, self._fields, self.copy, self.unpacked):
            column.addWidget(widget)
        return frame

    def _pages_card(self) -> QFrame:
        self._pages_frame, column = option_card(Pages.TITLE)
        self.pages = PagesChoice()
        column.addWidget(self.pages)
        return self._pages_frame

    def _groups_card(self) -> QFrame:
        frame, column = option_card(Text.TOGETHER, Text.TOGETHER_HELP, "images.help_groups")
        self.groups = GroupChoice()
        self.groups.changed.connect(self._refresh)
        self.near = named(QCheckBox(Text.NEAR), "images.near_duplicates", Text.NEAR)
        self.near.setToolTip(Text.NEAR_MORE)
        self.near.setChecked(True)
        self.near.toggled.connect(self._near_chosen)
        self._near_wish: bool | None = None
        column.addWidget(self.groups)
        column.addWidget(self.near)
        return frame

    def _near_chosen(self, wanted: bool) -> None:
        self._near_wish = wanted

    def _show_near(self) -> None:
        """As the project has it, until somebody chooses."""
        if self._near_wish is None:
            self.near.blockSignals(True)
            self.near.setChecked(self._current.near_duplicates if self._current and self._adding() else True)
            self.near.blockSignals(False)

    def _division_card(self) -> QFrame:
        frame, column = option_card(Text.DIVISION, Text.DIVISION_HELP, "images.help_division")
        self.folders = named(QLabel(), "images.split_folders", "")
        self.folders.setWordWrap(True)
        self.validation = self._share(Text.VALIDATION, "images.validation", 15)
        self.test = self._share(Text.TEST, "images.test", 20)
        self._shares = QWidget()
        row = QHBoxLayout(self._shares)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        for part, box in ((Text.VALIDATION, self.validation), (Text.TEST, self.test)):
            row.addWidget(caption(part, box))
            row.addWidget(box)
            row.addSpacing(theme.S)
        row.addStretch(1)
        self.bar = StackedBar("images.division", vertical=True)
        for widget in (self.folders, self._shares, self.bar):
            column.addWidget(widget)
        return frame

    def _share(self, caption: str, name: str, value: int) -> QSpinBox:
        box = named(QSpinBox(), name, f"{caption}, percent")
        box.setRange(5, 50)
        box.setValue(value)
        box.setSuffix(" %")
        box.setFixedWidth(88)
        # A style sheet can't move the text of a spin box away from its edge.
        box.lineEdit().setTextMargins(theme.S, 0, 0, 0)
        box.valueChanged.connect(self._refresh)
        return box

    # --- showing ---

    def show_preview(
        self, preview: ImportPreview, current: ProjectSummary | None, *, adding: bool = False, keep: bool = False
    ) -> None:
        """current: the open project, to which the images could be added; adding: that is what the user came for.

        keep: the same source read in another way; what was answered stays.
        """
        self._preview, self._current = preview, current
        self.add.setText(Text.ADD.format(isolated(current.name) if current else ""))
        self.add.setAccessibleName(self.add.text())
        if not keep:
            self._named_by_hand = False
            self._near_wish = None
            self.new.setVisible(current is not None)
            self.add.setVisible(current is not None)
            (self.add if adding and current is not None else self.new).setChecked(True)
            self.name.setText(preview.suggested_project.name)
            self.name.setCursorPosition(0)  # of a long name the beginning is seen
            self.place.setText(str(preview.suggested_project))
        archive = preview.source.suffix.lower() == ARCHIVE and preview.source.is_file()
        self.copy.setVisible(not archive)
        self.unpacked.setVisible(archive)
        self._pages_frame.setVisible(preview.paged > 0)
        self.pages.show_preview(preview, keep=keep)
        names = [path.name for paths in preview.samples.values() for path in paths[:1]]
        first = next(iter(preview.samples.values()), ())
        self.groups.show_preview(preview, [*(path.name for path in first[:2]), *names[1:2]])
        self._show_folders(preview)
        self._refresh()

    def _show_folders(self, preview: ImportPreview) -> None:
        parts = [
            Text.FOLDER_PART.format(number(preview.splits[split.value]), split.caption.lower())
            for split in Split
            if preview.splits.get(split.value)
        ]
        self.folders.setText(Text.FOLDERS.format(listing(parts)))
        self.folders.setVisible(bool(parts))
        self._shares.setVisible(not _divided(preview))
        self.validation.setEnabled(not preview.splits.get(Split.VAL.value))
        self.test.setEnabled(not preview.splits.get(Split.TEST.value))

    def _counts(self) -> dict[Split, int]:
        """How many images each part gets, as far as the shares tell; groups may move the border a little."""
        if self._preview is None:
            return {}
        given, total = self._preview.splits, self._preview.images
        counts = {
            split: given.get(split.value) or (0 if self._preview.divided else round(total * box.value() / 100))
            for split, box in ((Split.VAL, self.validation), (Split.TEST, self.test))
        }
        return {Split.TRAIN: max(total - sum(counts.values()), 0), **counts}

    def _refresh(self) -> None:
        self._fields.setVisible(self.new.isChecked() or self._current is None)
        self._show_near()
        self.validation.setMaximum(min(50, 100 - LEAST_TRAINING - self.test.value()))
        self.test.setMaximum(min(50, 100 - LEAST_TRAINING - self.validation.value()))
        known = self._preview is not None and _divided(self._preview)
        self.bar.show_counts(self._counts(), about=not known)
        self.changed.emit()

    def _name_edited(self, text: str) -> None:
        """The place follows the name until it is chosen by hand."""
        if self._preview is not None and not self._named_by_hand:
            safe = "".join("_" if c in '<>:"/\\|?*' else c for c in text).strip(" .")
            self.place.setText(str(self._preview.suggested_project.with_name(safe or "project")))
        self._refresh()

    def _choose_place(self) -> None:
        dialog = QFileDialog(self.window(), Text.CHOOSE, str(Path(self.place.text()).parent))
        dialog.setObjectName("images.place_dialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._place_chosen)
        dialog.open()

    def _place_chosen(self, folder: str) -> None:
        self._named_by_hand = True
        self.place.setText(str(Path(folder) / Path(self.place.text()).name))

    # --- reading ---

    def problem(self) -> str:
        """Why the import can't start, as a sentence; empty when it can."""
        if not self.groups.valid():
            return Text.BAD_RULE
        if self._adding():
            return ""
        if not self.name.text().strip():
            return Text.NO_NAME
        return "" if self.place.text().strip() else Text.NO_PLACE

    def _adding(self) -> bool:
        return self._current is not None and self.add.isChecked()

    def request(self, columns: dict[str, str], encoding: str = "") -> ImportRequest:
        """columns: {role: column} of a table. encoding: that the user has chosen."""
        assert self._preview is not None
        adding = self._current if self._adding() else None
        return ImportRequest(
            source=self._preview.source,
            project=adding.folder if adding else Path(self.place.text().strip()).expanduser(),
            name="" if adding else self.name.text().strip(),
            test_fraction=self.test.value() / 100,
            val_fraction=self.validation.value() / 100,
            copy=self.copy.isChecked(),
            group_from=self.groups.rule(),
            reading=self._preview.reading.key,
            columns=columns,
            pages=self.pages.pages(),
            may_ask=False,  # it has been asked here
            near_duplicates=self._near_wish,
            encoding=encoding,
        )


def _divided(preview: ImportPreview) -> bool:
    """Whether the source says of every image which part it is for."""
    return preview.divided or all(preview.splits.get(split.value) for split in Split)
