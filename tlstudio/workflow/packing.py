"""Packing what a training needs into one file, for a machine that has none of the images: a cluster, a colleague's workstation.

The file holds pixels in the size that the model sees, and of each image its class, its part, and numbers for its group and its
near-duplicates. Names of files, folders, groups and people, notes, columns of tables and what scanners write into their files are
not in it, nor are the test images, which a training does not need: they stay here, to judge what comes back. What stands for an
image is a random key; the way back is kept in the project alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import Any

import numpy as np

from tlstudio.catalog import weights
from tlstudio.catalog.config import CONFIG, WEIGHTS, read_config
from tlstudio.domain.errors import WrongUsage, from_os_error
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.packing import PackResult
from tlstudio.domain.runs import TrainSettings
from tlstudio.storage import images, packs
from tlstudio.storage.classes import list_classes
from tlstudio.storage.holding import held
from tlstudio.storage.packfile import CHUNK, Kind, PackWriter, writing
from tlstudio.storage.packs import PackedImage, PackRecord
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import devices
from tlstudio.workflow.near_setting import KEEP, SETTING
from tlstudio.workflow.preparing import Preparation
from tlstudio.workflow.replaced import settle
from tlstudio.workflow.run_data import Sample
from tlstudio.workflow.training import Beginning, begin

TRAINING, PIXELS, KEYS = "training.json", "pixels.rows", "pixels.keys"
WEIGHT_FILES = {f"weights/{name}": name for name in (CONFIG, WEIGHTS)}


def pack(
    project: Path,
    out: Path,
    settings: TrainSettings,
    reporter: Reporter = SILENT,
    *,
    with_weights: bool = False,
    changed: str = "take",
) -> PackResult:
    """Writes the packed training, and notes in the project what it needs to take the result in; see `unpacking.unpack`.

    settings: of the training, which the other machine may change as far as they are not about pictures. with_weights: the
    pretrained model goes along, for a machine without internet. changed: as for `train`. Raises what `train` raises before its
    first step, DiskFull and CantWrite.
    """
    if settings.pseudo_labels:
        raise WrongUsage("A packed training holds labeled images alone.", remedy="Pack it without pseudo-labels.")
    opened = Project.open(project)
    with held(opened.folder, "tlstudio pack"):
        settle(opened, images.list_images(opened, labeled=True), changed, reporter)
        return _Packing(opened, begin(opened, settings), reporter).write(
            out.expanduser().absolute(), weights_too=with_weights
        )


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is packed: the samples that could be read, their pixels, and the key of each content."""

    samples: list[Sample]
    pixels: RowStore
    keys: dict[str, str]


class _Packing:
    """One training on its way into a file."""

    def __init__(self, project: Project, beginning: Beginning, reporter: Reporter) -> None:
        self.project, self.beginning, self.reporter = project, beginning, reporter
        # Which device it will be trained on is for the other machine to say.
        here = replace(beginning.settings, device="auto")
        self.preparation = Preparation(
            project, here, classes=beginning.classes, samples=beginning.samples, reporter=reporter
        )
        self.spec = self.preparation.spec
        self.weights = weights.require(here.model)

    def write(self, out: Path, *, weights_too: bool) -> PackResult:
        chosen = self._choose()
        pack, settings = packs.new_id(), replace(self.beginning.settings, input_size=self.spec.size)
        told = self._told(chosen, settings)
        self.reporter.report(Note("Writing the packed training."))
        with writing(out, Kind.TRAINING, {"pack": pack}) as writer:
            digest = writer.add_json(TRAINING, told).sha256
            writer.add(KEYS, ["".join(f"{key}\n" for key in chosen.keys.values()).encode("ascii")])
            writer.add(PIXELS, self._rows(chosen))
            if weights_too:
                self._add_weights(writer)
            self._note(pack, digest, chosen)  # first: a file that nobody can bring back would be for nothing
        groups = {each["group"] for each in told["images"]} - {None}
        return PackResult(
            file=out,
            bytes=out.stat().st_size,
            pack=pack,
            model=settings.model,
            images=len(chosen.samples),
            size=self.spec.size,
            classes=self.beginning.classes,
            groups=len(groups),
            weights=weights_too,
        )

    def _choose(self) -> _Chosen:
        pixels = self.preparation.pixels()
        devices.release(self.preparation.device)
        samples = self.preparation.samples
        return _Chosen(samples, pixels, packs.new_keys([s.content for s in samples]))

    def _told(self, chosen: _Chosen, settings: TrainSettings) -> dict[str, Any]:
        """What goes into training.json; see `packed_training` for who reads it."""
        rows = {row.id: row for row in images.list_images(self.project)}
        group, alike = _Numbers(), _Numbers()
        return {
            "settings": settings.to_json(),
            "preprocess": self.spec.to_json(),
            "classes": list(self.beginning.classes),
            "network": _network(self.weights, settings.model),
            SETTING: self.project.meta(SETTING, KEEP),
            "images": [
                {
                    "key": chosen.keys[sample.content],
                    "label": sample.label,
                    "split": sample.part,
                    "group": group.of(rows[sample.image].group),
                    "alike": alike.of(rows[sample.image].alike),
                }
                for sample in chosen.samples
            ],
        }

    def _rows(self, chosen: _Chosen) -> Iterator[memoryview]:
        contents = list(chosen.keys)
        step = max(1, CHUNK // chosen.pixels.row_bytes)
        for start in range(0, len(contents), step):
            rows = chosen.pixels.take(contents[start : start + step])
            yield np.ascontiguousarray(rows).data.cast("B")
            self.reporter.report(Progress("Packing images", min(start + step, len(contents)), len(contents)))

    def _add_weights(self, writer: PackWriter) -> None:
        self.reporter.report(Note("Packing the pretrained model."))
        for part, name in WEIGHT_FILES.items():
            try:
                writer.add_file(part, self.weights / name)
            except OSError as error:
                raise from_os_error(error, self.weights / name) from error

    def _note(self, pack: str, digest: str, chosen: _Chosen) -> None:
        numbers = {each.name: each.id for each in list_classes(self.project)}
        packs.write(
            self.project,
            PackRecord(
                id=pack,
                made_at=round(time(), 3),
                digest=digest,
                model=self.beginning.settings.model,
                network=_network(self.weights, self.beginning.settings.model),
                preprocess=self.spec.to_json(),
                classes=tuple((numbers[name], name) for name in self.beginning.classes),
                images=tuple(
                    PackedImage(s.image, s.content, chosen.keys[s.content], s.label, s.part) for s in chosen.samples
                ),
            ),
        )


class _Numbers:
    """Counts what it has not seen yet: a name becomes a number that says nothing."""

    def __init__(self) -> None:
        self._known: dict[Hashable, int] = {}

    def of(self, name: Hashable) -> int | None:
        return None if name is None else self._known.setdefault(name, len(self._known) + 1)


def _network(folder: Path, model: str) -> dict[str, Any]:
    """What tells the pretrained network from any other, in the words of a run's own description of its network."""
    config, card = read_config(folder / CONFIG), weights.describe(model)
    return {
        "model": card.id,
        "architecture": card.architecture,
        "weights_hash": weights.weights_hash(folder),
        "config_hash": config.hash,
        "arguments": dict(config.arguments),
        "mean": list(card.mean),
        "std": list(card.std),
        "resized": card.fixed_input_size,
        "license": card.license,
    }
