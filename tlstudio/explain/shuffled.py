"""A model that has learned nothing: the same network, the numbers of its weights in another order."""

from __future__ import annotations

import copy

import numpy as np
import torch

from tlstudio.training.network import Network


def shuffled(network: Network, seed: int = 0) -> Network:
    """A copy whose every tensor of weights has its own numbers in random order; the same for the same seed.

    The full randomisation of Adebayo et al. (2018), with numbers of the size that the network is made for: freshly drawn ones
    often let every signal die out on the way, and then there is no map to compare with.
    """
    made = copy.deepcopy(network)
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for weights in made.parameters():
            flat = weights.detach().flatten()
            order = torch.from_numpy(random.permutation(flat.numel())).to(flat.device)
            weights.copy_(flat[order].view(weights.shape))
    return made.eval().requires_grad_(False)
