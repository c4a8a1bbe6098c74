"""Centre and width of the window that an image of more than 8 bits is looked at through."""

from __future__ import annotations

import math
from typing import ClassVar

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QSlider, QVBoxLayout, QWidget

from tlstudio.domain.viewing import DeepImage, Preset, PresetKind, ViewWindow
from tlstudio.gui import icons, theme

_STEPS = 1000
_NARROWEST = 1000  # parts of the range of values
_SLIDER = 120


class Text:
    """Words of the bar."""

    name = "Brightness and contrast"
    centre, width = "Centre", "Width"
    centre_long, width_long = "Centre of the window", "Width of the window"
    presets, automatic = "Windows", "Back to automatic"
    now = "Centre {centre}, width {width}"
    now_automatic = "Automatic"
    hint = (
        "Drag with the right mouse button: sideways for the width, up and down for the centre."
        " This changes the view only, never what is trained."
    )
    file = "From the file: {centre} / {width}"
    kinds: ClassVar = {
        PresetKind.LUNG: "Lung",
        PresetKind.BONE: "Bone",
        PresetKind.SOFT: "Soft tissue",
        PresetKind.BRAIN: "Brain",
        PresetKind.FULL: "Full range",
        PresetKind.MOST: "Without the outermost 1 %",
    }


class WindowBar(QFrame):
    """window_chosen: (ViewWindow) by a slider or from the menu. automatic_wanted: none any more."""

    window_chosen = Signal(object)
    automatic_wanted = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name_as(self, name, "", Text.name)
        self._image: DeepImage | None = None
        mark = QLabel(self)
        icons.set_icon(mark, "contrast", "muted")
        self.centre = self._slider(name, "centre", Text.centre_long)
        self.width_slider = self._slider(name, "width", Text.width_long)
        self.numbers = QLabel(self)
        self._name_as(self.numbers, name, "_numbers", Text.name)
        self.numbers.setMinimumWidth(2 * _SLIDER)
        self.presets = QPushButton(Text.presets, self)
        self._name_as(self.presets, name, "_presets", Text.presets)
        self.menu = QMenu(self.presets)
        self._name_as(self.menu, name, "_menu", Text.presets)
        self.presets.setMenu(self.menu)
        self.automatic = QPushButton(Text.automatic, self)
        self._name_as(self.automatic, name, "_automatic", Text.automatic)
        self.automatic.clicked.connect(self.automatic_wanted)
        hint = QLabel(Text.hint, self)
        hint.setProperty("role", "secondary")
        hint.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(mark)
        for words, slider in ((Text.centre, self.centre), (Text.width, self.width_slider)):
            row.addWidget(QLabel(words, self))
            row.addWidget(slider)
        row.addWidget(self.numbers, 1)
        row.addWidget(self.presets)
        row.addWidget(self.automatic)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addLayout(row)
        column.addWidget(hint)
        self.hide()

    def set_image(self, image: DeepImage | None) -> None:
        """None, for an image of 8 bits, hides the bar."""
        self._image = image
        self.menu.clear()
        if image is not None:
            for preset in image.presets:
                action = self.menu.addAction(_caption(preset))
                action.triggered.connect(lambda _=False, window=preset.window: self.window_chosen.emit(window))
        self.setVisible(image is not None)

    def show_window(self, window: ViewWindow, *, automatic: bool) -> None:
        """Says what the image is looked at through now."""
        image = self._image
        if image is None:
            return
        with QSignalBlocker(self.centre), QSignalBlocker(self.width_slider):
            self.centre.setValue(round(_STEPS * (window.centre - image.first) / _range(image)))
            share = math.log(max(window.width, _narrowest(image)) / _narrowest(image)) / math.log(2 * _NARROWEST)
            self.width_slider.setValue(round(_STEPS * share))
        unit = f" {image.unit}" if image.unit else ""
        told = Text.now.format(centre=_number(window.centre) + unit, width=_number(window.width) + unit)
        self.numbers.setText(Text.now_automatic if automatic else told)
        self.numbers.setAccessibleName(self.numbers.text())
        self.automatic.setEnabled(not automatic)

    def _slider(self, name: str, part: str, words: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        self._name_as(slider, name, f"_{part}", words)
        slider.setToolTip(words)
        slider.setRange(0, _STEPS)
        slider.setSingleStep(_STEPS // 100)
        slider.setPageStep(_STEPS // 20)
        slider.setFixedWidth(_SLIDER)
        slider.setMinimumHeight(theme.HIT)
        slider.valueChanged.connect(self._moved)
        return slider

    def _moved(self) -> None:
        if self._image is not None:
            centre = self._image.first + _range(self._image) * self.centre.value() / _STEPS
            width = _narrowest(self._image) * (2 * _NARROWEST) ** (self.width_slider.value() / _STEPS)
            self.window_chosen.emit(ViewWindow(centre, width))

    @staticmethod
    def _name_as(widget: QWidget, name: str, part: str, words: str) -> None:
        widget.setObjectName(f"{name}{part}")
        widget.setAccessibleName(words)


def _range(image: DeepImage) -> float:
    return max(image.last - image.first, 1e-6)


def _narrowest(image: DeepImage) -> float:
    """The smallest width of the slider, whose largest is twice the range of the values."""
    return _range(image) / _NARROWEST


def _caption(preset: Preset) -> str:
    if preset.kind is PresetKind.FILE:
        return Text.file.format(centre=_number(preset.window.centre), width=_number(preset.window.width))
    return Text.kinds[preset.kind]


def _number(value: float) -> str:
    """With the digits that matter: none after the point for large numbers."""
    text = f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"
    return text.replace("-", "−")
