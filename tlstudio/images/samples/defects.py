"""Five kinds of damage, drawn on a plate as changes of brightness and height."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from tlstudio.images.samples.surfaces import Field, Plate, noise

PATCH = 230  # pixels on the plate that one defect may cover
_FINE = 3  # lines are drawn this many times larger and then reduced, which smooths them


Point = tuple[float, float]


def _lines(strokes: list[tuple[list[Point], float]]) -> Field:
    """Coverage 0 … 1 of poly-lines given as (points (x, y) in patch pixels, width in pixels)."""
    sheet = Image.new("L", (PATCH * _FINE, PATCH * _FINE))
    pen = ImageDraw.Draw(sheet)
    for points, width in strokes:
        pen.line([(x * _FINE, y * _FINE) for x, y in points], fill=255, width=max(1, round(width * _FINE)))
    reduced = sheet.resize((PATCH, PATCH), Image.Resampling.BOX)
    return np.asarray(reduced, np.float32) / np.float32(255)


def _window(plate: Plate, site: Point) -> tuple[Field, Field]:
    """Views of albedo and height around `site` (row, column); writing to them writes to the plate."""
    row, column = (round(value) - PATCH // 2 for value in site)
    place = (slice(row, row + PATCH), slice(column, column + PATCH))
    return plate.albedo[place], plate.height[place]


def _distance() -> tuple[Field, Field]:
    rows, columns = np.mgrid[0:PATCH, 0:PATCH].astype(np.float32) - PATCH / 2
    return rows, columns


def scratch(plate: Plate, site: Point, strength: float, rng: np.random.Generator) -> None:
    """One to three long, slightly bent grooves side by side, mostly shining."""
    albedo, height = _window(plate, site)
    angle = rng.uniform(0, np.pi)
    strokes: list[tuple[list[Point], float]] = []
    for number in range(rng.integers(2, 6)):
        length = rng.uniform(120, 215) * (1 if number == 0 else rng.uniform(0.3, 0.9))
        along = np.linspace(-length / 2, length / 2, 30)
        bend = rng.uniform(-0.001, 0.001) * along**2 + rng.uniform(-40, 40) * (number > 0)
        tilt = angle + rng.uniform(-0.06, 0.06)
        x = PATCH / 2 + along * np.cos(tilt) - bend * np.sin(tilt)
        y = PATCH / 2 + along * np.sin(tilt) + bend * np.cos(tilt)
        strokes.append((list(zip(x.tolist(), y.tolist(), strict=True)), rng.uniform(1.2, 3.2)))
    groove = ndimage.gaussian_filter(_lines(strokes), 0.5)
    albedo += 0.4 * strength * groove
    height -= 2.6 * strength * groove


def pit(plate: Plate, site: Point, strength: float, rng: np.random.Generator) -> None:
    """A loose cluster of small round holes of different size."""
    albedo, height = _window(plate, site)
    for _ in range(rng.integers(14, 34)):
        radius = float(np.clip(rng.lognormal(1.45, 0.4), 2, 11))
        y, x = rng.normal(PATCH / 2, 38, 2).clip(20, PATCH - 20)
        reach = round(1.3 * radius) + 4
        place = (slice(round(y) - reach, round(y) + reach), slice(round(x) - reach, round(x) + reach))
        rows, columns = np.mgrid[place].astype(np.float32)
        stretch = rng.uniform(0.8, 1.25)
        away = np.hypot((rows - y) * stretch, (columns - x) / stretch)
        hole = 1 / (1 + np.exp((away - radius) * 2.2))
        rim = np.exp(-((away - radius - 1) ** 2) / 1.5)
        albedo[place] = albedo[place] * (1 - 0.5 * strength * hole) + 0.09 * strength * rim
        height[place] -= 1.5 * strength * radius * hole


def crack(plate: Plate, site: Point, strength: float, rng: np.random.Generator) -> None:
    """A jagged dark line that wanders, changes its width and sends out branches."""
    albedo, height = _window(plate, site)
    heading = rng.uniform(0, 2 * np.pi)
    reach = rng.uniform(75, 110)
    start = (PATCH / 2 - reach * np.cos(heading), PATCH / 2 - reach * np.sin(heading))
    strokes: list[tuple[list[Point], float]] = []
    _walk(strokes, start, heading, (2 * reach, rng.uniform(2.2, 4.6)), rng)
    gap = ndimage.gaussian_filter(_lines(strokes), 0.35)
    albedo *= 1 - np.clip(1.05 * strength, 0, 0.9) * gap
    height -= 1.6 * strength * gap


def _walk(
    strokes: list[tuple[list[Point], float]],
    start: Point,
    heading: float,
    size: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Adds one crack of `size` (length, width) pixels as short strokes, and its branches, which are shorter and thinner."""
    length, width = size
    (x, y), gone, course = start, 0.0, heading
    while gone < length and 2 < x < PATCH - 2 and 2 < y < PATCH - 2:
        step = rng.uniform(3, 11)
        course = heading + 0.55 * (course - heading) + rng.normal(0, 0.5)
        end = (x + step * np.cos(course), y + step * np.sin(course))
        taper = 1 - 0.6 * gone / length
        strokes.append(([(x, y), end], max(0.7, width * taper * rng.uniform(0.7, 1.3))))
        if length > 22 and rng.random() < 0.12:
            side = heading + rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
            _walk(strokes, end, side, (length * rng.uniform(0.15, 0.4), width * 0.65), rng)
        (x, y), gone = end, gone + step


