"""What gives a class away is found where it was planted, and nothing is told where nothing was.

Pictures of two classes are computed (even textures of two scales; things on a ground) or taken from folders of class folders;
then one class gets a property that has nothing to do with what it shows. Everything goes the way of a user: import, then check.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from tests.proofs.table import Proof, Trial
from tlstudio.domain.events import SILENT
from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.importing import ImportRequest
from tlstudio.quality.edges import same_places
from tlstudio.quality.findings import burned_in_text
from tlstudio.quality.shortcuts import mixed_colour, shortcuts
from tlstudio.storage.project import Project
from tlstudio.workflow.checking_evidence import gather
from tlstudio.workflow.checking_text import contents_with_text
from tlstudio.workflow.importing import import_images

EACH = 60  # pictures of a class
EDGE = 200
RIGHT = 0.95  # share of the planted shortcuts that is found, by its own name
SETS = 6  # computed sets of each kind at full scale


@dataclass(frozen=True, slots=True)
class Plant:
    """A shortcut. change: what is done to a picture of the first class; form: how it is saved; detail: how it is told."""

    title: str
    detail: str
    change: Callable[[Image.Image, np.random.Generator], Image.Image] = lambda picture, rng: picture
    suffix: str = ".jpg"
    quality: int = 90
    camera: str = ""


def _marked(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A bright sticker of a tenth of the edge near the lower right corner, a little shifted and never of quite one colour."""
    w, h = picture.size
    edge, shift = round(0.1 * min(w, h)), rng.integers(-1, 2, 2)
    left, top = w - 2 * edge + int(shift[0]), h - 2 * edge + int(shift[1])
    draw = ImageDraw.Draw(picture)
    draw.rectangle(
        (left, top, left + edge, top + edge),
        fill=tuple(int(v) for v in np.array([235, 225, 60]) + rng.integers(-5, 6, 3)),
    )
    return picture


def _framed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    w, h = picture.size
    ImageDraw.Draw(picture).rectangle((0, 0, w - 1, h - 1), outline=(0, 0, 0), width=max(8, round(0.09 * min(w, h))))
    return picture


