"""The built wheel, installed into a clean folder, is the whole program: with its resources, cards and bundled weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("tf_efficientnet_lite0.in1k", "tf_efficientnet_lite2.in1k")
BUNDLED = "tlstudio/_bundled"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("tlstudio-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and nothing else; libraries come from the environment of the tests."""
    target = tmp_path_factory.mktemp("clean") / "place"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--target", str(target), str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def run_installed(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the installed program before everything else, started outside the checkout, in a home of its own."""
    home = installed.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TLSTUDIO_", "PYTHON", "COV_"))}
    environment = {**kept, "PYTHONPATH": str(installed), "TLSTUDIO_HOME": str(home)}
    command = [sys.executable, "-P", "-B", *arguments]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_wheel_carries_everything_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = ["NOTICE", *(f"{model}/{name}" for model in MODELS for name in ("model.safetensors", "config.json"))]
    assert {f"{BUNDLED}/models/{name}" for name in wanted} <= names
    assert wheel.stat().st_size < 60e6
    cards = {path.name for path in (ROOT / "models/cards").glob("*.json")}
    assert len(cards) >= 24
    assert cards <= {Path(name).name for name in names if name.startswith(f"{BUNDLED}/models/cards/")}
    resources = [path for path in (ROOT / "resources").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {f"{BUNDLED}/{path.relative_to(ROOT).as_posix()}" for path in resources} <= names
    roots = {name.split("/")[0] for name in names}
    assert {name for name in roots if not name.endswith(".dist-info")} == {"tlstudio"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pt", ".pth", ".bin", ".pkl"))]


def test_the_program_comes_from_the_clean_folder(installed):
    code = (
        "import sys, tlstudio, json; from tlstudio.storage.places import models_dir, resources_dir; "
        "print(json.dumps([tlstudio.__file__, str(models_dir()), str(resources_dir()), sys.path]))"
    )
    done = run_installed(installed, "-c", code)
    assert done.returncode == 0, done.stderr
    package, models, resources, path = json.loads(done.stdout)
    assert Path(package).is_relative_to(installed)
    assert Path(models).is_relative_to(installed)
    assert Path(resources).is_relative_to(installed)
    before = path[: path.index(str(installed))]
    assert str(ROOT) not in before
    assert all((Path(models) / model / "model.safetensors").stat().st_size > 5e6 for model in MODELS)


def test_the_program_starts_and_knows_its_backbones(installed):
    done = run_installed(installed, "-m", "tlstudio", "models", "list", "--json")
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "result"
    assert all(model in done.stdout for model in MODELS)
    assert str(ROOT) not in done.stdout
