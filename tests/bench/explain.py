"""What a heat map costs, in times that the network goes forward and back over the picture, and what its tests cost beside that.

    python -m tests.bench.explain [ARCHITECTURE …] [--size 224] [--rounds 7]

ARCHITECTURE: of timm, with weights that it draws itself; what they are makes no difference to the time. Prints JSON: the ratio to
one full forward and backward pass of the same picture, its gradient taken to the pixels, the median of interleaved rounds of
processor time. `stages` is the default and has to stay at 3.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import timm
import torch

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.explain.hiding import hidden_picture, margin
from tlstudio.explain.proof import prove
from tlstudio.explain.saliency import heat_map
from tlstudio.explain.shuffled import shuffled
from tlstudio.training.network import Network, NetworkSpec

BOUND = 3.0
ARCHITECTURES = ("mobilenetv3_small_100", "mobilenetv2_100", "resnet18", "vit_tiny_patch16_224")


def drawn(architecture: str, size: int) -> Network:
    """A network of four classes that has learned nothing."""
    torch.manual_seed(0)
    backbone = timm.create_model(architecture, num_classes=0).eval()
    with torch.inference_mode():
        features = backbone(torch.zeros(1, 3, size, size)).shape[1]
    spec = NetworkSpec(
        "m", architecture, tuple("abcd"), PreprocessSpec(size), (0.5,) * 3, (0.25,) * 3, features, False, "", ""
    )
    return Network(backbone, spec).eval().requires_grad_(False).place(torch.device("cpu"))


def yardstick(network: Network, picture: torch.Tensor) -> None:
    """Once forward and back."""
    with torch.enable_grad():
        images = network.normalise(picture).requires_grad_(True)
        margin(network.head(network.backbone(images)), 0).sum().backward()


def measure(architecture: str, size: int, rounds: int) -> dict[str, float]:
    """{part: its ratio to the yardstick}."""
    network = drawn(architecture, size)
    pixels = np.random.default_rng(0).integers(0, 255, (1, size, size, 3)).astype(np.uint8)
    picture = torch.from_numpy(pixels)
    hidden = hidden_picture(network, picture, 0)
    heat = np.random.default_rng(1).random((size, size), np.float32)
    parts: dict[str, Callable[[], object]] = {
        "one pass": lambda: yardstick(network, picture),
        **{name: lambda name=name: heat_map(network, picture, hidden, 0, name) for name in ("stages", "gradcam")},
        "choosing the blur": lambda: hidden_picture(network, picture, 0),
        "first test": lambda: prove(network, picture, hidden, heat, 0),
        "shuffling, once a command": lambda: shuffled(network),
    }
    spent: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds + 1):  # the first warms up
        for name, part in parts.items():
            begun = time.process_time()
            part()
            spent[name].append(time.process_time() - begun)
    middle = {name: statistics.median(times[1:]) for name, times in spent.items()}
    return {name: round(value / middle["one pass"], 2) for name, value in middle.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.explain", description=__doc__.splitlines()[0])
    parser.add_argument("architectures", nargs="*", default=list(ARCHITECTURES))
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, dict[str, float]] = {}
    for name in given.architectures:
        found[name] = measure(name, given.size, given.rounds)
        print(name, found[name], file=sys.stderr, flush=True)
    within = all(ratios["stages"] <= BOUND for ratios in found.values())
    print(json.dumps({"bench": "explain", "bound": BOUND, "within": within, "ratios": found}))


if __name__ == "__main__":
    main()
