"""A heat map that is shown shows what the model uses: true maps pass, those of a model that has learned nothing don't.

Without photographs, on synthetic surfaces with one patch that alone decides the class (planted truth) and the small network of
the tests: a strong one is so sure of such simple pictures that nothing short of a flawless surface moves it.
With them, for each set, a quick training and the share of correctly answered test images whose map is shown.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from tests.conftest import BUNDLED, TEST_MODEL, TEST_WEIGHTS
from tests.proofs.table import Proof, Trial
from tlstudio.domain.events import SILENT
from tlstudio.domain.explanations import Proof as Tested
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.explain.proof import proven_map
from tlstudio.explain.shuffled import shuffled
from tlstudio.images.prepare import prepare
from tlstudio.images.samples.metal import GROUP_RULE, write_metal
from tlstudio.storage.images import list_images
from tlstudio.storage.project import Project
from tlstudio.training.loading import load_network
from tlstudio.training.network import Network
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train

SHOWN, FOOLED = 0.8, 0.05
EDGE, PATCH, PATCHED = 96, 20, "patch"
Pixels = npt.NDArray[np.uint8]


def prove(trial: Trial) -> Iterator[Proof]:
    with tempfile.TemporaryDirectory() as name, weights_of(trial) as model:
        work = Path(name)
        yield from planted(work, trial)
        if not trial.images:
            return
        write_metal(work / "surfaces", SILENT)
        for folder in (work / "surfaces", *trial.images):
            rule = GROUP_RULE if folder.name == "surfaces" else None
            yield from of_set(work, folder, rule, model, trial)


@contextmanager
def weights_of(trial: Trial) -> Iterator[str]:
    """The model to train; its folder is found for so long."""
    if trial.weights is None:
        yield BUNDLED
        return
    before = os.environ.get("TLSTUDIO_WEIGHTS")
    os.environ["TLSTUDIO_WEIGHTS"] = os.pathsep.join((str(trial.weights.resolve().parent), str(TEST_WEIGHTS)))
    try:
        yield trial.weights.name
    finally:
        os.environ.pop("TLSTUDIO_WEIGHTS")
        if before is not None:
            os.environ["TLSTUDIO_WEIGHTS"] = before


# --- planted truth ------------------------------------------------------------------------------


def planted(work: Path, trial: Trial) -> Iterator[Proof]:
    """The patch is found, and nothing is shown for a model that has learned nothing."""
    places = paint(work / "planted", 16, trial.seed)
    network = trained(work / "planted", work / "planted-project", TEST_MODEL, None, EDGE)
    wanted = list(places)[: trial.draws(16)]
    pictures = [prepare(path, network.spec.preprocess) for path in wanted]
    target = network.spec.classes.index(PATCHED)
    shown, inside = 0, []
    for path, pixels in zip(wanted, pictures, strict=True):
        heat, tested = proven_map(network, pixels, target, lambda: shuffled(network))
        shown += tested.shown
        if tested.shown:
            inside.append(covered(heat, places[path], 0.05))
    n = len(pictures)
    yield Proof("maps shown where one patch decides", shown / n, at_least=SHOWN, note=f"{n} synthetic surfaces")
    note = f"{len(inside)} maps; the patch with a margin is at most 9 % of the picture"
    yield Proof("hottest twentieth that lies on the patch", float(np.mean(inside or [0.0])), at_least=0.5, note=note)
    yield fooled("synthetic surfaces", network, pictures)


def paint(folder: Path, count: int, seed: int) -> dict[Path, tuple[int, int]]:
    """Brushed surfaces, half of them with one square of checks: {file with it: its top and left}."""
    places = {}
    for k, label in enumerate(("plain", PATCHED)):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            random = np.random.default_rng([seed, k, i])
            field = 120 + 14 * random.standard_normal((EDGE, 1, 1)) + 8 * random.standard_normal((EDGE, EDGE, 1))
            if label == PATCHED:
                top, left = (int(v) for v in random.integers(6, EDGE - PATCH - 6, 2))
                checks = 90 * ((np.indices((PATCH, PATCH)) // 4).sum(axis=0) % 2) - 45
                field[top : top + PATCH, left : left + PATCH] += checks[..., None]
                places[folder / label / f"{i:02d}.png"] = (top, left)
            grey = np.clip(field, 0, 255).astype(np.uint8).repeat(3, axis=2)
            Image.fromarray(grey).save(folder / label / f"{i:02d}.png")
    return places


def covered(heat: npt.NDArray[np.float32], place: tuple[int, int], share: float) -> float:
    """How much of the hottest share lies on the patch, or within four pixels of it."""
    top, left = place
    hot = heat >= np.quantile(heat, 1 - share)
    near = hot[max(0, top - 4) : top + PATCH + 4, max(0, left - 4) : left + PATCH + 4]
    return float(near.sum() / hot.sum())


# --- photographs --------------------------------------------------------------------------------


def of_set(work: Path, folder: Path, rule: str | None, model: str, trial: Trial) -> Iterator[Proof]:
    """Of images that the model has not seen, in a random order and only those that it answers correctly."""
    network = trained(folder, work / f"{folder.name}-project", model, rule, 0)
    pictures, targets = answered(Project.open(work / f"{folder.name}-project"), network, trial.draws(40), trial.seed)
    nothing = shuffled(network)
    found = [proven_map(network, p, t, lambda: nothing)[1] for p, t in zip(pictures, targets, strict=True)]
    note = f"{len(found)} test images, {model.split('.', maxsplit=1)[0]}; not shown: {reasons(found)}"
    share = float(np.mean([tested.shown for tested in found]))
    yield Proof(f"maps shown of correctly answered images, {folder.name}", share, at_least=SHOWN, note=note)
    yield fooled(folder.name, network, pictures)


def trained(images: Path, project: Path, model: str, rule: str | None, size: int) -> Network:
    import_images(ImportRequest(images, project, group_from=rule, may_ask=False))
    run = train(project, TrainSettings(model, Mode.QUICK, device="cpu", input_size=size)).run
    return load_network(Project.open(project).run_folder(run) / "model").requires_grad_(False)


def answered(project: Project, network: Network, most: int, seed: int) -> tuple[list[Pixels], list[int]]:
    """Prepared test images with their class numbers."""
    rows = [row for row in list_images(project, split=Split.TEST, labeled=True) if not row.excluded]
    pictures, targets = [], []
    for n in np.random.default_rng(seed).permutation(len(rows)):
        pixels, label = (
            prepare(Path(rows[n].path), network.spec.preprocess),
            network.spec.classes.index(str(rows[n].label)),
        )
        if answer(network, pixels) == label and len(pictures) < most:
            pictures.append(pixels)
            targets.append(label)
    return pictures, targets


def fooled(name: str, network: Network, pictures: Sequence[Pixels]) -> Proof:
    """A model that has learned nothing, another for each picture, asked for the map of its own answer."""
    found = []
    for seed, pixels in enumerate(pictures, start=1000):
        nothing = shuffled(network, seed)
        found.append(proven_map(nothing, pixels, answer(nothing, pixels), lambda: shuffled(nothing, seed + 1))[1])  # noqa: B023
    share = float(np.mean([tested.shown for tested in found]))
    return Proof(
        f"maps shown of models with shuffled weights, {name}", share, at_most=FOOLED, note=f"{len(found)} models"
    )


def answer(network: Network, pixels: Pixels) -> int:
    with torch.inference_mode():
        return int(network(torch.from_numpy(np.array(pixels))[None]).argmax())


def reasons(found: Sequence[Tested]) -> str:
    left = [tested.reason.value for tested in found if not tested.shown]
    return ", ".join(f"{left.count(one)} {one}" for one in sorted(set(left))) or "none"
