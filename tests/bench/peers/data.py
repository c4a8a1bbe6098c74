"""What is trained on: one split for each set of images and seed, made once and written down, and the pixels for all methods."""

from __future__ import annotations

import csv
import hashlib
import io
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.catalog import weights
from tlstudio.catalog.config import CONFIG, read_config
from tlstudio.domain.events import SILENT
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.cache import fill_cache
from tlstudio.images.splits import divide
from tlstudio.storage import images
from tlstudio.storage.files import replacing
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.loading import preprocess_for
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.run_data import units_of
from tlstudio.workflow.samples import SAMPLES, import_sample

TEST, VAL = 0.3, 0.15  # shares of all images, where no number per class is asked for
WIDER = 2  # the peers crop from pictures of this many times the edge, so that a crop is as sharp as one from the file
PARTS = tuple(split.value for split in Split)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """One image of a split. part: train, val or test."""

    path: str
    label: str
    part: str


def make_split(
    paths: Sequence[str], labels: Sequence[str], units: Sequence[str], *, per_class: int | None, seed: int, cap: int
) -> list[Line]:
    """Divides the images; those of one unit never lie on both sides of the test.

    per_class: None for shares of all images. Else so many training images of each class, each of another unit as far as there
    are; all may be trained on, and a method that needs images to choose by holds some of them back itself. The rest is the test,
    of which no more than `cap` images are drawn; 0 for all.
    """
    if per_class is None:
        parts = divide(labels, units, test=TEST, val=VAL, seed=seed)
        lines = [Line(p, k, part.value) for p, k, part in zip(paths, labels, parts, strict=True)]
        return _capped(lines, cap, seed)
    chosen = _few(labels, units, per_class, seed)
    taken = {units[i] for i in chosen}
    lines = [Line(paths[i], labels[i], "train") for i in sorted(chosen)]
    lines += [Line(p, k, "test") for p, k, unit in zip(paths, labels, units, strict=True) if unit not in taken]
    lacking = sorted(set(labels) - {line.label for line in lines if line.part == "test"})
    if lacking:
        raise SystemExit(f"With {per_class} images a class, none is left to test {', '.join(lacking)}.")
    return _capped(lines, cap, seed)


def _few(labels: Sequence[str], units: Sequence[str], per_class: int, seed: int) -> set[int]:
    """The numbers of `per_class` images of every class: one of each unit first, then the second ones."""
    chosen: set[int] = set()
    for label in sorted(set(labels)):
        mine = [i for i, own in enumerate(labels) if own == label]
        if len(mine) <= per_class:
            raise SystemExit(f"There are only {len(mine)} images of {label}: too few to train on {per_class} and test.")
        random.Random(f"{seed} {label}").shuffle(mine)
        before: Counter[str] = Counter()
        turns: dict[int, list[int]] = defaultdict(list)
        for i in mine:
            turns[before[units[i]]].append(i)
            before[units[i]] += 1
        chosen.update([i for turn in sorted(turns) for i in turns[turn]][:per_class])
    return chosen


def _capped(lines: list[Line], cap: int, seed: int) -> list[Line]:
    test = [line for line in lines if line.part == "test"]
    if not cap or len(test) <= cap:
        return lines
    kept = set(random.Random(seed).sample(test, cap))
    return [line for line in lines if line.part != "test" or line in kept]


def write_split(path: Path, lines: Sequence[Line]) -> None:
    """As a table that the program itself can import."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("path", "class", "split"))
    table.writerows((line.path, line.label, line.part) for line in lines)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def read_split(path: Path) -> list[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        return [Line(row["path"], row["class"], row["split"]) for row in csv.DictReader(file)]


def split_hash(lines: Sequence[Line]) -> str:
    """Twelve hex digits that are the same for the same division, wherever the images lie."""
    names = sorted(f"{Path(line.path).name} {line.label} {line.part}" for line in lines)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Source:
    """A set of images as named on the command line: a folder of class folders, or one of the program's samples."""

    name: str
    project: Path  # all of its images, imported once to find what must stay together

    def rows(self) -> list[ImageRow]:
        return images.list_images(Project.open(self.project), labeled=True)


def open_source(named: str, work: Path, group_from: str | None) -> Source:
    """Imports all images of a folder or sample, undivided. `work`: a folder of the benchmark's own."""
    sample = next((each for each in SAMPLES if each.key == named), None)
    name = named if sample else Path(named).resolve().name
    project = work / "all" / name
    if sample is not None:
        import_sample(sample, work / "samples" / name, project)
    elif not project.exists():
        import_images(
            ImportRequest(Path(named), project, test_fraction=0, val_fraction=0, group_from=group_from, may_ask=False)
        )
    return Source(name, project)


