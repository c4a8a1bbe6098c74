"""Images that leave together with their labels: class folders, Hugging Face's image folder, CVAT's ZIP file."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tlstudio.domain.errors import CantWrite, ImageRefused, from_os_error
from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.values import Refusal, Split
from tlstudio.images import address
from tlstudio.images.decode import load_rgb
from tlstudio.images.file_names import FreeNames, possible
from tlstudio.images.sources.folders import NO_LABEL
from tlstudio.storage import files
from tlstudio.workflow.label_table import TABLE_COLUMNS, Outgoing, as_csv, table_row

TABLE = "images.csv"
HUGGINGFACE = {Split.TRAIN: "train", Split.VAL: "validation", Split.TEST: "test"}
STAGE = "Writing images"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is to be written. beside: further files of a folder, {name: bytes}."""

    out: Path
    images: tuple[Outgoing, ...]
    link: bool
    reporter: Reporter
    beside: Mapping[str, bytes] = field(default_factory=dict)

    def class_folders(self) -> dict[str | None, str]:
        """A folder for each class, each its own on any system: its name, as far as a folder can be called so and no other is."""
        free = FreeNames()
        folders: dict[str | None, str] = {None: free.single(NO_LABEL)}
        # Those first that can be called what they are, so that `a_b` keeps its name when `a/b` is there.
        labels = dict.fromkeys(i.row.label for i in self.images if i.row.label is not None)
        for label in sorted(labels, key=lambda label: (possible(label) != label, label)):
            folders[label] = free.single(label)
        return folders


def write_folders(bundle: Bundle) -> list[Refusal]:
    """`train/crack/1.png` …, and a table beside them that holds what folders can't: groups, notes, times."""
    with _new_folder(bundle.out) as folder:
        folders = bundle.class_folders()
        names = _Names(bundle, lambda i: f"{i.row.split.value}/{folders[i.row.label]}")
        rows, refused = [], []
        for image, name in names.each():
            reason = _bring(image, folder / name, bundle, names)
            if reason is None:
                rows.append(table_row(image, name, ()))
            else:
                refused.append(reason)
        (folder / TABLE).write_bytes(as_csv(TABLE_COLUMNS, rows))
        _write_beside(folder, bundle)
    return refused


def write_huggingface(bundle: Bundle) -> list[Refusal]:
    """`train/1.png` … with `train/metadata.csv`, and so on. https://huggingface.co/docs/datasets/image_dataset"""
    columns = ("file_name", "label", *(c for c in TABLE_COLUMNS if c not in ("path", "class", "split")))
    places = [TABLE_COLUMNS.index({"file_name": "path", "label": "class"}.get(c, c)) for c in columns]
    with _new_folder(bundle.out) as folder:
        names = _Names(bundle, lambda i: HUGGINGFACE[i.row.split])
        rows: dict[str, list[list[str]]] = {}
        refused = []
        for image, name in names.each():
            reason = _bring(image, folder / name, bundle, names)
            if reason is None:
                cells = table_row(image, PurePosixPath(name).name, ())
                rows.setdefault(HUGGINGFACE[image.row.split], []).append([cells[i] for i in places])
            else:
                refused.append(reason)
        for part, lines in rows.items():
            (folder / part / "metadata.csv").write_bytes(as_csv(columns, lines))
        _write_beside(folder, bundle)
    return refused


