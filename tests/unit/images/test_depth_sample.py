"""The range of a data set's values: over its deep images alone, each counting alike, in their own units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.unit.images.dicoms import make, save
from tlstudio.images import depth_sample
from tlstudio.images.depth_sample import DepthRange, measure_range, sample_values


def measured(paths: list[Path]) -> DepthRange | None:
    return measure_range(paths, lambda done, total: None, lambda: False)


def deep(path: Path, low: int, high: int, edge: int = 64) -> Path:
    values = np.random.default_rng(low).integers(low, high + 1, (edge, edge)).astype(np.uint16)
    tifffile.imwrite(path, values)
    return path


def test_percentiles_over_all_images(tmp_path: Path) -> None:
    paths = [deep(tmp_path / f"{i}.tif", 1000, 3000) for i in range(6)]
    found = measured(paths)
    assert found is not None
    assert found.images == 6
    assert found.low == pytest.approx(1010, abs=6)
    assert found.high == pytest.approx(2990, abs=6)
    assert measured(paths) == found, "the same files give the same range"


def test_a_few_hot_pixels_do_not_count(tmp_path: Path) -> None:
    values = np.full((100, 100), 500, np.uint16)
    values[:, 50:] = 900
    values[0, :20] = 65_535
    tifffile.imwrite(tmp_path / "a.tif", values)
    assert measured([tmp_path / "a.tif"]) == DepthRange(500.0, 900.0, 1)


def test_large_and_small_images_count_alike(tmp_path: Path) -> None:
    small, large = deep(tmp_path / "small.tif", 0, 99, 16), deep(tmp_path / "large.tif", 10_000, 10_099, 512)
    values = np.concatenate([sample_values(small), sample_values(large)])
    assert np.mean(values < 5000) == 0.5


def test_values_of_scanners_come_in_their_units_without_padding(tmp_path: Path) -> None:
    stored = np.full((40, 40), -2000, np.int16)
    stored[10:30, 10:30] = np.arange(400).reshape(20, 20)
    save(make(stored, PixelPaddingValue=-2000, RescaleSlope=2, RescaleIntercept=-100), tmp_path / "a.dcm")
    found = measured([tmp_path / "a.dcm"])
    assert found is not None
    assert -100 <= found.low <= -80
    assert 680 <= found.high <= 700


def test_images_of_8_bits_and_unreadable_ones_have_no_say(tmp_path: Path) -> None:
    Image.new("L", (20, 20), 200).save(tmp_path / "a.png")
    (tmp_path / "b.tif").write_bytes(b"nothing")
    assert measured([tmp_path / "a.png", tmp_path / "b.tif", tmp_path / "gone.png"]) is None
    assert measured([]) is None
    found = measured([tmp_path / "a.png", deep(tmp_path / "c.tif", 300, 400), tmp_path / "b.tif"])
    assert found is not None
    assert found.images == 1


def test_a_flat_data_set_still_has_a_range(tmp_path: Path) -> None:
    assert measured([deep(tmp_path / "a.tif", 700, 700)]) == DepthRange(700.0, 701.0, 1)


def test_no_more_than_the_told_number_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [deep(tmp_path / f"{i}.tif", 100 * i, 100 * i + 50, 8) for i in range(9)]
    monkeypatch.setattr(depth_sample, "IMAGES", 3)
    seen: list[tuple[int, int]] = []
    found = measure_range(paths, lambda done, total: seen.append((done, total)), lambda: False)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert found is not None
    assert found.images == 3
    assert found.low < 50
    assert found.high > 550, "spread over all of them"
