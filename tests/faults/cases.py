"""Everything that is saved, as small deeds that can be tried again and again: what is there before, the deed, what counts."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.kills import InThisProcess, fingerprint
from tests.conftest import ROOT, paint
from tests.unit.conftest import content_of, new_image
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import EpochRow, LogLine, Mode, RunState, TrainResult, TrainSettings
from tlstudio.domain.values import Interval, Refusal
from tlstudio.storage import (
    backups,
    classes,
    files,
    holding,
    images,
    journal,
    labels,
    recent,
    recovery,
    run_records,
    runs,
)
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.workflow import browsing, importing, keeping, projects
from tlstudio.workflow.prediction_table import table_bytes

RUN = "20260101-000000-quick-abcd"
SETTINGS = TrainSettings("net.tag", Mode.QUICK)


@dataclass(frozen=True)
class Case:
    """prepare: fills an empty folder. deed: saves something there. state: what must be as before when the deed has failed.

    kept_quiet: the deed's own trouble is no reason to stop the user, so it may succeed without having saved. late: the deed does
    more after the one step that counts, so it may fail although what counts is there, whole.
    """

    prepare: Callable[[Path], object]
    deed: Callable[[Path], object]
    state: Callable[[Path], object]
    kept_quiet: bool = False
    late: bool = False


# --- what is there before ---


def project_of(folder: Path) -> Project:
    return Project(folder / "project")


def pets(folder: Path) -> Project:
    """Six labeled images, one change to take back, a run, a backup."""
    project = Project.create(folder / "project", "Pets")
    images.add_images(project, [new_image(f"{i}", ("cat", "dog", None)[i % 3]) for i in range(6)], [])
    labels.set_label(project, [1], "dog", "ann")
    with project.write() as db:
        db.execute(
            "INSERT INTO runs (id, created_at, model, mode, state, settings, classes) VALUES (?, 1, 'm', 'quick', 'running',"
            " '{\"model\": \"m\"}', '[]')",
            (RUN,),
        )
    runs.append_epoch(project, RUN, epoch(1))
    project.back_up()
    return project


def with_a_line(folder: Path) -> None:
    pets(folder)
    log_line(folder, 1.0)


def with_pictures(folder: Path) -> None:
    pets(folder)
    for k, name in enumerate(("cat", "bird")):
        for i in range(2):
            paint(folder / "source" / name, f"{i}.png", (60 * k, 90, 120), seed=10 * k + i, size=(24, 20))


def damaged(folder: Path) -> None:
    project = pets(folder)
    project.database.write_bytes(b"\xa5" * project.database.stat().st_size)


def with_a_change_since(folder: Path) -> None:
    labels.set_label(pets(folder), [2], None, "ann")


def older(folder: Path) -> None:
    (folder / "project").mkdir()
    script = ROOT / "tests" / "unit" / "storage" / "schemas" / "100.sql"
    with closing(sqlite3.connect(folder / "project" / "project.db")) as db:
        db.executescript(script.read_text(encoding="utf-8"))


def rows(folder: Path) -> RowStore:
    return RowStore(folder, "pixels", (4, 4, 3), "uint8")


def some_rows(folder: Path) -> None:
    add_rows(folder, range(3))


def a_table(folder: Path) -> None:
    pets(folder)
    files.write_bytes(folder / "out.csv", b"old")


# --- the deeds ---


def epoch(number: int) -> EpochRow:
    return EpochRow(number, 0.5, 0.6, 0.7, 1e-3, 2.0)


def add_rows(folder: Path, numbers: range) -> None:
    with rows(folder).writer(len(numbers)) as writer:
        for i in numbers:
            writer.append(content_of(f"row {i}"), np.full((4, 4, 3), i, np.uint8))


def import_copies(folder: Path) -> None:
    importing.DECODERS = InThisProcess()  # type: ignore[assignment]
    importing.import_images(ImportRequest(source=folder / "source", project=folder / "project", copy=True))


def import_new(folder: Path) -> None:
    importing.DECODERS = InThisProcess()  # type: ignore[assignment]
    importing.import_images(ImportRequest(source=folder / "source", project=folder / "new"))


def edit_fields(folder: Path) -> None:
    edit = Edit("Edit", [(1, None)], [(2, "note", "look again"), (3, "excluded", 1)])
    journal.record(project_of(folder), edit, "ann")


def finish_run(folder: Path) -> None:
    reached = Interval(0.8, 0.7, 0.9)
    runs.finish_run(
        project_of(folder), TrainResult(RUN, "net.tag", Mode.QUICK, 0, reached, 0.8, "probe", "Only one.", 1.0)
    )


def remember(folder: Path) -> None:
    os.environ["TLSTUDIO_HOME"] = str(folder / "home")
    recent.remember((folder / "project").resolve())


def save_table(folder: Path) -> None:
    row: dict[str, Any] = {
        "file": "a.png", "status": "ok", "label": "cat", "confidence": 0.9, "novelty": 0.1, "message": "",
        "probabilities": {"cat": 0.9, "dog": 0.1},
    }  # fmt: skip
    files.write_bytes(folder / "out.csv", table_bytes([row], ["cat", "dog"]))


def log_line(folder: Path, moment: float) -> None:
    run_records.append_line(project_of(folder), RUN, LogLine(moment, "It goes on."))


def open_window(folder: Path) -> None:
    opened = projects.open_project(folder / "project")
    projects.close_project(folder / "project")
    if opened.read_only:  # it may be looked at: told, and nothing written
        raise keeping_told(opened.read_only)


def keeping_told(sentence: str) -> Exception:
    from tlstudio.domain.errors import CantWrite, DiskFull

    return DiskFull(sentence) if "full" in sentence else CantWrite(sentence)


# --- what counts ---


def database(folder: Path) -> object:
    return fingerprint(project_of(folder)), runs_of(folder)


def runs_of(folder: Path) -> object:
    with project_of(folder).read() as db:
        return [tuple(row) for row in db.execute("SELECT id = ?, state, message, result FROM runs", (RUN,))]


def lines_of(folder: Path) -> object:
    return run_records.read_log(project_of(folder), RUN)


def contents(folder: Path, *names: str) -> dict[str, str]:
    """Every file below these, by its name, as a hash."""
    found = {}
    for name in names:
        for path in [folder / name, *(folder / name).rglob("*")]:
            if path.is_file():
                found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def whole_project(folder: Path) -> object:
    return database(folder), contents(folder, "project/images", "project/runs", "project/exports", "source")


def sound_backups(folder: Path) -> object:
    found = backups.list_backups(folder / "project")
    assert not any(b.damaged for b in found)
    return database(folder), len(found)


def damaged_or_restored(folder: Path) -> object:
    with suppress(Exception):
        return fingerprint(project_of(folder))
    return "damaged"


def version_and_images(folder: Path) -> object:
    with closing(sqlite3.connect(folder / "project" / "project.db")) as db:
        return db.execute("PRAGMA user_version").fetchone()[0], db.execute("SELECT COUNT(*) FROM images").fetchone()[0]


def nothing_or_a_project(folder: Path) -> object:
    if not (folder / "new" / "project.db").exists():
        return "nothing"
    return len(images.list_images(Project(folder / "new")))


def whole_rows(folder: Path) -> object:
    store = rows(folder)
    for key, number in store.keys.items():
        value = int(store.array()[number].flat[0])
        assert key == content_of(f"row {value}")
        assert (store.array()[number] == value).all()
    assert len(store.keys) >= 3
    return "whole"


def holder(folder: Path) -> object:
    return (folder / "project" / holding.FILE).exists(), database(folder)


CASES: dict[str, Case] = {
    "create": Case(lambda folder: None, lambda folder: Project.create(folder / "new", "New"), nothing_or_a_project),
    "import, copied into the project": Case(with_pictures, import_copies, whole_project, late=True),
    "import, new project": Case(with_pictures, import_new, nothing_or_a_project),
    "label": Case(pets, lambda f: labels.set_label(project_of(f), [2, 3], "cat", "ann"), database),
    "undo": Case(pets, lambda f: journal.undo(project_of(f)), database),
    "class edit": Case(pets, lambda f: classes.merge_class(project_of(f), "cat", "dog", "ann"), database),
    "notes and marks": Case(pets, edit_fields, database),
    "refusals": Case(
        pets, lambda f: images.add_images(project_of(f), [], [Refusal("/x.png", "It is empty.")]), database
    ),
    "run, started": Case(pets, lambda f: runs.start_run(project_of(f), SETTINGS, ("cat", "dog")), runs_of),
    "run, finished": Case(pets, finish_run, runs_of),
    "run, failed": Case(pets, lambda f: runs.fail_run(project_of(f), RUN, "Why.", RunState.FAILED), runs_of),
    "metrics": Case(pets, lambda f: runs.append_epoch(project_of(f), RUN, epoch(2)), whole_project),
    "mix-ups of a run": Case(
        pets, lambda f: run_records.write_confusion(project_of(f), RUN, ((3, 1), (0, 2))), whole_project
    ),
    "log of a run": Case(with_a_line, lambda f: log_line(f, 2.0), lines_of, late=True),
    "recent list": Case(lambda f: (pets(f), remember(f)), remember, lambda f: len(recent.read()), kept_quiet=True),
    "backup": Case(with_a_change_since, lambda f: project_of(f).back_up(), sound_backups),
    "restore": Case(with_a_change_since, lambda f: recovery.restore(f / "project", None, "test"), database),
    "restore over a damaged one": Case(
        damaged, lambda f: recovery.restore(f / "project", None, "test"), damaged_or_restored
    ),
    "migration": Case(older, lambda f: Project.open(f / "project"), version_and_images),
    "rows": Case(some_rows, lambda f: add_rows(f, range(3, 6)), whole_rows),
    "table of predictions": Case(a_table, save_table, lambda f: contents(f, "out.csv")),
    "list of refusals": Case(
        a_table, lambda f: browsing.save_refusals(f / "project", f / "out.csv"), lambda f: contents(f, "out.csv")
    ),
    "opening in the window": Case(pets, open_window, database, kept_quiet=True),
    "look after": Case(with_a_change_since, lambda f: keeping.look_after(f / "project", True), sound_backups),
    "check remembered": Case(pets, lambda f: recovery.check_fully(project_of(f)), database),
}


TORCH_CASES = ("checkpoint", "model", "bundle")


def _torch_cases() -> dict[str, Case]:
    """Those that need torch; made when they are asked for, because it takes seconds to load."""
    import torch
    from safetensors.torch import load_file
    from torch import nn

    from tlstudio.domain.bundle import BundleInfo
    from tlstudio.domain.preprocess import PreprocessSpec
    from tlstudio.export.graph import describe
    from tlstudio.training import checkpoint
    from tlstudio.training.loading import save_network
    from tlstudio.training.network import NetworkSpec

    def tensors(value: float) -> dict[str, Any]:
        return {"a": torch.full((50, 50), value), "b": torch.zeros(3)}

    def loaded(folder: Path) -> object:
        found = checkpoint.load(folder)
        assert found is not None
        values, state = found
        assert float(values["a"][0, 0]) == state["epoch"]
        return state["epoch"]

    class Tiny(nn.Linear):
        """As much of a network as is saved."""

        spec = NetworkSpec("net.tag", "net", ("a", "b"), PreprocessSpec(32), (0.5,) * 3, (0.5,) * 3, 2, False, "", "")

    def network(value: float) -> Any:
        made = Tiny(2, 2)
        nn.init.constant_(made.weight, value)
        return made

    def bundle(folder: Path, classes: tuple[str, ...]) -> None:
        info = BundleInfo(classes=classes, preprocess=PreprocessSpec(32), backbone={}, data_fingerprint="", versions={})
        with files.replacing(folder / "model.onnx") as temporary:
            torch.onnx.export(nn.Linear(2, 2), (torch.zeros(1, 2),), str(temporary), dynamo=False)
            describe(temporary, info)

    return {
        "checkpoint": Case(
            lambda f: checkpoint.save(f, tensors(1.0), {"epoch": 1}),
            lambda f: checkpoint.save(f, tensors(2.0), {"epoch": 2}),
            loaded,
        ),
        "model": Case(
            lambda f: save_network(network(1.0), f / "model"),
            lambda f: save_network(network(2.0), f / "model"),
            lambda f: float(load_file(f / "model" / "model.safetensors")["weight"][0, 0]),
            late=True,  # its description follows, and is the same
        ),
        "bundle": Case(
            lambda f: files.write_bytes(f / "model.onnx", b"old"),
            lambda f: bundle(f, ("cat", "dog")),
            lambda f: (f / "model.onnx").stat().st_size > 3,
        ),
    }


def cases(names: str) -> dict[str, Case]:
    return _torch_cases() if names == "torch" else CASES