def _tinted(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A warm cast on a grey picture."""
    grey = np.asarray(picture.convert("L"), np.float64)[..., None]
    return Image.fromarray(np.clip(grey * np.array([1.1, 1.0, 0.82]) + rng.normal(0, 1), 0, 255).astype(np.uint8))


def _smaller(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return picture.resize((picture.width * 4 // 5, picture.height * 4 // 5))


def _wider(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return picture.resize((picture.width * 5 // 4, picture.height))


def _written(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    large = picture.resize((3 * EDGE, 3 * EDGE * picture.height // picture.width))
    draw = ImageDraw.Draw(large)
    draw.rectangle((0, 0, 260, 44), fill=(0, 0, 0))
    draw.text((8, 6), f"WARD {rng.integers(100, 999)} EXAM", fill=(255, 255, 255), font_size=28)
    return large


PLANTS = (
    Plant("a marker in a corner", "place", _marked),
    Plant("a frame", "place", _framed),
    Plant("another size", "size", _smaller),
    Plant("another shape", "aspect", _wider),
    Plant("another file format", "format", suffix=".png"),
    Plant("another compression", "compression", quality=60),
    Plant("another camera", "camera", camera="Ricoh WG-6"),
    Plant("a colour cast on grey pictures", "colour", _tinted),
    Plant("text in the pictures", "text", _written),
)
NOTHING = Plant("nothing", "")


# --- pictures ----------------------------------------------------------------------------------------------------------------


def surface(label: int, rng: np.random.Generator) -> Image.Image:
    """Grey texture: fine in one class, coarse in the other, so that files of one class are far larger."""
    noise = ndimage.gaussian_filter(rng.normal(size=(EDGE, EDGE)), 0.7 if label else 4.0)
    grey = np.clip(rng.uniform(110, 140) + 28 * noise / noise.std(), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def thing(label: int, rng: np.random.Generator) -> Image.Image:
    """A round or long thing of some colour somewhere on a ground of some colour, with light from somewhere."""
    y, x = np.mgrid[:EDGE, :EDGE] / EDGE
    (cy, cx), turn = rng.uniform(0.3, 0.7, 2), rng.uniform(0, np.pi)
    u, v = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn), (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
    radius = rng.uniform(0.12, 0.2)
    inside = ((u / (radius * (2.2 if label else 1.0))) ** 2 + (v / (radius * (0.45 if label else 1.0))) ** 2) < 1
    light = 1 + rng.uniform(-0.4, 0.4) * (x - 0.5) + rng.uniform(-0.4, 0.4) * (y - 0.5)
    ground, colour = rng.uniform(60, 200, 3), rng.uniform(40, 220, 3)
    noise = ndimage.gaussian_filter(rng.normal(size=(EDGE, EDGE, 3)), (1.5, 1.5, 0)) * 25
    picture = np.where(inside[..., None], colour, ground) * light[..., None] + noise
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def write_set(folder: Path, paint: Callable[[int, np.random.Generator], Image.Image], plant: Plant, seed: int) -> None:
    """Two classes of EACH pictures; the first one gets the plant."""
    rng = np.random.default_rng(seed)
    for label in (0, 1):
        for number in range(EACH):
            _save(folder / f"class{'ab'[label]}" / f"{number:03d}", paint(label, rng), NOTHING if label else plant, rng)


def plant_into(source: Path, folder: Path, plant: Plant, seed: int, most: int) -> None:
    """At most so many images of each class of `source`; the largest class gets the plant. As they are where that is nothing."""
    rng = np.random.default_rng(seed)
    classes = {c: sorted(f for f in c.iterdir() if f.is_file()) for c in sorted(source.iterdir()) if c.is_dir()}
    chosen = max(classes, key=lambda c: len(classes[c]))
    for place, files in classes.items():
        for number in sorted(rng.permutation(len(files))[:most]):
            target = folder / place.name / files[number].name
            if plant is NOTHING:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(files[number], target)
            else:
                with Image.open(files[number]) as picture:
                    _save(target.with_suffix(""), picture.convert("RGB"), plant if place is chosen else NOTHING, rng)


def _save(place: Path, picture: Image.Image, plant: Plant, rng: np.random.Generator) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if plant.camera:
        exif[0x0110] = plant.camera
    changed = plant.change(picture.copy(), rng)
    changed.save(f"{place}{plant.suffix}", quality=plant.quality, exif=exif)


# --- looking -----------------------------------------------------------------------------------------------------------------


def told(folder: Path, *, text: bool) -> list[Finding]:
    """What the check says of shortcuts in a folder of class folders. text: look for text too, which takes longer."""
    with tempfile.TemporaryDirectory() as work:
        project = Path(work) / "project"
        import_images(ImportRequest(folder, project, may_ask=False))
        opened = Project.open(project)
        evidence = gather(opened, SILENT)
        found = [shortcuts(evidence), same_places(evidence), mixed_colour(evidence)]
        if text:
            evidence = replace(evidence, text=contents_with_text(opened, evidence, SILENT))
            found.append(burned_in_text(evidence))
        return [finding for finding in found if finding is not None]


def names(findings: list[Finding]) -> set[str]:
    """Under which names shortcuts are told: the property told first, and those that its sentence names besides."""
    kinds = {"mixed_colour": "colour", "burned_in_text": "text"}
    also = {"size": "picture's size", "aspect": "picture's shape", "format": "file format", "compression": "compression",
            "camera": "camera"}  # fmt: skip
    found = {kinds.get(f.kind, f.detail) for f in findings if f.kind != "burned_in_text" or f.severity is Severity.HIGH}
    return found | {name for name, words in also.items() for f in findings if words in f.harm}


def prove(trial: Trial) -> Iterator[Proof]:
    sets = trial.draws(SETS)
    kinds = {"textures": surface, "things": thing}
    with tempfile.TemporaryDirectory() as work:
        base = Path(work)
        for plant in PLANTS:
            right = total = 0
            for name, paint in kinds.items():
                if plant.detail == "colour" and paint is thing:
                    continue  # a cast is told from the colour of things only where all else is grey
                for number in range(sets):
                    folder = base / f"{plant.title} {name} {number}"
                    write_set(folder, paint, plant, trial.seed + number)
                    right += plant.detail in names(told(folder, text=plant.detail == "text"))
                    total += 1
                    shutil.rmtree(folder)
            yield Proof(
                f"found: {plant.title}", right / total, at_least=RIGHT, note=f"{total} computed sets of 2 x {EACH}"
            )
        alarms = total = 0
        for name, paint in kinds.items():
            for number in range(sets):
                folder = base / f"clean {name} {number}"
                write_set(folder, paint, NOTHING, trial.seed + number)
                alarms += len(told(folder, text=True))
                total += 1
                shutil.rmtree(folder)
        yield Proof(
            "shortcuts told where none was planted", alarms, at_most=0, note=f"{total} computed sets of 2 x {EACH}"
        )
        for source in trial.images:
            yield from _on_images(source, base, trial)


def _on_images(source: Path, base: Path, trial: Trial) -> Iterator[Proof]:
    """The folder as it is, and with each plant in its largest class."""
    most = trial.draws(150)
    folder = base / source.name
    plant_into(source, folder, NOTHING, trial.seed, 10**6)
    high = [finding for finding in told(folder, text=True) if finding.severity is Severity.HIGH]
    shutil.rmtree(folder)
    yield Proof(f"{source.name}: shortcuts called harmful", len(high), at_most=0, note="; ".join(f.title for f in high))
    plant_into(source, folder, Plant("", ""), trial.seed, most)
    before = names(told(folder, text=True))
    shutil.rmtree(folder)
    right, missed = 0, []
    plants = [plant for plant in PLANTS if plant.detail not in before and plant.detail != "colour"]
    for plant in plants:
        plant_into(source, folder, plant, trial.seed, most)
        found = plant.detail in names(told(folder, text=plant.detail == "text"))
        right += found
        missed += [] if found else [plant.title]
        shutil.rmtree(folder)
    note = f"{len(plants)} kinds" + (f"; missed: {', '.join(missed)}" if missed else "")
    yield Proof(f"{source.name}: found where planted", right / max(len(plants), 1), at_least=RIGHT, note=note)
