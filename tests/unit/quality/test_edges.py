"""A place near the edge that gives a class away, and what is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.quality.conftest import images_of
from tlstudio.domain.findings import Severity
from tlstudio.domain.values import ImageRow
from tlstudio.quality.edges import EDGE, GRID, WIDTH, edge_cells, same_places
from tlstudio.quality.evidence import Evidence

Cells = npt.NDArray[np.uint8]
EACH = 20
CORNER = 0  # the cell at the top left


def rows(*labels: str | None, each: int = EACH) -> list[ImageRow]:
    return [row for k, label in enumerate(labels) for row in images_of(label, each, 100 * k)]


def looks(images: Sequence[ImageRow]) -> dict[str, Cells]:
    """Every cell of every picture another colour."""
    rng = np.random.default_rng(0)
    return {image.content: rng.integers(0, 256, WIDTH).astype(np.uint8) for image in images}


def mark(edges: dict[str, Cells], images: Sequence[ImageRow], cell: int = CORNER, colour: int = 200) -> None:
    for image in images:
        edges[image.content][3 * cell : 3 * cell + 3] = colour


def of(images: Sequence[ImageRow], label: str) -> list[ImageRow]:
    return [image for image in images if image.label == label]


def test_a_corner_that_is_the_same_in_one_class() -> None:
    images = rows("cat", "dog")
    edges = looks(images)
    mark(edges, of(images, "cat"))
    finding = same_places(Evidence(images, edges=edges))
    assert finding is not None
    assert (finding.kind, finding.detail, finding.severity) == ("shortcut", "place", Severity.HIGH)
    assert finding.title == "At the top left, 100 % of “cat” look the same, and 0 % of “dog”"
    assert set(finding.files) == {str(image.path) for image in of(images, "cat")}
    assert finding.notes == ("at the top left",) * EACH
    assert finding.advice and finding.page == "images"


@pytest.mark.parametrize(
    ("row", "column", "where"),
    [
        (0, 7, "top left"), (0, 8, "top"), (0, 15, "top"), (0, 16, "top right"), (7, 0, "top left"), (8, 0, "left"),
        (12, 23, "right"), (15, 1, "left"), (16, 1, "bottom left"), (23, 12, "bottom"), (23, 23, "bottom right"),
    ],
)  # fmt: skip
def test_places_have_names(row: int, column: int, where: str) -> None:
    images = rows("cat", "dog")
    edges = looks(images)
    cells = [tuple(place) for place in np.argwhere(EDGE)]
    mark(edges, of(images, "cat"), cells.index((row, column)))
    finding = same_places(Evidence(images, edges=edges))
    assert finding is not None
    assert finding.title.startswith(f"At the {where},")


@pytest.mark.parametrize(("within", "outside", "told"), [(18, 2, True), (17, 2, False), (18, 3, False)])
def test_nearly_all_and_hardly_any(within: int, outside: int, told: bool) -> None:
    images = rows("cat", "dog")
    edges = looks(images)
    edges |= {
        image.content: np.where(np.arange(WIDTH) < 3, 0, edges[image.content]).astype(np.uint8) for image in images
    }
    mark(edges, [*of(images, "cat")[:within], *of(images, "dog")[:outside]])
    dogs = of(images, "dog")[outside:]
    for k, image in enumerate(dogs):  # all others differ, from each other too
        mark(edges, [image], colour=9 * k)
    for k, image in enumerate(of(images, "cat")[within:]):
        mark(edges, [image], colour=17 * k)
    assert (same_places(Evidence(images, edges=edges)) is not None) is told


@pytest.mark.parametrize(("levels", "told"), [(16, True), (17, False)])
def test_how_far_the_same_may_differ(levels: int, told: bool) -> None:
    images = rows("cat", "dog")
    edges = looks(images)
    mark(edges, of(images, "cat"), colour=100)
    mark(edges, of(images, "dog"), colour=200)
    for image in of(images, "cat")[:4]:
        edges[image.content][1] = 100 + levels
    for k, image in enumerate(of(images, "dog")):
        edges[image.content][0] = 13 * k
    assert (same_places(Evidence(images, edges=edges)) is not None) is told


def test_small_classes_say_nothing() -> None:
    for each, told in ((20, True), (19, False)):
        images = rows("cat", "dog", each=each)
        edges = looks(images)
        mark(edges, of(images, "cat"))
        assert (same_places(Evidence(images, edges=edges)) is not None) is told
    images = rows("cat", "dog", each=40)
    edges = looks(images)
    mark(edges, of(images, "cat"))
    pairs = [replace(image, group=f"g{i // 2}") for i, image in enumerate(images)]
    assert same_places(Evidence(pairs, edges=edges)) is not None
    threes = [replace(image, group=f"g{i // 3}") for i, image in enumerate(images)]
    assert same_places(Evidence(threes, edges=edges)) is None, "14 groups of a class are too few"


def test_images_of_one_group_count_once() -> None:
    """Twelve of the cats lack the mark, all of them of one owner."""
    images = rows("cat", "dog", each=40)
    edges = looks(images)
    cats = of(images, "cat")
    mark(edges, cats)
    grouped = [replace(image, group="one") if image in cats[:12] else image for image in images]
    for k, image in enumerate(cats[:12]):
        mark(edges, [image], colour=13 * k)
    assert same_places(Evidence(images, edges=edges)) is None
    assert same_places(Evidence(grouped, edges=edges)) is not None


def test_what_all_classes_have_or_some_have_half_the_time_is_none() -> None:
    images = rows("cat", "dog", "emu")
    edges = looks(images)
    mark(edges, images)
    assert same_places(Evidence(images, edges=edges)) is None
    two = looks(images)
    mark(two, [*of(images, "cat"), *of(images, "dog")])
    finding = same_places(Evidence(images, edges=two))
    assert finding is not None, "each class has it or lacks it"
    assert "0 % of “emu”" in finding.title
    mark(two, of(images, "emu")[:10])
    assert same_places(Evidence(images, edges=two)) is None


def test_a_class_that_looks_the_same_all_over_is_not_given_away_by_its_edge() -> None:
    images = rows("cat", "dog")
    edges = looks(images)
    for image in of(images, "cat"):
        edges[image.content][:] = 120
    assert same_places(Evidence(images, edges=edges)) is None


def test_nothing_to_compare() -> None:
    images = rows("cat", None)
    edges = looks(images)
    mark(edges, images[:EACH])
    assert same_places(Evidence(images, edges=edges)) is None
    assert same_places(Evidence(rows("cat", "dog"))) is None
    assert same_places(Evidence([])) is None


@pytest.mark.parametrize(("height", "width"), [(48, 96), (96, 48), (48, 48), (200, 131)])
def test_cells_are_mean_colours_from_the_top_left_and_the_middle_last(height: int, width: int) -> None:
    edge = min(height, width)
    cell = edge / GRID
    picture = np.full((height, width, 3), 50, np.uint8)
    picture[: round(cell), : round(cell)] = (90, 60, 30)
    picture[height - round(cell) :, width - round(cell) :] = 200
    cells = edge_cells(picture).reshape(-1, 3).astype(int)
    assert edge_cells(picture).shape == (WIDTH,)
    assert edge_cells(picture).dtype == np.uint8
    tolerance = 0 if edge % GRID == 0 else 30
    assert np.abs(cells[0] - (90, 60, 30)).max() <= tolerance, "a corner's cell is a square of the shorter edge"
    assert np.abs(cells[-2] - 200).max() <= 2 * tolerance
    assert (cells[2:-3] == 50).all() and (cells[-1] == 50).all()
    picture[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 255
    assert edge_cells(picture)[-1] > 50
