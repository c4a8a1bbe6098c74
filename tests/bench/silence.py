"""Whether anything is looked up, reached, or written where it should not be: `python -m tests.bench.silence [IMAGES] [IDLE]`.

Runs the whole way, every command in a process of its own under strace (Linux), with a home of its own: import, quick and thorough
training, evaluation, export in all forms, explanation, report, prediction of IMAGES images (default 500), and the window for IDLE
seconds (default 60). Without strace the program's own guard alone counts. Prints what each did; status 1 where it did anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import BUNDLED, COLOURS, ROOT, paint

STRACE = shutil.which("strace") if sys.platform.startswith("linux") else None
CALLS = (
    "connect,sendto,sendmsg,sendmmsg,bind,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,"
    "link,linkat,symlink,symlinkat,truncate"
)
LOOKUPS = ("/etc/resolv.conf", "/etc/hosts", "/etc/gai.conf")
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")
PATHS = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
PEER = re.compile(r'sa_family=(AF_INET6?), .*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')
ALWAYS = ("/dev/", "/proc/", "/tmp/", "/var/tmp/")  # devices, and temporary places whatever TMPDIR says


@dataclass
class Place:
    """Folders of one trial. home: the user's; only the program's own parts of it may be written."""

    root: Path
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.root / "home"
        for folder in (self.home, self.root / "tmp", self.root / "work"):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def allowed(self) -> tuple[Path, ...]:
        local = self.home / ".local"
        own = (local / "share" / "tlstudio", local / "state" / "tlstudio", self.home / ".config" / "tlstudio")
        return (*own, self.root / "tmp", self.root / "work")

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TLSTUDIO_", "XDG_", "HF_", "ORT_"))}
        return {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(ROOT),
        }

    def refused(self) -> tuple[str, ...]:
        """What the program's own guard has refused."""
        return tuple(
            line for file in self.home.rglob("refused-connections.txt") for line in file.read_text().splitlines()
        )


def watch(command: Sequence[str], place: Place) -> tuple[int, list[str]]:
    """Runs it; its exit status, and everything it did that it should not have."""
    trace = place.root / "trace.txt"
    trace.unlink(missing_ok=True)
    before = len(place.refused())
    watched = [str(STRACE), "-f", "--seccomp-bpf", "-qq", "-y", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(trace)]
    done = subprocess.run(
        [*(watched if STRACE else []), *command],
        cwd=place.root / "work",
        env=place.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
    faults = [f"refused by the guard: {line}" for line in place.refused()[before:]]
    if trace.exists():
        with trace.open(encoding="utf-8", errors="replace") as lines:
            faults += dict.fromkeys(fault for line in lines for fault in judge(line, place))
    return done.returncode, faults


def judge(line: str, place: Place) -> Iterator[str]:
    """What a line of strace shows that should not be."""
    call = line.partition("(")[0].rpartition(" ")[2]
    if call in ("connect", "sendto", "sendmsg", "sendmmsg", "bind"):
        peer = PEER.search(line)
        if peer and not (peer[2] or peer[3]).startswith(("127.", "::1", "::ffff:127.")):
            yield f"reached: {call} {peer[2] or peer[3]}"
        return
    if any(f'"{name}"' in line for name in LOOKUPS):
        yield f"looked up something: {call} {next(name for name in LOOKUPS if name in line)}"
    if " = -1 " in line or (call in ("open", "openat") and not WRITES.search(line)):
        return
    found = PATHS.findall(line)
    if call == "symlink":
        found = found[1:]
    for folder, name in found[-2:]:
        path = Path(os.path.normpath(Path(folder or place.root / "work") / name))
        if "__pycache__" in path.parts or any(path == root or root in path.parents for root in place.allowed):
            continue
        if not path.is_relative_to(place.root) and str(path).startswith(ALWAYS):
            continue
        if call.startswith("mkdir") and any(path in root.parents for root in place.allowed):
            continue  # above a folder of ours
        yield f"written: {call} {path}"


WINDOW = """
import sys, tlstudio
from pathlib import Path
from PySide6.QtCore import QTimer
from tlstudio.gui import application

if __name__ == "__main__":
    QTimer.singleShot(int(float(sys.argv[2]) * 1000), application.make_application(["tlstudio"]).quit)
    sys.exit(application.main(["tlstudio"], Path(sys.argv[1])))
"""


def whole_way(images: Path, many: Path, work: Path) -> Iterator[tuple[str, list[str]]]:
    """Every command by its name. images: labeled ones. many: a folder of those to predict."""
    p, out = ["--project", "project"], "model.onnx"
    size = ["--input-size", "32", "--epochs", "1"]
    yield "import", ["import", str(images), *p]
    yield "check", ["check", *p, "--quick"]
    yield "train, quick", ["train", *p, "--mode", "quick", "--model", BUNDLED]
    yield "evaluate", ["evaluate", *p]
    yield "explain", ["explain", *p, "--method", "gradcam", str(next(images.rglob("*.png"))), "--out", "heat"]
    yield "report", ["report", *p, "--out", "report.pdf"]
    yield "report, page", ["report", *p, "--out", "report.html"]
    yield "export", ["export", *p, "--out", out]
    for kind in ("int8", "stored-small", "half"):
        yield f"export, {kind}", ["export", *p, "--out", f"{kind}.onnx", "--as", kind]
    yield "predict", ["predict", out, str(many), "--csv", "table.csv"]
    yield "train, thorough", ["train", *p, "--mode", "thorough", "--model", BUNDLED, *size]
    yield "models list", ["models", "list"]
    yield "doctor", ["doctor"]


def pictures(folder: Path, count: int) -> Path:
    """Labeled pictures of a few colours."""
    for k, (name, colour) in enumerate(COLOURS.items()):
        for i in range(count):
            paint(folder / name, f"{name}{i}.png", colour, seed=1000 * k + i)
    return folder


def main() -> None:
    count, idle = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((1, 500), (2, 60)))
    bad = 0
    with tempfile.TemporaryDirectory(prefix="tlstudio-silence-") as name:
        place = Place(Path(name))
        work = place.root / "work"
        images, many = pictures(work / "images", 20), work / "many"
        for i in range(count):
            paint(many, f"{i}.png", tuple(COLOURS.values())[i % 3], seed=5000 + i)
        script = work / "window.py"
        script.write_text(WINDOW, encoding="utf-8")
        ways = [(each, ["-m", "tlstudio", *command]) for each, command in whole_way(images, many, work)]
        ways.append((f"the window, {idle} s", [str(script), str(work / "project"), str(idle)]))
        print("strace and the guard" if STRACE else "the guard alone")
        for title, command in ways:
            started = time.monotonic()
            status, faults = watch([sys.executable, *command], place)
            bad += len(faults)
            print(f"{title:20} status {status}, {time.monotonic() - started:4.0f} s, {len(faults)} faults", flush=True)
            for fault in faults[:20]:
                print(f"    {fault}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
