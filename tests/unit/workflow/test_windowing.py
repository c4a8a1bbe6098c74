"""An image of more than 8 bits through windows, from the file to what the screen shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.unit.images.dicoms import make, save
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.viewing import DeepImage, ViewWindow
from tlstudio.images.decode import load_rgb
from tlstudio.workflow.viewing import view_deep
from tlstudio.workflow.windowing import show_through

RAMP = np.arange(65_536, dtype=np.uint16).reshape(256, 256)


def shown(image: DeepImage | None, window: ViewWindow) -> npt.NDArray[np.uint8]:
    assert image is not None
    return np.frombuffer(show_through(image, window), np.uint8).reshape(image.height, image.width)


def test_a_window_spreads_its_part_of_the_values(tmp_path: Path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "ramp.png")
    image = view_deep(tmp_path / "ramp.png")
    levels = shown(image, ViewWindow(10_000, 2000)).ravel()
    assert set(levels[:9001]) == {0}
    assert set(levels[11_000:]) == {255}
    assert np.abs(levels[9000:11_001] - np.linspace(0, 255, 2001)).max() <= 0.5 + 1e-9
    assert np.array_equal(shown(image, image.automatic), np.asarray(load_rgb(tmp_path / "ramp.png"))[:, :, 0])  # type: ignore[union-attr]


@pytest.mark.parametrize("window", [(40, 400), (40, 1), (0, 1500), (500, 1e-6)])
def test_any_width_can_be_shown(tmp_path: Path, window: tuple[float, float]) -> None:
    stored = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    scan = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024}
    save(make(stored, **scan), tmp_path / "a.dcm")
    levels = shown(view_deep(tmp_path / "a.dcm"), ViewWindow(*window)).ravel().astype(int)
    assert (np.diff(levels) >= 0).all()
    assert {levels[0], levels[-1]} == {0, 255}
    if window[1] >= 1:
        save(make(stored, WindowCenter=window[0], WindowWidth=window[1], **scan), tmp_path / "b.dcm")
        assert np.abs(levels - np.asarray(load_rgb(tmp_path / "b.dcm"))[:, :, 0].ravel()).max() <= 1


def test_inverted_images_stay_so(tmp_path: Path) -> None:
    for kind in ("MONOCHROME1", "MONOCHROME2"):
        save(make(RAMP, PhotometricInterpretation=kind), tmp_path / f"{kind}.dcm")
    dark, light = (view_deep(tmp_path / f"MONOCHROME{n}.dcm") for n in (1, 2))
    window = ViewWindow(30_000, 20_000)
    assert np.array_equal(shown(dark, window), 255 - shown(light, window))


def test_what_the_guarded_process_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"")
    with pytest.raises(ImageRefused, match="empty"):
        view_deep(tmp_path / "a.dcm")


def test_showing_loads_no_decoder() -> None:
    code = "import sys, tlstudio.workflow.windowing; print('PIL' in sys.modules, 'pydicom' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
