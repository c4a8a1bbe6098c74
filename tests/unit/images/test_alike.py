"""Near-duplicates: found where they are, and nothing taken for one that is not."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.unit.images.test_looks import saved, scene
from tlstudio.domain.errors import Cancelled, ImageRefused
from tlstudio.domain.events import SILENT
from tlstudio.images.alike import AGREEMENT, agreement, clusters, prepare
from tlstudio.images.decode import load_rgb
from tlstudio.images.inspect import THUMBNAIL, shrink
from tlstudio.images.looks import look, similar
from tlstudio.images.samples.metal import write_metal


def thumbnails(paths: Sequence[Path]) -> dict[Path, Image.Image]:
    """The small pictures of those files that can be read, as the program keeps them."""
    found = {}
    for path in paths:
        try:
            found[path] = Image.open(io.BytesIO(shrink(load_rgb(path, least=2 * THUMBNAIL), THUMBNAIL)))
        except ImageRefused:
            continue
    return found


def clusters_of(pictures: Sequence[Image.Image]) -> list[int | None]:
    return clusters([look(p) for p in pictures], lambda i: pictures[i])


def pairs(paths: Sequence[Path], numbers: Sequence[int | None]) -> set[frozenset[Path]]:
    members: dict[int, list[Path]] = defaultdict(list)
    for path, number in zip(paths, numbers, strict=True):
        if number is not None:
            members[number].append(path)
    return {frozenset(pair) for same in members.values() for pair in combinations(same, 2)}


@pytest.fixture(scope="module")
def metal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_metal(tmp_path_factory.mktemp("metal") / "metal", SILENT).sample.folder


def test_the_planted_near_duplicates_and_nothing_else(metal: Path) -> None:
    """Forty parts, each photographed a dozen times: the same surface in another pose is no near-duplicate."""
    planted = write_metal(metal, SILENT).planted
    small = thumbnails(sorted(metal.glob("*/*")))
    paths = list(small)
    found = pairs(paths, clusters_of([small[p] for p in paths]))
    near = {frozenset((metal / t.original, metal / t.copy)) for t in planted.near_duplicates}
    same = {
        frozenset((metal / t.original, metal / t.copy))
        for t in (*planted.exact_duplicates, *planted.conflicting_labels)
    }
    assert near
    assert len(found & near) >= 0.9 * len(near)
    assert len(found & (near | same)) >= 0.95 * len(found)


@pytest.mark.shared
def test_radiographs_of_different_people_stay_apart(shared: Path) -> None:
    small = thumbnails(sorted((shared / "data" / "chest_xray").glob("*/*")))
    assert len(small) > 100
    assert clusters_of(list(small.values())) == [None] * len(small)


@pytest.mark.shared
def test_textures_of_different_tiles_stay_apart(shared: Path) -> None:
    """The numbers in these names run with time, and a tile was photographed several times in a row under other light."""
    small = thumbnails(sorted((shared / "data" / "magnetic_tile").glob("*/*")))
    paths = list(small)
    found = pairs(paths, clusters_of([small[p] for p in paths]))
    apart = [abs(int(a.stem.split("_")[-1]) - int(b.stem.split("_")[-1])) for a, b in map(tuple, found)]
    assert found
    assert max(apart) < 3000, "of 360,000"


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.resize((100, 77)),
        lambda p: saved(p, 40),
        lambda p: p.point([min(255, round(v * 1.1 + 5)) for v in range(256)] * 3),
        lambda p: p.crop((5, 4, p.width - 4, p.height - 5)),
        lambda p: p.transform(p.size, Image.Transform.AFFINE, (1, 0, 3, 0, 1, -2)),
    ],
    ids=["smaller", "compressed", "brighter", "cut", "shifted"],
)
def test_one_photograph_in_two_forms(change: Callable[[Image.Image], Image.Image]) -> None:
    pictures = [scene(seed) for seed in range(10)]
    assert all(agreement(prepare(p), prepare(change(p))) >= AGREEMENT for p in pictures)


def test_blank_pages_are_not_one_photograph() -> None:
    shaded = Image.linear_gradient("L").resize((200, 200))
    blanks = [Image.new("RGB", (200, 200), (grey,) * 3) for grey in (250, 250, 252)]
    assert clusters_of([*blanks, shaded, shaded.copy()]) == [None] * 5
    assert agreement(prepare(blanks[0]), prepare(blanks[1])) == 0.0


def test_the_same_shape_in_another_colour_is_another_picture() -> None:
    def lamp(colour: tuple[int, int, int]) -> Image.Image:
        picture = Image.new("RGB", (120, 120), (70, 70, 70))
        ImageDraw.Draw(picture).ellipse((20, 30, 90, 100), fill=colour)
        return picture

    assert clusters_of([lamp((200, 60, 60)), lamp((40, 139, 60))]) == [None, None]
    assert clusters_of([lamp((200, 60, 60)), lamp((201, 61, 58))]) == [0, 0]


def test_a_series_that_shares_its_arrangement_stays_apart() -> None:
    """Light and shade as in one place under one lamp, the surface each time another one."""
    rng = np.random.default_rng(0)

    def field(cells: tuple[int, int], strength: float) -> np.ndarray:
        noise = Image.fromarray(rng.normal(0, strength, cells).astype(np.float32))
        return np.asarray(noise.resize((200, 160), Image.Resampling.BICUBIC))

    ground = 128 + field((4, 5), 40)
    series = [Image.fromarray(np.clip(ground + field((40, 50), 9), 0, 255).astype(np.uint8)) for _ in range(30)]
    assert len(similar([look(p) for p in series])) > 100, "hashes alone take them for one"
    assert clusters_of(series) == [None] * 30
    assert clusters_of([*series, saved(series[7], 60)]) == [*[None] * 7, 7, *[None] * 22, 7]


def test_chains_are_one_cluster_and_its_first_picture_is_its_name() -> None:
    a, b = scene(1), scene(2)
    assert clusters_of([b, a, saved(a, 70), b.resize((100, 80)), saved(a, 50), scene(3)]) == [0, 1, 1, 0, 1, None]


def test_what_was_compared_before_is_not_compared_again() -> None:
    a = scene(1)
    pictures = [a, a.copy(), saved(a, 60), scene(2)]
    hashes = [look(p) for p in pictures]
    asked: list[int] = []

    def small(i: int) -> Image.Image:
        asked.append(i)
        return pictures[i]

    assert clusters(hashes, small, together=[-1, -1, -1, -1]) == [None] * 4
    assert asked == []
    assert clusters(hashes, small, together=[7, 7, None, None]) == [0, 0, 0, None]
    assert sorted(set(asked)) in ([0, 2], [1, 2]), "one of the two that are known to be alike is enough"


def test_pictures_that_are_not_to_be_had() -> None:
    a = scene(1)
    assert clusters([look(a), look(a), None, ""], lambda i: None if i == 1 else a) == [None] * 4


def test_it_can_be_cancelled() -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    a = scene(1)
    with pytest.raises(Cancelled):
        clusters([look(a)] * 2, lambda i: a, step=stop)
