"""The Labels page."""

from tlstudio.gui.pages.labels.page import LabelsPage

__all__ = ["LabelsPage"]