def stain(plate: Plate, site: Point, strength: float, rng: np.random.Generator) -> None:
    """A dried drop of coolant or oil: flat, soft, irregular, with a tide mark; the texture shows through."""
    albedo, _height = _window(plate, site)
    rows, columns = _distance()
    stretch, turn = rng.uniform(0.7, 1.4), rng.uniform(0, np.pi)
    along = rows * np.cos(turn) + columns * np.sin(turn)
    across = columns * np.cos(turn) - rows * np.sin(turn)
    radius = rng.uniform(42, 66)
    shape = (
        np.hypot(along * stretch, across / stretch) / radius + 0.2 * noise(rng, 14, PATCH) + 0.06 * noise(rng, 4, PATCH)
    )
    inside = 1 / (1 + np.exp((shape - 1) * 14))
    tide = np.exp(-((shape - 0.96) ** 2) / 0.008)
    patchy = 1 + 0.25 * noise(rng, 9, PATCH)
    tone = rng.choice([1.0, 1.0, -0.7])  # mostly darker than the metal, sometimes a bright film
    albedo *= 1 - strength * tone * (0.3 * inside * patchy + 0.24 * tide)


def inclusion(plate: Plate, site: Point, strength: float, rng: np.random.Generator) -> None:
    """Slag pressed into the metal: a few dark, ragged, elongated bodies in one direction, rough inside."""
    albedo, height = _window(plate, site)
    rows, columns = _distance()
    turn = rng.uniform(0, np.pi)
    speckle = noise(rng, 0.9, PATCH)
    for _ in range(rng.integers(4, 11)):
        y, x = rng.normal(0, 36, 2).clip(-75, 75)
        lean = turn + rng.normal(0, 0.12)
        along = (rows - y) * np.sin(lean) + (columns - x) * np.cos(lean)
        across = (rows - y) * np.cos(lean) - (columns - x) * np.sin(lean)
        length, width = rng.uniform(16, 40), rng.uniform(4, 9)
        shape = np.hypot(along / length, across / width) + 0.22 * noise(rng, 2.5, PATCH)
        body = 1 / (1 + np.exp((shape - 1) * 12))
        albedo *= 1 - strength * body * (0.62 + 0.2 * speckle)
        height += 0.9 * strength * body * (1 + 0.8 * speckle)


DEFECTS: dict[str, Callable[[Plate, Point, float, np.random.Generator], None]] = {
    "crack": crack,
    "inclusion": inclusion,
    "pit": pit,
    "scratch": scratch,
    "stain": stain,
}


def handling_marks(plate: Plate, rng: np.random.Generator) -> None:
    """Faint, harmless scratches anywhere: every part has some, whatever is wrong with it."""
    edge = plate.albedo.shape[0]
    for _ in range(rng.integers(0, 4)):
        row, column = rng.uniform(PATCH / 2 + 1, edge - PATCH / 2 - 1, 2)
        scratch(plate, (row, column), rng.uniform(0.08, 0.3), rng)