def split_of(source: Source, folder: Path, *, per_class: int | None, seed: int, cap: int) -> Path:
    """The table with this division: the one that is there, or a new one."""
    path = folder / f"{source.name}-{per_class or 'all'}-{seed}.csv"
    if not path.exists():
        rows = source.rows()
        paths, labels = [str(r.path) for r in rows], [str(r.label) for r in rows]
        write_split(path, make_split(paths, labels, units_of(rows), per_class=per_class, seed=seed, cap=cap))
    return path


@dataclass(frozen=True, slots=True)
class Part:
    """The images of one part: contents, which are the keys of the pixels, and class numbers (n,)."""

    keys: tuple[str, ...]
    labels: Ints

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class Cell:
    """One set of images, divided one way, with the backbone and the means: what every method gets.

    own: pixels as the program's networks see them, uint8 (n, size, size, 3). wide: the same pictures at WIDER times the edge,
    for the peers to cut their crops from. epochs_limit: 0 for none.
    """

    project: Path
    seed: int
    classes: tuple[str, ...]
    parts: dict[str, Part]
    own: RowStore
    wide: RowStore
    weights: Path
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: str
    threads: int
    epochs_limit: int = 0

    @property
    def size(self) -> int:
        return int(self.own.shape[0])

    def epochs(self, wanted: int) -> int:
        return min(wanted, self.epochs_limit) if self.epochs_limit else wanted

    def held_back(self, share: float) -> tuple[Part, Part]:
        """Training and validation images; cut from the training images, stratified, where the split has none to choose by."""
        train, val = self.parts["train"], self.parts["val"]
        if len(val):
            return train, val
        names = [str(k) for k in train.labels]
        dealt = divide(names, list(range(len(names))), test=0.0, val=share, seed=self.seed)
        held = np.array([part is Split.VAL for part in dealt])
        return _pick(train, ~held), _pick(train, held)


def _pick(part: Part, mask: npt.NDArray[np.bool_]) -> Part:
    return Part(tuple(key for key, take in zip(part.keys, mask, strict=True) if take), part.labels[mask])


def open_cell(
    table: Path,
    source: Source,
    project: Path,
    folder: Path,
    *,
    seed: int,
    device: str,
    threads: int,
    epochs_limit: int = 0,
) -> Cell:
    """Imports a split as its table says, and decodes its images before anything is measured. folder: the weights.

    The peers read the pixels from the source's project, which many cells share; the program from its own.
    """
    lines = read_split(table)
    if not project.exists():
        import_images(ImportRequest(table, project, test_fraction=0, val_fraction=0, seed=seed, may_ask=False))
    opened = Project.open(project)
    rows = images.list_images(opened, labeled=True)
    check_same(lines, rows)
    config = read_config(folder / CONFIG)
    spec = preprocess_for(weights.describe(folder.name))
    decoded(opened, spec, rows)
    shared = Project.open(source.project)
    classes = tuple(sorted({line.label for line in lines}))
    parts = {name: _part([r for r in rows if r.split.value == name], classes) for name in PARTS}
    return Cell(
        project=project,
        seed=seed,
        classes=classes,
        parts=parts,
        own=decoded(shared, spec, rows),
        wide=decoded(shared, PreprocessSpec(WIDER * spec.size, spec.fit, spec.interpolation), rows),
        weights=folder,
        mean=config.mean,
        std=config.std,
        device=device,
        threads=threads,
        epochs_limit=epochs_limit,
    )


def decoded(project: Project, spec: PreprocessSpec, rows: Sequence[ImageRow]) -> RowStore:
    """The project's cache with all of these images. Raises SystemExit where one can't be read."""
    store, refused = fill_cache(project, spec, rows, SILENT)
    if refused:
        raise SystemExit(f"{len(refused)} images can't be read: {refused[0].path}: {refused[0].reason}")
    return store


def _part(rows: Sequence[ImageRow], classes: Sequence[str]) -> Part:
    labels = np.array([classes.index(str(r.label)) for r in rows], dtype=np.int64)
    return Part(tuple(r.content for r in rows), labels)


def check_same(lines: Sequence[Line], rows: Sequence[ImageRow]) -> None:
    """The comparison is worth nothing unless the project is divided exactly as the table says."""
    wanted = {(line.path, line.label, line.part) for line in lines}
    found = {(str(r.path), str(r.label), r.split.value) for r in rows}
    if wanted != found:
        example = next(iter(wanted ^ found))
        raise SystemExit(f"The project is not divided as the table says; first difference: {example}.")
