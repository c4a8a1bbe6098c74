"""What a folder holds, seen without decoding: class folders, train / val / test folders, files that are no images."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.errors import FileTrouble, NothingToImport, StudioError, WrongUsage, from_os_error
from tlstudio.domain.results import GroupGuess
from tlstudio.domain.values import Refusal, Split
from tlstudio.images.decode import KNOWN_OTHERS, SUFFIXES

SPLIT_NAMES = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VAL,
    "valid": Split.VAL,
    "validation": Split.VAL,
    "dev": Split.VAL,
    "test": Split.TEST,
    "testing": Split.TEST,
}
# Files that belong to other programs; nobody wants to hear that they are no images.
SILENT_SUFFIXES = frozenset(
    {".txt", ".csv", ".json", ".jsonl", ".xml", ".md", ".db", ".ini", ".log", ".xlsx", ".yaml", ".yml"}
)
SILENT_NAMES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
FOREIGN_FOLDERS = frozenset({"__macosx", "@eadir", "$recycle.bin", "system volume information"})
BAD_FILE_NAME = "The file's name can't be read. Rename it."
BAD_FOLDER_NAME = "The folder's name can't be read. Rename it."


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be an image. `inner`: the folders between the class folder and the file, `/`-separated, or empty."""

    path: Path
    label: str
    split: Split | None
    inner: str


@dataclass(frozen=True, slots=True)
class Scan:
    found: tuple[Found, ...]
    refused: tuple[Refusal, ...]

    def classes(self) -> dict[str, int]:
        return dict(sorted(Counter(f.label for f in self.found).items()))

    def splits(self) -> dict[str, int]:
        """Counts by split folder; empty where the source has none."""
        named = Counter(f.split.value for f in self.found if f.split is not None)
        return {s.value: named.get(s.value, 0) for s in Split} if named else {}


def scan_folder(source: Path) -> Scan:
    """Walks a folder whose sub-folders are classes, or whose sub-folders train / val / test hold the class folders.

    Raises NothingToImport when there is no image, or none in a class folder.
    """
    if not source.is_dir():
        remedy = "Choose the folder that holds one sub-folder for each class."
        what = "This is a file, not a folder." if source.exists() else "The folder is not there."
        raise NothingToImport(what, remedy=remedy, path=_shown(source))
    if not _readable(str(source)):
        raise NothingToImport(
            "The name of this folder, or of one above it, can't be read.", remedy="Rename it.", path=_shown(source)
        )
    roots = _split_folders(source)
    found: list[Found] = []
    refused: list[Refusal] = []
    for root, split in roots:
        for folder in _folders(root):
            _walk(folder, class_name(folder), split, found, refused)
    loose = sum(1 for root, _ in roots for entry in _files(root) if entry.suffix.lower() in SUFFIXES)
    if not found:
        raise _nothing(source, loose, refused)
    for root, _ in roots:
        refused.extend(
            Refusal(_shown(path), "The file lies outside the class folders." if _readable(path.name) else BAD_FILE_NAME)
            for path in _files(root)
            if path.suffix.lower() in SUFFIXES
        )
    return Scan(tuple(found), tuple(refused))


def _nothing(source: Path, loose: int, refused: list[Refusal]) -> NothingToImport:
    if loose:
        return NothingToImport(
            f"The folder holds {loose:,} images but no class folders.",
            remedy="Put the images of each class into a sub-folder that carries the name of the class.",
            path=source,
        )
    if refused and all(r.reason in (BAD_FILE_NAME, BAD_FOLDER_NAME) for r in refused):
        return NothingToImport(
            "The names in this folder can't be read.", remedy="Rename the files and folders.", path=source
        )
    if refused:
        return NothingToImport(
            "None of the files in this folder is an image that can be read.",
            remedy="Use PNG, JPEG, TIFF, BMP, WebP or GIF files.",
            path=source,
        )
    return NothingToImport(
        "The folder holds no images.", remedy="Choose a folder with one sub-folder for each class.", path=source
    )


def _split_folders(source: Path) -> list[tuple[Path, Split | None]]:
    """The folders whose sub-folders are classes. train / val / test count only when nothing else lies beside them."""
    folders = _folders(source)
    named = [(f, SPLIT_NAMES[f.name.lower()]) for f in folders if f.name.lower() in SPLIT_NAMES]
    has_train = any(split is Split.TRAIN for _, split in named)
    if has_train and len(named) == len(folders) and all(_folders(f) for f, _ in named):
        return list(named)
    return [(source, None)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: natural_key(e.name))
    except PermissionError as error:
        raise FileTrouble(
            "You are not allowed to open this folder.",
            remedy="Ask for the right to read it, or choose another folder.",
            path=folder,
        ) from error
    except OSError as error:
        raise from_os_error(error, folder) from error


def _folders(folder: Path) -> list[Path]:
    return [Path(e.path) for e in _entries(folder) if _is_folder(e) and e.name.lower() not in FOREIGN_FOLDERS]


