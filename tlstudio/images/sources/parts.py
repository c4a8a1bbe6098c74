"""How class folders lie in a folder: alone, or inside or around folders that say which part of the data is for what.

`train`, `val` and `test` are recognised in their usual spellings (`Training_set`, `seg_test`, `valid images`), one folder
deeper, and below the classes (`cat/train`). Where that is certain, the division is kept and what lies beside is told. Where the
names could be classes as well there are two layouts, and somebody has to say which is meant.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tlstudio.domain.class_names import class_name
from tlstudio.domain.errors import StudioError
from tlstudio.domain.importing import CLASSES, FOLDERS, PARTS
from tlstudio.domain.values import Split
from tlstudio.images.decode import SUFFIXES
from tlstudio.images.scan import PART_WORDS, suffix_of
from tlstudio.images.sources.tree import Entry, Tree, may_be_image

# Words that say nothing beside that of a part: `training_set`, `test images`.
FILLERS = frozenset(
    {"set", "sets", "data", "dataset", "image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "sample",
     "samples", "split", "part", "folder", "files"}
)  # fmt: skip
_RUN_TOGETHER = re.compile(rf"^({'|'.join(sorted(PART_WORDS, key=len, reverse=True))})(?:{'|'.join(sorted(FILLERS))})$")
DEEPEST = 3  # folders around the parts

EACH = "Class folders: each sub-folder is a class."


@dataclass(frozen=True, slots=True)
class Layout:
    """Where classes and parts are said.

    roots: folders whose sub-folders are classes, and the part of their images. whole: folders of which every image has this class
    (None for an image to be labeled) and part. beside: folders with images that belong to no part. top: the folder in which
    the parts lie, empty without any.
    """

    key: str
    sentence: str
    roots: tuple[tuple[str, Split | None], ...] = ()
    whole: tuple[tuple[str, str | None, Split | None], ...] = ()
    beside: tuple[str, ...] = ()
    top: str = ""


def layouts(tree: Tree) -> list[Layout]:
    """The ways to read the folders of a source, the likeliest first; one where it is certain."""
    top = str(tree.root)
    found = _around(tree, top, DEEPEST) or _inside(tree, top)
    return found or [plain(tree)]


def plain(tree: Tree, key: str = FOLDERS) -> Layout:
    """Each sub-folder is a class, whatever it is called."""
    return Layout(key, EACH, ((str(tree.root), None),))


def part_of(name: str) -> Split | None:
    """The part that a folder's name says; None for a name that says more than that, or something else."""
    words = [word for word in _words(name) if word not in FILLERS]
    return PART_WORDS.get(words[0]) if len(words) == 1 else None


def parts_of(names: Iterable[str]) -> dict[str, Split]:
    """The names that say a part: by themselves, or because they differ by that word alone (`seg_train`, `seg_test`)."""
    found: dict[str, Split] = {}
    alike: dict[tuple[str, ...], dict[str, Split]] = defaultdict(dict)
    for name in names:
        part = part_of(name)
        words = _words(name)
        said = [word for word in words if word in PART_WORDS]
        if part is not None:
            found[name] = part
        elif len(said) == 1:
            alike[tuple(word for word in words if word not in said)][name] = PART_WORDS[said[0]]
    for same in alike.values():
        if len(set(same.values())) > 1:
            found |= same
    return found


def _words(name: str) -> list[str]:
    words = re.findall(r"[^\W\d_]+", name.lower())
    return [match[1] if (match := _RUN_TOGETHER.match(word)) else word for word in words]


# --- parts around the classes --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A folder that is called like a part. place: where its class folders lie, inside it or in its only folder."""

    name: str
    split: Split
    place: str
    classes: tuple[str, ...]
    images: bool  # whether images lie in it, outside all folders

    @staticmethod
    def of(tree: Tree, entry: Entry, split: Split) -> _Part:
        place = entry.place
        for _ in range(DEEPEST):
            only = _only(tree, tree.folders(place))
            wraps = only is not None and (
                part_of(only.name) is split or only.name == entry.name or _says_nothing(only.name)
            )
            if only is None or not wraps or _images_in(tree, place) or not _with_images(tree, only.place):
                break
            place = only.place
        names = tuple(class_name(e.name) for e in _with_images(tree, place))
        return _Part(entry.name, split, place, names, _images_in(tree, place))

    def shares(self, other: _Part) -> bool:
        """Whether both hold a class of one name."""
        return bool({name.casefold() for name in self.classes} & {name.casefold() for name in other.classes})


def _around(tree: Tree, folder: str, depth: int) -> list[Layout]:
    """The ways to read a folder with parts in it, or in the only one of its folders that holds images; none without parts."""
    folders = tree.folders(folder)
    said = parts_of(entry.name for entry in folders)
    parts = [part for e in folders if e.name in said for part in [_Part.of(tree, e, said[e.name])]]
    parts = [part for part in parts if part.classes or part.images]
    if parts:
        return _read(tree, folder, parts, [e for e in folders if e.name not in said and _holds_image(tree, e.place)])
    only = _only(tree, folders)
    if depth == 0 or only is None or _images_in(tree, folder):
        return []
    inner = _around(tree, only.place, depth - 1)
    return inner if any(layout.roots for layout in inner) and inner[0].key == FOLDERS else []


