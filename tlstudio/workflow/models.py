"""Pretrained models: which there are, which are on this machine, and getting more. Loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tlstudio.catalog import adding, downloading, weights
from tlstudio.domain.cards import ModelStatus, Where
from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.storage.places import data_dir
from tlstudio.training.vetting import vet

STARTER = "mobilenetv3_small_100.starter_tin"
# Good first choices for small data, best first; the starter is the last resort of a machine without internet.
PREFERRED = (
    "convnext_tiny.in12k_ft_in1k",
    "resnet50.a1_in1k",
    "efficientnet_b0.ra_in1k",
    "mobilenetv3_large_100.ra_in1k",
    "mobilenetv2_100.ra_in1k",
)


def model_statuses() -> list[ModelStatus]:
    """Every card, and every other model found in the weights folders, with its speed here where it was measured."""
    speeds = _speeds()
    return [replace(s, images_per_second=speeds.get(s.card.id)) for s in weights.statuses()]


def default_model() -> str:
    """The id of a sensible first choice among what is on this machine."""
    here = {s.card.id: s for s in weights.statuses() if s.where is not Where.DOWNLOAD}
    for model in PREFERRED:
        if model in here:
            return model
    others = [s.card for s in here.values() if not s.card.bundled]
    return max(others, key=lambda c: c.parameters).id if others else STARTER


def download_model(
    model: str,
    confirm_license: Callable[[downloading.LicenseTerms], bool] | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Downloads a model's weights. Without `confirm_license` the caller has shown the licence already."""
    folder = downloading.download(
        model, reporter, confirm_license=confirm_license, check=lambda folder: _vet(folder, reporter)
    )
    weights.weights_hash(folder)  # under its last name, so that it is known as vetted
    return folder


def add_model(path: Path, reporter: Reporter = SILENT) -> str:
    """Adds weights from a file, folder or stick; returns the id of the (first) model. Raises WeightsRefused."""
    added = adding.add(path, reporter, check=lambda folder: _vet(folder, reporter))
    for folder in added:
        weights.weights_hash(folder)  # under its last name, so that it is known as vetted
    return added[0].name


def _vet(folder: Path, reporter: Reporter) -> None:
    reporter.report(Note("Looking whether the weights are those of the network."))
    vet(folder, reporter.check_cancelled)


def remember_speed(model: str, images_per_second: float) -> ModelStatus:
    """Keeps a measured speed with the user's data and returns the model's status."""
    with suppress(StudioError):  # a speed that can't be kept is measured again next time
        files.write_json(data_dir() / "speeds.json", {**_speeds(), model: images_per_second})
    found = next((s for s in model_statuses() if s.card.id == model), None)
    if found is None:
        found = ModelStatus(weights.describe(model), Where.HERE, weights.find(model))
    return replace(found, images_per_second=images_per_second)


def _speeds() -> dict[str, float]:
    try:
        data = parse_json((data_dir() / "speeds.json").read_text(encoding="utf-8"))
        return {str(k): float(v) for k, v in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
