"""A packed training on the machine that does it: trained by the ordinary engine, in a working folder that is an ordinary project.

What comes of it is written into one file for the way back: the records of the run and its model, and of a run that was cut short
what it goes on from.
"""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tlstudio
from tlstudio.domain.errors import Cancelled, PackForeign, ProjectExists, StudioError, WrongUsage
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.packing import Machine
from tlstudio.domain.runs import RunRow, RunState, TrainResult, TrainSettings, without_effect
from tlstudio.storage import classes, runs
from tlstudio.storage.packfile import Kind, PackFile, damaged, reading, writing
from tlstudio.storage.project import Project
from tlstudio.training import devices, ranks
from tlstudio.workflow.packed_project import (
    PackedTraining,
    lay_out,
    need_model,
    read_training,
    working_folder,
)
from tlstudio.workflow.runs import need_own_settings
from tlstudio.workflow.training import train

RUNS = "runs.json"
LONGEST_RECORDS = 64 * 2**20  # bytes
LIBRARIES = ("torch", "torchvision", "timm", "numpy", "scikit-learn")
ID = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z]{1,20}-[0-9a-f]{4}")
OF_PICTURES = ("model", "input_size", "fit", "depth", "channels")  # settings that were decided when it was packed
# What is taken along of a run's folder: of each run, and of one that goes on somewhere.
RECORDS = (
    *("config.json", "data.json", "metrics.jsonl", "log.jsonl", "confusion.json", "left-out.json", "transfer.json"),
    *("depth.json", "baselines.safetensors", "model/config.json", "model/model.safetensors"),
)
UNFINISHED = re.compile(
    r"spent\.json|checkpoint\.safetensors|best-[0-9]{1,6}\.safetensors"
    r"|rehearsal-[0-9]{1,2}(\.json|/checkpoint\.safetensors|/best-[0-9]{1,6}\.safetensors)"
)


@dataclass(frozen=True, slots=True)
class PackedResult:
    """The answer of `train_packed`: what the training reached, and the file that holds it."""

    result: TrainResult
    file: Path
    bytes: int

    def to_json(self) -> dict[str, Any]:
        return {**self.result.to_json(), "file": str(self.file), "bytes": self.bytes}


def train_packed(
    packed: Path,
    out: Path | None = None,
    wishes: Mapping[str, Any] | None = None,
    *,
    resume: bool = False,
    work: Path | None = None,
    reporter: Reporter = SILENT,
    keep_first: bool = False,
) -> PackedResult:
    """Trains what `pack` wrote and writes the result to `out`, for `unpack`.

    out: default: beside `packed`, with “-trained” in its name. wishes: settings, as TrainSettings calls them, that take the place
    of those that were packed; not those that are about pictures. work: the working folder; default: beside `out`, named after it,
    and removed once the result is written. resume: goes on with what was cut short, from the working folder or, where that is
    gone, from `out`; begins where there is nothing to go on with, so that a script can always ask for it.

    A training that is cancelled or fails leaves what it goes on from in the working folder, and in `out` as well where it came so
    far. Raises PackRefused, PackForeign, ProjectExists for an unfinished training that nobody wants to go on with, WrongUsage,
    and what `train` raises.
    """
    out = (out or default_out(packed)).expanduser().absolute()
    place = (work or out.with_name(f"{out.name}.work")).expanduser().absolute()
    with reading(packed.expanduser().absolute(), Kind.TRAINING) as file:
        training = read_training(file)
        settings = _settings(training, wishes or {})
        need_model(file, training, reporter)
        project = working_folder(place, training)
        if project is None:
            project = lay_out(file, training, place, reporter)
            if resume and out.exists():
                try:
                    _take_back(project, training, out, reporter)
                except BaseException:  # else the next call would find a folder to begin anew in, and write over `out`
                    shutil.rmtree(project.folder, ignore_errors=True)
                    raise
    run = _unfinished(project, resume=resume)
    if run is not None:
        need_own_settings(project.folder, run, settings, (wishes or {}).keys())
    done = _finished(project)
    try:
        if run is None and done is not None:
            result = TrainResult.of(done)
        else:
            result = train(project.folder, settings, run, reporter, keep_first=keep_first, changed="keep")
    except (Cancelled, StudioError):
        with suppress(StudioError):  # it lies in the working folder as well
            write_result(project, training, out, settings.device, SILENT)
        raise
    write_result(project, training, out, settings.device, reporter)
    if work is None:
        shutil.rmtree(project.folder, ignore_errors=True)
    return PackedResult(result, out, out.stat().st_size)


def default_out(packed: Path) -> Path:
    return packed.with_name(f"{packed.stem}-trained{packed.suffix}")


