"""The proofs of `shortcuts`, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs.shortcuts import NOTHING, PLANTS, names, plant_into, surface, thing, told, write_set
from tlstudio.domain.findings import Severity

BY_TITLE = {plant.title: plant for plant in PLANTS}


@pytest.mark.parametrize(
    "title", ["a marker in a corner", "another compression", "another size", "a colour cast on grey pictures"]
)
def test_a_planted_shortcut_is_found(tmp_path: Path, title: str) -> None:
    plant = BY_TITLE[title]
    write_set(tmp_path / "set", surface, plant, 0)
    findings = told(tmp_path / "set", text=False)
    assert plant.detail in names(findings)
    assert all(f.severity is Severity.HIGH and f.advice for f in findings)


def test_text_that_goes_with_the_class_is_found(tmp_path: Path) -> None:
    write_set(tmp_path / "set", thing, BY_TITLE["text in the pictures"], 0)
    assert "text" in names(told(tmp_path / "set", text=True))


def test_bytes_that_follow_from_the_texture_are_none(tmp_path: Path) -> None:
    write_set(tmp_path / "set", surface, NOTHING, 0)
    sizes = {c: [f.stat().st_size for f in (tmp_path / "set" / c).iterdir()] for c in ("classa", "classb")}
    assert max(sizes["classa"]) < min(sizes["classb"]), "the size of the file alone names the class"
    assert told(tmp_path / "set", text=False) == []


@pytest.mark.shared
def test_real_images(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "ants_bees"
    assert not [f for f in told(source, text=False) if f.severity is Severity.HIGH]
    plant_into(source, tmp_path / "marked", BY_TITLE["a marker in a corner"], 0, 60)
    assert "place" in names(told(tmp_path / "marked", text=False))
