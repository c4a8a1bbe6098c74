"""Near-duplicates: found where they are, and nothing taken for one that is not."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from tests.unit.images.test_looks import saved, scene
from tlstudio.domain.errors import Cancelled, ImageRefused
from tlstudio.domain.events import SILENT
from tlstudio.images import alike, joining, landmarks
from tlstudio.images.agreeing import Agreement, agreement, likely, prepare
from tlstudio.images.alike import clusters, conflicts
from tlstudio.images.comparing import Comparison
from tlstudio.images.decode import load_rgb
from tlstudio.images.inspect import THUMBNAIL, shrink
from tlstudio.images.joining import LARGEST, Edge, Known
from tlstudio.images.landmarks import SHAPE, landmarks_of, unpacked
from tlstudio.images.looks import look
from tlstudio.images.samples.metal import MetalSample, write_metal

Change = Callable[[Image.Image], Image.Image]


def thumbnails(paths: Sequence[Path]) -> dict[Path, Image.Image]:
    """The small pictures of those files that can be read, as the program keeps them."""
    found = {}
    for path in paths:
        try:
            found[path] = Image.open(io.BytesIO(shrink(load_rgb(path, least=2 * THUMBNAIL), THUMBNAIL)))
        except ImageRefused:
            continue
    return found


def kept(pictures: Sequence[Image.Image]) -> np.ndarray:
    return np.stack([landmarks_of(p) for p in pictures])


def clusters_of(
    pictures: Sequence[Image.Image], labels: Sequence[str | None] = (), groups: Sequence[str | None] = ()
) -> list[int | None]:
    said = zip(labels or [None] * len(pictures), groups or [None] * len(pictures), strict=True)
    known = [Known(look(p), *each) for p, each in zip(pictures, said, strict=True)]
    return clusters(known, kept(pictures), pictures)


def agree(a: Image.Image, b: Image.Image) -> Agreement | None:
    (lying,) = likely(*([unpacked(landmarks_of(p))] for p in (a, b)))
    return None if lying is None else agreement(prepare(a), prepare(b), lying)


def pairs(paths: Sequence[Path], numbers: Sequence[int | None]) -> set[frozenset[Path]]:
    members: dict[int, list[Path]] = defaultdict(list)
    for path, number in zip(paths, numbers, strict=True):
        if number is not None:
            members[number].append(path)
    return {frozenset(pair) for same in members.values() for pair in combinations(same, 2)}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> MetalSample:
    return write_metal(tmp_path_factory.mktemp("metal") / "metal", SILENT)


def test_the_planted_near_duplicates_and_nothing_else(sample: MetalSample) -> None:
    """Forty parts, each photographed a dozen times: of one part that was stated, the same surface in another pose is no copy."""
    metal, planted = sample.sample.folder, sample.planted
    small = thumbnails(sorted(metal.glob("*/*")))
    paths = list(small)
    parts = [p.stem.split("_")[0] for p in paths]
    found = pairs(paths, clusters_of([small[p] for p in paths], [p.parent.name for p in paths], parts))
    near = {frozenset((metal / t.original, metal / t.copy)) for t in planted.near_duplicates}
    same = {
        frozenset((metal / t.original, metal / t.copy))
        for t in (*planted.exact_duplicates, *planted.conflicting_labels)
    }
    assert near
    # One of them is a copy under another part's name, in what looks like a series: there nothing is joined across groups.
    assert len(found & near) >= len(near) - 1
    # Beside these only photographs of one part that the camera hardly moved between.
    others = found - near - same
    assert len(others) <= 3
    assert all(len({path.stem.split("_")[0] for path in pair}) == 1 for pair in others)


@pytest.mark.shared
def test_radiographs_of_different_people_stay_apart(shared: Path) -> None:
    small = thumbnails(sorted((shared / "data" / "chest_xray").glob("*/*")))
    assert len(small) > 100
    assert clusters_of(list(small.values())) == [None] * len(small)


CHANGES: dict[str, Change] = {
    "smaller": lambda p: p.resize((100, 77)),
    "compressed": lambda p: saved(p, 40),
    "brighter": lambda p: p.point([min(255, round(v * 1.1 + 5)) for v in range(256)] * 3),
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "turned by 90°": lambda p: p.transpose(Image.Transpose.ROTATE_90),
    "turned by 180°": lambda p: p.transpose(Image.Transpose.ROTATE_180),
    "turned by 270°": lambda p: p.transpose(Image.Transpose.ROTATE_270),
    "in a black frame": lambda p: ImageOps.expand(p, 20, (0, 0, 0)),
    "in a blue frame": lambda p: ImageOps.expand(p, (8, 30), (20, 40, 200)),
    "cut by 15 % a side": lambda p: p.crop((31, 24, p.width - 31, p.height - 24)),
    "moved by 8 %": lambda p: p.transform(p.size, Image.Transform.AFFINE, (1, 0, 16, 0, 1, -12)),
    "turned by 5°": lambda p: p.rotate(5, Image.Resampling.BICUBIC),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_one_photograph_in_two_forms(change: Change) -> None:
    pictures = [scene(seed) for seed in range(10)]
    found = clusters_of([*pictures, *(saved(change(p), 70) for p in pictures)])
    assert all(found[i] == i == found[i + 10] for i in range(10)), "each with its own"


def test_blank_pages_are_not_one_photograph() -> None:
    shaded = Image.linear_gradient("L").resize((200, 200))
    blanks = [Image.new("RGB", (200, 200), (grey,) * 3) for grey in (250, 250, 252)]
    assert clusters_of([*blanks, shaded, shaded.copy()]) == [None] * 5
    assert agree(blanks[0], blanks[1]) is None


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 3), (4, 40), (40, 3)])
def test_pictures_of_a_few_pixels_are_looked_at(size: tuple[int, int]) -> None:
    """What is cut off with a frame may be more than there is."""
    tiny = Image.new("RGB", size, (255, 255, 255))
    tiny.putpixel((size[0] // 2, size[1] // 2), (0, 0, 0))
    assert landmarks_of(tiny).shape == SHAPE
    assert agree(tiny, tiny) is None


def test_the_same_shape_in_another_colour_is_another_picture() -> None:
    def lamp(colour: tuple[int, int, int]) -> Image.Image:
        picture = Image.new("RGB", (120, 120), (70, 70, 70))
        ImageDraw.Draw(picture).ellipse((20, 30, 90, 100), fill=colour)
        return picture

    assert clusters_of([lamp((200, 60, 60)), lamp((40, 139, 60))]) == [None, None]
    assert clusters_of([lamp((200, 60, 60)), lamp((201, 61, 58))]) == [0, 0]


@pytest.mark.parametrize("change", [ImageOps.mirror, lambda p: p.transpose(Image.Transpose.ROTATE_90)])
def test_colours_that_change_from_place_to_place_are_laid_on_each_other_as_well(change: Change) -> None:
    rng = np.random.default_rng(3)
    grain = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).resize(
        (320, 240), Image.Resampling.BICUBIC
    )
    told = agree(grain, saved(change(grain), 90))
    assert told is not None
    assert told.score > 0.95


def test_a_series_that_shares_its_arrangement_stays_apart() -> None:
    """Light and shade as in one place under one lamp, the surface each time another one."""
    rng = np.random.default_rng(0)

    def field(cells: tuple[int, int], strength: float) -> np.ndarray:
        noise = Image.fromarray(rng.normal(0, strength, cells).astype(np.float32))
        return np.asarray(noise.resize((200, 160), Image.Resampling.BICUBIC))

    ground = 128 + field((4, 5), 40)
    series = [Image.fromarray(np.clip(ground + field((40, 50), 9), 0, 255).astype(np.uint8)) for _ in range(30)]
    assert clusters_of(series) == [None] * 30
    assert clusters_of([*series, saved(series[7], 60)]) == [*[None] * 7, 7, *[None] * 22, 7]


def part(rng: np.random.Generator, scratch: bool, noise: float = 6) -> Image.Image:
    """One more photograph of the same part by the same camera."""
    base = np.asarray(scene(77, (160, 120)), np.float32)
    pixels = np.roll(base, tuple(rng.integers(-2, 3, 2)), (0, 1)) * rng.uniform(0.92, 1.08)
    pixels = pixels + rng.normal(0, noise, pixels.shape)
    if scratch:
        x, y = rng.integers(30, 100, 2)
        pixels[y : y + 3, x : x + 25] = 235
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def test_a_fixed_camera_over_one_kind_of_part_takes_no_copies() -> None:
    rng = np.random.default_rng(1)
    labels = ["good"] * 20 + ["scratch"] * 20
    found = clusters_of([part(rng, label == "scratch") for label in labels], labels)
    sizes = Counter(number for number in found if number is not None)
    assert sum(sizes.values()) <= 4
    assert max(sizes.values(), default=0) <= 2
    assert all(len({label for label, n in zip(labels, found, strict=True) if n == number}) == 1 for number in sizes)


def test_a_scratch_is_no_way_of_saving() -> None:
    rng = np.random.default_rng(2)
    good, bad = part(rng, False, 0), part(rng, True, 0)
    assert agree(good, saved(good, 60)) is not None
    assert agree(good, saved(good, 60)).resaved  # type: ignore[union-attr]
    told = agree(good, bad)
    assert told is None or not told.resaved
    assert clusters_of([good, bad], ["good", "scratch"]) == [None, None]


def test_nothing_is_joined_across_classes_or_groups_that_were_stated() -> None:
    a = scene(1)
    mirrored = ImageOps.mirror(a)
    assert clusters_of([a, mirrored], ["left", "left"]) == [0, 0]
    assert clusters_of([a, mirrored], ["left", None]) == [0, 0]
    assert clusters_of([a, mirrored], ["left", "right"]) == [None, None]
    assert clusters_of([a, mirrored], ["x", "x"], ["patient 1", "patient 2"]) == [None, None]
    assert clusters_of([a, mirrored], ["x", "x"], ["patient 1", None]) == [0, 0]
    assert clusters_of([a, mirrored], ["x", "x"], ["part 1", "part 1"]) == [None, None], (
        "other views are what a group is for"
    )
    assert clusters_of([a, saved(a, 60)], ["x", "x"], ["patient 1", "patient 2"]) == [0, 0], "one file under two names"
    # Nor by way of one of which nobody said anything.
    found = clusters_of([a, mirrored, saved(a, 50)], ["left", None, "right"])
    assert found[0] is None or found[0] != found[2] or agree(a, saved(a, 50)).resaved  # type: ignore[union-attr]


def test_a_picture_saved_again_under_another_class_is_a_contradiction() -> None:
    a = scene(1)
    pictures = [a, saved(a, 60), ImageOps.mirror(a)]
    known = [Known(label=label) for label in ("cat", "dog", "dog")]
    assert clusters_of(pictures[:2], ["cat", "dog"]) == [0, 0]
    assert conflicts(known, kept(pictures), pictures) == [(0, 1)]


def test_chains_are_one_cluster_and_its_first_picture_is_its_name() -> None:
    a, b = scene(1), scene(2)
    assert clusters_of([b, a, saved(a, 70), b.resize((100, 80)), saved(a, 50), scene(3)]) == [0, 1, 1, 0, 1, None]


def test_chains_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strip that moves on picture by picture."""
    monkeypatch.setattr(joining, "LARGEST", 5)
    monkeypatch.setattr(alike, "SERIES", 100)
    long = Image.new("RGB", (1000, 150))
    for n in range(5):
        long.paste(scene(40 + n, (200, 150)), (200 * n, 0))
    found = clusters_of([long.crop((12 * n, 0, 12 * n + 200, 150)) for n in range(20)])
    sizes = Counter(number for number in found if number is not None)
    assert max(sizes.values()) == 5
    assert LARGEST == 30


