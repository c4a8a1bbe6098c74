"""A synthetic "metal surface inspection" set: five kinds of damage on about 40 parts, each photographed about a dozen times.

Nothing in it is a photograph. Texture, damage, light, lens and sensor noise are computed from a seed, so that the program has
something industrial to show, with groups (parts) that must not be split and with problems that are known (planted.json).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlstudio.domain.events import Progress, Reporter
from tlstudio.images.samples.defects import DEFECTS, handling_marks
from tlstudio.images.samples.planted import (
    CHANGES,
    LIST,
    Planted,
    Twins,
    WrongLabel,
    altered,
    png,
    read_planted,
    suffix,
)
from tlstudio.images.samples.sample import DESCRIPTION, Recipe, Sample, building, find_sample, finished
from tlstudio.images.samples.surfaces import PLATE, SITE_RADIUS, TEXTURES, Camera, make_plate
from tlstudio.storage.files import write_json, write_text

VERSION = 1
GROUP_RULE = r"name:^(part\d+)"
STAGE = "Making the metal surfaces"

PARTS = {"crack": 8, "inclusion": 7, "pit": 8, "scratch": 10, "stain": 7}
SITES = 3  # places with damage on one part
PHOTOS = (10, 14)  # photographs of one part, lowest and highest number

WRONG_LABELS = 10
NEAR_DUPLICATES = 9
EXACT_DUPLICATES = 4
CONFLICTING_LABELS = 2

_TEXT = """\
Metal surface inspection (synthetic)

These pictures are computed, not photographed: no such parts exist. They are here to try the program out, and figures
reached on them say nothing about real inspection.

Five kinds of damage (crack, inclusion, pit, scratch, stain), one folder for each; 200 x 200 pixels, grey. 40 parts were
"photographed" 10 to 14 times each, with the same surface, camera and damage but a different pose and light. The part is the
first half of the file name (part012_03.png), and a part has one kind of damage. Photographs of one part must stay together:
import with groups from the name, rule ^(part\\d+).

Some problems are planted, as they happen in real collections. planted.json lists them all: near-duplicates (one photograph
changed a little and saved under the name of another part), exact duplicates, the same file in two classes, wrong labels
(with the true class), one truncated file and one blank image.
"""


@dataclass(frozen=True, slots=True)
class MetalSample:
    """The metal sample on the disk and the list of what is wrong with it."""

    sample: Sample
    planted: Planted

    @property
    def folder(self) -> Path:
        return self.sample.folder

    @property
    def images(self) -> tuple[Path, ...]:
        return self.sample.images


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture before it is saved; uint8 (200, 200) grey."""

    part: str
    number: int
    label: str
    picture: NDArray[np.uint8]

    @property
    def name(self) -> str:
        return f"{self.part}_{self.number:02d}.png"


def write_metal(folder: Path, reporter: Reporter, *, seed: int = 0, parts: dict[str, int] | None = None) -> MetalSample:
    """Writes `folder/<class>/part012_03.png`, planted.json and a description; a few seconds for the whole set.

    parts: {class: number of parts}, PARTS if None; small sets (two classes of two parts at least) are for tests. The same
    arguments give the same files. A complete sample that is there already is kept. Raises the named failures of
    `sample.building`, and Cancelled from the reporter.
    """
    wanted = PARTS if parts is None else parts
    recipe = Recipe("metal " + " ".join(f"{label}:{count}" for label, count in wanted.items()), VERSION, seed)
    existing = find_sample(folder, recipe, GROUP_RULE)
    if existing is not None:
        return MetalSample(existing, read_planted(folder))
    total = sum(wanted.values())
    with building(folder, recipe) as workplace:
        photos: list[Photo] = []
        for done, of_part in enumerate(photograph_parts(wanted, seed)):
            reporter.report(Progress(STAGE, done, total))
            photos += of_part
        planted = _Planter(workplace, photos, np.random.default_rng([seed, 2])).write()
        write_json(workplace / LIST, planted.to_json())
        write_text(workplace / DESCRIPTION, _TEXT)
    reporter.report(Progress(STAGE, total, total))
    return MetalSample(finished(folder, recipe, GROUP_RULE), planted)


def photograph_parts(parts: dict[str, int], seed: int) -> Iterator[list[Photo]]:
    """The photographs of one part after the other; part numbers are shuffled, so that they don't give the class away."""
    labels = [label for label, count in parts.items() for _ in range(count)]
    textures = [number % len(TEXTURES) for count in parts.values() for number in range(count)]
    order = np.random.default_rng([seed, 0]).permutation(len(labels))
    for number, index in enumerate(order, start=1):
        yield _photograph(f"part{number:03d}", labels[index], textures[index], np.random.default_rng([seed, 1, number]))


