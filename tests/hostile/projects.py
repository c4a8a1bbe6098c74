"""Project folders in which somebody has written by hand, or a disk has."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from tests.conftest import COLOURS, TEST_MODEL, paint
from tests.hostile import Attack, judge

DEEP = "[" * 100_000 + "]" * 100_000
ODD_TEXTS = {
    "deep": DEEP,
    "list": "[]",
    "word": '"a"',
    "null": "null",
    "nothing": "",
    "no json": "{",
    "number": "1e999",
}
Config = dict[str, Any]


def attempt(attack: Attack, folder: Path) -> tuple[bool, str]:
    """Looks at the project as the window does, and has its newest run measured, exported and reported.

    Of what decides answers (`config`) the export must be refused; another run beside it must be listed in any case.
    """
    from tlstudio.domain.runs import RunState
    from tlstudio.workflow import browsing, checking, runs
    from tlstudio.workflow.evaluating import evaluate
    from tlstudio.workflow.exporting import export
    from tlstudio.workflow.reporting import report

    place = folder / "project"
    shutil.copytree(sound(), place)
    attack.make(place)
    run = newest(place)
    deeds: tuple[tuple[str, Callable[[], object]], ...] = (
        ("runs", lambda: runs.list_runs(place)),
        ("log", lambda: runs.records(place, run)),
        ("images", lambda: browsing.images(place)),
        ("check", lambda: checking.check(place, quick=True)),
        ("evaluate", lambda: evaluate(place, run)),
        ("report", lambda: report(place, folder / "report.html", run)),
        ("export", lambda: export(place, folder / "model.onnx", run)),
    )
    refused = False
    for name, deed in deeds:
        odd = Attack(attack.name, attack.kind, attack.make, may_pass=not (name == "export" and attack.kind == "config"))
        turned_away, wrong = judge(deed, odd)
        refused |= turned_away
        if wrong and not wrong.startswith(
            "took"
        ):  # measuring and exporting are work, and no refusal that keeps somebody waiting
            return refused, f"{name}: {wrong}"
    if attack.kind in ("images", "book"):  # of all runs
        return refused, ""
    whole = [row for row in runs.list_runs(place) if row.state is RunState.FINISHED and row.id != run]
    return refused, "" if whole else "hides the other run"


@cache
def sound() -> Path:
    """A project with two quick runs; lives as long as the process."""
    from tlstudio.domain.importing import ImportRequest
    from tlstudio.domain.runs import Mode, TrainSettings
    from tlstudio.workflow.importing import import_images
    from tlstudio.workflow.training import train

    folder = Path(_HOME.name)
    for colour, rgb in COLOURS.items():
        for n in range(12):
            paint(folder / "images" / colour, f"{n}.png", rgb, seed=n)
    import_images(ImportRequest(folder / "images", folder / "project", group_from="none"))
    for seed in (0, 1):
        train(folder / "project", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32, seed=seed))
    return folder / "project"


_HOME = tempfile.TemporaryDirectory(prefix="tlstudio-sound-")  # removed with the process


def newest(place: Path) -> str:
    with sqlite3.connect(sound() / "project.db") as db:
        return str(db.execute("SELECT id FROM runs ORDER BY created_at DESC, id DESC").fetchone()[0])


def attacks() -> list[Attack]:
    return [*_rows(), *_configs(), *_files(), *_images()]


def _attack(name: str, kind: str, deed: Callable[[Path], None]) -> Attack:
    def make(place: Path) -> Path:
        deed(place)
        return place

    return Attack(name, kind, make, may_pass=kind != "config")


def _sql(place: Path, column: str, value: object) -> None:
    with sqlite3.connect(place / "project.db") as db:
        db.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, newest(place)))


def _rows() -> Iterator[Attack]:
    for column in ("settings", "result", "classes"):
        for name, text in ODD_TEXTS.items():
            yield _attack(f"row: {column} is {name}", "row", partial(_sql, column=column, value=text))
    figures = {"value": math.nan, "low": 0, "high": 1}
    for name, column, value in (
        ("an unknown mode", "mode", "turbo"),
        ("an unknown state", "state", "odd"),
        ("a moment in words", "created_at", "soon"),
        ("no figure", "result", json.dumps({"val": {"interval": figures}})),
        ("an accuracy of 7", "result", json.dumps({"val": {"interval": {"value": 7, "low": 0, "high": 9}}})),
        ("endless epochs", "result", '{"epochs": Infinity}'),
        ("a reason that is a list", "result", '{"reason": ["a"]}'),
        ("another mode in the settings", "settings", '{"model": "x", "mode": "zz"}'),
        ("settings of another type", "settings", '{"model": 5, "mode": "quick", "epochs": "many"}'),
        ("classes without names", "classes", '[{"id": 1}]'),
        ("a running process", "state", "running"),
    ):
        yield _attack(f"row: {name}", "row", partial(_sql, column=column, value=value))
    swapped = json.dumps([{"id": 3, "name": "red"}, {"id": 2, "name": "green"}, {"id": 1, "name": "blue"}])
    yield _attack("row: classes in another order", "config", partial(_sql, column="classes", value=swapped))


def _configured(place: Path, change: Callable[[Config], object]) -> None:
    path = place / "runs" / newest(place) / "model" / "config.json"
    data: Config = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def _configs() -> Iterator[Attack]:
    for name, change in (
        ("classes reversed", lambda d: d["classes"].reverse()),
        ("a class twice", lambda d: d.update(classes=["red", "red", "blue"])),
        ("a class less", lambda d: d["classes"].pop()),
        ("a temperature of 0", lambda d: d.update(temperature=0)),
        ("a temperature below 0", lambda d: d.update(temperature=-1)),
        ("no temperature", lambda d: d.update(temperature=math.nan)),
        ("an endless temperature", lambda d: d.update(temperature=math.inf)),
        ("a temperature in words", lambda d: d.update(temperature="warm")),
        ("a spread of 0", lambda d: d.update(std=[0, 0, 0])),
        ("a mean in words", lambda d: d.update(mean="abc")),
        ("two means", lambda d: d.update(mean=[0.5, 0.5])),
        ("a size without end", lambda d: d["preprocess"].update(size=10**9)),
        ("a size below 0", lambda d: d["preprocess"].update(size=-3)),
        ("no preprocess", lambda d: d.pop("preprocess")),
        ("features in words", lambda d: d.update(features="many")),
        ("other features", lambda d: d.update(features=7)),
        ("an address as architecture", lambda d: d.update(architecture="hf-hub:timm/resnet18.a1_in1k")),
        ("a folder as architecture", lambda d: d.update(architecture="local-dir:/tmp")),
        ("another architecture", lambda d: d.update(architecture="resnet18")),
        ("a key too many", lambda d: d.update(surprise=1)),
    ):
        yield _attack(f"config: {name}", "config", partial(_configured, change=change))


def _written(place: Path, name: str, text: str) -> None:
    (place / "runs" / newest(place) / name).write_text(text, encoding="utf-8")


def _pipe(place: Path, name: str) -> None:
    """name: of files that are there, or of one that need not be."""
    wanted = name.format(run=newest(place))
    for path in list(place.glob(wanted)) or [place / wanted]:
        path.unlink(missing_ok=True)
        os.mkfifo(path)


def _files() -> Iterator[Attack]:
    for name in ("data.json", "transfer.json", "confusion.json", "left-out.json", "log.jsonl", "metrics.jsonl"):
        for kind in ("deep", "list", "no json"):
            yield _attack(f"file: {name} is {kind}", "file", partial(_written, name=name, text=ODD_TEXTS[kind]))
    if hasattr(os, "mkfifo"):
        for name in (
            *("data.json", "transfer.json", "confusion.json", "left-out.json", "log.jsonl", "metrics.jsonl"),
            "checkpoint.safetensors",
        ):
            yield _attack(f"file: {name} is a pipe", "pipe", partial(_pipe, name=f"runs/{{run}}/{name}"))
        for name in ("cache/pixels/*.keys", "cache/pixels/*.rows", "cache/features/*.keys", "cache/checks/*.keys"):
            yield _attack(f"file: {name} are pipes", "kept rows", partial(_pipe, name=name))
        yield _attack("file: the book of openings is a pipe", "book", partial(_pipe, name="openings.jsonl"))
        yield _attack(
            "file: the model's config is a pipe", "config", partial(_pipe, name="runs/{run}/model/config.json")
        )
        for name, kind in (("model/model.safetensors", "config"), ("baselines.safetensors", "pipe")):
            deed = partial(_pipe, name="runs/{run}/" + name)
            yield _attack(f"file: {name} is a pipe", kind, deed)
    for kind in ("deep", "no json", "null"):
        deed = partial(_written, name="model/config.json", text=ODD_TEXTS[kind])
        yield _attack(f"file: the model's config is {kind}", "config", deed)
    yield _attack(
        "file: weights of zeros", "config", partial(_written, name="model/model.safetensors", text="\0" * 1000)
    )
    yield _attack("file: no run folder", "config", lambda place: shutil.rmtree(place / "runs" / newest(place)))
    yield _attack(
        "file: openings", "file", lambda place: (place / "openings.jsonl").write_text(f"{DEEP}\n{{}}\n[]\n") and None
    )


def _images() -> Iterator[Attack]:
    def change(place: Path, column: str, value: object) -> None:
        with sqlite3.connect(place / "project.db") as db:
            db.execute(f"UPDATE images SET {column} = ? WHERE id = 1", (value,))

    for column, value in (
        ("columns", DEEP),
        ("columns", "[1]"),
        ("width", "wide"),
        ("content", "../../../etc/passwd"),
        ("content", ""),
        ("path", "a\0b"),
        ("path", "/dev/zero"),
        ("note", "\x1b[31m\x07"),
        ("look", "no hash"),
        ("alike", 99_999),
    ):
        yield _attack(f"images: {column} {value!r:.30}", "images", partial(change, column=column, value=value))
