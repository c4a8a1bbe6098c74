"""Nothing is cut off, lies over something else or is out of reach, in any page and state of the tour, in both sizes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtTest import QTest

from tests.gui import layout, tour
from tests.gui.tour import Tour
from tlstudio.gui import theme


@pytest.fixture(scope="module")
def way(studio, tmp_path_factory: pytest.TempPathFactory) -> Tour:
    data = tmp_path_factory.mktemp("strain")
    source = tour.images(data / tour.PROJECT)
    more = tour.images(data / "More images of the same parts, photographed by the night shift with the other camera", 6)
    return Tour(studio, tour.project_of(studio, source), more)


def photograph(way: Tour, folder: Path, name: str) -> None:
    """For whoever wants to look at the stops: in both schemes."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("dark", "light"):
        theme.apply(way.studio.application, scheme)
        QTest.qWait(50)
        way.window.grab().save(str(folder / f"{name}-{scheme}.png"))


@pytest.mark.parametrize("size", [(1280, 720), (880, 600)], ids=lambda size: f"{size[0]} x {size[1]}")
def test_every_word_is_whole_or_can_be_had(way: Tour, size: tuple[int, int]) -> None:
    way.window.resize(*size)
    found: dict[str, list[layout.Fault]] = {}

    def look(stop: str) -> None:
        faults = layout.faults(way.window)
        if faults:
            found[stop] = faults
        photos = os.environ.get("TLSTUDIO_PHOTOS")
        if photos:
            photograph(way, Path(photos), f"{stop}-{size[0]}")

    way.walk(look)
    told = "\n".join(f"{stop}\n  " + "\n  ".join(map(str, faults)) for stop, faults in found.items())
    print(told, file=sys.stderr)
    assert not found, f"\n{told}"
