"""Networks from pretrained weights, and to and from a run's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from tlstudio.catalog.config import CONFIG, LONGEST, read_config
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import RunNotReady, StudioError, WeightsRefused, memory_is_full
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.training.branches import keep_branches, need_branches
from tlstudio.training.building import build_pretrained
from tlstudio.training.checkpoint import read_tensors, write_tensors
from tlstudio.training.network import Network, NetworkSpec
from tlstudio.training.vetting import vet

TRIED = 64  # pixels of the image that tells how many features a network has


def preprocess_for(
    card: ModelCard, size: int = 0, fit: str = "stretch", channels: tuple[int, ...] | None = None
) -> PreprocessSpec:
    """The specification a model wants: its own input size unless `size` is given, and its own kind of resizing."""
    interpolation = "bilinear" if card.interpolation == "bilinear" else "bicubic"
    return PreprocessSpec(size or card.input_size, fit, interpolation, channels=channels)


def load_pretrained(
    folder: Path,
    card: ModelCard,
    preprocess: PreprocessSpec,
    classes: Sequence[str],
    weights_hash: str,
    *,
    drop_path: float = 0.0,
    staged: bool = True,
    waiting: Callable[[], object] | None = None,
) -> Network:
    """The pretrained backbone from a timm local directory, with a new head. Raises WeightsRefused when they don't fit.

    staged: whether the head sees the statistics of the stages; it did not in runs of earlier versions. waiting: called several
    times a second while unknown weights are vetted; what it raises ends that.

    drop_path: share of the residual branches that training leaves out of a step, rising from none at the first block to this at
    the last (stochastic depth: Huang et al. 2016, arXiv 1603.09382). Raises WrongUsage for an architecture without such branches.
    """
    vet(folder, waiting)
    config = read_config(folder / CONFIG)
    options: dict[str, Any] = {"img_size": preprocess.size} if card.fixed_input_size else {}
    if drop_path:
        need_branches(card)
        options["drop_path_rate"] = drop_path
    try:
        backbone = build_pretrained(folder, config, **options)
        if not drop_path:
            keep_branches(backbone)
    except (RuntimeError, SafetensorError, OSError, ValueError, TypeError, AssertionError) as error:
        if memory_is_full(error):
            raise
        raise WeightsRefused(
            f"The weights of {card.title} can't be loaded.",
            remedy="Download or add them again, or choose another input size or model.",
            path=folder,
        ) from error
    spec = NetworkSpec(
        model=card.id,
        architecture=card.architecture,
        classes=tuple(classes),
        preprocess=preprocess,
        mean=card.mean,
        std=card.std,
        features=1,  # to be measured
        resized=card.fixed_input_size,
        license=card.license,
        weights_hash=weights_hash,
        arguments=dict(config.arguments),
        config_hash=config.hash,
    )
    return _measured(Network(backbone, spec).eval(), staged=staged)


def _measured(network: Network, *, staged: bool) -> Network:
    """With a head as wide as what the network makes of an image; what timm says of an architecture is not always so."""
    spec, usual = network.spec, network.spec.preprocess.size
    for size in (usual,) if spec.resized else (min(TRIED, usual), usual):
        try:
            with torch.inference_mode():
                final, stages = network.eval().look(torch.zeros(1, 3, size, size))
            break
        except (RuntimeError, AssertionError, ValueError):
            if size == usual:
                raise
    more = sum(each.shape[1] for each in stages) if staged else 0
    network.make_head(replace(spec, features=final.shape[1] + more, staged=more))
    return network


def save_network(network: Network, folder: Path) -> None:
    """Writes model.safetensors and then config.json, each atomically: a folder with a config is complete."""
    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with files.replacing(folder / "model.safetensors") as temporary:
        write_tensors(temporary, state)
    files.write_json(folder / "config.json", network.spec.to_json())


def read_spec(folder: Path) -> NetworkSpec:
    """What a saved network was made as. Raises RunNotReady when its description is missing or damaged."""
    try:
        return NetworkSpec.from_json(parse_json(files.read_small(folder / CONFIG, LONGEST).decode("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, StudioError) as error:
        raise _damaged(folder) from error


def load_network(folder: Path) -> Network:
    """Builds a saved network again. Raises RunNotReady when files are missing or damaged."""
    spec = read_spec(folder)
    try:
        network = Network(spec.build(), spec)
        network.load_state_dict(read_tensors(folder / "model.safetensors"))
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        SafetensorError,
        StudioError,
    ) as error:
        if memory_is_full(error):
            raise
        raise _damaged(folder) from error
    return network.eval()


def _damaged(folder: Path) -> RunNotReady:
    return RunNotReady("The trained model of this run is missing or damaged.", remedy="Train it again.", path=folder)
