"""Copies that a person changed are found, other pictures are not joined, and one camera's series can be divided."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter

from tests.proofs.table import Proof, Trial
from tlstudio.domain.errors import ImageRefused
from tlstudio.images.alike import clusters
from tlstudio.images.decode import load_rgb
from tlstudio.images.inspect import THUMBNAIL, shrink
from tlstudio.images.joining import Known
from tlstudio.images.landmarks import landmarks_of
from tlstudio.images.looks import look
from tlstudio.images.splits import Units, divide

Rng = np.random.Generator
PICTURES = 120  # of which all are changed in every way
MOST_OF_A_SET = 400
FOUND = 0.95  # of each kind of change
WRONG = 1e-4  # of all pairs of pictures of one class
AT_ONCE = 3000  # of a running number that goes to 360,000, within which one thing was photographed again
PARTS = 60  # photographs of each class by the fixed camera


def _mirrored(picture: Image.Image, rng: Rng) -> Image.Image:
    return ImageOps.mirror(picture) if rng.random() < 0.5 else ImageOps.flip(picture)


def _quarter_turned(picture: Image.Image, rng: Rng) -> Image.Image:
    ways = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    return picture.transpose(ways[rng.integers(3)])


def _framed(picture: Image.Image, rng: Rng) -> Image.Image:
    left, top, right, bottom = (round(share * max(picture.size)) for share in rng.uniform(0.02, 0.15, 4))
    colour = (0, 0, 0) if rng.random() < 0.5 else tuple(int(v) for v in rng.integers(0, 256, 3))
    return ImageOps.expand(picture, (left, top, right, bottom), colour)


def _cut(picture: Image.Image, rng: Rng) -> Image.Image:
    left, top, right, bottom = rng.uniform(0, 0.15, 4) if rng.random() < 0.7 else (0.15,) * 4
    w, h = picture.size
    return picture.crop((int(left * w), int(top * h), w - int(right * w), h - int(bottom * h)))


def _moved(picture: Image.Image, rng: Rng) -> Image.Image:
    x, y = rng.uniform(-0.08, 0.08, 2) * picture.size
    return picture.transform(picture.size, Image.Transform.AFFINE, (1, 0, x, 0, 1, y), Image.Resampling.BICUBIC)


def _turned(picture: Image.Image, rng: Rng) -> Image.Image:
    angle = rng.uniform(1, 5) * rng.choice((-1, 1))
    return picture.rotate(angle, Image.Resampling.BICUBIC, expand=bool(rng.random() < 0.5))


CHANGES: dict[str, Callable[[Image.Image, Rng], Image.Image]] = {
    "mirrored": _mirrored,
    "turned by a quarter, a half or three": _quarter_turned,
    "framed in one colour": _framed,
    "cut by up to 15 % a side": _cut,
    "moved by up to 8 %": _moved,
    "turned by up to 5°": _turned,
}


def prove(trial: Trial) -> Iterator[Proof]:
    """Each change is followed by another size and by JPEG."""
    drawn = [_texture(np.random.default_rng((trial.seed, n))) for n in range(trial.draws(PICTURES))]
    yield from _found("drawn textures", drawn, trial)
    for folder in trial.images:
        yield from _found(folder.name, _photographs(folder, trial), trial)
        yield from _wrong(folder, trial)
    yield from _one_camera(trial)


def _found(name: str, pictures: Sequence[Image.Image], trial: Trial) -> Iterator[Proof]:
    """Of planted copies, how many are joined with their original; and how many pictures that nobody planted."""
    rng = np.random.default_rng(trial.seed)
    every, origin = [*pictures], list(range(len(pictures)))
    kinds: list[str] = [""] * len(pictures)
    for kind, change in CHANGES.items():
        for n, picture in enumerate(pictures):
            every.append(_saved(_resized(change(picture, rng), rng), int(rng.integers(50, 93))))
            origin.append(n)
            kinds.append(kind)
    # Each kind on its own, so that one copy does not find another's original.
    for kind in CHANGES:
        some = [i for i, each in enumerate(kinds) if each in ("", kind)]
        numbers = _clusters([every[i] for i in some], [None] * len(some))
        there = dict(zip(some, numbers, strict=True))
        copies = [i for i in some if kinds[i] == kind]
        found = np.mean([there[i] is not None and there[i] == there[origin[i]] for i in copies])
        yield Proof(f"copies found, {kind}, {name}", float(found), at_least=FOUND, note=f"{len(copies):,} pictures")


def _wrong(folder: Path, trial: Trial) -> Iterator[Proof]:
    """Pairs of one class that are joined and show different things, as far as the names tell."""
    pairs = wrong = again = 0
    for each in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(each.iterdir(), key=lambda file: _moment(file) or 0)[: trial.draws(MOST_OF_A_SET)]
        pictures = [(file, picture) for file in files if (picture := _photograph(file)) is not None]
        numbers = _clusters([picture for _, picture in pictures], [None] * len(pictures))
        pairs += len(pictures) * (len(pictures) - 1) // 2
        for i, j in combinations(range(len(pictures)), 2):
            if numbers[i] is not None and numbers[i] == numbers[j]:
                one, other = _moment(pictures[i][0]), _moment(pictures[j][0])
                soon = one is not None and other is not None and abs(one - other) <= AT_ONCE
                again, wrong = again + soon, wrong + (not soon)
    note = (
        f"{wrong:,} of {pairs:,} pairs; {again:,} more are one thing photographed again, by the numbers in their names"
    )
    yield Proof(
        f"pictures of one class that are wrongly joined, {folder.name}", wrong / max(pairs, 1), at_most=WRONG, note=note
    )


def _moment(file: Path) -> int | None:
    """The running number that some sets have in their names: those close together were taken one after the other."""
    found = re.search(r"num_(\d+)$", file.stem)
    return int(found[1]) if found else None


def _one_camera(trial: Trial) -> Iterator[Proof]:
    """One kind of part under a fixed camera, in three classes that a small defect tells apart; no two photographs are one."""
    rng = np.random.default_rng(trial.seed)
    base = np.asarray(_texture(rng).resize((160, 160)), np.float64)
    labels = [kind for kind in ("good", "scratch", "dent") for _ in range(trial.draws(PARTS))]
    pictures = [_part(kind, base, rng) for kind in labels]
    numbers = _clusters(pictures, labels)
    crossed = sum(
        len({label for label, n in zip(labels, numbers, strict=True) if n == number}) > 1
        for number in set(numbers) - {None}
    )
    units = Units(len(labels))
    for i, number in enumerate(numbers):
        if number is not None:
            units.join(i, number)
    splits = Counter(divide(labels, units.all(), test=0.3, val=0.2, seed=trial.seed))
    least = min(n / (len(labels) * share) for n, share in zip((splits["test"], splits["val"]), (0.3, 0.2), strict=True))  # type: ignore[index]
    note = f"{len(labels):,} photographs"
    yield Proof("one camera, one kind of part: sets across classes", crossed, at_most=0, note=note)
    yield Proof("one camera, one kind of part: the smallest part, of its share", least, at_least=0.9, note=note)


def _part(kind: str, base: np.ndarray, rng: Rng) -> Image.Image:
    y, x = np.mgrid[:160, :160]
    pixels = np.roll(base, tuple(rng.integers(-3, 4, 2)), (0, 1)) * rng.uniform(0.9, 1.1) + rng.normal(0, 6, base.shape)
    down, right = rng.integers(30, 130, 2)
    if kind == "scratch":
        angle = rng.uniform(0, np.pi)
        across = np.abs((x - right) * np.sin(angle) - (y - down) * np.cos(angle))
        along = np.abs((x - right) * np.cos(angle) + (y - down) * np.sin(angle))
        pixels[(across < 1.5) & (along < 12.5)] = 230
    if kind == "dent":
        pixels[(x - right) ** 2 + (y - down) ** 2 < 64] *= 0.3
    return _small(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))


def _texture(rng: Rng) -> Image.Image:
    """Grain of several sizes, in three colours that go together."""
    grains = [gaussian_filter(rng.normal(0, 18 * width, (240, 320)), width) for width in (1.5, 3, 6, 12, 24)]
    grey = np.sum(grains, axis=0)
    colours = [128 + grey + gaussian_filter(rng.normal(0, 300, grey.shape), 20) for _ in range(3)]
    return Image.fromarray(np.stack(colours, axis=2).clip(0, 255).astype(np.uint8))


def _photographs(folder: Path, trial: Trial) -> list[Image.Image]:
    files = sorted(file for each in folder.iterdir() if each.is_dir() for file in each.iterdir())
    some = np.random.default_rng(trial.seed).permutation(len(files))[: trial.draws(PICTURES)]
    return [picture for n in some if (picture := _photograph(files[n])) is not None]


def _photograph(file: Path) -> Image.Image | None:
    try:
        return load_rgb(file, least=2 * THUMBNAIL)
    except ImageRefused:
        return None


def _resized(picture: Image.Image, rng: Rng) -> Image.Image:
    scale = rng.uniform(0.5, 1.3)
    return picture.resize((max(16, round(picture.width * scale)), max(16, round(picture.height * scale))))


def _saved(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def _small(picture: Image.Image) -> Image.Image:
    """As the program keeps it."""
    return Image.open(io.BytesIO(shrink(picture.convert("RGB"), THUMBNAIL)))


def _clusters(pictures: Sequence[Image.Image], labels: Sequence[str | None]) -> list[int | None]:
    small = [_small(picture) for picture in pictures]
    known = [Known(look(picture), label) for picture, label in zip(small, labels, strict=True)]
    return clusters(known, np.stack([landmarks_of(picture) for picture in small]), small)
