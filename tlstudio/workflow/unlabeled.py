"""The images without a class that a training learns from as well, where that is asked for and helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from tlstudio.domain.errors import from_os_error
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage import files, images
from tlstudio.storage.project import Project
from tlstudio.training.pseudo_labels import MOST, Tried
from tlstudio.workflow.run_data import Sample, units_of

FILE = "unlabeled.json"
FEW = 10  # labeled images a class, in the mean, up to which those without one are worth a word
TIMES = 3  # as many as labeled ones must have none for that
NONE = "There are no images without a class that could be learned from, so only labeled images are."
HELPS = (
    "{images} without a class teach the model as well: of the labeled images, each left out in turn, {after:.0f} % instead of "
    "{before:.0f} % were right with them."
)
VAIN = (
    "Images without a class bring nothing here, so only labeled images are learned from: of these, each left out in turn, "
    "{after:.0f} % were right with them and {before:.0f} % without."
)
UNTOLD = "There are too few labeled images to tell whether those without a class help, so only labeled images are learned from."
WORTH = "{images} have no class. They may help: switch on “Learn from images without a class” (--pseudo-labels)."


def collect_unlabeled(project: Project) -> list[Sample]:
    """Images without a class that may be learned from, at most MOST, always the same.

    Not those of the test part, nor what must stay together with a labeled image: each of these is left out somewhere, and its kin
    would have to be so with it.
    """
    rows = images.list_images(project)
    units = units_of(rows)
    labeled = {unit for row, unit in zip(rows, units, strict=True) if row.label is not None}
    found = [
        Sample(row.id, row.content, -1, unit, "unlabeled")
        for row, unit in zip(rows, units, strict=True)
        if _waits(row) and unit not in labeled
    ]
    return sorted({s.content: s for s in found}.values(), key=lambda s: s.content)[:MOST]


def _waits(row: ImageRow) -> bool:
    return row.label is None and not row.excluded and row.split is not Split.TEST


def kept_unlabeled(project: Project, run_id: str) -> list[Sample]:
    """The same for a run, which goes on with those that it began with. Raises FileTrouble, DiskFull …"""
    path = project.run_folder(run_id) / FILE
    try:
        return [Sample(**row) for row in parse_json(files.read_text(path))]
    except FileNotFoundError:
        pass
    except (ValueError, TypeError):
        return []
    except OSError as error:
        raise from_os_error(error, path) from error
    found = collect_unlabeled(project)
    files.write_json(path, [asdict(sample) for sample in found])
    return found


def sentence(tried: Tried, count: int) -> str:
    """What came of `count` images without a class."""
    if not count:
        return NONE
    if not tried.before and not tried.after:
        return UNTOLD
    words = VAIN if tried.head is None else HELPS
    return words.format(images=_images(count), before=100 * tried.before, after=100 * tried.after)


def advice(project: Project, samples: Sequence[Sample], classes: int) -> str:
    """A word where few images have a class and many have none; empty elsewhere."""
    labeled = sum(sample.part == "train" for sample in samples)
    if labeled > FEW * classes:
        return ""
    count = images.count_unlabeled(project)
    return WORTH.format(images=_images(count)) if count >= TIMES * labeled else ""


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"
