"""The Model page."""

from tlstudio.gui.pages.model.page import ModelPage

__all__ = ["ModelPage"]
