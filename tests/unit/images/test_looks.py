"""Hashes of how pictures look: what they survive, and finding the near ones without comparing all pairs."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tlstudio.images import looks
from tlstudio.images.looks import NOTHING, look, similar


def scene(seed: int, size: tuple[int, int] = (208, 160)) -> Image.Image:
    """A picture of random shapes on a shaded ground."""
    rng = random.Random(seed)
    picture = Image.linear_gradient("L").resize(size).convert("RGB").rotate(rng.choice((0, 180)))
    pen = ImageDraw.Draw(picture)
    for _ in range(25):
        x, y, r = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(4, 30)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(rng.randrange(256) for _ in range(3)))
    return picture


def bits(a: Image.Image, b: Image.Image) -> int:
    return (int(look(a), 16) ^ int(look(b), 16)).bit_count()


def saved(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.convert("L"),
        lambda p: p.resize((90, 70)),
        lambda p: p.resize((600, 450)),
        lambda p: saved(p, 40),
        lambda p: p.point([min(255, round(v * 1.1 + 5)) for v in range(256)] * 3),
        lambda p: p.crop((2, 2, p.width - 2, p.height - 2)),
        lambda p: p.convert("RGBA"),
    ],
    ids=["grey", "smaller", "larger", "compressed", "brighter", "cut", "another mode"],
)
def test_a_hash_survives(change: Callable[[Image.Image], Image.Image]) -> None:
    assert all(bits(scene(seed), change(scene(seed))) <= looks.DISTANCE for seed in range(20))


def test_other_pictures_have_other_hashes() -> None:
    hashes = [look(scene(seed)) for seed in range(120)]
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in hashes)
    assert similar(hashes) == []


@pytest.mark.parametrize("grey", [0, 127, 255])
def test_pictures_without_contrast_look_like_nothing(grey: int) -> None:
    rng = np.random.default_rng(grey)
    noisy = np.clip(grey + rng.normal(0, 1, (200, 200)), 0, 255).astype(np.uint8)
    assert look(Image.new("RGB", (50, 40), (grey,) * 3)) == NOTHING
    assert look(Image.fromarray(noisy)) == NOTHING
    assert similar([NOTHING, NOTHING, "", ""]) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (5, 7)])
def test_tiny_and_narrow_pictures(size: tuple[int, int]) -> None:
    assert len(look(Image.new("L", size, 90))) == 16
    assert len(look(Image.effect_noise(size, 90))) == 16


@pytest.mark.parametrize("distance", [0, 1, 3, 4, 7, 8, 10, 15])
@pytest.mark.parametrize("crowded", [False, True])
def test_exactly_the_pairs_that_comparing_all_would_find(distance: int, crowded: bool) -> None:
    rng = random.Random(distance)
    centres = [rng.getrandbits(63) for _ in range(3 if crowded else 80)]
    hashes = []
    for _ in range(300):
        value = rng.choice(centres)
        for _ in range(rng.randrange(12)):
            value ^= 1 << rng.randrange(64)
        hashes.append(value)
    expected = [
        (i, j) for i in range(300) for j in range(i + 1, 300) if (hashes[i] ^ hashes[j]).bit_count() <= distance
    ]
    assert similar([f"{value:016x}" for value in hashes], distance) == expected


def test_pairs_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = [f"{0xABCD_EF01_2345_6789 ^ (1 << (i % 3)):016x}" for i in range(90)]
    whole = similar(hashes)
    monkeypatch.setattr(looks, "CHUNK", 50)
    assert similar(hashes) == whole
    assert len(whole) == 90 * 89 // 2


@pytest.mark.parametrize("few", [[], ["00ff00ff00ff00ff"], [NOTHING], [""]])
def test_too_few_for_a_pair(few: list[str]) -> None:
    assert similar(few) == []


@pytest.mark.parametrize("distance", [-1, 16, 64])
def test_distances_that_the_search_is_not_made_for(distance: int) -> None:
    with pytest.raises(ValueError, match="distance"):
        similar(["00ff00ff00ff00ff"], distance)
