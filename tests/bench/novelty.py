"""What the novelty score costs: an exported file with it against the same file without, in time and in size.

    python -m tests.bench.novelty [WEIGHTS …]

WEIGHTS: timm local directories, `<architecture>.<tag>`; the bundled one without. Prints one JSON line each. Wanted: at most 1.05
times as long for an image on one thread, at most 1.10 times the size.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tests.proofs.strangers import backbone, look
from tests.proofs.table import Trial
from tlstudio.export import graph
from tlstudio.export.novelty import fit_novelty
from tlstudio.export.timing import times_as_long
from tlstudio.training.network import Network
from tlstudio.training.stages import Stages
from tlstudio.workflow.novelty import components_for


class Without(nn.Module):
    """The same outputs, and no novelty."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        embedding = self.network.embed(image)
        return self.network.chances(self.network.head(embedding)), embedding, embedding[:, 0]


def measure(weights: Path | None) -> dict[str, object]:
    network = backbone(Trial(weights=weights))
    size = network.spec.preprocess.size
    pixels = np.random.default_rng(0).integers(0, 256, (80, size, size, 3), np.uint8)
    stages = Stages(network)
    spec = fit_novelty(
        look(stages, pixels), stages.count, [str(i) for i in range(80)], components=components_for(stages)
    )
    with tempfile.TemporaryDirectory() as folder:
        bare, full = Path(folder) / "bare.onnx", Path(folder) / "full.onnx"
        graph.write_module(Without(network), network, bare)
        graph.write_graph(network, spec, full)
        longer = times_as_long(bare, full, pixels[:1])
        return {
            "bench": "novelty",
            "model": network.spec.model,
            "size": size,
            "times_as_long": longer.value,
            "interval": [longer.low, longer.high],
            "times_as_large": full.stat().st_size / bare.stat().st_size,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, nargs="*")
    torch.set_num_threads(1)
    for weights in parser.parse_args().weights or [None]:
        print(json.dumps(measure(weights)), flush=True)


if __name__ == "__main__":
    main()
