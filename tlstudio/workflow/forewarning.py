"""What is worth knowing before a network is fine-tuned: images unlike those of its pretraining, memory that may be too small."""

from __future__ import annotations

from tlstudio.domain.planning import trained_layers
from tlstudio.domain.runs import Adapter
from tlstudio.training import adapters, devices
from tlstudio.training.network import layer_groups
from tlstudio.training.optimizer import memory_needed
from tlstudio.workflow.checking_model import mismatch_with
from tlstudio.workflow.preparing import Prepared
from tlstudio.workflow.run_context import RunContext
from tlstudio.workflow.run_data import training_rows

SHORT = 0.7  # share of the free memory beyond which it may be too little: the images need some, too
MEMORY_SHORT = (
    "Training this takes {need:.1f} GB of memory beside the images, and {free:.1f} GB are free. If that is too little, small "
    "additions (LoRA, Advanced on the Model page, --adapter lora) take a fraction of it."
)


def forewarn(context: RunContext, ready: Prepared) -> None:
    """Says both, as far as there is something to say."""
    rows = training_rows(context.project, ready.train)
    for sentence in mismatch_with(ready.network, ready.pixels, rows, context.device):
        context.say(sentence)
    _offer_adapters(context, ready)


def _offer_adapters(context: RunContext, ready: Prepared) -> None:
    """Where memory is short, small additions are spoken of before it runs out."""
    network, device = ready.network, context.device
    if context.settings.adapter is not Adapter.NONE or not adapters.targets(network):
        return
    devices.release(device)  # what was needed for looking at the images is free again
    layers = trained_layers(context.settings, len(layer_groups(network)))
    need, free = memory_needed(network, layers, device), devices.free(device)
    if need > SHORT * free:
        context.say(MEMORY_SHORT.format(need=need / 1e9, free=free / 1e9))
