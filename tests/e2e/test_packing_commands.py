"""A training on another machine by commands in processes of their own, and the examples of the documents as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import BUNDLED, ROOT, TEST_MODEL
from tlstudio import workflow
from tlstudio.cli.parser import parse
from tlstudio.cli.usage import need_sense

DOCS = ROOT / "docs"


def studio(folder: Path, *words: object, home: Path | None = None, status: int = 0) -> dict[str, Any]:
    """The last line of a command in a process of its own."""
    environment = {**os.environ, **({} if home is None else {"TLSTUDIO_HOME": str(home)})}
    done = subprocess.run(
        [sys.executable, "-m", "tlstudio", *map(str, words), "--json"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_there_and_back_by_commands(make_images: Callable[..., Path], tmp_path: Path) -> None:
    source, cluster = make_images(12), tmp_path / "cluster"
    cluster.mkdir()
    of_project = ("--project", "p")
    studio(tmp_path, "import", source, *of_project)
    chosen = ("--model", TEST_MODEL, "--mode", "quick", "--input-size", "32")
    told = studio(tmp_path, "pack", *of_project, "--out", "a.tlpack", "--with-weights", *chosen)
    assert (told["model"], told["size"], told["weights"], told["groups"]) == (TEST_MODEL, 32, True, 0)
    shutil.move(tmp_path / "a.tlpack", cluster)
    shutil.move(source, tmp_path / "locked-away")
    done = studio(cluster, "train", "--packed", "a.tlpack", "--out", "r.tlpack", "--seed", "7", "--resume")
    assert {p.name for p in cluster.iterdir()} == {"a.tlpack", "r.tlpack"}
    shutil.move(tmp_path / "locked-away", source)
    back = studio(tmp_path, "unpack", cluster / "r.tlpack", *of_project)
    assert (back["run"], back["already"]) == (done["run"], False)
    assert back["changed"] == {"labels": 0, "contents": 0, "gone": 0, "moved": 0}
    assert studio(tmp_path, "unpack", cluster / "r.tlpack", *of_project)["already"] is True
    assert studio(tmp_path, "runs", "log", *of_project)["elsewhere"]["machine"]["versions"]["tlstudio"]
    studio(tmp_path, "evaluate", *of_project)
    assert studio(tmp_path, "export", *of_project, "--out", "m.onnx")["certificate"]["passed"]
    report = studio(tmp_path, "report", *of_project, "--out", "r.html")
    assert "Trained on another machine" in Path(tmp_path / report["file"]).read_text(encoding="utf-8")
    data = (cluster / "r.tlpack").read_bytes()
    (cluster / "r.tlpack").write_bytes(data[: len(data) // 2])
    assert studio(tmp_path, "unpack", cluster / "r.tlpack", *of_project, status=1)["kind"] == "PackRefused"


def test_the_newest_interrupted_run_need_not_be_named(make_images: Callable[..., Path], tmp_path: Path) -> None:
    studio(tmp_path, "import", make_images(10), "--project", "p")
    assert studio(tmp_path, "train", "--project", "p", "--resume", status=1)["kind"] == "RunNotFound"


def test_the_commands_in_the_documents_are_commands() -> None:
    text = (DOCS / "cluster.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\s*(?:srun |-m )?tlstudio (.+)$", text, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["pack", "unpack", "train", "train"]
    for command in commands:
        need_sense(parse(command.split()))


def test_the_script_in_the_documents_runs(make_images: Callable[..., Path], tmp_path: Path) -> None:
    make_images(10)
    text = (DOCS / "scripting.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert BUNDLED in code
    (tmp_path / "script.py").write_text(code.replace(BUNDLED, TEST_MODEL), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = done.stdout.splitlines()
    assert re.fullmatch(r"accuracy \d+ % \(\d+ to \d+\) on \d+ test images", first)
    assert second == "model.onnx equal"


def test_every_name_of_the_workflow_is_there() -> None:
    text = (DOCS / "scripting.md").read_text(encoding="utf-8")
    for name in workflow._HOMES:
        assert getattr(workflow, name).__name__ == name
        assert name in dir(workflow)
        if name[0].islower():
            assert f"`{name}`" in text
