"""Installs the program from its lock file into .venv, repairs what was interrupted, and says in plain words what went wrong."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GIGABYTE = 10**9
NEEDED = 10.0 if sys.platform == "linux" else 3.0  # gigabytes with downloads; on Linux torch brings CUDA along
OLDEST_GLIBC = {"x86_64": (2, 34), "aarch64": (2, 39)}  # of the Qt packages
SUPPORTED = (
    "Supported are Linux with glibc 2.34 or newer (Ubuntu 22.04, Debian 12, Fedora 35; on ARM 2.39, Ubuntu 24.04), "
    "macOS 14 or newer on Apple silicon, and 64-bit Windows on Intel or AMD, with Python 3.11 to 3.14."
)


class Trouble(Exception):
    """Something that the user can do something about, in whole sentences."""


@dataclass(frozen=True)
class Places:
    """The folders and files of one installation."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        """Written when an installation is complete: what it was made from."""
        return self.venv / "tlstudio-installed.json"

    @property
    def begun(self) -> Path:
        """There while an installation is under way; left behind by one that was interrupted."""
        return self.venv / "tlstudio-installing"

    @property
    def log(self) -> Path:
        return self.venv / "tlstudio-install.log"

    def lock(self, dev: bool) -> Path:
        return self.root / ("requirements-dev.lock" if dev else "requirements.lock")


def ensure_installed(*, dev: bool, root: Path = ROOT) -> Path:
    """Installs what is missing and returns the Python of .venv. Nothing is done when the stamp says that all is there.

    dev: with the tools for working on the program. Raises Trouble.
    """
    places = Places(root)
    if is_current(places, dev):
        return places.python
    check_system()
    check_disk(places)
    print("Installing the program into " + str(places.venv) + ". The first time this takes some minutes.", flush=True)
    prepare_venv(places)
    if places.begun.exists():
        print("The last installation was interrupted. Checking what it left behind.", flush=True)
        run([str(places.python), str(Path(__file__).with_name("damaged.py"))], places)
    # An environment with the tools keeps them: the two locks have the same versions of everything else.
    dev = dev or bool(read_stamp(places).get("dev"))
    places.begun.touch()
    places.stamp.unlink(missing_ok=True)
    places.log.unlink(missing_ok=True)
    # The lock file is complete. Left to look for dependencies itself, pip takes the newest version for one asked for with extras,
    # as in `coverage[toml]`, and then refuses it because the lock has an older one.
    pip_install(places, "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(places.lock(dev)))
    pip_install(places, "--no-deps", "--no-build-isolation", "-e", str(root))
    places.stamp.write_text(json.dumps(fingerprint(places, dev), indent=1) + "\n", encoding="utf-8")
    places.begun.unlink()
    return places.python


# --- is it there already? -------------------------------------------------------


def fingerprint(places: Places, dev: bool) -> dict[str, str]:
    """What an installation depends on: the lock files, pyproject.toml and where the checkout is."""
    found = {
        "runtime": digest(places.lock(dev=False)),
        "project": digest(places.root / "pyproject.toml"),
        "root": str(places.root),
    }
    return {**found, "dev": digest(places.lock(dev=True))} if dev else found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_stamp(places: Places) -> dict[str, str]:
    try:
        data = json.loads(places.stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def is_current(places: Places, dev: bool) -> bool:
    stamp = read_stamp(places)
    wanted = fingerprint(places, dev)
    return places.python.exists() and all(stamp.get(key) == value for key, value in wanted.items())


# --- what the machine must have ----------------------------------------------


def check_system() -> None:
    """Raises Trouble where packages are known not to exist; warns of a Python that is newer than those tried."""
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Trouble(
            "This Python can't make environments, because a part of it is in a package of its own.\n"
            f"Debian, Ubuntu: sudo apt install python{version}-venv   (or python3-venv)\n"
            "Then start the same command again."
        )
    machine = platform.machine()
    name, version = platform.libc_ver()
    if sys.platform == "linux" and name == "glibc":
        have = tuple(int(part) for part in version.split(".")[:2])
        if have < OLDEST_GLIBC.get(machine, (0, 0)):
            raise Trouble(f"This Linux is too old for the window library Qt: its glibc is {version}.\n{SUPPORTED}")
    if sys.maxsize < 2**32 or (sys.platform == "darwin" and machine == "x86_64"):
        raise Trouble(f"PyTorch is not made for this kind of computer or Python ({machine}).\n{SUPPORTED}")
    if sys.version_info >= (3, 15):
        print("This Python is newer than those the program was tried with (3.11 to 3.14).", flush=True)


def check_disk(places: Places) -> None:
    """Raises Trouble if the rest of the installation would not fit; what lies in .venv already counts."""
    free = shutil.disk_usage(places.root).free
    there = sum(path.lstat().st_size for path in places.venv.rglob("*")) if places.venv.is_dir() else 0
    missing = NEEDED * GIGABYTE - there
    if free < missing:
        raise Trouble(
            f"The disk is nearly full: {free / GIGABYTE:.1f} GB are free, and the installation needs about "
            f"{missing / GIGABYTE:.0f} GB more.\n"
            f"Make room on the disk of {places.root}, or move this folder to a larger one, and start again."
        )


def prepare_venv(places: Places) -> None:
    """Makes .venv, or makes it anew if its Python no longer runs or is too old, or gives it pip if only that is missing."""
    if runs(places, "import sys; sys.exit(sys.version_info < (3, 11))"):
        if runs(places, "import pip"):
            return
        run([str(places.python), "-m", "ensurepip", "--upgrade"], places)
        return
    if Path(sys.prefix).resolve() == places.venv.resolve():
        raise Trouble(
            "The environment .venv is damaged and can't repair itself. Start again with the system's own Python."
        )
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(places.venv)
    except subprocess.CalledProcessError as error:
        raise Trouble(
            "Python could not make the environment .venv.\nOn Debian or Ubuntu: sudo apt install python3-venv"
        ) from error


def runs(places: Places, code: str) -> bool:
    if not places.python.exists():
        return False
    done = subprocess.run([str(places.python), "-I", "-c", code], capture_output=True, check=False)
    return done.returncode == 0


# --- pip ----------------------------------------------------------------------------


def environment(places: Places) -> dict[str, str]:
    """For pip: no other Python's modules, and temporary files on the disk that was checked, as /tmp is often small."""
    temporary = places.venv / "tmp"
    temporary.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {**kept, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}