def _settings(training: PackedTraining, wishes: Mapping[str, Any]) -> TrainSettings:
    own = training.settings.to_json()
    others = [name for name in OF_PICTURES if name in wishes and wishes[name] != own[name]]
    if others:
        told = ", ".join(f"{name.replace('_', ' ')} {own[name]}" for name in others)
        raise WrongUsage(
            f"The pictures were packed for {told}.", remedy="Leave that out, or pack the training anew in the project."
        )
    made = TrainSettings.from_json({**own, **wishes})
    if useless := without_effect(made.mode, wishes.keys(), adapter=made.adapter.value):
        told = ", ".join(name.replace("_", " ") for name in sorted(useless))
        raise WrongUsage(f"{told.capitalize()} would have no effect on this training.", remedy="Leave that out.")
    return made


def _unfinished(project: Project, *, resume: bool) -> str | None:
    """The run that is gone on with. Raises ProjectExists where there is one and nobody asked for it."""
    found = [row for row in runs.list_runs(project) if not row.first_of]
    row = next((row for row in found if row.state in (RunState.INTERRUPTED, RunState.FAILED)), None)
    if row is None:
        return None
    if not resume:
        raise ProjectExists(
            "The working folder holds this training already, and it is not finished.",
            remedy="Go on with --resume, or remove the folder to begin anew.",
            path=project.folder,
        )
    return row.id


def _finished(project: Project) -> RunRow | None:
    """One whose result could not be written, or not yet."""
    rows = (row for row in runs.list_runs(project) if not row.first_of)
    return next((row for row in rows if row.state is RunState.FINISHED), None)


# --- the file for the way back -----------------------------------------------------------------------------------------------


def write_result(project: Project, training: PackedTraining, out: Path, device: str, reporter: Reporter) -> None:
    """Writes what there is of the training and, where it was kept, of its first result. Raises DiskFull, CantWrite …

    Nothing where no run was begun.
    """
    rows = sorted(runs.list_runs(project), key=lambda row: bool(row.first_of))
    rows = [row for row in rows if not row.first_of or row.state is RunState.FINISHED]
    if not rows:
        return
    reporter.report(Note("Writing the result."))
    told = {"pack": training.pack, "digest": training.digest, "machine": asdict(_machine(device))}
    with writing(out, Kind.RUN, told) as writer:
        writer.add_json(RUNS, [runs.told_of(project, row.id) for row in rows])
        for row in rows:
            for name in _files_of(project, row):
                writer.add_file(f"runs/{row.id}/{name}", project.run_folder(row.id) / name)


def _files_of(project: Project, row: RunRow) -> Iterator[str]:
    folder = project.run_folder(row.id)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        unfinished = row.state is not RunState.FINISHED and UNFINISHED.fullmatch(name)
        if path.is_file() and (name in RECORDS or unfinished):
            yield name


def _machine(device: str) -> Machine:
    found = ranks.describe(devices.choose(device))
    system = f"{platform.system()} {platform.machine()}"
    versions = {"tlstudio": tlstudio.__version__, "Python": platform.python_version()}
    return Machine(found, system, {**versions, **{name: version(name) for name in LIBRARIES}})


@dataclass(frozen=True, slots=True)
class Returned:
    """What a file for the way back says of itself, looked through. records: of `runs.told_of`, the training itself first."""

    pack: str
    digest: str
    machine: Machine
    records: tuple[dict[str, Any], ...]

    def parts_of(self, file: PackFile, run: str) -> Iterator[tuple[str, str]]:
        """The parts of a run's folder: name in the file, name in the folder."""
        for name in file.parts:
            if name.startswith(f"runs/{run}/"):
                yield name, name.removeprefix(f"runs/{run}/")


def read_returned(file: PackFile) -> Returned:
    """Raises PackRefused for what no training writes: also for files that belong to no run, or are none of a run's."""
    records = file.read_json(RUNS, LONGEST_RECORDS)
    try:
        ids = [record["id"] for record in records]
        if not ids or len(set(ids)) < len(ids) or not all(ID.fullmatch(each) for each in ids):
            raise ValueError("runs")
        for name in set(file.parts) - {RUNS}:
            _, run, inner = name.split("/", 2)
            if run not in ids or (inner not in RECORDS and not UNFINISHED.fullmatch(inner)):
                raise ValueError(name)
        machine = Machine.from_json(file.manifest["machine"])
        return Returned(file.told("pack"), file.told("digest"), machine, tuple(records))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(file.path, "What it says of the training can't be read.") from error


def _take_back(project: Project, training: PackedTraining, out: Path, reporter: Reporter) -> None:
    """The unfinished training of an earlier result goes on in a new working folder."""
    with reading(out, Kind.RUN) as file:
        returned = read_returned(file)
        if (returned.pack, returned.digest) != (training.pack, training.digest):
            raise PackForeign(
                "This file holds the result of another packed training.",
                remedy="Choose another name for the result, or leave out --resume.",
                path=out,
            )
        reporter.report(Note("Going on with the training that was cut short."))
        numbers = {each.name: each.id for each in classes.list_classes(project)}
        for record in returned.records:
            folder = project.run_folder(record["id"])
            for part, name in returned.parts_of(file, record["id"]):
                file.copy(part, folder / name)
            try:
                row = runs.foreign(record, [(numbers[name], name) for name in training.classes])
            except ValueError as error:
                raise damaged(out, "The record of the run can't be read.") from error
            runs.take_in(project, row)
