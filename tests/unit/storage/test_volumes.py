"""Drives of this computer and network shares told apart; what can't be told counts as a share."""

from __future__ import annotations

import sys
from collections import namedtuple
from pathlib import Path

import pytest

from tlstudio.storage import volumes
from tlstudio.storage.volumes import Volume, file_system, volume_of

MOUNTS = r"""
22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /home rw shared:2 - btrfs /dev/sdb1 rw
31 30 0:40 / /home/ann/lab rw - nfs4 server:/lab rw,vers=4.2
32 30 0:41 / /home/ann/my\040share rw - cifs //pc/share rw
33 22 0:42 / /mnt/phone rw - fuse.sshfs ann@pc:/ rw
34 22 0:43 / /mnt/wsl rw - 9p C:\ rw
35 22 0:44 / /mnt/new rw - brandnewfs dev rw
36 22 0:45 / /mnt/twice rw - ext4 /dev/sdc rw
37 22 0:46 / /mnt/twice rw - smb3 //pc/x rw
a line that makes no sense
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/data", "ext4"),
        ("/home/ann/project", "btrfs"),
        ("/home/ann/lab/deep/project", "nfs4"),
        ("/home/ann/laboratory", "btrfs"),
        ("/home/ann/my share/project", "cifs"),
        ("/mnt/phone", "fuse.sshfs"),
        ("/mnt/wsl/x", "9p"),
        ("/mnt/new/x", "brandnewfs"),
        ("/mnt/twice/x", "smb3"),
    ],
)
def test_the_innermost_mount_tells(place: str, kind: str) -> None:
    assert file_system(Path(place), MOUNTS) == kind


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_local_shared_and_unknown_on_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(volumes, "MOUNTS", table)
    for kind, shared in (("ext4", False), ("tmpfs", False), ("nfs", True), ("cifs", True), ("never-heard-of", True)):
        table.write_text(f"22 1 253:0 / / rw - {kind} dev rw\n")
        assert volume_of(tmp_path / "not" / "there yet") == Volume(shared, kind)
    table.unlink()
    assert volume_of(tmp_path) == Volume(True, "")


def test_this_very_folder_is_told_without_an_error(tmp_path: Path) -> None:
    assert isinstance(volume_of(tmp_path).kind, str)
    assert volume_of(Path("\0")) == Volume(True, "")


def test_on_macos_the_mounts_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    mount = namedtuple("mount", "mountpoint fstype")
    table = [mount("/", "apfs"), mount("/Volumes/Lab", "smbfs"), mount("/Volumes/Lab/inner", "APFS")]
    monkeypatch.setattr(volumes.psutil, "disk_partitions", lambda all: table)
    assert volumes._partition(Path("/Users/ann")) == "apfs"
    assert volumes._partition(Path("/Volumes/Lab/x")) == "smbfs"
    assert volumes._partition(Path("/Volumes/Lab/inner/x")) == "apfs"


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Windows' answers")
def test_on_windows_drives_and_names_of_shares_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    place = namedtuple("place", "drive")
    answers = {"C:\\": 3, "Z:\\": 4, "Q:\\": 1, "U:\\": 0, "D:\\": 2}
    monkeypatch.setattr(volumes, "_drive_type", answers.__getitem__)
    told = {drive: volumes._windows(place(drive)).shared for drive in ("C:", "Z:", "Q:", "U:", "D:", "\\\\pc\\share")}
    assert told == {"C:": False, "Z:": True, "Q:": True, "U:": True, "D:": False, "\\\\pc\\share": True}
