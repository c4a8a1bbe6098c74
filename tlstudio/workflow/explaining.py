"""Heat maps for images, each with the measurement that says whether to believe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from tlstudio.domain.errors import ImageRefused, WrongUsage, from_os_error
from tlstudio.domain.events import SILENT, Progress, Reporter
from tlstudio.domain.explanations import ExplainResult, Explanation
from tlstudio.domain.runs import RunRow
from tlstudio.domain.values import Refusal
from tlstudio.explain.overlay import layer, side_by_side
from tlstudio.explain.proof import proven_map
from tlstudio.explain.saliency import DEFAULT, METHODS
from tlstudio.explain.shuffled import shuffled
from tlstudio.images.decode import quiet_decoders
from tlstudio.images.prepare import prepare_and_keep
from tlstudio.storage import files, runs
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.network import Network
from tlstudio.workflow.run_networks import network_of


def explain(
    project: Path,
    images: Sequence[Path],
    out: Path,
    *,
    run: str | None = None,
    method: str | None = None,
    label: str | None = None,
    reporter: Reporter = SILENT,
) -> ExplainResult:
    """Writes one picture into `out` for each image whose heat map passes its tests: the image beside the map.

    Of one that fails nothing is written, and a picture of an earlier time under its name goes. A bad file costs that file alone.
    method: one of `explain.saliency.METHODS`; None takes the usual one.
    label: the class to explain; None for what the model says of each. Raises WrongUsage for an unknown class or method,
    RunNotFound, RunNotReady, DiskFull or CantWrite.
    """
    asked = _asked(project, run, method, label)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, out) from error
    done: list[Explanation] = []
    refused: list[Refusal] = []
    taken: set[str] = set()
    with quiet_decoders():
        for n, path in enumerate(images, start=1):
            place = out / _free_name(path, taken)
            try:
                done.append(_explain_one(asked, path, place))
            except ImageRefused as error:
                refused.append(Refusal(str(path), error.what))
            reporter.report(Progress("Finding what the model looks at", n, len(images)))
    devices.release(asked.network.mean.device)
    return ExplainResult(asked.row.id, tuple(done), tuple(refused))


def explain_image(
    project: Path,
    image: Path,
    *,
    run: str | None = None,
    method: str | None = None,
    label: str | None = None,
    reporter: Reporter = SILENT,
) -> Explanation:
    """The heat map of one image for the window, as bytes; writes nothing. Raises ImageRefused and what `explain` raises."""
    asked = _asked(project, run, method, label)
    with quiet_decoders():
        found = _explain_one(asked, image, None)
    devices.release(asked.network.mean.device)
    return found


@dataclass(frozen=True)
class _Asked:
    """What is explained: a model, and, if the user says so, with which method and for which class."""

    row: RunRow
    network: Network
    method: str
    label: str | None

    @cached_property
    def learned_nothing(self) -> Network:
        """The model with shuffled weights, made once for all images."""
        return shuffled(self.network)


def _asked(project: Path, run: str | None, method: str | None, label: str | None) -> _Asked:
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    if method is not None and method not in METHODS:
        raise WrongUsage(f"“{method}” is not a kind of heat map.", remedy=f"Use {', '.join(METHODS)}.")
    if label is not None and label not in row.classes:
        raise WrongUsage(f"The model has no class “{label}”.", remedy=f"Use {', '.join(row.classes)}.")
    network = network_of(opened, row).to(devices.choose("auto"))
    network.requires_grad_(False)
    return _Asked(row, network, method or DEFAULT, label)


def _explain_one(asked: _Asked, path: Path, place: Path | None) -> Explanation:
    network, names = asked.network, asked.row.classes
    spec = network.spec.preprocess
    pixels, picture = prepare_and_keep(path, spec)
    with torch.inference_mode():
        batch = torch.from_numpy(np.array(pixels))[None].to(network.mean.device)
        probabilities = network.chances(network(batch).double())[0].cpu().numpy()
    predicted = int(probabilities.argmax())
    target = predicted if asked.label is None else names.index(asked.label)
    heat, proof = proven_map(network, pixels, target, lambda: asked.learned_nothing, asked.method)
    if place is not None and proof.shown:
        with files.replacing(place) as temporary:
            side_by_side(picture, heat, spec).save(temporary, "PNG")
    elif place is not None:
        _remove(place)
    return Explanation(
        file=path,
        label=names[target],
        predicted=names[predicted],
        confidence=float(probabilities[target]),
        method=asked.method,
        proof=proof,
        picture=place if proof.shown else None,
        heat=layer(heat, spec, picture.size) if place is None and proof.shown else b"",
    )


def _remove(place: Path) -> None:
    """A picture of an earlier time would be taken for one of now."""
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, place) from error


def _free_name(path: Path, taken: set[str]) -> str:
    """A name in the output folder: the image's own, numbered where two images share a name."""
    name, number = f"{path.stem}.heat.png", 1
    while name.lower() in taken:
        number += 1
        name = f"{path.stem}-{number}.heat.png"
    taken.add(name.lower())
    return name
