"""Files of every kind that the program reads, with a few bytes changed: pictures, lists, archives, models, weights, databases."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from tests.hostile import Attack, bundles, judge, sources, weights
from tests.hostile.archives import packed
from tests.hostile.pictures import mutated, seeds, wrong_with

# How many damaged copies of each; of pictures, of each of some thirty kinds.
PICTURES, LISTS, ARCHIVES, MODELS, WEIGHTS, DATABASES = 40, 45, 200, 120, 120, 240
SEED = 20
_HOME = tempfile.TemporaryDirectory(prefix="tlstudio-mutated-")  # removed with the process


def attempt(attack: Attack, folder: Path) -> tuple[bool, str]:
    """Does with the file what is done with files of its kind."""
    return KINDS[attack.kind.split()[0]](attack, folder)


def attacks() -> list[Attack]:
    return [*_pictures(), *_lists(), *_archives(), *_models(), *_weights(), *_databases()]


def _damaged(name: str, number: int, sound: Callable[[], bytes]) -> bytes:
    """A copy that is the same on every day."""
    return mutated(sound(), np.random.default_rng([SEED, number, *name.encode()]))


def _copies(kind: str, name: str, count: int, sound: Callable[[], bytes]) -> Iterator[Attack]:
    """Damaged copies, each put into the folder under its name."""
    for number in range(count):

        def make(folder: Path, number: int = number) -> Path:
            (folder / name).write_bytes(_damaged(name, number, sound))
            return folder / name

        yield Attack(f"{kind}: {name} {number}", f"{kind} {name}", make, may_pass=True)


# --- pictures ---


@cache
def _good_pictures() -> dict[str, bytes]:
    return seeds(Path(_HOME.name))


def _pictures() -> Iterator[Attack]:
    for name in _good_pictures():
        yield from _copies("picture", name, PICTURES, lambda name=name: _good_pictures()[name])  # type: ignore[misc]


def _try_picture(attack: Attack, folder: Path) -> tuple[bool, str]:
    from tests.unit.images.looking import look
    from tlstudio.images.guard import DECODERS

    path = attack.make(folder)
    answer = DECODERS.call(look, path, path)
    return getattr(answer, "inspected", None) is not None, wrong_with(answer)


# --- lists and archives: what is damaged lies beside sound pictures ---


def _lists() -> Iterator[Attack]:
    from tests.unit.images.sources.test_cvat import xml

    rows = [{"file": name, "class": name.split("/")[0], "patient": f"P{i}"} for i, name in enumerate(sources.NAMED)]
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows * 3)
    tasks = [sources._task(f"/data/local-files/?d={row['file']}", [row["class"]]) for row in rows]
    short = [
        {"image": row["file"], "id": i, "choice": row["class"], "annotator": 1, "annotation_id": i, "lead_time": 2.5}
        for i, row in enumerate(rows)
    ]
    lines = "\n".join(json.dumps({"file_name": row["file"], "label": row["class"]}) for row in rows)
    sound = {
        "labels.csv": table.getvalue().encode(),
        "labels.tsv": table.getvalue().replace(",", "\t").encode("utf-16"),
        "russian.csv": table.getvalue().replace("red\r", "красный\r").encode("cp1251"),
        "labels.json": json.dumps(rows).encode(),
        "labels.jsonl": "\n".join(map(json.dumps, rows)).encode(),
        "export.json": json.dumps(tasks).encode(),
        "short.json": json.dumps(short).encode(),
        "annotations.xml": xml(*((row["file"], [row["class"]]) for row in rows)).encode(),
        "metadata.jsonl": lines.encode(),
    }
    for name, data in sound.items():
        for number in range(LISTS):
            make = sources._file(name, partial(_damaged, name, number, lambda data=data: data))
            yield Attack(f"list: {name} {number}", f"list {name}", make, may_pass=True)


def _archives() -> Iterator[Attack]:
    for number in range(ARCHIVES):

        def make(folder: Path, number: int = number) -> Path:
            good = sources.good(folder.parent / "pictures")
            data = packed({name: (good / name).read_bytes() for name in sources.NAMED})
            (folder / "source.zip").write_bytes(_hurt_archive(data, number))
            return folder / "source.zip"

        yield Attack(f"archive: {number}", "archive", make, may_pass=True)


def _hurt_archive(data: bytes, number: int) -> bytes:
    """Every other one is hurt in the directory, which lies at the end."""
    at = data.find(b"PK\x01\x02")
    if number % 2:
        return data[:at] + _damaged("directory", number, lambda: data[at:])
    return _damaged("archive", number, lambda: data)


# --- models and weights ---


def _models() -> Iterator[Attack]:
    """A changed byte breaks the seal; a copy that is as it was is none."""
    good = bundles.sealed()
    for number in range(MODELS):
        data = _damaged("model", number, lambda: good)
        if data != good:
            make = bundles._data(lambda data=data: data)  # type: ignore[misc]
            yield Attack(f"model: {number}", "model", make)


def _weights() -> Iterator[Attack]:
    """Of weights and of what is said of them; numbers that are other numbers do no harm that can be seen."""
    for number in range(WEIGHTS):

        def make(root: Path, number: int = number) -> Path:
            data: bytes = weights.safetensors(weights.original())
            described = json.dumps(weights.config()).encode()
            if number % 2:
                described = _damaged("config.json", number, lambda: described)
            else:
                data = _damaged("model.safetensors", number, lambda: data)
            return weights.put(root / weights.NAME, data, described)

        yield Attack(f"weights: {number}", "weights", make, may_pass=True)


# --- databases ---


@cache
def _good_project() -> Path:
    """Six labeled images, changes, a run and a backup; the newest change lies in the log still."""
    import sqlite3

    from tests.faults.cases import with_a_change_since
    from tlstudio.storage import labels
    from tlstudio.storage.project import Project

    made, kept = Path(_HOME.name) / "made", Path(_HOME.name) / "kept"
    made.mkdir()
    with_a_change_since(made)
    project = Project(made / "project")
    project.back_up()
    reader = sqlite3.connect(project.database)
    reader.execute("SELECT COUNT(*) FROM images").fetchone()
    labels.set_label(project, [3], "cat", "ben")  # the reader keeps it in the log
    shutil.copytree(made / "project", kept)
    reader.close()
    return kept


def _databases() -> Iterator[Attack]:
    for number in range(DATABASES):
        name = "project.db-wal" if number % 4 == 3 else "project.db"

        def make(folder: Path, number: int = number, name: str = name) -> Path:
            shutil.copytree(_good_project(), folder / "project")
            path = folder / "project" / name
            sound = path.read_bytes()
            if number % 4 == 0:
                path.write_bytes(_damaged("database", number, lambda: sound))
            else:  # a page somewhere, not the first ones again and again
                rng = np.random.default_rng([SEED, number])
                start = int(rng.integers(0, len(sound) // 512)) * 512
                hurt = mutated(sound[start : start + 512], rng)[:512].ljust(512, b"\0")
                path.write_bytes(sound[:start] + hurt + sound[start + 512 :])
            (folder / "project" / "project.db-shm").unlink(missing_ok=True)
            return folder / "project"

        yield Attack(f"database: {name} {number}", f"database {name}", make, may_pass=True)


def _try_database(attack: Attack, folder: Path) -> tuple[bool, str]:
    """Looks at the project and works in it as the window does; where it is damaged, its backup must bring it back."""
    from tlstudio.domain.errors import StudioError
    from tlstudio.storage import journal, labels
    from tlstudio.storage.project import Project
    from tlstudio.workflow import browsing, checking, keeping, projects, runs

    place = attack.make(folder)
    project = Project(place)
    deeds: tuple[tuple[str, Callable[[], object]], ...] = (
        ("open", lambda: projects.open_project(place)),
        ("images", lambda: browsing.images(place)),
        ("runs", lambda: runs.list_runs(place)),
        ("label", lambda: labels.set_label(project, [1, 2], "cat", "ann")),
        ("undo", lambda: journal.undo(project, "ann")),
        ("check", lambda: checking.check(place, quick=True)),
        ("look after", lambda: keeping.look_after(place, True)),
    )
    refused, damaged = False, False
    try:
        for name, deed in deeds:
            turned_away, wrong = judge(deed, attack)
            refused |= turned_away
            damaged |= turned_away and name in ("open", "look after")
            if wrong:
                return refused, f"{name}: {wrong}"
    finally:
        with suppress(StudioError):
            projects.close_project(place)
    if damaged:
        _, wrong = judge(lambda: keeping.restore_backup(place), replace(attack, may_pass=True))
        if not wrong and len(browsing.images(place)) != 6:
            wrong = "the backup brings back something else"
        return refused, wrong and f"restore: {wrong}"
    return refused, ""


KINDS: dict[str, Callable[[Attack, Path], tuple[bool, str]]] = {
    "picture": _try_picture,
    "list": sources.attempt,
    "archive": sources.attempt,
    "model": bundles.attempt,
    "weights": weights.attempt,
    "database": _try_database,
}
