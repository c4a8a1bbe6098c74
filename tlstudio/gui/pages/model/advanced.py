"""The folded part of the Model page: everything else that can be set, each with one plain sentence."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.scrolling import keep_wheel_off


class Text:
    """Words of the advanced settings: a caption and one sentence each."""

    fold = "Advanced settings"
    other = ("Another model by name", "Any image model of the timm library, such as resnet34.a1_in1k.")
    get_other = "Download {name}"
    licence = "Its licence is on huggingface.co/timm/{name}: read it first."
    size = ("Image size", "Larger shows more detail and takes longer: twice the size is four times the time.")
    fit = ("How images are fitted", "Models see squares. Choose what happens to images that are not square.")
    depth = (
        "Images of more than 8 bits",
        "Scans and 16-bit pictures: stretch each one by itself, or let a value look the same in all of them.",
    )
    epochs = (
        "Practice rounds (epochs)",
        "How often the model sees every image. It ends earlier when nothing improves.",
    )
    batch = ("Images at a time", "More is a little faster and needs more memory.")
    rate = ("Learning rate", "How large each correction is. Leave it, unless you know why not.")
    seed = ("Random seed", "The same number gives the same result again.")
    device = ("Device", "What computes. A graphics card is many times faster.")
    own, chosen, fitting = "The model's own", "Chosen for you", "As many as fit"
    fits = (("stretch", "Stretch to a square"), ("crop", "Cut out the middle"), ("pad", "Add black borders"))
    depths = (("image", "Each by its own range"), ("dataset", "The same range for all images"))
    devices = (
        ("auto", "The fastest there is"),
        ("cpu", "Processor"),
        ("cuda", "NVIDIA graphics card"),
        ("mps", "Apple graphics"),
    )


class AdvancedSettings(QWidget):
    """Folded until its heading is pressed.

    changed: any setting. other_wanted: a model name was typed. download_wanted: that model is not here and shall be fetched.
    """

    changed = Signal()
    other_wanted = Signal(str)
    download_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fold_button = named(QPushButton(Text.fold, self), "model.advanced", Text.fold)
        self.fold_button.setProperty("role", "flat")
        self.fold_button.setCheckable(True)
        self.fold_button.setStyleSheet("text-align: left; padding-left: 4px;")
        self.fold_button.toggled.connect(self._fold)
        self.body = QWidget(self)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        self.other = QLineEdit()
        self.other.editingFinished.connect(lambda: self.other_wanted.emit(self.other.text().strip()))
        self.image_size = _number(0, 1024, 32, Text.own)
        self.fit = _choice(Text.fits)
        self.value_range = _choice(Text.depths)
        self.epochs = _number(0, 500, 1, Text.chosen)
        self.batch = _number(0, 512, 8, Text.fitting)
        self.rate = QDoubleSpinBox(decimals=5, maximum=1.0, singleStep=0.0001)
        self.rate.setSpecialValueText(Text.chosen)
        _inset(self.rate)
        self.seed = _number(0, 2**31 - 1, 1, "")
        self.device = _choice(Text.devices)
        for name, words, control in (
            ("other", Text.other, self.other),
            ("size", Text.size, self.image_size),
            ("fit", Text.fit, self.fit),
            ("depth", Text.depth, self.value_range),
            ("epochs", Text.epochs, self.epochs),
            ("batch", Text.batch, self.batch),
            ("rate", Text.rate, self.rate),
            ("seed", Text.seed, self.seed),
            ("device", Text.device, self.device),
        ):
            self._add(column, name, words, control)
            if name == "other":
                column.addWidget(self._download_row())
        for box in (self.image_size, self.epochs, self.batch, self.seed):
            box.valueChanged.connect(lambda _: self.changed.emit())
        self.rate.valueChanged.connect(lambda _: self.changed.emit())
        for combo in (self.fit, self.value_range, self.device):
            combo.currentIndexChanged.connect(lambda _: self.changed.emit())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.S)
        outer.addWidget(self.fold_button)
        outer.addWidget(self.body)
        self._fold(False)

    def _download_row(self) -> QWidget:
        """Shown while the model of that name is not on this machine."""
        self.get_row = QWidget(self)
        self.get_button = named(QPushButton(self.get_row), "model.get_other", "Download this model")
        icons.set_icon(self.get_button, "download", "text", 16)
        self.get_button.clicked.connect(lambda: self.download_wanted.emit(self.other.text().strip()))
        self.licence_label = named(QLabel(self.get_row), "model.other_licence", "Licence")
        self.licence_label.setProperty("role", "secondary")
        self.licence_label.setWordWrap(True)
        column = QVBoxLayout(self.get_row)
        column.setContentsMargins(0, 0, 0, theme.M)
        column.setSpacing(theme.XS)
        column.addWidget(self.licence_label)
        column.addWidget(self.get_button)
        self.get_row.hide()
        return self.get_row

    def offer_download(self, name: str) -> None:
        """Offers to fetch a model by name; an empty name takes the offer back."""
        self.get_row.setVisible(bool(name))
        self.get_button.setText(Text.get_other.format(name=name))
        self.get_button.setAccessibleName(self.get_button.text())
        self.licence_label.setText(Text.licence.format(name=name))

    def settings(self, model: str, mode: Mode) -> TrainSettings:
        """What the training is asked to do."""
        return TrainSettings(
            model=model,
            mode=mode,
            device=self.device.currentData(),
            seed=self.seed.value(),
            input_size=self.image_size.value(),
            fit=self.fit.currentData(),
            depth=self.value_range.currentData(),
            epochs=self.epochs.value(),
            batch_size=self.batch.value(),
            learning_rate=self.rate.value(),
        )

    def _fold(self, open_: bool) -> None:
        self.body.setVisible(open_)
        icons.set_icon(self.fold_button, "chevron-down" if open_ else "chevron-right", "accent", 16)

    def _add(self, column: QVBoxLayout, name: str, words: tuple[str, str], control: QWidget) -> None:
        caption = QLabel(words[0])
        caption.setBuddy(control)
        sentence = QLabel(words[1])
        sentence.setProperty("role", "secondary")
        sentence.setWordWrap(True)
        named(control, f"model.{name}", words[0])
        keep_wheel_off(control)
        control.setAccessibleDescription(words[1])
        column.addWidget(caption)
        column.addWidget(control)
        column.addWidget(sentence)
        column.addSpacing(theme.M)


def _number(least: int, most: int, step: int, zero: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setSingleStep(step)
    box.setSpecialValueText(zero)
    _inset(box)
    return box


def _inset(box: QAbstractSpinBox) -> None:
    """The text stands as far from the edge as in the other controls; the style sheet does not reach the inner field."""
    box.lineEdit().setTextMargins(theme.S, 0, 0, 0)


def _choice(items: tuple[tuple[str, str], ...]) -> QComboBox:
    box = QComboBox()
    for key, words in items:
        box.addItem(words, key)
    return box
