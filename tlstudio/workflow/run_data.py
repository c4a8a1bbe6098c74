"""Which images a run learns from: collected once, kept in the run's data.json, so that resuming sees the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tlstudio.domain.errors import NotEnoughImages, RunNotReady, from_os_error
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.splits import LEAST_TRAINING, Units
from tlstudio.storage import files, images
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project


@dataclass(frozen=True, slots=True)
class Sample:
    """One labeled image as the run uses it; kept in the run's data.json so that resuming sees the same."""

    image: int
    content: str
    label: int
    unit: str
    part: str  # train or val


def collect(project: Project) -> tuple[tuple[str, ...], list[Sample]]:
    """The classes that have training images, and the labeled images of both parts. Raises NotEnoughImages."""
    everything = images.list_images(project, labeled=True)
    rows = [r for r in everything if r.split is not Split.TEST]
    training = Counter(r.label for r in rows if r.split is Split.TRAIN)
    carried = {r.label for r in everything}
    classes = [c.name for c in list_classes(project) if c.name in carried]
    poor = [name for name in classes if training[name] < LEAST_TRAINING]
    if len(classes) < 2:
        raise NotEnoughImages("A model needs at least two classes with images.", remedy="Add images of another class.")
    if poor:
        raise NotEnoughImages(
            f"Too few images for training in {', '.join(f'“{name}” ({training[name]})' for name in poor)}.",
            remedy=(
                f"Each class needs at least {LEAST_TRAINING}. Add images, move some of its other images to the training part, or "
                "move these to another class."
            ),
        )
    number = {name: i for i, name in enumerate(classes)}
    units = units_of(rows)
    samples = [
        Sample(r.id, r.content, number[str(r.label)], unit, "val" if r.split is Split.VAL else "train")
        for r, unit in zip(rows, units, strict=True)
    ]
    return tuple(classes), samples


def units_of(rows: Sequence[ImageRow]) -> list[str]:
    """What each image must stay together with: its group, copies of the same file, and near-duplicates."""
    joined = Units(len(rows))
    for i, row in enumerate(rows):
        joined.join(i, ("content", row.content))
        if row.group is not None:
            joined.join(i, ("group", row.group))
        if row.alike is not None:
            joined.join(i, ("alike", row.alike))
    return [str(unit) for unit in joined.all()]


def write_samples(project: Project, run_id: str, samples: list[Sample]) -> None:
    files.write_json(project.run_folder(run_id) / "data.json", [asdict(s) for s in samples])


def read_samples(project: Project, run_id: str) -> list[Sample]:
    path = project.run_folder(run_id) / "data.json"
    try:
        return [Sample(**row) for row in parse_json(files.read_text(path))]
    except OSError as error:
        raise from_os_error(error, path) from error
    except (ValueError, TypeError) as error:
        raise RunNotReady(
            "The list of images of this run is damaged.", remedy="Start the training again.", path=path
        ) from error


def fingerprint(samples: Sequence[Sample]) -> str:
    """SHA-256 over contents and labels of the training images, in hex; the same for the same data in any order."""
    lines = sorted(f"{s.content} {s.label}" for s in samples if s.part == "train")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def training_rows(project: Project, samples: Sequence[Sample]) -> list[ImageRow]:
    """The images behind these samples, as far as the project still has them."""
    rows = {r.content: r for r in images.list_images(project)}
    return [rows[s.content] for s in samples if s.content in rows]