def _only(tree: Tree, folders: Iterable[Entry]) -> Entry | None:
    """The one of these folders that holds images, if it is only one."""
    holding = list(itertools.islice((entry for entry in folders if _holds_image(tree, entry.place)), 2))
    return holding[0] if len(holding) == 1 else None


def _read(tree: Tree, top: str, parts: Sequence[_Part], others: Sequence[Entry]) -> list[Layout]:
    """top: the folder that holds the parts. others: the folders beside that hold images."""
    divided = [part for part in parts if part.classes]
    if not divided:
        return _without_classes(tree, parts, others)
    roots = tuple((part.place, part.split) for part in divided)
    whole = tuple((part.place, None, part.split) for part in parts if not part.classes)
    sentence = f"Class folders inside {', '.join(part.name for part in divided)}."
    if whole:
        sentence += f" The images in {_listed([part.name for part in parts if not part.classes])} have no class yet."
    if others:
        sentence += f" What lies beside is left out: {_listed([e.name for e in others])}."
    layout = Layout(FOLDERS, sentence, roots, whole, tuple(e.place for e in others), top)
    agree = any(a.shares(b) for i, a in enumerate(divided) for b in divided[:i])
    return [layout] if agree or not others else _asked(tree, layout)


def _without_classes(tree: Tree, parts: Sequence[_Part], others: Sequence[Entry]) -> list[Layout]:
    """Images lie in the parts, and no classes. One folder called `train` among others may show trains."""
    names = [part.name for part in parts]
    if len(parts) == 1 and (parts[0].split is Split.TRAIN or not others):
        return []
    whole = (
        *((part.place, None, part.split) for part in parts),
        *((entry.place, class_name(entry.name), None) for entry in others),
    )
    sentence = f"The images in {_listed(names)} have no class yet"
    if others:
        sentence += f"; the other folders ({len(others):,}) are classes"
    return _asked(tree, Layout(PARTS, f"{sentence}.", (), whole))


def _asked(tree: Tree, layout: Layout) -> list[Layout]:
    """The layout, or folders that are classes in spite of their names."""
    return [Layout(PARTS, layout.sentence, layout.roots, layout.whole, layout.beside, layout.top), plain(tree, CLASSES)]


# --- parts inside the classes --------------------------------------------------------------------------------------------


def _inside(tree: Tree, top: str) -> list[Layout]:
    """The ways to read class folders that hold `train`, `test` … themselves; none where they don't."""
    folders = tree.folders(top)
    if not any(parts_of(e.name for e in tree.folders(f.place)) for f in folders[:1]):
        return []
    whole: list[tuple[str, str | None, Split | None]] = []
    odd = False
    for entry in (e for e in folders if _holds_image(tree, e.place)):
        label, inner = class_name(entry.name), _with_images(tree, entry.place)
        said = parts_of(e.name for e in inner)
        if len(said) == len(inner) and inner and not _images_in(tree, entry.place):
            whole += [(e.place, label, said[e.name]) for e in inner]
        else:
            odd = True
            whole.append((entry.place, label, None))
    splits = {split for _, _, split in whole if split is not None}
    if len(splits) < 2:
        return []
    names = ", ".join(split.value for split in Split if split in splits)
    layout = Layout(FOLDERS, f"Class folders that are divided inside: {names}.", (), tuple(whole))
    return _asked(tree, layout) if odd else [layout]


# --- looking ---------------------------------------------------------------------------------------------------------------


def images_below(tree: Tree, folder: str) -> Iterator[Entry]:
    """The images in a folder and below, one after the other; what can't be opened is passed over."""
    waiting, seen = [folder], {tree.real(folder)}
    while waiting:
        try:
            entries = tree.entries(waiting.pop())
        except StudioError:
            continue
        for entry in entries:
            if entry.folder:
                real = tree.real(entry.place)
                if real not in seen:
                    seen.add(real)
                    waiting.append(entry.place)
            elif may_be_image(tree, entry.place, entry.name):
                yield entry


def _holds_image(tree: Tree, folder: str) -> bool:
    if any(suffix_of(name) in SUFFIXES for name in tree.files(folder) if not name.startswith(".")):
        return True
    return any(True for _ in images_below(tree, folder))


def _with_images(tree: Tree, folder: str) -> list[Entry]:
    """The folders directly in a folder that hold images, at whatever depth."""
    return [entry for entry in tree.folders(folder) if _holds_image(tree, entry.place)]


def _images_in(tree: Tree, folder: str) -> bool:
    """Whether images lie in a folder, outside all others."""
    return any(not e.folder and may_be_image(tree, e.place, e.name) for e in tree.entries(folder))


def _says_nothing(name: str) -> bool:
    return all(word in FILLERS for word in _words(name)) and bool(_words(name))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
