"""The folded part of the Model page: everything else that can be set, each with one plain sentence."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.model.advanced_controls import control_for, reset, set_value, value_of
from tlstudio.gui.pages.model.advanced_fields import SECTIONS
from tlstudio.gui.pages.model.layer_panel import LayerPanel
from tlstudio.gui.pages.model.rate_panel import RatePanel
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.scrolling import keep_wheel_off


class Text:
    """Words of the advanced settings: a caption and one sentence each."""

    fold = "Advanced settings"
    other = ("Another model by name", "Any image model of the timm library, such as resnet34.a1_in1k.")
    get_other = "Download {name}"
    quick = "Quick training has no learning rate."
    licence = "Its licence is on huggingface.co/timm/{name}: read it first."


class AdvancedSettings(QWidget):
    """Folded until its heading is pressed.

    changed: any setting. other_wanted: a model name was typed. download_wanted: that model is not here and shall be fetched.
    """

    changed = Signal()
    other_wanted = Signal(str)
    download_wanted = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layers = LayerPanel(session)
        self.rate = RatePanel(session)
        below = {"layers": self.layers, "learning_rate": self.rate}
        self.fold_button = named(QPushButton(Text.fold, self), "model.advanced", Text.fold)
        self.fold_button.setProperty("role", "flat")
        self.fold_button.setCheckable(True)
        self.fold_button.setProperty("fold", True)
        self.fold_button.setStyleSheet("text-align: left; padding-left: 4px;")
        self.fold_button.toggled.connect(self._fold)
        self.body = QWidget(self)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        self.other = QLineEdit()
        self.other.editingFinished.connect(lambda: self.other_wanted.emit(self.other.text().strip()))
        self._add(column, "other", Text.other, self.other)
        column.addWidget(self._download_row())
        self.controls: dict[str, QWidget] = {}  # by the setting's name
        for heading, fields in SECTIONS:
            title = QLabel(heading)
            title.setProperty("role", "section")
            title.setIndent(0)  # the style's padding would make Qt indent it
            column.addWidget(title)
            for field in fields:
                control = control_for(field, self.changed.emit)
                self.controls[field.setting] = control
                self._add(column, field.name, (field.caption, field.sentence), control)
                if field.setting in below:
                    column.addWidget(below[field.setting])
        self.layers.layers_wanted.connect(lambda count: set_value(self.controls["layers"], count))
        self.rate.rate_wanted.connect(lambda rate: set_value(self.controls["learning_rate"], rate))
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

    def forget(self) -> None:
        """Another project: what was set for the last one, folded and unseen, is not for its images."""
        self.other.clear()
        for _, fields in SECTIONS:
            for field in fields:
                reset(self.controls[field.setting], field)
        self.fold_button.setChecked(False)
        self.rate.forget()

    def settings(self, model: str, mode: Mode) -> TrainSettings:
        """What the training is asked to do."""
        wishes = {setting: value_of(control) for setting, control in self.controls.items()}
        return TrainSettings.from_json({**wishes, "model": model, "mode": mode.value})

    def show_choice(self, model: str, mode: Mode, why_no_rate: str) -> None:
        """The model and the mode that are chosen beside these settings. why_no_rate: why no rate can be looked for now."""
        settings = self.settings(model, mode)
        self.layers.show_settings(settings, ask=self.fold_button.isChecked())
        self.rate.show_settings(settings, Text.quick if mode is Mode.QUICK else why_no_rate)

    def _fold(self, open_: bool) -> None:
        self.body.setVisible(open_)
        if open_:
            self.changed.emit()  # what the parts below show is looked for only once somebody looks
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
