"""Which changes of an image leave its class as it is: asked of the first model instead of assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.domain.runs import TrainSettings
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import Data
from tlstudio.training.features import mirrored_features
from tlstudio.training.linear import LinearHead
from tlstudio.training.network import Network

LOSS_ALLOWED = 0.03  # accuracy that mirroring may cost before it is left out of training
FEW = 30  # with fewer validation images nothing is upside down unless the user says so
LOOKED_AT = 64  # images that tell whether there is colour at all
COLOURLESS = 6.0  # mean over an image of the largest difference between its channels, in levels of 255


def allowed_changes(
    network: Network,
    head: LinearHead,
    data: Data,
    unseen: npt.NDArray[np.float32],
    *,
    settings: TrainSettings,
    device: torch.device,
) -> Augmentation:
    """What may be changed in these images, at normal strength.

    unseen: features of the validation images (n, features), which tell whether the first model minds a mirror; `flips` and
    `flips_vertical` of the settings have the last word. Grey images keep their lack of colour.
    """

    def minds_not(axis: int) -> bool:
        if not len(data.val_keys):
            return axis == 2  # nobody to ask: most pictures may be seen from the other side, few upside down
        mirrored = mirrored_features(network, data.pixels, data.val_keys, device, axis)
        plain = (head.logits(unseen).argmax(axis=1) == data.val_labels).mean()
        swapped = (head.logits(mirrored).argmax(axis=1) == data.val_labels).mean()
        return bool(plain - swapped <= LOSS_ALLOWED)

    flip, upside = settings.flips, settings.flips_vertical
    if flip is None:
        flip = minds_not(2)
    if upside is None:
        upside = len(data.val_keys) >= FEW and minds_not(1)
    look = Augmentation(flip=flip, flip_vertical=upside)
    return look if has_colour(data.pixels, data.train_keys) else replace(look, colour=0.0)


def has_colour(pixels: RowStore, keys: Sequence[str]) -> bool:
    """Whether any of some images, spread over all of them, is not grey."""
    chosen = keys[:: max(1, len(keys) // LOOKED_AT)][:LOOKED_AT]
    images = np.asarray(pixels.take(chosen), dtype=np.int16)
    spread = images.max(axis=3) - images.min(axis=3)
    return bool((spread.mean(axis=(1, 2)) > COLOURLESS).any())
