"""The whole way in small, and the window: nothing is looked up, reached, or written outside the program's folders.

With strace where it is there (it sees libraries in C, too), else by the program's own guard; `python -m tests.bench.silence` is
the long form.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.silence import STRACE, WINDOW, Place, judge, pictures, watch
from tests.conftest import BUNDLED

WAY = """
import sys
from tlstudio.cli import run

if __name__ == "__main__":
    p = ["--project", "project"]
    for command in (
        ["import", "images", *p],
        ["train", *p, "--mode", "quick", "--model", sys.argv[1], "--input-size", "32"],
        ["export", *p, "--out", "model.onnx"],
        ["export", *p, "--out", "half.onnx", "--as", "half"],
        ["explain", *p, "--method", "gradcam", "images/red/red0.png", "--out", "heat"],
        ["report", *p, "--out", "report.pdf"],
        ["predict", "model.onnx", "images/red", "images/blue", "--csv", "table.csv"],
    ):
        status = run(command, lambda project: 1)
        if status:
            sys.exit(f"{command[0]}: status {status}")
    from tlstudio.images.guard import DECODERS

    DECODERS.close()
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_whole_way_is_silent(place: Place) -> None:
    work = place.root / "work"
    pictures(work / "images", 8)
    for name, text, arguments in (("way.py", WAY, [BUNDLED]), ("window.py", WINDOW, ["project", "2"])):
        (work / name).write_text(text, encoding="utf-8")
        assert watch([sys.executable, name, *arguments], place) == (0, [])
    assert (work / "table.csv").exists()


@pytest.mark.skipif(STRACE is None, reason="needs strace")
def test_what_is_done_would_be_seen(place: Place) -> None:
    """Without the guard, and in C: a look-up, a connection, and a file in the user's home."""
    code = (
        "import pathlib, socket; (pathlib.Path.home() / 'note').write_text('x')\n"
        "socket.setdefaulttimeout(1); socket.socket().connect_ex(('192.0.2.1', 9))\n"
        "try: socket.gethostbyname('example.invalid')\n"
        "except OSError: pass"
    )
    status, faults = watch([sys.executable, "-W", "ignore", "-c", code], place)
    assert status == 0
    told = "\n".join(faults)
    assert "reached: connect 192.0.2.1" in told
    assert "looked up something" in told
    assert f"written: openat {place.home / 'note'}" in told


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (
            '7 connect(3<socket:[1]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
            False,
        ),
        ('7 connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0', False),
        (
            '7 connect(3<x>, {sa_family=AF_INET6, sin6_port=htons(9), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = 0',
            True,
        ),
        ('7 openat(AT_FDCWD</etc>, "passwd", O_RDONLY) = 3</etc/passwd>', False),
        ('7 openat(AT_FDCWD</etc>, "passwd", O_WRONLY) = 3</etc/passwd>', True),
        ('7 openat(AT_FDCWD</etc>, "passwd", O_WRONLY) = -1 EACCES (Permission denied)', False),
        ('7 openat(AT_FDCWD</>, "/etc/resolv.conf", O_RDONLY) = -1 ENOENT (No such file or directory)', True),
        ('7 rename("/tmp/a", "/etc/a") = 0', True),
        ('7 mkdir("/tmp/a", 0777) = 0', False),
    ],
)
def test_what_counts(line: str, seen: bool, place: Place) -> None:
    assert bool(list(judge(line, place))) is seen
