"""The committed lock files: complete, consistent with each other and with pyproject.toml, and tied to no machine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("requirements.lock", "requirements-dev.lock")


def read(name: str) -> list[tuple[Requirement, list[str]]]:
    """Every entry with its hashes."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / name).read_text(encoding="utf-8"))
    entries = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            parts = re.split(r"\s+--hash=", line.strip())
            entries.append((Requirement(parts[0]), parts[1:]))
    return entries


def pinned(name: str) -> dict[str, set[str]]:
    """{package: versions}; two versions where Python 3.11 needs an older one."""
    versions: dict[str, set[str]] = {}
    for requirement, _hashes in read(name):
        versions.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return versions


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_pinned_and_hashed(name):
    entries = read(name)
    assert len(entries) > 60
    for requirement, hashes in entries:
        assert re.fullmatch(r"==[^*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)


@pytest.mark.parametrize("name", NAMES)
def test_no_address_and_no_path_of_a_machine(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--extra|--find-links|--trusted|file:|\s/\w|[A-Za-z]:\\", text)


def test_the_tools_come_on_top_of_the_same_versions():
    runtime, dev = pinned(NAMES[0]), pinned(NAMES[1])
    assert {name: dev.get(name) for name in runtime} == runtime
    assert "pytest" in set(dev) - set(runtime)


def test_everything_the_project_asks_for_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {NAMES[0]: [*project["project"]["dependencies"], *project["build-system"]["requires"]]}
    groups[NAMES[1]] = [*groups[NAMES[0]], *project["dependency-groups"]["dev"]]
    for name, wanted in groups.items():
        versions = pinned(name)
        for text in wanted:
            requirement = Requirement(text)
            found = versions.get(canonicalize_name(requirement.name), set())
            assert found, f"{requirement.name} is not in {name}"
            assert all(requirement.specifier.contains(version.removeprefix("==")) for version in found)


def test_what_is_never_loaded_is_left_out():
    assert all("matplotlib" not in pinned(name) for name in NAMES)


def test_torch_and_torchvision_are_one_pair_for_all_systems():
    versions = pinned(NAMES[0])
    assert versions["torch"] == {"==2.15.0"}
    assert versions["torchvision"] == {"==0.29.2"}


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_one_version_of_each_package_on_every_system(system, python):
    place = {"sys_platform": system, "python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    place |= {"platform_machine": "arm64" if system == "darwin" else "x86_64", "implementation_name": "cpython"}
    place |= {"platform_python_implementation": "CPython", "os_name": "nt" if system == "win32" else "posix"}
    names = [r.name for r, _hashes in read(NAMES[1]) if r.marker is None or r.marker.evaluate(place)]
    assert len(names) == len(set(names))
    assert ("triton" in names) == (system == "linux")