def _files(folder: Path) -> list[Path]:
    return [Path(e.path) for e in _entries(folder) if not _is_folder(e)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself, or to where nobody may look


def _readable(name: str) -> bool:
    """Whether a name can be stored and shown; bytes that are no UTF-8 come from the system as lone surrogates."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path) -> str:
    """A path as text that can be stored and shown, with � for what can't be read."""
    return os.fsencode(path).decode("utf-8", "replace")


def class_name(folder: Path) -> str:
    """The folder's name as a class: trimmed and in one spelling of accents, so that a second import meets it again."""
    return unicodedata.normalize("NFC", folder.name).strip() or "unnamed"


def _walk(root: Path, label: str, split: Split | None, found: list[Found], refused: list[Refusal]) -> None:
    """Adds every file below a class folder. Links to folders already walked, or above this one, are not followed."""
    if not _readable(root.name):
        refused.append(Refusal(_shown(root), BAD_FOLDER_NAME))
        return
    real_root = Path(os.path.realpath(root))
    waiting, seen = [root], {real_root, *real_root.parents}
    while waiting:
        folder = waiting.pop()
        inner = folder.relative_to(root).as_posix()
        try:
            entries = _entries(folder)
        except StudioError as error:
            refused.append(Refusal(str(folder), error.what))
            continue
        for entry in entries:
            path = Path(entry.path)
            if not _readable(entry.name):
                if _is_folder(entry):
                    refused.append(Refusal(_shown(path), BAD_FOLDER_NAME))
                elif path.suffix.lower() not in SILENT_SUFFIXES:
                    refused.append(Refusal(_shown(path), BAD_FILE_NAME))
            elif _is_folder(entry):
                real = Path(os.path.realpath(path))
                if real not in seen:
                    seen.add(real)
                    waiting.append(path)
            elif path.suffix.lower() in SUFFIXES:
                found.append(Found(path, label, split, "" if inner == "." else inner))
            elif path.suffix.lower() not in SILENT_SUFFIXES and path.name.lower() not in SILENT_NAMES:
                refused.append(Refusal(str(path), _why_not(path)))


def _why_not(path: Path) -> str:
    other = KNOWN_OTHERS.get(path.suffix.lower())
    return (
        f"{other} files can't be read. Save it as PNG, JPEG or TIFF."
        if other
        else "The file is not an image of a known format."
    )


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts `image 9` before `image 10`."""
    return [(1, int(t), "") if t.isdecimal() else (0, 0, t.lower()) for t in re.split(r"(\d+)", name)]


# --- groups -----------------------------------------------------------------------------------------------------------

# What the front of a name can tell: a word with a number, or a number, before the last counter.
GUESSES = (
    (r"name:^([A-Za-z]+[-_ ]?\d+)[-_ ]", "word and number"),
    (r"name:^(\d{2,})[-_ ]", "number"),
    (r"name:^([A-Za-z]+\d*)[-_ ]\d+\.", "word"),
)


def group_of(found: Found, rule: str | None) -> str | None:
    """The group a rule gives to a file; None where it says nothing. Raises WrongUsage for a rule it does not know."""
    if rule is None:
        return None
    if rule == "folder":
        return f"{found.label}/{found.inner}" if found.inner else None
    match = group_pattern(rule).search(found.path.name)
    return None if match is None else match.group(1 if match.re.groups else 0)


def check_rule(rule: str | None) -> None:
    """Raises WrongUsage for a rule that can't be followed, before anything is read."""
    if rule is not None and rule != "folder":
        group_pattern(rule)


def group_pattern(rule: str) -> re.Pattern[str]:
    """The compiled expression of a `name:` rule; raises WrongUsage for another rule, or with the place of the mistake."""
    if not rule.startswith("name:"):
        raise WrongUsage(
            f"“{rule}” is not a way to find groups.", remedy="Use folder, or name: and a regular expression."
        )
    try:
        return re.compile(rule.removeprefix("name:"))
    except re.error as error:
        raise WrongUsage(f"The expression for groups can't be read: {error}.", remedy="Check its brackets.") from error


def guess_groups(found: tuple[Found, ...]) -> GroupGuess | None:
    """The rule that puts most files into groups of two or more, if it covers nearly all files; None otherwise.

    A rule that finds one group per class says nothing new and is passed over.
    """
    classes = len({f.label for f in found})
    rules = ["folder"] if sum(bool(f.inner) for f in found) > 0.9 * len(found) else []
    for rule in [*rules, *(r for r, _ in GUESSES)]:
        groups: dict[str, list[Found]] = {}
        for item in found:
            name = group_of(item, rule)
            if name is not None:
                groups.setdefault(name, []).append(item)
        shared = {name: items for name, items in groups.items() if len(items) > 1}
        covered = sum(len(items) for items in shared.values())
        if covered >= 0.8 * len(found) and len(groups) > max(classes, 4):
            name, items = max(shared.items(), key=lambda pair: len(pair[1]))
            return GroupGuess(rule, len(groups), name, tuple(i.path.name for i in items[:3]))
    return None
