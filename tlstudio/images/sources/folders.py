"""Class folders, alone or with folders for the parts; and any folder whose images have no labels yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.class_names import class_name
from tlstudio.domain.errors import NoClasses, NothingToImport, StudioError, WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import Encoding, TablePreview
from tlstudio.domain.values import Refusal, Split
from tlstudio.images.refusals import KNOWN_OTHERS
from tlstudio.images.scan import (
    BAD_FILE_NAME,
    BAD_FOLDER_NAME,
    SPLIT_NAMES,
    Found,
    Scan,
    Steps,
    Wishes,
    name_of,
    readable,
    shown,
    suffix_of,
    why_not,
)
from tlstudio.images.sources.parts import Layout, images_below, layouts
from tlstudio.images.sources.tree import SILENT_SUFFIXES, Entry, Tree, may_be_image

SILENT_NAMES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
# A folder of this name holds files, and its name is no class; CVAT calls the folder of images without a label so, too.
PLAIN_NAMES = frozenset({"images", "image", "img", "imgs", "data", *SPLIT_NAMES})
NO_LABEL = "no_label"

BESIDE = "The folder lies beside those for training and test, and is not used."
KNOWN = "Use PNG, JPEG, TIFF, BMP, WebP or GIF files."


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """Sub-folders are classes, inside or around folders for the parts where the layout says so; see `parts`."""

    tree: Tree
    layout: Layout

    @property
    def key(self) -> str:
        return self.layout.key

    @property
    def sentence(self) -> str:
        return self.layout.sentence

    @property
    def encoding(self) -> Encoding | None:
        return self.tree.names

    def preview(self, wishes: Wishes) -> TablePreview | None:
        no_columns(wishes, "Class folders have no columns.")
        return None

    def scan(self, wishes: Wishes, reporter: Reporter = SILENT) -> Scan:
        """Raises NothingToImport when there is no image, NoClasses when there is none in a class folder."""
        self.preview(wishes)
        walk = Walk(self.tree, Steps(reporter=reporter))
        for root, split in self.layout.roots:
            for entry in self.tree.entries(root):
                if entry.folder:
                    label = None if entry.name == NO_LABEL else class_name(entry.name)
                    walk.below(entry.place, label, split)
        for place, label, split in self.layout.whole:
            walk.below(place, label, split)
        outside = [root for root, _ in self.layout.roots] + ([self.layout.top] if self.layout.top else [])
        files = [e for root in outside for e in self.tree.entries(root) if not e.folder]
        loose = [e for e in files if may_be_image(self.tree, e.place, e.name)]
        if not walk.found:
            raise nothing(self.tree.root, len(loose), walk.refused)
        walk.refused.extend(
            Refusal(shown(e.place), "The file lies outside the class folders." if readable(e.name) else BAD_FILE_NAME)
            for e in loose
        )
        others = [e for e in files if suffix_of(e.name) in KNOWN_OTHERS and e not in loose]
        walk.refused.extend(Refusal(shown(e.place), why_not(e.name)) for e in others)
        walk.refused.extend(Refusal(shown(place), BESIDE) for place in self.layout.beside)
        return Scan(tuple(walk.found), (*self.tree.refused, *walk.refused))


@dataclass(frozen=True, slots=True)
class Unlabeled:
    """Every image in the folder and below, without a class."""

    tree: Tree
    key: str = "unlabeled"
    sentence: str = "Images without labels: you give them their classes here."

    @property
    def encoding(self) -> Encoding | None:
        return self.tree.names

    def preview(self, wishes: Wishes) -> TablePreview | None:
        no_columns(wishes, "Images without labels have no columns.")
        return None

    def scan(self, wishes: Wishes, reporter: Reporter = SILENT) -> Scan:
        """Raises NothingToImport when there is no image."""
        self.preview(wishes)
        walk = Walk(self.tree, Steps(reporter=reporter))
        walk.below(str(self.tree.root), None, None)
        if not walk.found:
            raise nothing(self.tree.root, 0, walk.refused)
        return Scan(tuple(walk.found), (*self.tree.refused, *walk.refused))


class Walk:
    """Collects what lies below folders. Links to folders already walked, or above the one walked, are not followed."""

    def __init__(self, tree: Tree, steps: Steps) -> None:
        self.found: list[Found] = []
        self.refused: list[Refusal] = []
        self._tree, self._steps = tree, steps

    def below(self, root: str, label: str | None, split: Split | None) -> None:
        """Adds every file below a folder; a folder that can't be opened costs itself alone."""
        if not readable(name_of(root)):
            self.refused.append(Refusal(shown(root), BAD_FOLDER_NAME))
            return
        real_root = self._tree.real(root)
        waiting: list[tuple[str, str]] = [(root, "")]
        seen = {real_root, *map(str, Path(real_root).parents)}
        while waiting:
            folder, inner = waiting.pop()
            try:
                entries = self._tree.entries(folder)
            except StudioError as error:
                if folder == str(self._tree.root):
                    raise
                self.refused.append(Refusal(folder, error.what))
                continue
            for entry in entries:
                if entry.folder and readable(entry.name):
                    real = self._tree.real(entry.place)
                    if real not in seen:
                        seen.add(real)
                        waiting.append((entry.place, f"{inner}/{entry.name}" if inner else entry.name))
                else:
                    self._file(entry, label, split, inner)

    def _file(self, entry: Entry, label: str | None, split: Split | None, inner: str) -> None:
        self._steps.step()
        suffix = suffix_of(entry.name)
        if not readable(entry.name):
            if entry.folder:
                self.refused.append(Refusal(shown(entry.place), BAD_FOLDER_NAME))
            elif suffix not in SILENT_SUFFIXES:
                self.refused.append(Refusal(shown(entry.place), BAD_FILE_NAME))
        elif may_be_image(self._tree, entry.place, entry.name):
            self.found.append(Found(entry.place, label, split, inner))
        elif suffix not in SILENT_SUFFIXES and entry.name.lower() not in SILENT_NAMES:
            self.refused.append(Refusal(entry.place, why_not(entry.name)))