def test_what_was_compared_before_is_not_compared_again() -> None:
    a = scene(1)
    pictures = [a, a.copy(), saved(a, 60), scene(2)]
    asked: list[int] = []

    class Small(list[Image.Image]):
        def __getitem__(self, i: int) -> Image.Image:  # type: ignore[override]
            asked.append(i)
            return super().__getitem__(i)

    small = Small(pictures)

    def known(*numbers: int | None) -> list[Known]:
        return [Known(look(p), cluster=n) for p, n in zip(pictures, numbers, strict=True)]

    assert clusters(known(-1, -1, -1, -1), kept(pictures), small) == [None] * 4
    assert asked == []
    assert clusters(known(7, 7, None, None), kept(pictures), small) == [0, 0, 0, None]
    assert 2 in asked


def test_pictures_that_are_not_to_be_had() -> None:
    a = scene(1)
    nothing = np.zeros((4, *landmarks.SHAPE), np.int8)
    known = [Known(look(a)), Known(look(a)), Known(), Known()]
    assert clusters(known, nothing, [a, None, a, a]) == [None] * 4


def test_it_can_be_cancelled() -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    a = scene(1)
    with pytest.raises(Cancelled):
        clusters([Known(look(a))] * 2, kept([a, a]), [a, a], step=stop)


