"""Metal that never was: textured plates with a height and a brightness for every point, and the camera that looks at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Field = NDArray[np.float32]

PLATE = 540  # pixels; large enough for every pose of the camera, see `Camera.photograph`
PHOTO = 200
CONTRAST = 0.45  # of the texture: with more, small networks see the plate and not the damage
SITE_RADIUS = 90  # distance of a defect from the middle of the plate, pixels


@dataclass(slots=True)
class Plate:
    """The surface of one part; both fields are (PLATE, PLATE) and are drawn on in place.

    albedo: share of light that comes back, 0 … 1. height: in pixels, what makes light and shade.
    """

    albedo: Field
    height: Field


def noise(rng: np.random.Generator, sigma: float | tuple[float, float], edge: int = PLATE) -> Field:
    """Smooth random field with mean 0 and standard deviation 1; `sigma` is the blur in pixels along (rows, columns).

    Broad blurs are made small and enlarged, which looks the same and takes a fraction of the time.
    """
    blur = np.broadcast_to(np.asarray(sigma, np.float64), (2,))
    shrink = np.maximum(1.0, blur / 3)
    rows, columns = (int(np.ceil(edge / factor)) for factor in shrink)
    white = rng.standard_normal((rows, columns), dtype=np.float32)
    smooth = ndimage.gaussian_filter(white, tuple(blur / shrink), mode="wrap", truncate=3.0)
    if (rows, columns) != (edge, edge):
        smooth = np.asarray(Image.fromarray(smooth).resize((edge, edge), Image.Resampling.BICUBIC), np.float32)
    field: Field = (smooth - smooth.mean()) / smooth.std()
    return field


def _brushed(rng: np.random.Generator) -> Plate:
    """Fine parallel strokes of an abrasive belt."""
    fine, broad = noise(rng, (0.5, 28)), noise(rng, (3, 60))
    return Plate(0.56 + 0.035 * fine + 0.03 * broad, 0.28 * fine)


def _rolled(rng: np.random.Generator) -> Plate:
    """Broad bands from the rolls and a skin of scale."""
    bands, skin, grain = noise(rng, (9, 80)), noise(rng, (5, 9)), noise(rng, 0.7)
    return Plate(0.47 + 0.05 * bands + 0.03 * skin + 0.012 * grain, 0.6 * skin + 0.1 * grain)


def _cast(rng: np.random.Generator) -> Plate:
    """Rough skin of a sand mould: lumps of every size."""
    lumps, middle, grain = noise(rng, 6), noise(rng, 2.4), noise(rng, 0.9)
    return Plate(0.4 + 0.02 * lumps + 0.03 * middle, 2.2 * lumps + 0.75 * middle + 0.18 * grain)


def _blasted(rng: np.random.Generator) -> Plate:
    """Even, matt, finely pitted by shot."""
    grain, cloud = noise(rng, 0.8), noise(rng, 40)
    return Plate(0.52 + 0.02 * grain + 0.03 * cloud, 0.28 * grain)


def _milled(rng: np.random.Generator) -> Plate:
    """Arcs of a face mill, evenly spaced."""
    rows, columns = np.mgrid[0:PLATE, 0:PLATE].astype(np.float32)
    reach, pitch = rng.uniform(500, 900), rng.uniform(6, 11)
    radius = np.hypot(rows - PLATE / 2, columns - PLATE / 2 + reach).astype(np.float32)
    wave = np.sin(2 * np.pi * radius / pitch + 0.8 * noise(rng, 30)).astype(np.float32)
    fine = ndimage.map_coordinates(
        ndimage.gaussian_filter1d(rng.standard_normal(4096).astype(np.float32), 0.8), [radius % 4000], order=1
    ).astype(np.float32)
    return Plate(0.55 + 0.018 * wave + 0.05 * fine + 0.02 * noise(rng, 25), 0.22 * wave + 0.2 * fine)


def _ground(rng: np.random.Generator) -> Plate:
    """Criss-cross strokes of a hand grinder."""
    strokes = np.zeros((PLATE, PLATE), np.float32)
    for angle in rng.uniform(-35, 35, 3):
        one = noise(rng, (0.6, 14))
        strokes += np.asarray(Image.fromarray(one).rotate(float(angle), Image.Resampling.BILINEAR), np.float32)
    strokes /= 1.7
    return Plate(0.53 + 0.035 * strokes + 0.025 * noise(rng, 30), 0.3 * strokes)


TEXTURES: tuple[Callable[[np.random.Generator], Plate], ...] = (_brushed, _rolled, _cast, _blasted, _milled, _ground)


def make_plate(rng: np.random.Generator, texture: int) -> Plate:
    """A clean plate of the given texture (index into TEXTURES), lying along or across, with the small marks of handling."""
    plate = TEXTURES[texture](rng)
    if rng.random() < 0.5:
        plate = Plate(plate.albedo.T.copy(), plate.height.T.copy())
    middle = float(plate.albedo.mean())
    plate.albedo = middle + CONTRAST * (plate.albedo - middle)
    plate.height *= CONTRAST
    plate.albedo *= float(rng.uniform(0.9, 1.1))
    dust = noise(rng, 1.1)
    plate.albedo *= 1 - 0.3 * np.clip(dust - rng.uniform(3.0, 3.8), 0, 1)
    return plate


@dataclass(frozen=True, slots=True)
class Camera:
    """How one part was photographed: the lamp, the lens and the sensor stay, pose and light vary a little.

    light: direction of the lamp in degrees. relief: how strongly slopes show. blur: of the lens, pixels. grain: of the sensor,
    standard deviation of 0 … 1. falloff: loss of light across the picture, share. exposure: factor.
    """

    light: float
    relief: float
    blur: float
    grain: float
    falloff: float
    exposure: float

    @staticmethod
    def draw(rng: np.random.Generator) -> Camera:
        return Camera(
            light=rng.uniform(0, 360),
            relief=rng.uniform(0.13, 0.2),
            blur=rng.uniform(0.35, 0.8),
            grain=rng.uniform(0.006, 0.016),
            falloff=rng.uniform(0.1, 0.35),
            exposure=rng.uniform(0.95, 1.15),
        )

    def photograph(self, plate: Plate, middle: tuple[float, float], rng: np.random.Generator) -> NDArray[np.uint8]:
        """One picture, (PHOTO, PHOTO) grey, of the surroundings of `middle` (row, column on the plate).

        The pose keeps the whole picture on the plate: SITE_RADIUS + 24 of shift + 136 of half a turned edge < PLATE / 2.
        """
        turn = np.radians(rng.uniform(-20, 20))
        scale = rng.uniform(0.88, 1.06)
        row, column = np.asarray(middle) + rng.uniform(-24, 24, 2)
        cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
        half = PHOTO / 2
        pose = (
            *(cosine, -sine, column - half * cosine + half * sine),  # x on the plate
            *(sine, cosine, row - half * sine - half * cosine),
        )
        albedo, height = _look(plate.albedo, pose), _look(plate.height, pose)
        lamp = np.radians(self.light + rng.uniform(-25, 25))
        down, right = np.gradient(height)
        shade = 1 + self.relief * (np.cos(lamp) * right + np.sin(lamp) * down)
        picture = albedo * np.clip(shade, 0.15, 2.2) * self._lamp_field(lamp, rng)
        picture = ndimage.gaussian_filter(picture, self.blur * rng.uniform(0.85, 1.25), truncate=3.0)
        picture += (self.grain * rng.standard_normal(picture.shape, dtype=np.float32)) * np.sqrt(0.35 + picture)
        grey: NDArray[np.uint8] = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        return grey

    def _lamp_field(self, lamp: float, rng: np.random.Generator) -> Field:
        """Light on the scene: brighter towards the lamp, darker in the corners."""
        rows, columns = np.meshgrid(*[np.linspace(-1, 1, PHOTO, dtype=np.float32)] * 2, indexing="ij")
        across = columns * np.cos(lamp) + rows * np.sin(lamp)
        corners = rows**2 + columns**2
        exposure = self.exposure * rng.uniform(0.9, 1.1)
        field: Field = (exposure * (1 + 0.5 * self.falloff * across - 0.18 * self.falloff * corners)).astype(np.float32)
        return field


def _look(field: Field, pose: tuple[float, ...]) -> Field:
    seen = Image.fromarray(field).transform((PHOTO, PHOTO), Image.Transform.AFFINE, pose, Image.Resampling.BILINEAR)
    return np.asarray(seen, np.float32)