def run(command: list[str], places: Places) -> int:
    return subprocess.run(command, env=environment(places), cwd=places.root, check=False).returncode


def pip_install(places: Places, *arguments: str) -> None:
    """One pip run; its output stays visible and goes to the log too. Raises Trouble with the likely cause."""
    options = ["--disable-pip-version-check", "--no-input", "--log", str(places.log)]
    try:
        status = run([str(places.python), "-m", "pip", *options, "install", "--no-user", *arguments], places)
    finally:
        shutil.rmtree(places.venv / "tmp", ignore_errors=True)
    if status:
        text = places.log.read_text(encoding="utf-8", errors="replace") if places.log.exists() else ""
        raise Trouble(f"{explain(text)}\nThe installer's own report is in {places.log}")


NO_CONNECTION = (
    *("Failed to establish a new connection", "NewConnectionError", "NameResolutionError", "getaddrinfo failed"),
    *(
        "Temporary failure in name resolution",
        "Network is unreachable",
        "ProxyError",
        "ConnectTimeout",
        "Read timed out",
    ),
    *("ConnectionResetError", "RemoteDisconnected", "Connection broken", "IncompleteRead"),
)
CAUSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("No space left on device", "Errno 28", "WinError 112", "Disk quota exceeded"),
        "The disk became full during the installation. Make room and start the same command again; it goes on from here.",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "SSLCertVerificationError"),
        "The connection is not trusted. In a company network the certificate of its gateway is often missing.\n"
        "Ask for it and set it with: pip config set global.cert FILE",
    ),
    (
        ("DO NOT MATCH THE HASHES",),
        "A file that arrived is not the one that was expected: damaged on the way, or from another source that pip is set to\n"
        "use (see: pip config list). Start the same command again.",
    ),
    (
        ("Long Path support",),
        "Windows refused a long file name. Move this folder nearer to the top of the drive, for example to C:\\tlstudio.",
    ),
    (
        NO_CONNECTION,
        "The internet could not be reached. The first start has to download the program's libraries.\n"
        "Check the connection (behind a proxy, set HTTPS_PROXY) and start the same command again; it goes on from here.",
    ),
    (
        ("Permission denied", "Errno 13", "WinError 5"),
        "A file could not be written. Close the program if it is open, check that this folder may be written to, and start\n"
        "the same command again.",
    ),
    (("No matching distribution found",), f"A library does not exist for this computer or this Python. {SUPPORTED}"),
)


def explain(log: str) -> str:
    """The first known cause that the log of pip names, as sentences for the user."""
    for signs, sentence in CAUSES:
        if any(sign in log for sign in signs):
            return sentence
    return "The installation did not succeed. Start the same command again; it goes on from here."
