"""What a pretrained model is made of, whether it is on this machine or not."""

from __future__ import annotations

from tlstudio.catalog.cards import canonical
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.layers import ModelLayers
from tlstudio.training import architecture


def layers_of(model: str, reporter: Reporter = SILENT) -> ModelLayers:
    """The parts of a model by its id, from the image to the classes. Reads no weights. Raises UnknownModel."""
    return architecture.model_layers(canonical(model))
