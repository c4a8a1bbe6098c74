"""The Train page."""

from tlstudio.gui.pages.train.page import TrainPage

__all__ = ["TrainPage"]
