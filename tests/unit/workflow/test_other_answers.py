"""Other people's answers that come in with an import."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tlstudio.domain.importing import ImportRequest
from tlstudio.storage import annotators
from tlstudio.storage.project import Project
from tlstudio.workflow import agreement
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.previewing import preview_import


def export(source: Path, said: dict[str, dict[int, str]]) -> Path:
    tasks = []
    for number, (name, answers) in enumerate(said.items(), start=1):
        annotations = [
            {"completed_by": who, "result": [{"from_name": "kind", "value": {"choices": [choice]}}]}
            for who, choice in answers.items()
        ]
        tasks.append({"id": number, "data": {"image": name}, "annotations": annotations})
    (source / "export.json").write_text(json.dumps(tasks))
    return source / "export.json"


def test_they_are_kept_to_be_compared_with(make_images: Callable[..., Path], tmp_path: Path) -> None:
    source = make_images(6, classes=("red", "blue"))
    said = {f"{name}/{name}_{i:03d}.png": {1: name, 2: name} for name in ("red", "blue") for i in range(6)}
    said["red/red_000.png"][2] = "blue"
    said["red/red_001.png"][2] = "a class of nobody"
    said["red/red_002.png"] = {1: "red"}
    source = export(source, said)
    assert "annotator 1 count" in preview_import(source).by_name
    result = import_images(ImportRequest(source, tmp_path / "project", group_from="none"))
    assert result.classes == {"blue": 6, "red": 6}
    assert any("They disagree on 2 images" in warning for warning in result.warnings)
    assert any("“a class of nobody”" in warning for warning in result.warnings)
    found = agreement.compare(tmp_path / "project")
    assert found.annotator == "annotator 2"
    assert (found.n, [(d.mine, d.theirs) for d in found.disagreements]) == (10, [("red", "blue")])


def test_a_second_import_keeps_what_they_said_before(make_images: Callable[..., Path], tmp_path: Path) -> None:
    source = make_images(3, classes=("red", "blue"))
    both = {f"{name}/{name}_{i:03d}.png": {1: name, 2: name} for name in ("red", "blue") for i in range(3)}
    some = dict(list(both.items())[:4])
    import_images(ImportRequest(export(source, some), tmp_path / "project", group_from="none"))
    import_images(ImportRequest(export(source, both), tmp_path / "project", group_from="none"))
    assert len(annotators.labels_of(Project(tmp_path / "project"), "annotator 2")) == 6


def test_one_person_leaves_nothing_beside_the_labels(make_images: Callable[..., Path], tmp_path: Path) -> None:
    source = make_images(3, classes=("red", "blue"))
    said = {f"{name}/{name}_{i:03d}.png": {1: name} for name in ("red", "blue") for i in range(3)}
    result = import_images(ImportRequest(export(source, said), tmp_path / "project", group_from="none"))
    assert annotators.annotators(Project(tmp_path / "project")) == []
    assert not any("answer" in warning for warning in result.warnings)
