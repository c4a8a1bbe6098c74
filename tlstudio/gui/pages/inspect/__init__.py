"""The Inspect page."""

from tlstudio.gui.pages.inspect.page import InspectPage

__all__ = ["InspectPage"]
