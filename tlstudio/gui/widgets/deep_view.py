"""Looks at an image of more than 8 bits through a window: joins the canvas, the bar below it and the image's values."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage, QPixmap

from tlstudio.domain.viewing import DeepImage, ViewWindow
from tlstudio.gui.widgets.image_canvas import ImageCanvas
from tlstudio.gui.widgets.window_bar import WindowBar

_FRAME_MS = 15  # between two pictures while the mouse moves
_DOUBLE = 150.0  # pixels of the mouse that make the window twice as wide
_SWEEP = 300.0  # pixels that move the centre by the width of the window
_WIDEST = 4.0  # times the range of the values


class DeepView(QObject):
    """While no window is chosen, the canvas shows the image as the program shows it by itself: `set_automatic`.

    The values are kept for the image on view, so that no file is read while the mouse moves.
    """

    def __init__(self, canvas: ImageCanvas, bar: WindowBar) -> None:
        super().__init__(bar)
        self._canvas, self._bar = canvas, bar
        self._image: DeepImage | None = None
        self._window: ViewWindow | None = None
        self._plain: QPixmap | None = None
        self._timer = QTimer(self, singleShot=True, interval=_FRAME_MS)
        self._timer.timeout.connect(self._draw)
        canvas.swept.connect(self._sweep)
        bar.window_chosen.connect(self._choose)
        bar.automatic_wanted.connect(self.back_to_automatic)

    @property
    def window(self) -> ViewWindow | None:
        """What was chosen; None while the image is shown as it is by itself."""
        return self._window

    def forget(self) -> None:
        """Another image, or none."""
        self._timer.stop()
        self._image = self._window = self._plain = None
        self._canvas.sweeping = False
        self._bar.set_image(None)

    def set_automatic(self, pixmap: QPixmap) -> None:
        """The image as it is shown by itself."""
        self._plain = pixmap
        if self._window is None:
            self._canvas.set_picture(pixmap, same_image=True)

    def set_image(self, image: DeepImage | None) -> None:
        """The values of the image that is on view; None where it has but 8 bits."""
        self._image = image
        self._canvas.sweeping = image is not None
        self._bar.set_image(image)
        if image is not None:
            self._bar.show_window(image.automatic, automatic=True)

    def back_to_automatic(self) -> None:
        self._timer.stop()
        self._window = None
        if self._plain is not None:
            self._canvas.set_picture(self._plain, same_image=True)
        if self._image is not None:
            self._bar.show_window(self._image.automatic, automatic=True)

    def _choose(self, window: ViewWindow) -> None:
        self._window = window
        self._bar.show_window(window, automatic=False)
        if not self._timer.isActive():
            self._timer.start()

    def _sweep(self, right: float, down: float) -> None:
        """Sideways for the width; up makes the picture lighter, so the centre goes down."""
        if self._image is None:
            return
        before = self._window or self._image.automatic
        most = _WIDEST * max(self._image.last - self._image.first, self._image.automatic.width)
        width = min(max(before.width * 2 ** (right / _DOUBLE), self._image.step), most)
        lighter = 1 if self._image.inverted else -1
        self._choose(ViewWindow(before.centre - lighter * down / _SWEEP * width, width))

    def _draw(self) -> None:
        # Imported here: numbers in bulk are nothing the window needs before somebody looks at such an image.
        from tlstudio.workflow.windowing import show_through

        image, window = self._image, self._window
        if image is None or window is None:
            return
        form = QImage.Format.Format_Grayscale8 if image.channels == 1 else QImage.Format.Format_RGB888
        pixels = show_through(image, window)
        picture = QImage(pixels, image.width, image.height, image.width * image.channels, form)
        self._canvas.set_picture(QPixmap.fromImage(picture), same_image=True)