def _photograph(part: str, label: str, texture: int, rng: np.random.Generator) -> list[Photo]:
    plate = make_plate(rng, texture)
    start = rng.uniform(0, 2 * np.pi)
    angles = start + np.arange(SITES) * 2 * np.pi / SITES
    sites = [(PLATE / 2 + SITE_RADIUS * np.sin(a), PLATE / 2 + SITE_RADIUS * np.cos(a)) for a in angles]
    strength = rng.uniform(0.7, 1.1)  # of this part's damage; faint ones make the task hard
    for site in sites:
        DEFECTS[label](plate, site, strength * rng.uniform(0.8, 1.2), rng)
    handling_marks(plate, rng)
    camera = Camera.draw(rng)
    count = int(rng.integers(PHOTOS[0], PHOTOS[1] + 1))
    return [Photo(part, n, label, camera.photograph(plate, sites[n % SITES], rng)) for n in range(count)]


class _Planter:
    """Writes the photographs into class folders and plants the problems; no photograph gets two of them."""

    def __init__(self, folder: Path, photos: list[Photo], rng: np.random.Generator) -> None:
        self._folder = folder
        self._photos = photos
        self._rng = rng
        self._labels = sorted({photo.label for photo in photos})
        self._parts = {label: sorted({p.part for p in photos if p.label == label}) for label in self._labels}
        self._next = {part: 1 + max(p.number for p in photos if p.part == part) for part in {p.part for p in photos}}
        self._unused = [int(index) for index in rng.permutation(len(photos))]

    def write(self) -> Planted:
        """Writes everything. The numbers are for the whole set of about 480; the small sets of tests get the same."""
        for label in self._labels:
            (self._folder / label).mkdir()
        wrong = [self._wrong_label() for _ in range(WRONG_LABELS)]
        near = [self._near_duplicate(CHANGES[number % len(CHANGES)]) for number in range(NEAR_DUPLICATES)]
        exact = [self._exact_duplicate() for _ in range(EXACT_DUPLICATES)]
        conflicting = [self._conflicting_labels() for _ in range(CONFLICTING_LABELS)]
        truncated, blank = self._truncated(), self._blank()
        for index in self._unused:
            photo = self._photos[index]
            self._save(photo.label, photo.name, png(photo.picture))
        return Planted(
            near_duplicates=tuple(near),
            exact_duplicates=tuple(exact),
            conflicting_labels=tuple(conflicting),
            wrong_labels=tuple(wrong),
            truncated=(truncated,),
            blank=(blank,),
        )

    def _take(self) -> Photo:
        return self._photos[self._unused.pop()]

    def _save(self, label: str, name: str, data: bytes) -> str:
        (self._folder / label / name).write_bytes(data)
        return f"{label}/{name}"

    def _other(self, names: list[str], name: str) -> str:
        return str(self._rng.choice([one for one in names if one != name]))

    def _foreign_name(self, label: str, part: str) -> str:
        """A free file name (no suffix) of another part of class `label`."""
        other = self._other(self._parts[label], part)
        self._next[other] += 1
        return f"{other}_{self._next[other] - 1:02d}"

    def _wrong_label(self) -> WrongLabel:
        photo = self._take()
        given = self._other(self._labels, photo.label)
        return WrongLabel(self._save(given, photo.name, png(photo.picture)), given, photo.label)

    def _near_duplicate(self, change: str) -> Twins:
        photo = self._take()
        original = self._save(photo.label, photo.name, png(photo.picture))
        name = self._foreign_name(photo.label, photo.part) + suffix(change)
        return Twins(original, self._save(photo.label, name, altered(photo.picture, change)), change, photo.label)

    def _exact_duplicate(self) -> Twins:
        photo = self._take()
        data = png(photo.picture)
        original = self._save(photo.label, photo.name, data)
        name = self._foreign_name(photo.label, photo.part) + ".png"
        return Twins(original, self._save(photo.label, name, data), "none", photo.label)

    def _conflicting_labels(self) -> Twins:
        photo = self._take()
        data = png(photo.picture)
        original = self._save(photo.label, photo.name, data)
        copy = self._save(self._other(self._labels, photo.label), photo.name, data)
        return Twins(original, copy, "none", photo.label)

    def _truncated(self) -> str:
        photo = self._take()
        data = png(photo.picture)
        return self._save(photo.label, photo.name, data[: len(data) * 6 // 10])

    def _blank(self) -> str:
        photo = self._take()
        return self._save(photo.label, photo.name, png(np.full_like(photo.picture, 118)))
