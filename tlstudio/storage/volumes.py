"""What kind of volume a folder lies on: a drive of this computer, or a network share that other computers write to as well.

SQLite's write-ahead log needs memory that all of its users share, which no network share gives, and file locks can't be
relied on there (sqlite.org/wal.html, sqlite.org/lockingv3.html). What can't be told counts as a network share: slower, and safe.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

# File systems on drives of this computer. Everything else, known or not, is treated as shared.
_LOCAL = """apfs bcachefs btrfs ecryptfs exfat ext2 ext3 ext4 f2fs fat32 fuseblk fuse.encfs fuse.gocryptfs fuse.mergerfs hfs
    hfsplus iso9660 jfs lxfs msdos nilfs2 ntfs ntfs3 overlay ramfs reiserfs rootfs squashfs tmpfs udf ufs vfat xfs zfs"""
LOCAL = frozenset(_LOCAL.split())
MOUNTS = Path("/proc/self/mountinfo")
DRIVE_UNKNOWN, DRIVE_NO_ROOT, DRIVE_REMOTE = 0, 1, 4  # of Windows' GetDriveType


@dataclass(frozen=True, slots=True)
class Volume:
    """shared: other computers may write there too, or it can't be told. kind: the file system's own name, empty if unknown."""

    shared: bool
    kind: str = ""


def volume_of(path: Path) -> Volume:
    """The volume that holds `path`, which need not exist yet. Never raises."""
    try:
        place = path.resolve()
        if sys.platform == "win32":
            return _windows(place)
        kind = _linux(place) if sys.platform.startswith("linux") else _partition(place)
    except (OSError, ValueError, RuntimeError, psutil.Error):
        kind = ""
    return Volume(kind not in LOCAL, kind)


def _linux(place: Path) -> str:
    return file_system(place, MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))


def file_system(place: Path, mountinfo: str) -> str:
    """The file system's name for an absolute path, by the text of /proc/self/mountinfo (proc(5)); empty if none fits."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if len(fields) < 5 or not rest[0]:
            continue
        mount = PurePosixPath(_unescaped(fields[4]))
        # Of two mounts on one place the later one is seen.
        if len(mount.parts) >= best and PurePosixPath(place).is_relative_to(mount):
            best, kind = len(mount.parts), rest[0]
    return kind


def _unescaped(text: str) -> str:
    r"""Blanks, tabs, line feeds and backslashes are written as \040 …"""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _partition(place: Path) -> str:
    """macOS and other Unixes: psutil asks getfsstat for every mount."""
    mounts = [m for m in psutil.disk_partitions(all=True) if place.is_relative_to(m.mountpoint)]
    return max(mounts, key=lambda m: len(Path(m.mountpoint).parts)).fstype.lower() if mounts else ""


def _windows(place: Path) -> Volume:
    if place.drive.startswith("\\\\"):
        return Volume(True, "smb")
    kind = _drive_type(place.drive + "\\")
    return Volume(kind in (DRIVE_UNKNOWN, DRIVE_NO_ROOT, DRIVE_REMOTE), "smb" if kind == DRIVE_REMOTE else "")


def _drive_type(root: str) -> int:
    """Windows' own answer for a drive such as `C:\\`."""
    import ctypes

    return int(getattr(ctypes, "windll").kernel32.GetDriveTypeW(root))  # noqa: B009 - there on Windows only
