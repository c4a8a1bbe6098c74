"""What this machine has, for the user and for a report of trouble. Names nothing that identifies a person."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

import tlstudio
from tlstudio.catalog import weights
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.storage import places

LIBRARIES = (
    "torch",
    "torchvision",
    "timm",
    "onnx",
    "onnxruntime",
    "PySide6-Essentials",
    "Pillow",
    "scikit-learn",
    "numpy",
)


@dataclass(frozen=True, slots=True)
class Health:
    """problems: whole sentences with a way out; empty when everything that the program needs is there."""

    version: str
    system: str
    python: str
    device: str
    memory_gb: float
    memory_free_gb: float
    disk_free_gb: float
    weights_folders: tuple[Path, ...]
    models: tuple[str, ...]
    providers: tuple[str, ...]
    libraries: dict[str, str]
    log_file: Path
    problems: tuple[str, ...]


def doctor(reporter: Reporter = SILENT) -> Health:
    """Looks at processor, memory, disk, weights, providers and versions."""
    problems: list[str] = []
    memory = psutil.virtual_memory()
    free = shutil.disk_usage(_existing(places.data_dir())).free
    if memory.available < 2e9:
        problems.append("Less than 2 GB of memory are free. Close other programs before training.")
    if free < 2e9:
        problems.append("Less than 2 GB of disk are free. Free some space before importing images.")
    if not os.access(_existing(places.data_dir()), os.W_OK):
        problems.append(f"The program can't write to {places.data_dir()}. Downloads and recent projects are not kept.")
    device = _try_device(problems)
    return Health(
        version=tlstudio.__version__,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        device=device,
        memory_gb=round(memory.total / 1e9, 1),
        memory_free_gb=round(memory.available / 1e9, 1),
        disk_free_gb=round(free / 1e9, 1),
        weights_folders=weights.folders(),
        models=tuple(s.card.id for s in weights.statuses() if s.folder is not None),
        providers=_providers(problems),
        libraries=_versions(problems),
        log_file=places.log_file(),
        problems=tuple(problems),
    )


def device_sentence(reporter: Reporter = SILENT) -> str:
    """The device that training will use, for people."""
    from tlstudio.training import devices

    return devices.describe(devices.choose("auto"))


def _try_device(problems: list[str]) -> str:
    try:
        return device_sentence()
    except (ImportError, OSError, RuntimeError) as error:
        problems.append(f"torch can't be loaded ({error}). Install the program again with packaging/bootstrap.py.")
        return "none"


def _providers(problems: list[str]) -> tuple[str, ...]:
    try:
        import onnxruntime

        return tuple(onnxruntime.get_available_providers())
    except ImportError as error:
        problems.append(
            f"onnxruntime can't be loaded ({error}). Install the program again with packaging/bootstrap.py."
        )
        return ()


def _versions(problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"{name} is not installed. Install the program again with packaging/bootstrap.py.")
    return found


def _existing(path: Path) -> Path:
    """The nearest folder above that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
