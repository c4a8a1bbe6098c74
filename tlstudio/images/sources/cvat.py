"""CVAT's XML of images with tags. https://docs.cvat.ai/docs/other/xml_format

CVAT's other form for classes, ImageNet, is a ZIP file of class folders and is read as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from tlstudio.domain.errors import FileTrouble
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import Encoding, TablePreview
from tlstudio.images.scan import Scan, Steps, Wishes
from tlstudio.images.sources.columns import group_column
from tlstudio.images.sources.lookup import Record
from tlstudio.images.sources.parts import part_of
from tlstudio.images.sources.records import collect
from tlstudio.images.sources.tree import Tree

SUFFIX = ".xml"
LOOK = 4096  # bytes within which the first element must come
DEFAULT, SUBSET = "default", "subset"


@dataclass(slots=True)
class TaggedImage:
    """One <image>: its name, the labels of its <tag> elements and their attributes; shapes: boxes and the like in it."""

    name: str
    subset: str
    tags: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    shapes: int = 0

    def columns(self) -> dict[str, str]:
        """What is said of it besides: attributes, and a subset that is no part."""
        free = _column(self.subset)
        return {**({SUBSET: free} if free else {}), **self.attributes}


@dataclass(frozen=True, slots=True)
class Cvat:
    tree: Tree
    key: str
    base: Path
    images: tuple[TaggedImage, ...]

    @property
    def encoding(self) -> Encoding | None:
        """XML says its own; the names in an archive may not."""
        return self.tree.names

    @property
    def sentence(self) -> str:
        free = sorted({image.subset for image in self.images if _column(image.subset)})
        told = (
            f" Its subsets ({', '.join(free[:3])}{' …' if free[3:] else ''}) are no parts; they are kept as a column."
        )
        return f"A CVAT export, {self.key}: {len(self.images):,} images.{told if free else ''}"

    def preview(self, wishes: Wishes) -> TablePreview | None:
        self._columns(wishes)
        return None

    def scan(self, wishes: Wishes, reporter: Reporter = SILENT) -> Scan:
        """Raises WrongUsage for a group column that is not there, NothingToImport when no image can be used."""
        columns, group = self._columns(wishes)
        steps = Steps("Reading the tags", reporter, len(self.images))
        return collect(self._records(group), self.tree, steps, columns, self.key)

    def _columns(self, wishes: Wishes) -> tuple[tuple[str, ...], str]:
        """The names of all attributes, and which of them is the group; empty for none."""
        columns = tuple(dict.fromkeys(name for image in self.images for name in image.columns()))
        return columns, group_column(columns, wishes)

    def _records(self, group: str) -> Iterator[Record]:
        for number, image in enumerate(self.images, start=1):
            shapes_only = image.shapes and not image.tags
            columns = image.columns()
            yield Record(
                f"Image {number}",
                (image.name, f"images/{image.name}", f"images/{image.subset}/{image.name}"),
                str(self.base),
                tuple(image.tags),
                group=columns.get(group, ""),
                split=_part(image.subset),
                columns={k: v for k, v in columns.items() if k != group},
                trouble="It has shapes but no tag; a class is given by a tag." if shapes_only else "",
            )


def _part(subset: str) -> str:
    """What the import knows the part by that a subset is called after; empty for any other, which CVAT lets people name
    freely.
    """
    part = part_of(subset)
    return "" if part is None else part.value


def _column(subset: str) -> str:
    """The name of a subset that says something, but not a part."""
    return "" if subset.lower() == DEFAULT or _part(subset) else subset


def recognise(tree: Tree, path: Path) -> Cvat | None:
    """The export in an XML file; None for any other XML. Raises FileTrouble for one that is damaged further on."""
    if path.suffix.lower() != SUFFIX:
        return None
    data = tree.read(str(path))
    if b"<annotations" not in data[:LOOK]:
        return None
    images = tuple(_images(path, data))
    return Cvat(tree, path.relative_to(tree.root).as_posix(), path.parent, images)


def _images(path: Path, data: bytes) -> list[TaggedImage]:
    """All <image> elements. A document type is refused: CVAT writes none, and entities are how XML files do harm."""
    images: list[TaggedImage] = []
    attribute: list[str] = []  # name of the <attribute> that is open, then its text

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "image":
            images.append(TaggedImage(attributes.get("name", ""), attributes.get("subset", "")))
        elif not images:
            return
        elif name == "tag":
            images[-1].tags.append(attributes.get("label", ""))
        elif name == "attribute":
            attribute[:] = [attributes.get("name", "")]
        elif name in ("box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton"):
            images[-1].shapes += 1

    def text(data: str) -> None:
        if attribute:
            attribute.append(data)

    def end(name: str) -> None:
        if name == "attribute" and attribute:
            value = "".join(attribute[1:]).strip()
            if images and images[-1].tags and attribute[0] and value:
                images[-1].attributes[attribute[0]] = value
            attribute.clear()

    def refuse(*_: object) -> None:
        raise FileTrouble("The XML file has a document type and is not read.", remedy="Export it again.", path=path)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        what = f"The XML file is damaged in line {error.lineno}."
        raise FileTrouble(what, remedy="Export it again.", path=path) from error
    except (LookupError, ValueError) as error:  # what it says of its own encoding
        raise FileTrouble(
            "The XML file says that it is in an encoding that can't be read.", remedy="Export it again.", path=path
        ) from error
    return images
