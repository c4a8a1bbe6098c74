"""The sample projects: real handwritten digits, and a synthetic set of metal surfaces with planted problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import ImportRequest, ImportResult
from tlstudio.domain.runs import Mode
from tlstudio.images.samples.digits import write_digits
from tlstudio.images.samples.metal import write_metal
from tlstudio.images.samples.sample import Sample
from tlstudio.storage import places
from tlstudio.storage.project import DATABASE, Project
from tlstudio.workflow.importing import import_images


def _digits(folder: Path, reporter: Reporter) -> Sample:
    return write_digits(folder, reporter)


def _metal(folder: Path, reporter: Reporter) -> Sample:
    return write_metal(folder, reporter).sample


@dataclass(frozen=True, slots=True)
class SampleSet:
    """One sample: how it is written, and the mode that the demonstration trains it in."""

    key: str
    title: str
    write: Callable[[Path, Reporter], Sample]
    mode: Mode


DIGITS = SampleSet("digits", "Handwritten digits", _digits, Mode.QUICK)
METAL = SampleSet("metal-surfaces", "Metal surfaces (synthetic)", _metal, Mode.BALANCED)
SAMPLES = (DIGITS, METAL)


def make_sample(folder: Path, reporter: Reporter = SILENT) -> Path:
    """Makes the metal surface project in `folder` unless it is there already; the images go to the user's data folder."""
    if not (folder / DATABASE).exists():
        import_sample(METAL, places.data_dir() / "samples" / METAL.key, folder, reporter)
    return folder


def import_sample(which: SampleSet, images: Path, project: Path, reporter: Reporter = SILENT) -> ImportResult | None:
    """Writes a sample's images to `images` and imports them; None when the project is there already."""
    sample = which.write(images, reporter)
    if (project / DATABASE).exists():
        Project.open(project)
        return None
    request = ImportRequest(
        source=images, project=project, name=which.title, group_from=sample.group_rule or None, test_fraction=0.25
    )
    return import_images(request, reporter)