# --- who is joined, once it is known which pictures agree ------------------------------------------------------------------


def joined(known: Sequence[Known], edges: Sequence[Edge]) -> list[int | None]:
    nothing = Comparison(known, np.zeros((len(known), *SHAPE), np.int8), [None] * len(known))
    pairs = [(edge.first, edge.second) for edge in edges]
    return alike._firsts(alike._settled(known, edges, pairs, nothing).all())


def each_with_each(n: int, differ: float = 0.1, *, but: dict[tuple[int, int], Agreement] | None = None) -> list[Edge]:
    """n pictures in one view, each two of which differ by so much."""
    usual = Agreement(1 - differ, 0.1, False)
    return [Edge(i, j, (but or {}).get((i, j), usual)) for i, j in combinations(range(n), 2)]


@pytest.mark.parametrize(("n", "series"), [(10, False), (11, True)])
def test_more_than_ten_in_one_view_are_a_series(n: int, series: bool) -> None:
    assert joined([Known()] * n, each_with_each(n)) == [None if series else 0] * n


@pytest.mark.parametrize(("differ", "one_shot"), [(0.034, True), (0.036, False)])
def test_two_of_a_series_that_differ_much_less_than_the_others_are_one_shot(differ: float, one_shot: bool) -> None:
    """By 35 % of what usually differs, a tenth, at most."""
    edges = each_with_each(11, but={(3, 7): Agreement(1 - differ, 0.1, False)})
    expected: list[int | None] = [None] * 11
    if one_shot:
        expected[3] = expected[7] = 3
    assert joined([Known()] * 11, edges) == expected


