"""How one picture lies on another: from landmarks, and made exact on the pictures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from tlstudio.images import poses
from tlstudio.images.blurs import blurred
from tlstudio.images.landmarks import WIDTH, Landmarks
from tlstudio.images.poses import (
    EDGE_SHARE,
    HALF,
    PROMISING,
    STEP,
    STILL,
    apart_from_edges,
    exactly,
    found_poses,
    laid,
    places,
    read,
    refined,
    resized,
    roughly,
    whole,
    within,
)


def looks(n: int, seed: int = 0) -> np.ndarray:
    """Surroundings that are like no other: (n, WIDTH), of unit length and at right angles."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(WIDTH, WIDTH)))[0][:n].astype(np.float32)


def marks(place: np.ndarray, look: np.ndarray) -> Landmarks:
    return Landmarks(place.astype(np.complex64), look)


def scattered(n: int = 15, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(5, 105, n) + 1j * rng.uniform(5, 105, n)


def put(pose: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Where the pose puts landmarks x + iy."""
    y, x = pose @ np.stack([place.imag, place.real, np.ones(len(place))])
    return x + 1j * y


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [1.0, 1.3 * np.exp(0.4j), 0.6 * np.exp(2.5j)])
def test_the_pose_of_landmarks_that_were_moved(mirrored: bool, turn: complex) -> None:
    first, look = scattered(), looks(15)
    second = turn * (np.conj(first) if mirrored else first) + (30 + 12j)
    (found,) = found_poses([marks(first, look)], [marks(second, look)], least=3, share=0.35)
    assert found is not None
    assert found.basis == 15
    assert put(found.pose, first) == pytest.approx(second, abs=1e-3)


def test_nothing_is_asked_of_nothing() -> None:
    assert found_poses([], [], least=3, share=0.35) == []


def test_strangers_do_not_pull() -> None:
    first, look = scattered(12), looks(12)
    second = first + (20 - 7j)
    second[[2, 5, 9]] += np.array([40, -35j, 60])
    (found,) = found_poses([marks(first, look)], [marks(second, look)], least=3, share=0.35)
    assert found is not None and found.basis == 9
    assert put(found.pose, first[[0, 1]]) == pytest.approx(second[[0, 1]], abs=1e-3)


@pytest.mark.parametrize(("off", "agrees"), [(4.9, True), (5.1, False)])
def test_how_close_a_landmark_must_lie(off: float, agrees: bool) -> None:
    """Many that fit exactly; one of the less alike, by which no pose is proposed, is off by so many pixels."""
    first, every = scattered(14), looks(28)
    like = np.where(np.arange(14) < 12, 1.0, 0.8)[:, None].astype(np.float32)
    changed = like * every[:14] + np.sqrt(1 - like * like) * every[14:]
    second = first + 0
    second[13] += off
    (found,) = found_poses([marks(first, every[:14])], [marks(second, changed)], least=3, share=0.35)
    assert found is not None and found.basis == 13 + agrees


@pytest.mark.parametrize(("scale", "there"), [(0.46, True), (0.44, False), (2.18, True), (2.22, False)])
def test_how_much_larger_a_copy_may_be(scale: float, there: bool) -> None:
    first, look = 0.4 * scattered(12) if scale > 1 else scattered(12), looks(12)
    (found,) = found_poses([marks(first, look)], [marks(scale * first, look)], least=4, share=0.35)
    assert (found is not None and found.basis == 12) is there


@pytest.mark.parametrize(("like", "there"), [(0.61, True), (0.59, False)])
def test_how_alike_landmarks_must_be(like: float, there: bool) -> None:
    first, every = scattered(10), looks(20)
    changed = like * every[:10] + np.sqrt(1 - like * like) * every[10:]
    (found,) = found_poses([marks(first, every[:10])], [marks(first, changed)], least=3, share=0.35)
    assert (found is not None) is there


def test_too_few_or_too_small_a_share_say_nothing() -> None:
    first, look = scattered(12), looks(12)
    second = first + 10
    second[4:] = scattered(8, seed=9) * 1.7

    def ask(least: int, share: float) -> object:
        return found_poses([marks(first, look)], [marks(second, look)], least=least, share=share)[0]

    told = found_poses([marks(first, look)], [marks(second, look)], least=3, share=0.0)[0]
    assert told is not None and told.basis == 4
    assert ask(4, 4 / 12) is not None
    assert ask(5, 0.0) is None
    assert ask(3, 4.1 / 12) is None


def test_landmarks_that_lie_on_each_other_give_no_pose() -> None:
    """Two that are nearer than eight pixels turn with every tremble."""
    look = looks(2)
    for apart, there in ((7.9, False), (8.1, True)):
        first = np.array([50 + 50j, 50 + apart + 50j])
        (found,) = found_poses([marks(first, look)], [marks(first, look)], least=2, share=0.35)
        assert (found is not None) is there


def test_those_above_each_other_do() -> None:
    """How far apart two are is told down and across together."""
    first = np.array([50 + 30j, 50 + 70j, 53 + 50j])
    (found,) = found_poses([marks(first, looks(3))], [marks(first + 4, looks(3))], least=3, share=0.35)
    assert found is not None and put(found.pose, first) == pytest.approx(first + 4, abs=1e-3)


def test_edge_to_edge() -> None:
    pose = whole((11, 21), (6, 41))
    assert pose == pytest.approx(np.array([[0.5, 0, 0], [0, 2.0, 0]]))
    assert laid(places((11, 21)), pose)[:, -1] == pytest.approx([5, 40])


def test_places_are_every_so_many_pixels() -> None:
    every = places((3, 5), 2)
    assert every.tolist() == [[0, 0, 0, 2, 2, 2], [0, 2, 4, 0, 2, 4], [1] * 6]
    assert not every.flags.writeable
    assert places((2, 2)).shape == (3, 4)


def test_what_lies_in_a_picture() -> None:
    at = np.array([[0, 9, 9.1, 1, 8, 0.9], [0, 4, 4, 1, 3, 1]], np.float32)
    assert within(at, (10, 5)).tolist() == [True, True, False, True, True, True]
    assert within(at, (10, 5), 1).tolist() == [False, False, False, True, True, False]
    assert within(np.array([[3, 3, 3], [4.1, -0.1, 4]]), (10, 5)).tolist() == [False, False, True]
    inner = apart_from_edges(at, at, (10, 5), (10, 5), 0.2)  # of the shorter side: one pixel
    assert inner.tolist() == [False, False, False, True, True, False]
    assert EDGE_SHARE == 0.08


def test_reading_between_pixels_and_beyond_the_edge() -> None:
    picture = np.array([[0, 10, 20], [100, 110, 140]], np.float32)
    at = np.array([[0, 0.5, 1, 0.25, -3, 7], [0.5, 0, 1.5, 1.5, 0, 9]], np.float32)
    expected = [5, 50, 125, 0.75 * 15 + 0.25 * 125, 0, 140]
    assert read(picture, at) == pytest.approx(expected)


def test_the_same_pose_at_another_size() -> None:
    """The middle of a block of pixels lies in the middle of the block where the pose puts it."""
    pose = np.array([[1.1, 0.2, 5.0], [-0.2, 0.9, 3.0]])
    small = resized(pose, ((40, 80), (60, 100)), ((10, 20), (15, 25)))
    place = np.array([3.0, 7.0])
    before = pose @ np.append(4 * place + 1.5, 1)
    assert small @ np.append(place, 1) == pytest.approx((before - 1.5) / 4)
    wide = resized(pose, ((40, 80), (60, 100)), ((10, 40), (30, 25)))
    before = pose @ np.array([4 * 3 + 1.5, 2 * 7 + 0.5, 1])
    assert wide @ np.array([3.0, 7.0, 1]) == pytest.approx([(before[0] - 0.5) / 2, (before[1] - 1.5) / 4])


def texture(shape: tuple[int, int] = (90, 110), seed: int = 0, cells: int = 7) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 60, (shape[0] // cells, shape[1] // cells)).astype(np.float32)
    return 120 + np.asarray(Image.fromarray(noise).resize(shape[::-1], Image.Resampling.BICUBIC))


def moved(picture: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """The first picture of which `pose` says where it lies in `picture`."""
    return read(picture, laid(places(picture.shape), pose)).reshape(picture.shape)


POSE = np.array([[1.02, 0.03, -2.5], [-0.025, 0.98, 3.0]])


def test_a_pose_is_made_exact_whatever_the_light() -> None:
    second = texture()
    first = 0.7 * moved(second, POSE) + 40
    first[20:30, 60:75] += 70  # a mark that is on one of them only
    start = POSE + np.array([[0.01, 0, 1.0], [0, -0.01, -1.0]])
    blurs = (poses.FINE_BLUR,)
    found = exactly(blurred(first, blurs)[0], blurred(second, blurs)[0], start)
    corners = np.array([[15, 15, 1], [15, 90, 1], [75, 15, 1], [75, 90, 1]], float).T
    assert np.abs((found - POSE) @ corners).max() < 0.15
    assert np.abs((start - POSE) @ corners).max() > 1.0


def test_rounds_end_when_nothing_moves_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    second = texture()
    first = moved(second, POSE)
    asked = []
    solve = np.linalg.solve
    monkeypatch.setattr(np.linalg, "solve", lambda *args: asked.append(1) or solve(*args))
    refined(first, second, POSE, STEP, STILL[1])
    assert len(asked) <= 2
    asked.clear()
    refined(first, second, POSE + np.array([[0, 0, 3.0], [0, 0, -3.0]]), STEP, 0.0)
    assert len(asked) == poses.ROUNDS == 6
    asked.clear()
    far = POSE + np.array([[0, 0, 500.0], [0, 0, 0]])
    assert refined(first, second, far, STEP, 0.0) is far and not asked, "too little lies on each other"


def test_no_round_leaps() -> None:
    second = texture(cells=20)
    start = whole(second.shape, second.shape)
    at = [start]
    far = moved(second, np.array([[1, 0, 12.0], [0, 1, 0]]))
    for _ in range(3):
        at.append(refined(far, second, at[-1], STEP, 1e9))
    middle = np.array([44.5, 54.5, 1])
    steps = [np.abs((b - a) @ middle).max() for a, b in pairwise(at)]
    assert max(steps) <= 4.0 + 1e-6


def test_coarse_pictures_that_do_not_agree_are_not_looked_at_closer() -> None:
    second, other = texture(), texture(seed=5)
    start = whole(second.shape, second.shape)
    small = [poses.coarse(blurred(p, (poses.COARSE_BLUR,))[0]) for p in (second, other, second + 0.45 * other)]
    assert small[0].shape == (45, 55) and HALF == 2
    same = roughly(small[0], small[0], start)
    assert same is not None and np.abs(same - start).max() < 0.02
    assert roughly(small[0], small[1], start) is None
    assert roughly(small[0], small[2], start, 0.5) is not None
    assert roughly(small[0], small[2], start, 0.99) is None
    assert roughly(np.zeros((45, 55), np.float32), small[0], start, 0.0) is None, "a blank one agrees with nothing"
    assert (PROMISING, poses.COARSE_BLUR, poses.FINE_BLUR) == (0.75, 3.0, 1.5)
