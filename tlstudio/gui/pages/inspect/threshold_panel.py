"""The left side of the Threshold tab: the wish, what it does, what to keep in mind, and keeping it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from tlstudio.domain.operating import OperatingPoint, PointFigures
from tlstudio.domain.values import Split
from tlstudio.gui import messages, theme
from tlstudio.gui.pages.base import named, set_tone
from tlstudio.gui.pages.inspect import findings, threshold_words
from tlstudio.gui.widgets.facts import Facts
from tlstudio.gui.widgets.fitting import Chooser
from tlstudio.gui.widgets.help_bubble import HelpButton
from tlstudio.gui.widgets.scrolling import keep_wheel_off, scroll_around

SIDE = 348
LEAST, USUAL = 50, 95  # percent


class Text:
    """Words of the panel."""

    title, help_title = "What must not be missed", "What is a threshold?"
    help = (
        "Usually each image gets its most likely class. With a threshold, one class has precedence: an image is flagged as soon "
        "as that class reaches the threshold, even if another is more likely, and wherever it is the most likely. A lower "
        "threshold misses fewer and raises more false alarms. It is chosen on the validation images, so low that with 95 % "
        "certainty as many are found as you wish, and holds for the files that you export."
    )
    name, wanted = "Class", "Share of it to be found, in percent"
    wanted_words = "Find at least {share} of it"
    keep, none = "Keep this threshold", "Use none"
    cautions, kept, words, measured = "What to keep in mind", "The threshold that is kept", "In words", "Measured on"
    choice = "What its choice rests on"
    facts = (
        ("sensitivity", "Found (sensitivity)"),
        ("specificity", "Left alone (specificity)"),
        ("ppv", "Right if flagged (PPV)"),
        ("npv", "Right if not flagged (NPV)"),
        ("threshold", "Flagged"),
    )


class ThresholdPanel(QFrame):
    """name_chosen, wanted_chosen: by the user. keep: this threshold. drop: use none."""

    name_chosen = Signal(str)
    wanted_chosen = Signal(int)
    keep = Signal()
    drop = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setFixedWidth(SIDE)
        self.name_box = named(Chooser(), "inspect.threshold_class", Text.name)
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "inspect.threshold_wanted", Text.wanted)
        self.slider.setRange(LEAST, 100)
        self.slider.setPageStep(5)
        self.slider.setValue(USUAL)
        for control in (self.name_box, self.slider):
            keep_wheel_off(control)
        self.wanted_label = QLabel()
        self.wanted_label.setProperty("role", "strong")
        self.words = named(QLabel(), "inspect.threshold_words", Text.words)
        self.words.setProperty("role", "strong")
        self.measured = named(QLabel(), "inspect.threshold_measured", Text.measured)
        self.measured.setProperty("role", "secondary")
        self.choice = named(QLabel(), "inspect.threshold_choice", Text.choice)
        self.cautions = named(QLabel(), "inspect.threshold_cautions", Text.cautions)
        self.cautions.setProperty("tone", "caution")
        self.kept_label = named(QLabel(), "inspect.threshold_kept", Text.kept)
        self.kept_label.setProperty("role", "secondary")
        self.facts = Facts("inspect.threshold")
        for key, caption in Text.facts:
            self.facts.add(key, caption)
        self.keep_button = named(QPushButton(Text.keep), "inspect.threshold_keep", Text.keep)
        self.keep_button.setProperty("role", "primary")
        self.none_button = named(QPushButton(Text.none), "inspect.threshold_none", Text.none)
        self._arrange()
        self.name_box.currentTextChanged.connect(self.name_chosen)
        self.slider.valueChanged.connect(self._wanted_moved)
        self.keep_button.clicked.connect(self.keep)
        self.none_button.clicked.connect(self.drop)
        self._wanted_moved(self.slider.value())

    def _arrange(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        head = QHBoxLayout()
        title = QLabel(Text.title)
        title.setProperty("role", "card-title")
        head.addWidget(title, 1)
        head.addWidget(HelpButton(Text.help, "inspect.threshold_help", Text.help_title, Text.help_title))
        column.addLayout(head)
        column.addWidget(self.name_box)
        column.addWidget(self.wanted_label)
        column.addWidget(self.slider)
        for label in (self.words, self.measured, self.choice, self.cautions, self.kept_label):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        column.addSpacing(theme.XS)
        for part in (self.words, self.measured, self.choice, self.cautions, self.facts):
            column.addWidget(part)
        column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.S)
        buttons.addWidget(self.none_button)
        buttons.addWidget(self.keep_button, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        outer.setSpacing(theme.S)
        outer.addWidget(scroll_around(inner), 1)
        outer.addWidget(self.kept_label)
        outer.addLayout(buttons)

    def _wanted_moved(self, percent: int) -> None:
        words = Text.wanted_words.format(share=messages.percent(percent / 100))
        self.wanted_label.setText(words)
        self.slider.setAccessibleDescription(words)
        self.wanted_chosen.emit(percent)

    # --- showing ------------------------------------------------------------------------

    def show_classes(self, names: Sequence[str], chosen: str) -> None:
        """Without telling anybody: the user did not choose."""
        self.name_box.blockSignals(True)
        self.name_box.clear()
        self.name_box.addItems(list(names))
        self.name_box.setCurrentText(chosen)
        self.name_box.blockSignals(False)

    def set_wanted(self, percent: int) -> None:
        """Without telling anybody."""
        self.slider.blockSignals(True)
        self.slider.setValue(percent)
        self.slider.blockSignals(False)
        self._wanted_moved(self.slider.value())

    def show_figures(self, figures: PointFigures, split: Split, unmeasured: int) -> None:
        self._say(self.words, threshold_words.in_words(figures))
        self._say(self.measured, threshold_words.measured_on(figures, split))
        set_tone(self.choice, threshold_words.tone(figures.point))
        self._say(self.choice, threshold_words.choice(figures))
        self._say(self.cautions, "\n".join(threshold_words.cautions(figures, unmeasured)))
        for key in ("sensitivity", "specificity", "ppv", "npv"):
            self.facts.set(key, findings.figure(getattr(figures, key)))
        self.facts.set("threshold", threshold_words.rule(figures.point))
        self.keep_button.setEnabled(True)

    def show_nothing(self) -> None:
        """While there are no figures."""
        for label in (self.words, self.measured, self.choice, self.cautions):
            self._say(label, "")
        self.facts.clear()
        self.keep_button.setEnabled(False)

    def show_kept(self, point: OperatingPoint | None) -> None:
        self._say(self.kept_label, threshold_words.kept(point))
        self.none_button.setEnabled(point is not None)

    @staticmethod
    def _say(label: QLabel, words: str) -> None:
        label.setText(words)
        label.setAccessibleName(words)
        label.setVisible(bool(words))
