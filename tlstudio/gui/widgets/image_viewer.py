"""One image in large over the page: zoom, move, go on to the next, give it a class."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from tlstudio.domain.values import ImageRow
from tlstudio.domain.viewing import DeepImage
from tlstudio.domain.wording import isolated
from tlstudio.gui import icons, theme
from tlstudio.gui.models.class_style import KEYS, ClassStyle
from tlstudio.gui.widgets.class_chip import ClassChip
from tlstudio.gui.widgets.deep_view import DeepView
from tlstudio.gui.widgets.fitting import MIDDLE, ElidedLabel
from tlstudio.gui.widgets.image_canvas import ImageCanvas
from tlstudio.gui.widgets.thumbnail_grid import MARK_KEYS
from tlstudio.gui.widgets.window_bar import WindowBar


class Text:
    """Words of the viewer."""

    previous = "Previous image"
    following = "Next image"
    zoom_in = "Enlarge"
    zoom_out = "Make smaller"
    fit = "Show the whole image"
    close = "Back to the grid"
    hint = (
        "Arrow keys: next image · Numbers: give a class · U unsure · X leave out · N note · + and − zoom · Space: back"
    )
    hint_look = "Arrow keys: next image · + and − zoom · Space: back"


class ImageViewer(QFrame):
    """Lies over its page. step: -1 or +1 for another image. digit: a number key. mark: one of MARK_KEYS. accept: Return. closed:
    the user went back.

    needs_copy: an image was shown and a large, safe copy of it is wanted; `set_copy` brings it, and `set_deep` the values of an
    image of more than 8 bits.
    """

    step = Signal(int)
    digit = Signal(str)
    mark = Signal(str)
    accept = Signal()
    closed = Signal()
    needs_copy = Signal(object)

    def __init__(self, page: QWidget, name: str, *, labels: bool = True) -> None:
        super().__init__(page)
        self.setObjectName(name)
        self.setAccessibleName("Large image")
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.canvas = ImageCanvas(self)
        self.canvas.setObjectName(f"{name}_canvas")
        self.window_bar = WindowBar(f"{name}_window", self)
        self.deep = DeepView(self.canvas, self.window_bar)
        self.name_label = ElidedLabel(parent=self, mode=MIDDLE)
        self.name_label.setProperty("role", "card-title")
        self.facts = ElidedLabel(parent=self)
        self.facts.setProperty("role", "muted")
        self.chip = ClassChip(parent=self)
        hint = QLabel(Text.hint if labels else Text.hint_look, self)
        hint.setProperty("role", "secondary")
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.L, theme.S, theme.S, theme.S)
        outer.setSpacing(theme.S)
        outer.addLayout(self._bar(name))
        self._middle = QHBoxLayout()
        self._middle.setSpacing(theme.M)
        self._middle.addWidget(self.canvas, 1)
        outer.addLayout(self._middle, 1)
        outer.addWidget(self.window_bar)
        outer.addWidget(hint)
        self._page = page
        self._labels = labels
        self._image: ImageRow | None = None
        self.hide()
        page.installEventFilter(self)

    def add_side(self, side: QWidget) -> None:
        """Puts what is known of the image at its right."""
        self._middle.addWidget(side)

    @property
    def image(self) -> ImageRow | None:
        """What is shown, None while the viewer is closed."""
        return self._image if self.isVisible() else None

    def show_image(self, row: ImageRow, style: ClassStyle | None, preview: QPixmap | None, place: str = "") -> None:
        """Shows an image: at once its thumbnail, then the copy that `needs_copy` asks for. `place`: such as `3 of 40`."""
        fresh = self._image is None or self._image.id != row.id or not self.isVisible()
        self._image = row
        self.name_label.setText(row.name)
        parts = [
            place,
            row.split.caption,
            f"{row.width} × {row.height}",
            f"group {isolated(row.group)}" if row.group else "",
        ]
        self.facts.setText(" · ".join(part for part in parts if part))
        self.chip.set_class(style)
        if not self.isVisible():
            self._place()
            self.show()
            self.raise_()
            self.setFocus()
        if fresh:
            self.deep.forget()
            self.canvas.set_picture(preview)
            self.needs_copy.emit(row)

    def set_copy(self, row: ImageRow, pixmap: QPixmap) -> None:
        if self._image is not None and row.id == self._image.id and not pixmap.isNull():
            self.deep.set_automatic(pixmap)

    def set_deep(self, row: ImageRow, image: DeepImage | None) -> None:
        if self._image is not None and row.id == self._image.id:
            self.deep.set_image(image)

    def close_viewer(self) -> None:
        if self.isVisible():
            self.hide()
            self._image = None
            self.deep.forget()
            self.canvas.set_picture(None)
            self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        keys = Qt.Key
        if event.text() and event.text() in KEYS:
            self.digit.emit(event.text())
        elif key in (keys.Key_Right, keys.Key_Down, keys.Key_PageDown):
            self.step.emit(1)
        elif key in (keys.Key_Left, keys.Key_Up, keys.Key_PageUp):
            self.step.emit(-1)
        elif key in (keys.Key_Plus, keys.Key_Equal):
            self.canvas.zoom_in()
        elif key == keys.Key_Minus:
            self.canvas.zoom_out()
        elif self._labels and event.text() and event.text().lower() in MARK_KEYS:
            self.mark.emit(event.text().lower())
        elif self._labels and key in (keys.Key_Return, keys.Key_Enter):
            # Never closes: whoever accepts one suggestion after another would be thrown out by the first image without one.
            self.accept.emit()
        elif key in (keys.Key_Space, keys.Key_Escape, keys.Key_Return):
            self.close_viewer()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        self.setGeometry(self._page.rect().adjusted(theme.S, theme.S, -theme.S, -theme.S))

    def _bar(self, name: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(self.name_label)
        row.addSpacing(theme.S)
        row.addWidget(self.chip)
        row.addSpacing(theme.S)
        row.addWidget(self.facts, 1)
        for key, icon, words, deed in (
            ("previous", "chevron-left", Text.previous, lambda: self.step.emit(-1)),
            ("next", "chevron-right", Text.following, lambda: self.step.emit(1)),
            ("zoom_out", "zoom-out", Text.zoom_out, self.canvas.zoom_out),
            ("zoom_in", "zoom-in", Text.zoom_in, self.canvas.zoom_in),
            ("fit", "grid", Text.fit, self.canvas.fit),
            ("close", "close", Text.close, self.close_viewer),
        ):
            button = QToolButton(self)
            button.setObjectName(f"{name}_{key}")
            button.setAccessibleName(words)
            button.setToolTip(words)
            button.setFixedSize(theme.HIT, theme.HIT)
            icons.set_icon(button, icon)
            button.clicked.connect(deed)
            row.addWidget(button)
        return row
