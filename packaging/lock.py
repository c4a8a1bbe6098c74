"""Writes requirements.lock and requirements-dev.lock anew, for Linux, macOS and Windows and every Python from 3.11 on.

    python packaging/lock.py [--upgrade] [--check]

The first holds what the program needs to run and to be installed from a checkout; the second adds the tools of the group `dev`
and has the same version of everything else. Versions are pinned and every file has its hash, so pip refuses anything that is
not the file that was tried. Without --upgrade the versions of the present files are kept where they still fit. --check writes
nothing and fails if a file is not what would be written. Needs uv (https://docs.astral.sh/uv/) and a connection; of the machine's
own pip settings nothing is used, so the files are the same wherever they are made. The packages of LEFT_OUT are not in them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"
PYTHON = "3.11"
# What a dependency names and this program never loads (tlstudio.explain.borrowed): captum draws with it, which nothing here does.
LEFT_OUT = ("matplotlib",)

HEADER = """\
# {title}
# Written by packaging/lock.py; change pyproject.toml and run it again instead of editing.
"""
TITLES = {
    RUNTIME: "What the program needs to run and to be installed from a checkout.",
    DEV: "Everything in requirements.lock and the tools for working on the program.",
}


def find_uv() -> str:
    """The uv program: beside this Python or on the path."""
    here = Path(sys.executable).parent
    found = shutil.which("uv", path=str(here)) or shutil.which("uv")
    if found is None:
        sys.exit("uv is not installed. Install it with: python -m pip install uv")
    return found


def wanted() -> tuple[list[str], list[str]]:
    """Requirements of the program and of its developers, from pyproject.toml.

    The build backend is among the first, because an installation from a checkout builds without isolation; `editables` is what
    hatchling asks for in an editable one.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = [*project["project"]["dependencies"], *project["build-system"]["requires"], "editables>=0.5"]
    return runtime, project["dependency-groups"]["dev"]


def resolve(requirements: list[str], present: str, constraints: str = "") -> str:
    """The pinned list for all platforms. present: versions to keep where they fit; constraints: versions that must be taken."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("wishes.in", "output.txt", "limits.txt", "left-out.txt")
        wishes, output, limits, left_out = (Path(folder) / name for name in names)
        wishes.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        output.write_text(present, encoding="utf-8")
        limits.write_text(constraints, encoding="utf-8")
        never = [f"{name} ; python_version < '3'\n" for name in LEFT_OUT]
        left_out.write_text("".join(never), encoding="utf-8")
        command = [
            find_uv(),
            "pip",
            "compile",
            "--universal",
            "--python-version",
            PYTHON,
            "--no-config",
            "--generate-hashes",
        ]
        command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
        command += ["--constraint", str(limits), "--override", str(left_out)]
        command += ["--output-file", str(output), str(wishes)]
        done = subprocess.run(command, cwd=folder, check=False)
        if done.returncode:
            sys.exit(f"uv could not resolve the requirements (status {done.returncode}).")
        return output.read_text(encoding="utf-8")


def without_hashes(lock: str) -> str:
    """Only the `name==version ; marker` lines: constraints for another resolution."""
    lines = [line.removesuffix("\\").rstrip() for line in lock.splitlines()]
    return "\n".join(line for line in lines if line and line[0].isalnum()) + "\n"


def make(upgrade: bool) -> dict[str, str]:
    """The text of both files."""

    def present(name: str) -> str:
        path = ROOT / name
        return path.read_text(encoding="utf-8") if path.is_file() and not upgrade else ""

    runtime_wishes, dev_wishes = wanted()
    runtime = resolve(runtime_wishes, present(RUNTIME))
    dev = resolve([*runtime_wishes, *dev_wishes], present(DEV), without_hashes(runtime))
    return {name: HEADER.format(title=TITLES[name]) + text for name, text in ((RUNTIME, runtime), (DEV, dev))}


def main() -> int:
    parser = argparse.ArgumentParser(description="Write requirements.lock and requirements-dev.lock.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--check", action="store_true", help="only say whether the files are up to date")
    arguments = parser.parse_args()
    status = 0
    for name, text in make(arguments.upgrade).items():
        path = ROOT / name
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        if arguments.check:
            print(f"{name}: {'up to date' if same else 'not up to date'}")
            status = status if same else 1
        elif not same:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{name}: written, {len(without_hashes(text).splitlines())} entries")
    return status


if __name__ == "__main__":
    sys.exit(main())
