"""The control that each advanced setting gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRegularExpression
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from tlstudio.gui import theme
from tlstudio.gui.pages.model.advanced_fields import Field

_MANY = 5  # decimals


def control_for(field: Field, changed: Callable[[], None]) -> QWidget:
    """The control of a setting at its usual value; `changed` is called when the user sets another."""
    if field.choices:
        box = QComboBox()
        for value, words in field.choices:
            box.addItem(words, value)
        box.currentIndexChanged.connect(lambda _: changed())
        return box
    if field.pattern:
        line = QLineEdit()
        line.setPlaceholderText(field.special)
        line.setValidator(QRegularExpressionValidator(QRegularExpression(field.pattern), line))
        line.textChanged.connect(lambda _: changed())
        return line
    number = _fractions(field) if field.decimals else _whole(field)
    number.setSpecialValueText(field.special)
    number.valueChanged.connect(lambda _: changed())
    _inset(number)
    return number


def set_value(control: QWidget, value: float) -> None:
    """Sets a number as if the user had typed it."""
    assert isinstance(control, QSpinBox | QDoubleSpinBox)
    if isinstance(control, QSpinBox):
        control.setValue(int(value))
    else:
        control.setValue(value)


def reset(control: QWidget, field: Field) -> None:
    """Back to the usual value."""
    if isinstance(control, QComboBox):
        control.setCurrentIndex(0)
    elif isinstance(control, QLineEdit):
        control.clear()
    else:
        set_value(control, field.start)


def _whole(field: Field) -> QSpinBox:
    box = QSpinBox()
    box.setRange(int(field.least), int(field.most))
    box.setSingleStep(int(field.step))
    box.setValue(int(field.start))
    return box


class _Fraction(QDoubleSpinBox):
    """Shows no more digits than a number has, where so many could be that the zeros would hide them."""

    def textFromValue(self, value: float) -> str:
        text = super().textFromValue(value)
        return text.rstrip("0").rstrip(self.locale().decimalPoint()) if self.decimals() >= _MANY else text


def _fractions(field: Field) -> QDoubleSpinBox:
    box = _Fraction(decimals=field.decimals)
    box.setRange(field.least, field.most)
    box.setSingleStep(field.step)
    box.setValue(field.start)
    return box


def value_of(control: QWidget) -> Any:
    """What the user set."""
    if isinstance(control, QComboBox):
        return control.currentData()
    if isinstance(control, QLineEdit):
        return _list(control.text())
    assert isinstance(control, QSpinBox | QDoubleSpinBox)
    # Spin boxes add up steps in binary; the user sees and means so many decimals.
    return round(control.value(), control.decimals()) if isinstance(control, QDoubleSpinBox) else control.value()


def _list(text: str) -> tuple[int, ...] | None:
    """The numbers of a list, each once; None for none. While somebody types it is not whole yet."""
    return tuple(dict.fromkeys(number for part in re.findall(r"\d+", text) if (number := int(part)))) or None


def _inset(box: QAbstractSpinBox) -> None:
    """The text stands as far from the edge as in the other controls; the style sheet does not reach the inner field."""
    box.lineEdit().setTextMargins(theme.S, 0, 0, 0)
