"""Some of each kind of attack; `python -m tests.bench.attack` tries all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hostile import Attack, attacks_of, attempt, one_of_each_kind
from tests.unit.training.test_building import Inside
from tlstudio.inference import vetting as models
from tlstudio.training import vetting

LEAST = {"bundles": 130, "weights": 90, "projects": 60, "sources": 80, "files": 2_000}


@pytest.mark.parametrize("topic", LEAST)
def test_there_are_as_many_as_promised(topic: str) -> None:
    assert len(attacks_of(topic)) >= LEAST[topic]
    if topic in ("bundles", "weights"):  # much else does no harm
        assert sum(not attack.may_pass for attack in attacks_of(topic)) >= LEAST[topic]


@pytest.mark.parametrize("attack", one_of_each_kind("projects"), ids=lambda attack: attack.name)
def test_a_project(attack: Attack, tmp_path: Path) -> None:
    assert attempt("projects", attack, tmp_path)[1] == ""


@pytest.mark.parametrize("attack", one_of_each_kind("bundles"), ids=lambda attack: attack.name)
def test_a_model_file(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "SECONDS", 3.0)
    assert attempt("bundles", attack, tmp_path)[1] == ""


@pytest.mark.parametrize("attack", one_of_each_kind("weights"), ids=lambda attack: attack.name)
def test_a_weights_folder(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if attack.kind != "arguments":  # that one takes a process which can be ended, and it takes seconds to start
        monkeypatch.setattr(vetting, "GUARD", Inside())
    assert attempt("weights", attack, tmp_path)[1] == ""


@pytest.mark.parametrize("attack", one_of_each_kind("sources"), ids=lambda attack: attack.name)
def test_a_source(attack: Attack, tmp_path: Path) -> None:
    assert attempt("sources", attack, tmp_path)[1] == ""


@pytest.mark.parametrize("attack", one_of_each_kind("files"), ids=lambda attack: attack.name)
def test_a_damaged_file(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # known to the decoding processes
    monkeypatch.setattr(vetting, "GUARD", Inside())
    assert attempt("files", attack, tmp_path)[1] == ""