def class_folders(tree: Tree) -> set[str]:
    """The classes that the folders would give, as far as their names make sense as classes and there is an image in each."""
    layout = layouts(tree)[0]
    names = {label for _, label, _ in layout.whole if label is not None}
    for root, _ in layout.roots:
        for entry in tree.folders(root):
            if entry.name.lower() not in PLAIN_NAMES and any(True for _ in images_below(tree, entry.place)):
                names.add(class_name(entry.name))
    return names


def no_columns(wishes: Wishes, sentence: str) -> None:
    """Raises WrongUsage when columns are named for a source that has none."""
    if wishes.columns:
        raise WrongUsage(sentence, remedy="Leave the columns out, or import the table that has them.")


def nothing(source: Path, loose: int, refused: list[Refusal]) -> NothingToImport:
    """Why a folder gave no image. loose: images that lie beside the class folders."""
    if loose:
        images = "1 image" if loose == 1 else f"{loose:,} images"
        return NoClasses(
            f"The folder holds {images} but no class folders.",
            remedy="Put the images of each class into a sub-folder that carries the name of the class, or import them "
            "without labels and label them here.",
            path=source,
        )
    if refused and all(r.reason in (BAD_FILE_NAME, BAD_FOLDER_NAME) for r in refused):
        return NothingToImport(
            "The names in this folder can't be read.", remedy="Rename the files and folders.", path=source
        )
    if refused:
        return NothingToImport(
            "None of the files in this folder is an image that can be read.", remedy=KNOWN, path=source
        )
    return NothingToImport(
        "The folder holds no images.", remedy="Choose a folder with one sub-folder for each class.", path=source
    )
