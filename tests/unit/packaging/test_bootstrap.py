"""The way from a fresh machine to the running program, with the slow steps replaced by stand-ins."""

from __future__ import annotations

import ast
import importlib
import json
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGING = ROOT / "packaging"
MODULES = ("bootstrap", "installing", "checking", "qt_libraries", "damaged")


@pytest.fixture
def checkout(tmp_path):
    """A folder with the files that an installation depends on."""
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


def test_the_folder_never_shadows_the_library_of_its_name():
    assert not list(PACKAGING.rglob("__init__.py"))
    code = "import packaging.version; print(packaging.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "site-packages" in done.stdout


def test_the_first_file_is_readable_for_old_pythons():
    tree = ast.parse((PACKAGING / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    assert sorted(imported) == ["os", "subprocess", "sys"]


@pytest.mark.parametrize("name", MODULES)
def test_only_the_standard_library_is_needed(name):
    tree = ast.parse((PACKAGING / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for one in names:
            assert one.split(".")[0] in {*sys.stdlib_module_names, *MODULES}


def test_an_old_python_gets_a_plain_sentence(load, monkeypatch):
    bootstrap = load("bootstrap")
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit, match=r"This is Python 3\.9, and the program needs Python 3\.11 or newer"):
        bootstrap.check_python()


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["--help"], 0), (["dance"], 2)])
def test_wrong_usage_shows_the_commands(arguments, status):
    command = [sys.executable, "-B", str(PACKAGING / "bootstrap.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert all(word in done.stdout + done.stderr for word in ("demo", "run", "test", "install"))


def test_trouble_ends_with_its_sentence(load, monkeypatch, capsys):
    bootstrap, installing = load("bootstrap"), load("installing")

    def fail(*, dev):
        raise installing.Trouble("The disk is nearly full.")

    monkeypatch.setattr(installing, "ensure_installed", fail)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "demo"])
    assert bootstrap.main() == 1
    assert capsys.readouterr().err == "\nThe disk is nearly full.\n"


@pytest.mark.parametrize(
    ("arguments", "expected", "qt"),
    [
        (["demo", "--out", "x"], ["demo", "--out", "x"], None),
        (["demo", "--gui"], ["demo", "--gui"], True),
        (["run", "project"], ["gui", "project"], True),
    ],
)
def test_demo_and_run_start_the_program(load, monkeypatch, arguments, expected, qt):
    bootstrap, installing, libraries = load("bootstrap"), load("installing"), load("qt_libraries")
    started, checked = [], []
    monkeypatch.setattr(installing, "ensure_installed", lambda *, dev: Path("python"))
    monkeypatch.setattr(libraries, "require_qt", lambda _python, *, window: checked.append(window))
    monkeypatch.setattr(bootstrap, "hand_over", lambda command: started.append(command) or 0)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", *arguments])
    assert bootstrap.main() == 0
    assert started == [["python", "-P", "-m", "tlstudio", *expected]]
    assert checked == ([] if qt is None else [qt])


# --- installing -------------------------------------------------------------------


@pytest.fixture
def installing(load, monkeypatch, checkout):
    """The module with pip and venv replaced; `calls` collects the commands, `status` is what they end with."""
    module = load("installing")
    module.calls, module.status = [], 0

    def run(command, places):
        module.calls.append(command)
        places.python.parent.mkdir(parents=True, exist_ok=True)
        places.python.touch()
        return module.status

    def prepare(places):
        places.venv.mkdir(exist_ok=True)

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "prepare_venv", prepare)
    monkeypatch.setattr(module, "check_system", lambda: None)
    monkeypatch.setattr(module, "check_disk", lambda _places: None)
    return module


def test_installs_the_lock_then_the_program_and_then_nothing(installing, checkout):
    python = installing.ensure_installed(dev=False, root=checkout)
    assert python.is_relative_to(checkout / ".venv")
    libraries, program = installing.calls
    assert libraries[-3:] == ["--only-binary=:all:", "-r", str(checkout / "requirements.lock")]
    assert {"--require-hashes", "--no-deps"} <= set(libraries)
    assert program[-4:] == ["--no-deps", "--no-build-isolation", "-e", str(checkout)]
    installing.ensure_installed(dev=False, root=checkout)
    assert len(installing.calls) == 2


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_installs_again(installing, checkout, name):
    installing.ensure_installed(dev=False, root=checkout)
    (checkout / name).write_text("changed", encoding="utf-8")
    installing.ensure_installed(dev=False, root=checkout)
    assert len(installing.calls) == 4


