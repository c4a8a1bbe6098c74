"""Pretrained models: which there are, which are on this machine, and getting more. Loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tlstudio.catalog import adding, downloading, weights
from tlstudio.domain.cards import ModelCard, ModelStatus, Where
from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.storage.places import data_dir
from tlstudio.training.vetting import vet

# Those that come with the program: the second sees more and takes about two and a half times as long.
LIGHT, STRONG = "tf_efficientnet_lite0.in1k", "tf_efficientnet_lite2.in1k"
USUAL_SPEED = 20.0  # images a second, where nothing was measured: an ordinary processor
LEAST_SPEED = 4.0  # images a second, below which every single one is waited for
LOOK_SECONDS = 60.0  # that looking at all images may take, before the lighter one is the better beginning
# Good first choices for small data, best first, where the user has brought them here.
PREFERRED = (
    "convnext_tiny.in12k_ft_in1k",
    "resnet50.a1_in1k",
    "efficientnet_b0.ra_in1k",
    "mobilenetv3_large_100.ra_in1k",
    "mobilenetv2_100.ra_in1k",
)


def model_statuses(*, at_once: bool = False) -> list[ModelStatus]:
    """Every card, and every other model found in the weights folders, with its speed here where it was measured.

    at_once: without reading weights that nobody has looked at, as a window needs it.
    """
    speeds = _speeds()
    found = weights.statuses(seconds=0.0 if at_once else None)
    return [replace(s, images_per_second=speeds.get(s.card.id)) for s in found]


@dataclass(frozen=True, slots=True)
class FirstChoice:
    """The id of a model, and in one sentence why it is a sensible beginning."""

    model: str
    reason: str


def first_choice(images: int = 0) -> FirstChoice:
    """A sensible first choice among what is on this machine, for so many images to look at; 0 where that is not known.

    What the user has brought here comes first. Of what comes with the program the stronger one, unless this computer is slow.
    """
    here = {s.card.id: s.card for s in weights.statuses(seconds=0.0) if s.where is not Where.DOWNLOAD}
    for model in PREFERRED:
        if model in here:
            return FirstChoice(model, f"{here[model].title} is here and suits small collections of images well.")
    others = [card for card in here.values() if not card.bundled]
    if others:
        largest = max(others, key=lambda card: card.parameters)
        return FirstChoice(largest.id, f"{largest.title} is the largest model that was added.")
    light, strong = weights.describe(LIGHT), weights.describe(STRONG)
    if not speed_known() or STRONG not in here:
        return FirstChoice(
            LIGHT, f"{light.title} is a quick beginning; the speed of this computer is not measured yet."
        )
    speed = speed_of(strong)
    seconds = images / speed
    if seconds > LOOK_SECONDS or speed < LEAST_SPEED:
        return FirstChoice(LIGHT, f"{light.title}, because the stronger {strong.title} takes {_long(seconds, speed)}.")
    return FirstChoice(STRONG, f"{strong.title}, because this computer looks at {speed:.0f} images a second with it.")


def default_model(images: int = 0) -> str:
    """The id of the first choice."""
    return first_choice(images).model


def speed_known() -> bool:
    """Whether one of the bundled models was measured on this machine."""
    return bool({LIGHT, STRONG} & set(_speeds()))


def speed_of(card: ModelCard) -> float:
    """Images a second here: as measured, or by how much more or less there is to reckon than with a model that was."""
    speeds = _speeds()
    if card.id in speeds:
        return speeds[card.id]
    for name in (LIGHT, STRONG):
        if name in speeds and card.gmacs:
            return speeds[name] * weights.describe(name).gmacs / card.gmacs
    return USUAL_SPEED


def _long(seconds: float, speed: float) -> str:
    if seconds > LOOK_SECONDS:
        return (
            f"{max(2, round(seconds / 60))} minutes here to look at all images"
            if seconds >= 90
            else "over a minute here"
        )
    return f"{1 / speed:.1f} s an image here"


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
        data = parse_json(files.read_text(data_dir() / "speeds.json"))
        return {str(k): float(v) for k, v in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
