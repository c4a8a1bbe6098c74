"""An image of more than 8 bits as the screen shows it. Loads no decoder: the window calls this at every move of the mouse."""

from __future__ import annotations

import numpy as np

from tlstudio.domain.viewing import CODES, DeepImage, ViewWindow


def show_through(image: DeepImage, window: ViewWindow) -> bytes:
    """The image at 8 bits through a window: uint8, row by row, with the image's own channels.

    Below the window is black and above it white, or the other way round where the image says so.
    """
    low, high = image.span(window)
    values = image.first + image.step * np.arange(CODES)
    shares = (values - low) / (high - low) if high > low else np.where(values > low, 1.0, 0.0)
    table = np.rint(np.clip(shares, 0.0, 1.0) * 255.0).astype(np.uint8)
    shown = (255 - table if image.inverted else table)[np.frombuffer(image.codes, "<u2")]
    return bytes(shown)
