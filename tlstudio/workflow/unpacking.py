"""Taking in what was trained on another machine: as a run of the project like any other, and with where it was trained.

The file may come from anybody. It has to belong to a training that this project has packed; each part has to be what its hash
says, and what a part says has to be what a training of this project writes: the classes, the pretrained network and the pictures
are those that were packed. Only then is anything entered.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tlstudio.catalog.tensors import check_numbers
from tlstudio.domain.errors import PackForeign, RunNotReady, StudioError, from_os_error
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.packing import Drift, Elsewhere, UnpackResult
from tlstudio.domain.runs import EpochRow, LogLine, RunState
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files, images, packs, run_records, runs
from tlstudio.storage.classes import list_classes
from tlstudio.storage.holding import held
from tlstudio.storage.packfile import Kind, PackFile, damaged, reading
from tlstudio.storage.packs import PackRecord
from tlstudio.storage.project import Project
from tlstudio.training.loading import read_spec
from tlstudio.workflow.left_out import NAME as LEFT_OUT
from tlstudio.workflow.packed_training import Returned, read_returned
from tlstudio.workflow.run_data import Sample

INCOMING = ".incoming"  # where a run waits below runs/ until all of it is there
TRAINED = "Trained on another machine: {}."


def unpack(packed: Path, project: Path, reporter: Reporter = SILENT) -> UnpackResult:
    """Takes the run in the file into the project; once only, however often it is called.

    What became of the packed images since is told, and is in the result. Raises PackForeign for the run of another project,
    RunNotReady for one that is not finished, PackRefused for a file that is damaged or was changed, DiskFull or CantWrite; the
    project is then as it was.
    """
    opened = Project.open(project)
    with reading(packed.expanduser().absolute(), Kind.RUN) as file, held(opened.folder, "tlstudio unpack"):
        returned = read_returned(file)
        record = packs.read(opened, returned.pack)
        if record is None or record.digest != returned.digest:
            raise PackForeign(
                "This training was not packed from this project.",
                remedy="Choose the project that it was packed from; it knows the way back to its images.",
                path=packed,
            )
        _need_finished(returned, packed)
        ids = tuple(str(each["id"]) for each in returned.records)
        known = {row.id for row in runs.list_runs(opened)}
        new = [each for each in returned.records if each["id"] not in known]
        reporter.report(Note("Looking through what came back."))
        for told in new:
            _TakingIn(opened, file, returned, record, told).run(reporter)
        drift = drift_of(opened, record)
        if drift.sentence():
            reporter.report(Note(drift.sentence()))
        return UnpackResult(ids, not new, drift, returned.machine)


def _need_finished(returned: Returned, path: Path) -> None:
    if any(each.get("state") != RunState.FINISHED.value for each in returned.records):
        raise RunNotReady(
            "This training is not finished yet.",
            remedy="Go on with it where it was: “tlstudio train --packed FILE --resume”, and bring back what that writes.",
            path=path,
        )


def drift_of(project: Project, record: PackRecord) -> Drift:
    """What became of the packed images in the project since."""
    numbers = {each.name: each.id for each in list_classes(project)}
    rows = {row.id: row for row in images.list_images(project)}
    labels = contents = gone = moved = 0
    for image in record.images:
        row = rows.get(image.image)
        if row is None or row.excluded:
            gone += 1
            continue
        contents += row.content != image.content
        labels += row.label is None or numbers.get(row.label) != record.classes[image.label][0]
        moved += row.split.value != image.part
    return Drift(labels, contents, gone, moved)


@dataclass(frozen=True, slots=True)
class _TakingIn:
    """One run on its way into the project."""

    project: Project
    file: PackFile
    returned: Returned
    record: PackRecord
    told: dict[str, Any]

    def run(self, reporter: Reporter) -> None:
        run = str(self.told["id"])
        with self._waiting(run) as folder:
            for part, name in self.returned.parts_of(self.file, run):
                reporter.check_cancelled()
                self.file.copy(part, folder / name)
            with self._named():
                self._check_settings()
                self._check_model(folder)
                self._check_records(folder)
                self._key_back(folder)
                row = runs.foreign(self.told, self.record.classes)
            self._move(folder, run)
        runs.take_in(self.project, row)  # last: a folder without a row is no run, and is replaced the next time

    @contextmanager
    def _waiting(self, run: str) -> Iterator[Path]:
        place = self.project.run_folder(INCOMING)
        shutil.rmtree(place, ignore_errors=True)
        try:
            yield place / run
        finally:
            shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """What no training writes is the file's fault, whatever notices it."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise damaged(self.file.path, f"What it says of the run {self.told['id']} can't be right.") from error
        except FileNotFoundError as error:
            raise damaged(self.file.path, f"A part of the run {self.told['id']} is missing.") from error

    def _check_settings(self) -> None:
        if self.told["model"] != self.record.model or self.told["settings"]["model"] != self.record.model:
            raise ValueError("another model")
        if self.told["classes"] != [name for _, name in self.record.classes]:
            raise ValueError("other classes")

    def _check_model(self, folder: Path) -> None:
        try:
            spec = read_spec(folder / "model").to_json()
            for name in ("model/model.safetensors", "baselines.safetensors"):
                if name.startswith("model/") or (folder / name).exists():
                    check_numbers(folder / name)
        except StudioError as error:
            raise ValueError("no model") from error
        told = json.loads(json.dumps(spec))
        expected = {**self.record.network, "preprocess": self.record.preprocess}
        if {name: told.get(name) for name in expected} != json.loads(json.dumps(expected)):
            raise ValueError("another pretrained network, or other pictures")
        if told["classes"] != [name for _, name in self.record.classes]:
            raise ValueError("other classes")

    def _check_records(self, folder: Path) -> None:
        for name in ("config.json", "confusion.json", "transfer.json", "depth.json"):
            if (folder / name).exists():
                parse_json(files.read_text(folder / name))
        for name in ("metrics.jsonl", "log.jsonl"):
            if (folder / name).exists():
                for line in files.read_text(folder / name).splitlines():
                    told = parse_json(line)
                    LogLine(float(told["time"]), str(told["text"])) if name == "log.jsonl" else EpochRow.from_json(told)

    def _key_back(self, folder: Path) -> None:
        """Keys become the images of the project again, in each file that names some."""
        by_key = {image.key: image for image in self.record.images}
        left = iter(self.record.images)
        samples = []
        for each in parse_json(files.read_text(folder / "data.json")):
            sample = Sample(**each)
            image = next((image for image in left if image.key == sample.content), None)  # in order; copies share a key
            if image is None or (sample.label, sample.part) != (image.label, image.part):
                raise ValueError("another label")
            samples.append(replace(sample, image=image.image, content=image.content, unit=str(sample.unit)))
        files.write_json(folder / "data.json", [asdict(sample) for sample in samples])
        if (folder / LEFT_OUT).exists():
            told = parse_json(files.read_text(folder / LEFT_OUT))
            told["images"] = [{**each, "content": by_key[each["content"]].content} for each in told["images"]]
            files.write_json(folder / LEFT_OUT, told)

    def _move(self, folder: Path, run: str) -> None:
        place = self.project.run_folder(run)
        try:
            if place.exists():
                shutil.rmtree(place)
            folder.rename(place)
            files.sync_folder(place.parent)
        except OSError as error:
            raise from_os_error(error, place) from error
        packed, now = self.record.made_at, round(time.time(), 3)
        run_records.write_elsewhere(self.project, run, Elsewhere(self.record.id, self.returned.machine, packed, now))
        run_records.append_line(self.project, run, LogLine(now, TRAINED.format(self.returned.machine.sentence())))
