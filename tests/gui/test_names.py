"""Every control has an object name, `page.control`, and a name for those who do not see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QSlider,
    QTabBar,
    QWidget,
)

from tests.gui.conftest import Studio

CONTROLS = (QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QSlider, QTabBar)
PAGES = ("start", "images", "labels", "check", "model", "train", "inspect", "use")


def is_inner(widget: QWidget) -> bool:
    """Qt's own parts of a control (a table's header, the line of a spin box, the list of a combo box) speak through it."""
    parent = widget.parent()
    return (
        isinstance(widget, QHeaderView)
        or widget.objectName().startswith("qt_")
        or isinstance(parent, QAbstractSpinBox | QComboBox | QTabBar)
        or (parent is not None and parent.metaObject().className() == "QComboBoxPrivateContainer")
    )


def test_every_control_has_its_names(studio: Studio, make_images: Callable[..., Path]) -> None:
    studio.import_folder(make_images(6, name="named"))
    poor = []
    for key in PAGES:
        page = studio.page(key)
        for widget in page.findChildren(QWidget):
            if not isinstance(widget, CONTROLS) or is_inner(widget):
                continue
            if "." not in widget.objectName() or not (widget.accessibleName() or getattr(widget, "text", lambda: "")()):
                poor.append((key, type(widget).__name__, widget.objectName(), widget.accessibleName()))
    assert not poor, "\n".join(map(str, poor))
