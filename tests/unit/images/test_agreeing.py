"""Whether two pictures are one shot: how much may differ, where, and how far one may lie from the other."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.unit.images.test_looks import saved, scene
from tlstudio.images import agreeing, poses
from tlstudio.images.agreeing import (
    AGREEMENT,
    AGREEMENT_OF_FEW,
    COLOUR,
    FLOOR,
    LEAST_DETAIL,
    ONE_VIEW,
    PROMISING_OF_FEW,
    ROUGH,
    STRANGE,
    Agreement,
    Likely,
    agreement,
    likely,
    prepare,
)
from tlstudio.images.landmarks import landmarks_of, unpacked

AS_IT_IS = Likely(None, 0)
EDGE = 112  # of squares, which are looked at as they are


def noise(seed: int, shape: tuple[int, int] = (EDGE, EDGE), strength: float = 40) -> np.ndarray:
    """Detail that blurs neither take away nor leave alone."""
    cells = np.random.default_rng(seed).normal(0, strength, (shape[0] // 3, shape[1] // 3)).astype(np.float32)
    return np.asarray(Image.fromarray(cells).resize(shape[::-1], Image.Resampling.BICUBIC))


def grey(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8)).convert("RGB")


def told(a: np.ndarray, b: np.ndarray, lying: Likely = AS_IT_IS, **more: float) -> Agreement | None:
    return agreement(prepare(grey(a)), prepare(grey(b)), lying, **more)


def test_one_picture_agrees_with_itself() -> None:
    picture = 128 + noise(0)
    found = told(picture, picture)
    assert found is not None and found.resaved and found.one_view
    assert found.score == pytest.approx(1.0, abs=1e-3) and found.moved < 0.002


def test_so_much_of_the_detail_must_agree() -> None:
    """Strange detail everywhere: the correlation is one over the root of 1 + share²."""
    picture, other = noise(1), noise(2)
    for share, agrees in ((0.35, True), (1.0, False)):
        found = told(128 + picture, 128 + picture + share * other)
        assert (found is not None) is agrees
        if found is not None:
            assert found.score == pytest.approx(1 / np.sqrt(1 + share**2), abs=0.02)
            assert not found.resaved
    few = Likely(None, 0, few=True)
    assert told(128 + picture, 128 + picture + 0.25 * other, few) is not None
    assert told(128 + picture, 128 + picture + 0.45 * other, few) is None, "where there is little, more must agree"
    assert (AGREEMENT, AGREEMENT_OF_FEW, PROMISING_OF_FEW, STRANGE) == (0.85, 0.94, 0.95, 1.2)


def test_blank_pictures_agree_with_nothing() -> None:
    assert LEAST_DETAIL == 0.5
    for strength, judged in ((3, True), (0.2, False)):
        faint = 128 + noise(3, strength=strength)
        assert (prepare(grey(faint)).contrast >= LEAST_DETAIL) is judged
        assert judged or told(faint, faint) is None
    assert told(128 + noise(3), np.full((EDGE, EDGE), 128.0)) is None
    assert prepare(grey(np.full((9, 9), 100.0))).contrast < 1e-4


@pytest.mark.parametrize(("shade", "agrees"), [(30, True), (38, False)])
def test_another_colour_is_another_picture(shade: int, agrees: bool) -> None:
    picture = np.repeat(128 + noise(4, strength=10)[..., None], 3, axis=2)
    tinted = picture + np.array([shade, -shade * 0.299 / 0.587, 0])  # as light as before
    images = (Image.fromarray(np.clip(p, 0, 255).astype(np.uint8)) for p in (picture, tinted))
    assert (agreement(*map(prepare, images), AS_IT_IS) is not None) is agrees
    assert COLOUR == 12.0


def test_light_is_no_difference_and_one_strange_place_is() -> None:
    picture = 128 + noise(5, strength=25)
    lighter = told(picture, 1.3 * picture - 40)
    assert lighter is not None and lighter.score > 0.995 and lighter.resaved
    marked = picture.copy()
    marked[30:42, 40:56] += np.where(np.indices((12, 16)).sum(axis=0) // 4 % 2, 70, -70)
    assert told(picture, marked) is None


def test_what_saving_does_and_what_a_scratch_does() -> None:
    picture = scene(3, (160, 120))
    compressed = agreement(prepare(picture), prepare(saved(picture, 60)), AS_IT_IS)
    assert compressed is not None and compressed.resaved
    scratched = np.asarray(picture, np.float32).copy()
    scratched[60:62, 40:70] += 25
    found = agreement(prepare(picture), prepare(Image.fromarray(scratched.clip(0, 255).astype(np.uint8))), AS_IT_IS)
    assert found is None or not found.resaved


@pytest.mark.parametrize("length", [4, 6, 16, 40])
def test_detail_is_what_is_neither_noise_nor_shade(length: int) -> None:
    """Of a wave it is what a blur of one pixel leaves without what a blur of four leaves, each by its Gaussian."""
    turn = 2 * np.pi / length
    wave = np.broadcast_to(np.sin(turn * np.arange(160)), (160, 160)).astype(np.float32)
    left = np.exp(-((1.0 * turn) ** 2) / 2) - np.exp(-((4.0 * turn) ** 2) / 2)
    assert agreeing.detail(wave)[40:-40, 40:-40] == pytest.approx(left * wave[40:-40, 40:-40], abs=0.02)


PLACE = np.s_[56:70, 42:56]  # one of the cells


def detail_in(picture: np.ndarray) -> float:
    """How much detail is in the place, as the root of its mean square, in grey levels."""
    return float(np.sqrt((agreeing.detail(picture.astype(np.float32))[PLACE].astype(np.float64) ** 2).mean()))


def marked(picture: np.ndarray, levels: float) -> np.ndarray:
    """With so many grey levels of other detail in the place."""
    mark = np.zeros(picture.shape)
    mark[PLACE] = noise(8)[PLACE]
    return picture + levels / detail_in(mark) * mark


@pytest.mark.parametrize(("levels", "resaved"), [(3.8, True), (4.2, False)])
def test_saving_changes_no_place_by_more_than_four_grey_levels(levels: float, resaved: bool) -> None:
    """In a picture so rich in detail that it is little beside what they share."""
    picture = 128 + noise(0, strength=60)
    found = told(picture, marked(picture, levels))
    assert found is not None and found.resaved is resaved


@pytest.mark.parametrize(
    ("share", "agrees", "resaved"), [(0.28, True, True), (0.32, True, False), (1.15, True, False), (1.25, False, False)]
)
def test_how_much_may_differ_beside_what_is_shared(share: float, agrees: bool, resaved: bool) -> None:
    picture = 128 + noise(0, strength=15)
    found = told(picture, marked(picture, share * (FLOOR + detail_in(picture))))
    assert (found is not None) is agrees
    assert (found is not None and found.resaved) is resaved


def shifted(picture: np.ndarray, by: float) -> tuple[np.ndarray, Likely]:
    """The same seen further to the right, by a share of its width, and where it lies."""
    wide = 128 + noise(6, (EDGE, 2 * EDGE))
    pixels = round(by * EDGE)
    pose = np.array([[1, 0, 0], [0, 1, -pixels]], np.float64)
    return np.stack([wide[:, :EDGE], wide[:, pixels : pixels + EDGE]]), Likely(pose, 9)


@pytest.mark.parametrize(
    ("by", "resaved", "one_view"), [(0.03, True, True), (0.08, False, True), (0.13, False, True), (0.18, False, False)]
)
def test_how_far_it_was_moved(by: float, resaved: bool, one_view: bool) -> None:
    (a, b), lying = shifted(noise(6), by)
    found = told(a, b, lying)
    assert found is not None
    assert found.moved == pytest.approx(round(by * EDGE) / EDGE, abs=0.003)
    assert (found.resaved, found.one_view) == (resaved, one_view)
    assert (ONE_VIEW, agreeing.UNMOVED) == (0.15, 0.05)


def test_what_was_moved_further_than_asked_is_not_looked_at() -> None:
    (a, b), lying = shifted(noise(6), 0.2)
    assert told(a, b, lying, moved=0.11) is not None, "landmarks alone may be off by a tenth"
    assert told(a, b, lying, moved=0.09) is None
    assert ROUGH == 0.1


def test_too_little_on_each_other_is_not_judged() -> None:
    for by, agrees in ((0.55, True), (0.8, False)):
        (a, b), lying = shifted(noise(6), by)
        assert (told(a, b, lying) is not None) is agrees


def test_mirrored_by_landmarks() -> None:
    a = scene(4)
    b = ImageOps.mirror(a)
    marks = [unpacked(landmarks_of(p)) for p in (a, b)]
    (lying,) = likely([marks[0]], [marks[1]])
    assert lying is not None and lying.pose is not None and lying.basis >= 3 and not lying.few
    found = agreement(prepare(a), prepare(b), lying)
    assert found is not None and not found.resaved and not found.one_view


def test_pictures_with_few_landmarks_may_also_lie_as_they_are() -> None:
    empty = unpacked(np.zeros_like(landmarks_of(scene(4))))
    full = unpacked(landmarks_of(scene(4)))
    assert likely([empty], [full]) == [None]
    assert likely([empty], [full], few=1) == [Likely(None, 0, True)]
    (found,) = likely([full], [full], few=len(full.place))
    assert found is not None and not found.few
    (found,) = likely([full], [full], few=len(full.place) + 1)
    assert found is not None and found.few and found.basis > 0


def test_comparing_place_by_place() -> None:
    """Two cells of three pixels; the second is harder by a half, and in one cell something else is there."""
    one = np.array([3, -4, 5, 1, 2, -2], np.float32)
    other = np.array([3, -4, 5, 1, 2, 2], np.float32)
    cells, every = np.array([0, 0, 0, 1, 1, 1]), np.ones(6, bool)
    found = agreeing._compared(one, other, every, cells)
    assert found.score == pytest.approx((one @ other) / (one @ one))
    apart, shared = np.sqrt(16 / 3), np.sqrt(9 / 3)
    assert found.most == pytest.approx(apart)
    assert found.strange == pytest.approx(apart / (FLOOR + shared))
    harder = agreeing._compared(one, 1.5 * one, every, cells)
    assert (harder.score, harder.strange, harder.most) == pytest.approx((1.0, 0.0, 0.0), abs=1e-6)
    # A cell of which little is seen says nothing, and what is not asked for neither.
    seen = np.array([True, True, True, False, False, True])
    assert agreeing._compared(one, other, seen, cells).most == pytest.approx(0.0, abs=0.7)
    half = np.array([0, 0, 1, 1, 1, 1])
    assert agreeing._compared(one, -one, every, half).most == pytest.approx(np.sqrt(2**2 * (3**2 + 4**2) / 2)), (
        "half as much is enough"
    )
    assert agreeing._compared(one, other, np.arange(6) < 3, cells).score == pytest.approx(1.0)
    assert agreeing._compared(one, np.zeros(6, np.float32), every, cells) == (0.0, np.inf, np.inf)


@pytest.mark.parametrize(
    ("shape", "rows", "columns"), [((28, 42), 2, 3), ((5, 20), 1, 1), ((21, 36), 2, 3), ((14, 14), 1, 1)]
)
def test_cells_are_of_about_fourteen_pixels(shape: tuple[int, int], rows: int, columns: int) -> None:
    cells = agreeing._cells(shape).reshape(shape)
    assert cells.max() + 1 == rows * columns and len(np.unique(cells)) == rows * columns
    assert cells[0, -1] == columns - 1 and cells[-1, 0] == (rows - 1) * columns
    assert (np.diff(cells, axis=0) >= 0).all() and (np.diff(cells, axis=1) >= 0).all()


def test_how_far_a_corner_lies() -> None:
    still = poses.whole((11, 21), (11, 21))
    assert agreeing._moved((11, 21), (11, 21), still) == 0.0
    aside = still + np.array([[0, 0, 1.0], [0, 0, -2.1]])
    assert agreeing._moved((11, 21), (11, 21), aside) == pytest.approx(2.1 / 21)
    grown = np.array([[1.1, 0, 0], [0, 1, 0]], float)
    assert agreeing._moved((11, 21), (11, 21), grown) == pytest.approx(1.0 / 21)


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_corner_that_lies_furthest_counts(corner: tuple[int, int]) -> None:
    """Stretched away from the opposite one, which stays where it is."""
    down, right = (2 * side - 1 for side in corner)
    aside = np.array([[0, 0, 0], [down * 0.1, right * 0.05, 2.0 - sum(corner)]])  # 2 there, 1 and 1 and 0 elsewhere
    pose = poses.whole((11, 21), (11, 21)) + aside
    assert agreeing._moved((11, 21), (11, 21), pose) == pytest.approx(2.0 / 21)
