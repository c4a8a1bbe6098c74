"""Heat maps for files: one picture each, a bad file costs itself alone, and the reason is found where it was painted."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.conftest import TEST_MODEL
from tlstudio.domain.errors import ImageRefused, WrongUsage
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.workflow.explaining import explain, explain_image
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train

EDGE = 72


def discs(folder: Path, count: int) -> dict[str, tuple[int, int]]:
    """Noise, and noise with a yellow disc: {file name: left and top of the disc}."""
    places = {}
    for k, label in enumerate(("plain", "disc")):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            random = np.random.default_rng(1000 * k + i)
            picture = Image.fromarray(np.clip(random.normal(120, 25, (EDGE, EDGE, 3)), 0, 255).astype(np.uint8))
            if label == "disc":
                x, y = (int(v) for v in random.integers(6, EDGE - 26, 2))
                ImageDraw.Draw(picture).ellipse((x, y, x + 20, y + 20), fill=(250, 240, 60))
                places[f"{i:02d}.png"] = (x, y)
            picture.save(folder / label / f"{i:02d}.png")
    return places


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, tuple[int, int]]]:
    base = tmp_path_factory.mktemp("explain")
    places = discs(base / "images", 16)
    import_images(ImportRequest(base / "images", base / "project"))
    train(base / "project", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=EDGE))
    return base / "project", base / "images", places


def test_a_bad_file_costs_itself_alone(trained: tuple[Path, Path, dict[str, tuple[int, int]]], tmp_path: Path) -> None:
    project, images, _ = trained
    (tmp_path / "broken.png").write_bytes(b"nothing")
    twin = tmp_path / "00.png"
    twin.write_bytes((images / "disc" / "00.png").read_bytes())
    wanted = [images / "disc" / "00.png", tmp_path / "broken.png", twin, tmp_path / "gone.png"]
    done = explain(project, wanted, tmp_path / "out", label="disc")
    assert [Path(r.path).name for r in done.refused] == ["broken.png", "gone.png"]
    assert [e.picture for e in done.images] == [tmp_path / "out" / "00.heat.png", tmp_path / "out" / "00-2.heat.png"]
    with Image.open(tmp_path / "out" / "00.heat.png") as sheet:
        assert sheet.size == (640 * 2 + 12, 640)
    plain = done.to_json()["images"][0]
    assert (plain["label"], plain["method"]) == ("disc", "stages")
    figures = {"share", "before", "after", "elsewhere", "lowest", "as_much", "trials", "likeness", "p"}
    assert set(plain["proof"]) == figures | {"verdict", "reason", "sentence"}


def test_a_heat_map_that_fails_is_neither_written_nor_shown(
    trained: tuple[Path, Path, dict[str, tuple[int, int]]], tmp_path: Path
) -> None:
    """What speaks for a class that the picture does not show; a picture of an earlier time is not left for it either."""
    project, images, _ = trained
    picture = images / "disc" / "00.png"
    (tmp_path / "00.heat.png").write_bytes(b"of another run")
    (tmp_path / "other.heat.png").write_bytes(b"of another image")
    done = explain(project, [picture], tmp_path, label="plain").images[0]
    assert not done.proof.shown
    assert done.picture is None and done.to_json()["heat_map"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["other.heat.png"]
    assert done.proof.sentence().startswith("No heat map")
    assert explain_image(project, picture, label="plain").heat == b""


def test_heat_lies_on_what_decides(trained: tuple[Path, Path, dict[str, tuple[int, int]]]) -> None:
    project, images, places = trained
    inside = []
    for name in list(places)[:8]:
        found = explain_image(project, images / "disc" / name, label="disc")
        if not found.proof.shown:
            continue
        assert found.confidence == pytest.approx(found.proof.before, abs=1e-3), "one probability in all words"
        heat = np.asarray(Image.open(io.BytesIO(found.heat)), np.float64)[..., 3]
        x, y = places[name]
        inside.append(heat[max(0, y - 4) : y + 24, max(0, x - 4) : x + 24].sum() / heat.sum())
    assert len(inside) >= 6
    assert np.mean(inside) > 2 * 0.15, "the square is at most 15 % of the picture"


def test_what_can_not_be_asked(trained: tuple[Path, Path, dict[str, tuple[int, int]]], tmp_path: Path) -> None:
    project, images, _ = trained
    picture = images / "disc" / "00.png"
    with pytest.raises(WrongUsage, match="no class"):
        explain_image(project, picture, label="horse")
    with pytest.raises(WrongUsage, match="not a kind of heat map"):
        explain_image(project, picture, method="magic")
    with pytest.raises(ImageRefused):
        explain_image(project, tmp_path / "gone.png")
