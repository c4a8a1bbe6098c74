"""What every command says last with --json, against the keys that resources/results.json promises."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEST_MODEL
from tlstudio.cli import run
from tlstudio.cli.parser import COMMANDS
from tlstudio.storage.places import resources_dir
from tlstudio.workflow import browsing, labeling

Schema = dict[str, Any]
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,), "object": (dict,),
    "null": (type(None),),
}  # fmt: skip
UNTRIED = ("demo", "models add", "models download")  # minutes, and what is not on every machine


@pytest.fixture(scope="module")
def promised() -> Schema:
    found: Schema = json.loads((resources_dir() / "results.json").read_text(encoding="utf-8"))["$defs"]
    return found


def faults(value: Any, schema: Schema, promised: Schema) -> list[str]:
    """What of the schema's words that are used there does not hold."""
    if "$ref" in schema:
        return faults(value, promised[schema["$ref"].rsplit("/", 1)[1]], promised)
    if "anyOf" in schema:
        return (
            []
            if any(not faults(value, each, promised) for each in schema["anyOf"])
            else [f"{value!r:.60} is none of them"]
        )
    if "const" in schema:
        return [] if value == schema["const"] else [f"{value!r:.60}"]
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    right = any(isinstance(value, KINDS[k]) and (k == "boolean" or not isinstance(value, bool)) for k in kinds)
    if not right:
        return [f"{value!r:.60} is no {' or '.join(kinds)}"]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    missing = [f"{key} is missing" for key in schema["required"] if key not in value]
    strange = [f"{key} is not promised" for key in value if key not in schema["properties"]]
    inside = [
        f"{key}: {fault}"
        for key, each in value.items()
        if key in schema["properties"]
        for fault in faults(each, schema["properties"][key], promised)
    ]
    return missing + strange + inside


def test_every_command_is_there(promised: Schema) -> None:
    assert {name.split()[0] for name in promised["commands"]} == set(COMMANDS) - {"gui"}


def test_every_result_has_the_keys_that_are_promised(
    promised: Schema, make_images: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = set(UNTRIED)

    def result(name: str, *arguments: object) -> dict[str, Any]:
        said = [*name.split(), *map(str, arguments), "--json"]
        assert run(said, lambda project: 99) == 0, name
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert faults(found, promised["commands"][name], promised) == [], name
        tried.add(name)
        return found

    source, project, out = make_images(12), tmp_path / "p", tmp_path / "m.onnx"
    of_project = ("--project", project)
    result("doctor")
    result("models list")
    result("models layers", TEST_MODEL)
    result("import", source, *of_project)
    result("find-images", source, *of_project)
    result("check", *of_project, "--quick")
    made = result("train", *of_project, "--mode", "quick", "--model", TEST_MODEL, "--input-size", "32")["run"]
    result("train --find-rate", *of_project, "--model", TEST_MODEL, "--input-size", "32")
    result("models recommend", *of_project, "--time-limit", "60")
    away = result("pack", *of_project, "--out", tmp_path / "p.tlpack", "--model", TEST_MODEL, "--mode", "quick")["file"]
    back = result("train --packed", away)["file"]
    result("unpack", back, *of_project)
    result("runs list", *of_project)
    result("runs compare", *of_project, made, made)
    result("runs log", *of_project)
    result("evaluate", *of_project)
    result("evaluate", *of_project, "--folds", "3")
    result("evaluate", *of_project, "--sensitivity", "red=0.9")
    image = browsing.images(project)[0].path
    result("explain", *of_project, image, "--out", tmp_path / "maps")
    result("export", *of_project, "--out", out)
    result("report", *of_project, "--out", tmp_path / "r.html")
    result("predict", out, source, "--recursive", "--csv", tmp_path / "table.csv")
    labeling.set_label(project, [row.id for row in browsing.images(project)][::2], None)
    result("labels suggest", *of_project)
    result("labels accept", *of_project, "--at-least", "0")
    table = result("labels export", *of_project, "--out", tmp_path / "labels.csv")["file"]
    result("labels compare", *of_project, "--with", table)
    result("backups list", *of_project)
    result("backups restore", *of_project)
    assert tried == set(promised["commands"])


def test_a_key_too_many_or_too_few_is_seen(promised: Schema) -> None:
    schema = promised["commands"]["models add"]
    assert faults({"event": "result", "model": "a"}, schema, promised) == []
    assert faults({"event": "result"}, schema, promised) == ["model is missing"]
    assert faults({"event": "result", "model": "a", "more": 1}, schema, promised) == ["more is not promised"]
    assert faults({"event": "result", "model": True}, schema, promised) != []
