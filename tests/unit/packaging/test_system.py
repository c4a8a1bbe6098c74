"""What the bootstrap says about Qt's system libraries, and how it runs the checks."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest


def write_program(path: Path, text: str) -> Path:
    """A small shell script in the place of Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


needs_shell = pytest.mark.skipif(os.name == "nt", reason="the stand-in for Python is a shell script")


@needs_shell
@pytest.mark.skipif(sys.platform != "linux", reason="about the libraries of Linux")
def test_missing_system_libraries_are_named_with_their_packages(load, tmp_path):
    libraries = load("qt_libraries")
    python = write_program(
        tmp_path / "python",
        'case "$3" in *PySide6*) echo "ImportError: libEGL.so.1: cannot open" >&2; exit 1;; esac\n'
        "echo libEGL.so.1; echo libGL.so.1\n",
    )
    with pytest.raises(libraries.Trouble) as caught:
        libraries.require_qt(python, window=False)
    text = str(caught.value)
    assert "sudo apt install libegl1 libgl1" in text
    assert "sudo dnf install mesa-libEGL mesa-libGL" in text


@needs_shell
@pytest.mark.skipif(sys.platform != "linux", reason="about the libraries of Linux")
def test_an_unknown_library_is_named_too(load, tmp_path):
    libraries = load("qt_libraries")
    text = "ImportError: libodd.so.3: cannot open shared object file: No such file or directory"
    python = write_program(tmp_path / "python", f'case "$3" in *PySide6*) echo "{text}" >&2; exit 1;; esac\n')
    with pytest.raises(libraries.Trouble, match=r"apt-file search libodd\.so\.3"):
        libraries.require_qt(python, window=False)


@needs_shell
@pytest.mark.skipif(sys.platform != "linux", reason="about the screens of Linux")
def test_a_machine_without_a_screen_is_told_so(load, monkeypatch, tmp_path):
    libraries = load("qt_libraries")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    python = write_program(tmp_path / "python", "exit 0\n")
    with pytest.raises(libraries.Trouble, match="no screen"):
        libraries.require_qt(python, window=True)
    libraries.require_qt(python, window=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    libraries.require_qt(python, window=True)


def test_qt_starts_in_this_environment(load):
    load("qt_libraries").require_qt(Path(sys.executable), window=False)


def test_every_library_is_in_the_table_once(load):
    names = [library.name for library in load("qt_libraries").LIBRARIES]
    assert len(names) == len(set(names))


# --- checking ---------------------------------------------------------------------


@needs_shell
def test_the_check_that_fails_is_named_and_gives_the_status(load, tmp_path, capfd):
    checking = load("checking")
    python = write_program(tmp_path / "python", 'echo "$@"\n[ "$2" = mypy ] && exit 3\nexit 0\n')
    assert checking.run_checks(python, []) == 3
    captured = capfd.readouterr()
    assert "Failed: types (mypy), exit status 3." in captured.err
    assert "pytest" not in captured.out


@needs_shell
def test_further_arguments_reach_pytest(load, tmp_path, capfd):
    checking = load("checking")
    python = write_program(tmp_path / "python", 'echo "$@"\n')
    assert checking.run_checks(python, ["-k", "metal"]) == 0
    out = capfd.readouterr().out
    assert " --no-loadscope-reorder -k metal" in out
    assert "All checks passed" in out


@pytest.mark.skipif(sys.platform != "linux", reason="about the screens of Linux")
def test_without_a_screen_the_tests_draw_into_memory(load, monkeypatch):
    checking = load("checking")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert checking.environment()["QT_QPA_PLATFORM"] == "offscreen"
    monkeypatch.setenv("DISPLAY", ":0")
    assert "QT_QPA_PLATFORM" not in checking.environment()
