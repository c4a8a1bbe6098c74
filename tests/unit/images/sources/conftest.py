"""Helpers for sources: folders of empty files, and scans of what they hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tlstudio.images.scan import Scan, Wishes
from tlstudio.images.sources.registry import recognise
from tlstudio.images.sources.tree import Presence


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Makes empty files, `tree("cat/1.png", "dog/2.jpg")`, and returns the folder above them."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "source"

    return make


@pytest.fixture(params=["one by one", "folder by folder"])
def however_asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a list are asked for one by one, and where many lie in a folder, by a look through that folder."""
    if request.param == "folder by folder":
        monkeypatch.setattr(Presence, "OFTEN", 1)


def scan(path: Path, key: str = "", /, **columns: str) -> Scan:
    return recognise(path, key).scan(Wishes(columns))


def told(found: Scan) -> dict[str, str]:
    """{file name: why it was refused}."""
    return {Path(r.path).name: r.reason for r in found.refused}
