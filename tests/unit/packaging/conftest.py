"""Modules of packaging/, which is a folder of scripts and never a package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"
MODULES = ("bootstrap", "installing", "checking", "qt_libraries", "damaged")


@pytest.fixture
def load(monkeypatch):
    """Imports a module of packaging/ for the time of one test."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(PACKAGING))

    def by_name(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield by_name
    for name in MODULES:
        sys.modules.pop(name, None)