@pytest.mark.parametrize(("n", "accused"), [(4, True), (5, False)])
def test_of_more_than_four_in_one_view_none_is_accused_of_two_classes(n: int, accused: bool) -> None:
    known = [Known(label="cat"), *[Known(label="dog")] * (n - 1)]
    edges = [edge for edge in each_with_each(n, but={(0, 1): Agreement(0.99, 0.0, True)}) if edge.first == 0]
    assert joined(known, edges) == [0 if accused and i < 2 else None for i in range(n)]


@pytest.mark.parametrize(("moved", "copy"), [(0.04, True), (0.06, False)])
def test_of_one_part_only_what_was_not_moved_is_a_copy(moved: float, copy: bool) -> None:
    assert joined([Known(group="part 1")] * 2, [Edge(0, 1, Agreement(0.99, moved, False))]) == [0 if copy else None] * 2


def test_only_what_agrees_in_one_view_is_a_series() -> None:
    """A camera that stands still moves a picture by up to 15 % of it; these were moved further."""
    usual = Agreement(0.9, 0.16, False)
    assert joined([Known()] * 11, [Edge(i, j, usual) for i, j in combinations(range(11), 2)]) == [0] * 11


@pytest.mark.parametrize(("before", "series"), [(9, False), (10, True)])
def test_what_was_joined_before_counts_in_a_series(before: int, series: bool) -> None:
    """A new picture agrees in one view with one of those that were joined at an earlier import."""
    known = [*[Known(cluster=5)] * before, Known()]
    assert joined(known, [Edge(0, before, Agreement(0.9, 0.1, False))]) == [*[0] * before, None if series else 0]
