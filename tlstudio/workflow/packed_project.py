"""From a packed training to a working folder: an ordinary project, except that its images are there as prepared pixels alone."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlstudio.catalog import adding, weights
from tlstudio.catalog.config import CONFIG, WEIGHTS, read_config
from tlstudio.domain.errors import PackForeign, ProjectExists, StudioError, WeightsRefused, from_os_error
from tlstudio.domain.events import Note, Reporter
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import TrainSettings
from tlstudio.domain.values import Split
from tlstudio.images.cache import pixel_store
from tlstudio.storage import files, images, packs
from tlstudio.storage.classes import add_in_order
from tlstudio.storage.images import NewImage
from tlstudio.storage.packfile import PackFile, damaged
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import LINE
from tlstudio.workflow.near_setting import KEEP, SETTING
from tlstudio.workflow.packed import mark_packed, packed_as
from tlstudio.workflow.packing import KEYS, PIXELS, TRAINING, WEIGHT_FILES

MOST_IMAGES = 10_000_000
LONGEST_LIST = 512 * 2**20  # bytes of training.json
LONGEST_CLASS = 1000
NAME = "packed training"


@dataclass(frozen=True, slots=True)
class _Image:
    key: str
    label: int
    part: Split
    group: int | None
    alike: int | None

    @staticmethod
    def read(told: dict[str, Any], classes: int) -> _Image:
        """Raises ValueError, KeyError or TypeError."""
        image = _Image(told["key"], told["label"], Split(told["split"]), told["group"], told["alike"])
        numbers = [n for n in (image.group, image.alike) if n is not None]
        if not all(type(n) is int and 0 < n <= MOST_IMAGES for n in numbers) or type(image.label) is not int:
            raise ValueError("no number")
        if not packs.KEY.fullmatch(image.key) or not 0 <= image.label < classes or image.part is Split.TEST:
            raise ValueError("no image")
        return image


@dataclass(frozen=True, slots=True)
class PackedTraining:
    """What the list in a packed file says, looked through."""

    pack: str
    digest: str
    settings: TrainSettings
    spec: PreprocessSpec
    classes: tuple[str, ...]
    network: dict[str, Any]
    near: str
    images: tuple[_Image, ...]


def read_training(file: PackFile) -> PackedTraining:
    """Raises PackRefused for what no `pack` writes."""
    told, pack = file.read_json(TRAINING, LONGEST_LIST), file.told("pack")
    try:
        classes = tuple(told["classes"])
        named = all(isinstance(name, str) and 0 < len(name) <= LONGEST_CLASS for name in classes)
        if len(set(classes)) != len(classes) or len(classes) < 2 or not named or not packs.ID.fullmatch(pack):
            raise ValueError("classes")
        if not isinstance(told["network"], dict) or len(told["images"]) > MOST_IMAGES:
            raise ValueError("too many images")
        return PackedTraining(
            pack=pack,
            digest=file.parts[TRAINING].sha256,
            settings=TrainSettings.from_json(told["settings"]),
            spec=PreprocessSpec.from_json(told["preprocess"]),
            classes=classes,
            network=told["network"],
            near=KEEP if told[SETTING] == KEEP else "ignore",
            images=tuple(_Image.read(each, len(classes)) for each in told["images"]),
        )
    except (StudioError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(file.path, "The list of images can't be read.") from error


def need_model(file: PackFile, training: PackedTraining, reporter: Reporter) -> None:
    """The pretrained model of the training is on this machine afterwards: it was, or it comes with the file and is added.

    Raises WeightsMissing where it is neither, WeightsRefused where another one goes by its name.
    """
    model = training.settings.model
    if _here(model) is None and set(WEIGHT_FILES) <= set(file.parts):
        reporter.report(Note("Adding the pretrained model that came with the packed training."))
        _add(file, training, reporter)
    folder = weights.require(model)
    if not _is(folder, training):
        raise WeightsRefused(
            f"The pretrained model {model} on this machine is another one than in the project that was packed.",
            remedy="Put it aside, and bring the project's own here: pack again with --with-weights, or “tlstudio models add”.",
            path=folder,
        )


def _here(model: str) -> Path | None:
    with suppress(StudioError):
        return weights.find(model)
    return None


def _is(folder: Path, training: PackedTraining) -> bool:
    told = training.network
    same = read_config(folder / CONFIG).hash == told.get("config_hash")
    return same and weights.weights_hash(folder) == told.get("weights_hash")


def _add(file: PackFile, training: PackedTraining, reporter: Reporter) -> None:
    """As `models add` does: only safetensors, complete, and of the network that the description names."""
    model = training.settings.model
    staging = weights.own_folder() / f".packed-{training.pack}"
    try:
        for part, name in WEIGHT_FILES.items():
            file.copy(part, staging / model / name)
        adding.add(staging / model / WEIGHTS, reporter, name=model)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def lay_out(file: PackFile, training: PackedTraining, work: Path, reporter: Reporter) -> Project:
    """Makes the working folder; complete, or not there. Raises PackRefused, DiskFull, CantWrite or ProjectExists."""
    reporter.report(Note("Unpacking the images."))
    building = files.part_of(work)
    try:
        project = Project.create(building, NAME)
        _fill_pixels(file, training, project)
        _fill_database(training, project)
        if work.exists():
            work.rmdir()  # an empty one; whatever else is there stays
        building.rename(work)
    except OSError as error:
        raise from_os_error(error, work) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Project.open(work)


def _fill_pixels(file: PackFile, training: PackedTraining, project: Project) -> None:
    """The cache comes as it was: rows, and the keys by which they are found."""
    store = pixel_store(project, training.spec)
    keys = list(dict.fromkeys(image.key for image in training.images))
    if file.read(KEYS, len(keys) * LINE) != "".join(f"{key}\n" for key in keys).encode("ascii"):
        raise damaged(file.path, "The pixels are not those of the list of images.")
    if PIXELS not in file.parts or file.parts[PIXELS].bytes != len(keys) * store.row_bytes:
        raise damaged(file.path, "There are more or fewer pixels than images.")
    folder = project.cache / "pixels"
    file.copy(PIXELS, folder / f"{training.spec.key()}.rows")
    file.copy(KEYS, folder / f"{training.spec.key()}.keys")


def _fill_database(training: PackedTraining, project: Project) -> None:
    size = training.spec.size
    rows = [
        NewImage(
            stored=f"packed/{number}",
            content=image.key,
            width=size,
            height=size,
            bytes=0,
            label=training.classes[image.label],
            group=None if image.group is None else str(image.group),
            split=image.part,
        )
        for number, image in enumerate(training.images, start=1)
    ]
    add_in_order(project, training.classes)
    images.add_images(project, rows, [])
    ids = [row.id for row in images.list_images(project)]
    first: dict[int, int] = {}
    for number, image in zip(ids, training.images, strict=True):
        if image.alike is not None:
            first.setdefault(image.alike, number)
    alike: dict[int, int | None] = {
        n: first[i.alike] for n, i in zip(ids, training.images, strict=True) if i.alike is not None
    }
    images.set_alike(project, alike)
    project.set_meta(SETTING, training.near)
    mark_packed(project, training.pack, training.digest, preprocess=training.spec, depth=training.settings.depth)


def working_folder(work: Path, training: PackedTraining) -> Project | None:
    """The project of an earlier beginning of this training; None where the folder is free.

    Raises PackForeign for another's, ProjectExists where anything else is in it.
    """
    if not (work / "project.db").exists():
        if work.exists() and (not work.is_dir() or any(work.iterdir())):
            raise ProjectExists(
                "The working folder already holds something.", remedy="Choose an empty or a new one.", path=work
            )
        return None
    project = Project.open(work)
    if packed_as(project) != (training.pack, training.digest):
        raise PackForeign(
            "The working folder holds something else than this packed training.",
            remedy="Choose another folder with --work, or remove this one.",
            path=work,
        )
    return project
