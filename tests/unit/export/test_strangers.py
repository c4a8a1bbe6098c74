"""Pictures that should be unfamiliar: each kind is what its name says, and the same every time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tlstudio.export.strangers import _gradient, altered, drawn

SIZE = 50


@pytest.fixture
def pixels() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(100, 156, (3, SIZE, SIZE, 3)).astype(np.uint8)


def test_images_are_altered_in_five_ways(pixels: npt.NDArray[np.uint8]) -> None:
    found = altered(pixels)
    assert list(found) == [
        "blurred images",
        "noisy images",
        "inverted images",
        "images on their side",
        "their middle alone",
    ]
    for made in found.values():
        assert (made.shape, made.dtype) == (pixels.shape, np.uint8)
    assert np.array_equal(found["inverted images"], 255 - pixels)
    assert np.array_equal(np.rot90(found["images on their side"], 3, axes=(1, 2)), pixels)


def test_the_same_images_are_altered_the_same_way(pixels: npt.NDArray[np.uint8]) -> None:
    once, again, another = altered(pixels), altered(pixels), altered(pixels, seed=1)
    assert all(np.array_equal(once[kind], again[kind]) for kind in once)
    assert not np.array_equal(once["noisy images"], another["noisy images"])


def test_a_blur_is_as_wide_as_a_fiftieth_of_the_edge_and_stays_in_its_image_and_channel() -> None:
    point = np.zeros((2, SIZE, SIZE, 3), np.uint8)
    point[0, 25, 25, 1] = 255
    blurred = altered(point)["blurred images"].astype(float)
    assert not blurred[1].any() and not blurred[..., [0, 2]].any()
    along = blurred[0, :, :, 1].sum(axis=0)
    sigma = np.sqrt((along * (np.arange(SIZE) - 25) ** 2).sum() / along.sum())
    assert sigma == pytest.approx(SIZE / 50, rel=0.05)


def test_noise_is_grey_and_of_forty_levels() -> None:
    grey = np.full((20, SIZE, SIZE, 3), 128, np.uint8)
    noisy = altered(grey)["noisy images"].astype(float)
    assert np.array_equal(noisy[..., 0], noisy[..., 1]) and np.array_equal(noisy[..., 0], noisy[..., 2])
    inside = noisy[(noisy > 0) & (noisy < 255)]
    assert inside.mean() == pytest.approx(128, abs=1)
    assert inside.std() == pytest.approx(40, rel=0.02)


def test_the_middle_is_half_of_each_edge() -> None:
    places = np.broadcast_to(np.arange(40, dtype=np.uint8)[None, :, None, None], (1, 40, 40, 3))
    down = altered(np.ascontiguousarray(places))["their middle alone"][0, :, 0, 0]
    assert down.tolist() == [value for value in range(10, 30) for _ in range(2)]


def test_drawn_pictures_show_nothing() -> None:
    found = drawn(SIZE)
    assert {kind: len(made) for kind, made in found.items()} == {
        "single colours, black and white": 14,
        "gradients": 12,
        "noise": 12,
    }
    assert all((made.shape[1:], made.dtype) == ((SIZE, SIZE, 3), np.uint8) for made in found.values())
    plain = found["single colours, black and white"]
    assert (plain == plain[:, :1, :1]).all()
    assert not plain[0].any() and (plain[1] == 255).all()
    assert len({tuple(picture[0, 0]) for picture in plain}) == 14
    noise = found["noise"].astype(float)
    assert (noise.min(), noise.max()) == (0, 255)
    assert noise.std() == pytest.approx(256 / np.sqrt(12), rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_gradients_go_from_one_end_of_the_picture_to_the_other_by_something_to_see(seed: int) -> None:
    gradients = drawn(SIZE, seed)["gradients"].astype(float)
    grey = (gradients == gradients[..., :1]).all(axis=(1, 2, 3))
    assert grey.tolist() == [False] * 6 + [True] * 6
    for picture in gradients:
        reach = np.ptp(picture.reshape(-1, 3), axis=0)
        assert reach.max() >= 63, "at least 64 levels, but for rounding"
        corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert (np.ptp(corners, axis=0) == reach).all(), "the ends are in corners"
        second = np.diff(picture, 2, axis=0), np.diff(picture, 2, axis=1)
        assert max(np.abs(d).max() for d in second) <= 2, "straight, but for rounding"


def test_gradients_take_all_directions_and_differ_in_one_channel_at_least() -> None:
    rng = np.random.default_rng(2)
    colours = [_gradient(8, rng, False) for _ in range(200)]
    reach = np.array([np.ptp(picture.reshape(-1, 3), axis=0) for picture in colours])
    assert reach.max(axis=1).min() >= 64 > reach.min()
    down, across = (np.array([np.diff(p[..., 0], axis=axis).mean() for p in colours]) for axis in (0, 1))
    steeper = np.abs(down) > np.abs(across)
    assert {*zip(steeper, down * across > 0, strict=True)} == {(a, b) for a in (True, False) for b in (True, False)}


def test_a_gradient_of_hardly_more_than_64_levels_is_one() -> None:
    rng = np.random.default_rng(3)
    assert 64 <= min(np.ptp(_gradient(4, rng, True)) for _ in range(1_000)) < 65


def test_the_same_pictures_are_drawn_again() -> None:
    assert all(np.array_equal(made, drawn(SIZE)[kind]) for kind, made in drawn(SIZE).items())
    assert not np.array_equal(drawn(SIZE)["noise"], drawn(SIZE, 1)["noise"])
