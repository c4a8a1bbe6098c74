"""The Check page."""

from tlstudio.gui.pages.check.page import CheckPage

__all__ = ["CheckPage"]