def test_the_tools_are_added_once_and_stay(installing, checkout):
    installing.ensure_installed(dev=False, root=checkout)
    installing.ensure_installed(dev=True, root=checkout)
    assert installing.calls[2][-1] == str(checkout / "requirements-dev.lock")
    installing.ensure_installed(dev=False, root=checkout)
    assert len(installing.calls) == 4
    (checkout / "requirements.lock").write_text("changed", encoding="utf-8")
    installing.ensure_installed(dev=False, root=checkout)
    assert installing.calls[4][-1] == str(checkout / "requirements-dev.lock")


def test_an_interrupted_installation_is_repaired(installing, checkout):
    installing.status = 1
    with pytest.raises(installing.Trouble, match="goes on from here"):
        installing.ensure_installed(dev=False, root=checkout)
    installing.status = 0
    installing.ensure_installed(dev=False, root=checkout)
    assert installing.calls[1][-1].endswith("damaged.py")
    assert len(installing.calls) == 4
    assert not (checkout / ".venv" / "tlstudio-installing").exists()


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk became full"),
        ("Failed to establish a new connection: [Errno -3]\nERROR: No matching distribution found for x", "internet"),
        ("ERROR: No matching distribution found for torch==2.15.0", "Supported are"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one that was expected"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "certificate"),
        ("[WinError 5] Access is denied", "could not be written"),
        ("something new", "Start the same command again"),
    ],
)
def test_the_log_of_pip_becomes_a_sentence(installing, log, words):
    sentence = installing.explain(log)
    assert words in sentence
    assert "Errno" not in sentence


def test_a_full_disk_is_seen_before_anything_is_written(load, monkeypatch, checkout):
    installing = load("installing")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**12, 10**12, 10**9))
    with pytest.raises(installing.Trouble, match=r"1\.0 GB are free"):
        installing.check_disk(installing.Places(checkout))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**12, 0, 10**11))
    installing.check_disk(installing.Places(checkout))


def test_a_python_without_environments_names_the_package(load, monkeypatch):
    installing = load("installing")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(installing.Trouble, match="-venv"):
        installing.check_system()


@pytest.mark.skipif(sys.platform != "linux", reason="about the C library of Linux")
def test_an_old_linux_is_told_so(load, monkeypatch):
    installing = load("installing")
    monkeypatch.setattr(installing.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(installing.platform, "libc_ver", lambda: ("glibc", "2.31"))
    with pytest.raises(installing.Trouble, match=r"glibc is 2\.31"):
        installing.check_system()


def test_an_environment_that_does_not_run_is_made_anew(load, monkeypatch, checkout):
    installing = load("installing")
    places = installing.Places(checkout)
    (places.venv / "old").mkdir(parents=True)
    monkeypatch.setattr(installing.venv.EnvBuilder, "_setup_pip", lambda *_arguments: None)
    installing.prepare_venv(places)
    assert not (places.venv / "old").exists()
    assert installing.runs(places, "import sys; sys.exit(0)")
    assert not installing.runs(places, "import pip")


def test_a_damaged_stamp_means_install_again(installing, checkout):
    installing.ensure_installed(dev=False, root=checkout)
    places = installing.Places(checkout)
    assert json.loads(places.stamp.read_text(encoding="utf-8"))["root"] == str(checkout)
    places.stamp.write_text("[1", encoding="utf-8")
    assert not installing.is_current(places, dev=False)


def test_packages_with_missing_or_short_files_are_forgotten(load, monkeypatch, tmp_path):
    damaged = load("damaged")
    for name, listed in (("whole", 3), ("short", 9), ("nolist", None)):
        (tmp_path / f"{name}.py").write_text("x=1", encoding="utf-8")
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        if listed is not None:
            (folder / "RECORD").write_text(f"{name}.py,,{listed}\n{name}-1.0.dist-info/RECORD,,\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert sorted(damaged.forget_damaged()) == ["nolist", "short"]
    assert [path.name for path in tmp_path.glob("*.dist-info")] == ["whole-1.0.dist-info"]