def write_cvat(bundle: Bundle) -> list[Refusal]:
    """CVAT's ImageNet form: `crack/1.png` … in a ZIP file. https://docs.cvat.ai/docs/manual/advanced/formats/format-imagenet/

    The table beside the folders is for an import here; CVAT passes it over.
    """
    rows, refused = [], []
    folders = bundle.class_folders()
    names = _Names(bundle, lambda i: folders[i.row.label])
    with files.replacing(bundle.out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for image, name in names.each():
            try:
                data = _png(image.row.path) if names.is_page(image) else files.read_whole(_file(image))
            except (ImageRefused, OSError) as error:
                refused.append(_refusal(image, error))
            else:
                archive.writestr(name, data)
                rows.append(table_row(image, name, ()))
        archive.writestr(TABLE, as_csv(TABLE_COLUMNS, rows))
    return refused


def _png(path: Path) -> bytes:
    """One page as a file of its own. Raises ImageRefused."""
    buffer = io.BytesIO()
    load_rgb(path).save(buffer, "PNG")
    return buffer.getvalue()


class _Names:
    """Where each image goes: its own name in its folder, or one that nothing in the folder has yet.

    A page of a file whose other pages are in the project too becomes a PNG file of its own.
    """

    def __init__(self, bundle: Bundle, folder: Callable[[Outgoing], str]) -> None:
        self._bundle, self._folder = bundle, folder
        self._pages = Counter(_file(image) for image in bundle.images)
        self._taken: set[str] = set()

    def is_page(self, image: Outgoing) -> bool:
        file, page = address.split(image.row.path)
        return page > 1 or self._pages[file] > 1

    def each(self) -> Iterator[tuple[Outgoing, str]]:
        images = self._bundle.images
        for done, image in enumerate(images, start=1):
            yield image, self._free(image)
            self._bundle.reporter.report(Progress(STAGE, done, len(images)))

    def _free(self, image: Outgoing) -> str:
        file, page = address.split(image.row.path)
        own = PurePosixPath(possible(file.name))
        stem, suffix = (f"{own.stem}-page{page}", ".png") if self.is_page(image) else (own.stem, own.suffix)
        folder, number = self._folder(image), 1
        name = f"{folder}/{stem}{suffix}"
        while name.casefold() in self._taken:
            number += 1
            name = f"{folder}/{stem}-{number}{suffix}"
        self._taken.add(name.casefold())
        return name


def _file(image: Outgoing) -> Path:
    return address.split(image.row.path)[0]


def _bring(image: Outgoing, target: Path, bundle: Bundle, names: _Names) -> Refusal | None:
    """Copies, links or writes one image; a file that can't be read costs itself alone. Raises DiskFull and CantWrite."""
    file, page = _file(image), b""
    try:
        if names.is_page(image):
            page = _png(image.row.path)
        elif not os.access(file, os.R_OK):
            return Refusal(str(image.row.path), "The file is not there any more, or you are not allowed to read it.")
        else:
            files.need_regular(file)
    except (ImageRefused, OSError) as error:
        return _refusal(image, error)
    target.parent.mkdir(parents=True, exist_ok=True)
    if page:
        target.write_bytes(page)
    elif bundle.link:
        _link(file, target)
    else:
        shutil.copyfile(file, target)
    return None


def _link(file: Path, target: Path) -> None:
    try:
        target.symlink_to(file)
    except (OSError, NotImplementedError) as error:
        raise CantWrite(
            "This system does not allow links there.", remedy="Export copies, without --link.", path=target
        ) from error


def _refusal(image: Outgoing, error: ImageRefused | OSError) -> Refusal:
    what = error.what if isinstance(error, ImageRefused) else f"The file can't be read: {error.strerror or error}."
    return Refusal(str(image.row.path), what)


def _write_beside(folder: Path, bundle: Bundle) -> None:
    for name, data in bundle.beside.items():
        (folder / name).write_bytes(data)


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder that takes the place of `out` at the end, or goes when writing fails.

    Raises CantWrite if `out` holds something, DiskFull and the other named failures for trouble with the disk.
    """
    temporary = files.part_of(out)
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise CantWrite("There is already something in this place.", remedy="Choose a new folder.", path=out)
        temporary.mkdir(parents=True)
        yield temporary
        if out.is_dir():
            out.rmdir()
        temporary.replace(out)
        files.sync_folder(out.parent)
    except OSError as error:
        raise from_os_error(error, out) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
