"""A table of images: CSV or JSON lines, each row a file with its class, group and part; and Hugging Face's image folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tlstudio.domain.errors import FileTrouble, StudioError, WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import Encoding, TablePreview
from tlstudio.domain.safe_text import from_cell, with_controls
from tlstudio.images.scan import SPLIT_NAMES, Scan, Steps, Wishes, suffix_of
from tlstudio.images.sources.columns import mapping
from tlstudio.images.sources.encodings import least_sure
from tlstudio.images.sources.lookup import Record
from tlstudio.images.sources.records import collect
from tlstudio.images.sources.text import Table, head, read_table
from tlstudio.images.sources.tree import Tree

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".jsonl"})
METADATA = ("metadata.csv", "metadata.jsonl")
FILE_NAME = "file_name"
HUGGINGFACE = ("A Hugging Face image folder", {"path": FILE_NAME})
PREVIEW_ROWS = 5
# What only this program's own exports have side by side: `workflow.label_table` writes them.
OWN_COLUMNS = ("group", "excluded", "unsure", "note", "author", "time", "width", "height", "content")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a table. base: the folder that its names start from. split: the part that all of it stands for, or empty.

    folders_speak: the folders in a name say its part and its class where no column does.
    """

    table: Table
    base: Path
    split: str = ""
    folders_speak: bool = False


@dataclass(frozen=True, slots=True)
class TableSource:
    """One table, or the several of a Hugging Face folder, read as one. fixed: {role: column} that its kind prescribes."""

    tree: Tree
    key: str
    parts: tuple[Part, ...]
    kind: str = "A table"
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def encoding(self) -> Encoding | None:
        """How its text was read; of several files, the least sure one."""
        return least_sure(*(part.table.encoding for part in self.parts), self.tree.names)

    @property
    def own(self) -> bool:
        """Whether it was written by this program, so that all it says is meant."""
        return all(set(OWN_COLUMNS) <= set(part.table.columns) for part in self.parts)

    @property
    def table(self) -> Table:
        """All parts under one heading."""
        if len(self.parts) == 1:
            return self.parts[0].table
        columns = tuple(dict.fromkeys(c for part in self.parts for c in part.table.columns))
        rows = [_under(part.table, columns, i) for part in self.parts for i in range(len(part.table.rows))]
        return Table(self.key, columns, rows, [w for part in self.parts for w in part.table.where], {})

    def _roles(self, wishes: Wishes) -> dict[str, str]:
        # Hugging Face's folders are described by their names alone, so nothing is guessed from what is in a column.
        return mapping(self.table, {**self.fixed, **wishes.columns}, guess=not self.fixed)

    @property
    def sentence(self) -> str:
        roles = self._roles(Wishes())
        told = ", ".join(f"{role} from “{column}”" for role, column in roles.items())
        rows = sum(len(part.table.rows) for part in self.parts)
        return f"{self.kind}, {self.key}: {rows:,} rows; {told or 'no column is known by its name'}."

    def preview(self, wishes: Wishes) -> TablePreview | None:
        table = self.table
        return TablePreview(table.columns, self._roles(wishes), tuple(head(table, PREVIEW_ROWS)))

    def scan(self, wishes: Wishes, reporter: Reporter = SILENT) -> Scan:
        """Raises WrongUsage while it is unknown which column names the files, NothingToImport when no row can be used."""
        table = self.table
        roles = self._roles(wishes)
        if "path" not in roles:
            raise _no_path(table)
        if "class" not in roles and "class" not in wishes.columns and not self.parts[0].folders_speak:
            raise _no_class(table)
        undivided = wishes.columns.get("split") == ""
        spoken_for = {roles.get("path"), roles.get("class"), roles.get("split"), roles.get("group")}
        others = [c for c in table.columns if c not in spoken_for]
        columns = (*([roles["group"]] if "group" in roles else []), *others)
        total = len(table.rows)
        steps = Steps("Reading the table", reporter, total)
        scan = collect(self._records(roles, others, undivided=undivided), self.tree, steps, columns, self.key)
        return replace(scan, divided=scan.divided or (self.own and "split" not in wishes.columns))

    def _records(self, roles: dict[str, str], others: Sequence[str], *, undivided: bool) -> Iterator[Record]:
        """undivided: what folders say of parts is not wanted either."""
        for part in self.parts:
            table, base = part.table, str(part.base)
            index = {name: i for i, name in enumerate(table.columns)}
            reader = _plain_reader(table)
            label, group, split = (reader(index.get(roles.get(role, ""), -1)) for role in ("class", "group", "split"))
            path = table.reader(index.get(roles.get("path", ""), -1))
            rest = [(name, reader(index[name])) for name in others if name in index]
            for row, (cells, where) in enumerate(zip(table.rows, table.where, strict=True)):
                file, name, side = path(cells), label(cells), split(cells) or part.split
                if part.folders_speak:
                    said, folder = _folders(file)
                    side, name = side or said, name if "class" in roles else folder
                yield Record(
                    where if len(self.parts) == 1 else f"{where} of {table.name}",
                    _written(file),
                    base,
                    (name,) if name else (),
                    group(cells),
                    "" if undivided else side,
                    {column: text for column, read in rest if (text := read(cells))},
                    table.trouble.get(row, ""),
                )


def _plain_reader(table: Table) -> Callable[[int], Callable[[list[str]], str]]:
    """`Table.reader` that takes the apostrophes off which stand before formulas, in a table that has any."""
    if not any("'" in cell for row in table.rows for cell in row):
        return table.reader

    def reader(column: int) -> Callable[[list[str]], str]:
        read = table.reader(column)
        return lambda cells: from_cell(read(cells))

    return reader


def _written(file: str) -> tuple[str, ...]:
    """How the file may be called that a cell names: as it is, or as `safe_text.cell` has written it."""
    if file.isascii() and file[:1] != "'":
        return (file,)
    plain = from_cell(file)
    return tuple(dict.fromkeys((file, plain, with_controls(plain))))


def recognise_file(tree: Tree, path: Path) -> TableSource | None:
    """A table, if the file has its suffix; what it holds is judged by its scan."""
    if path.suffix.lower() not in SUFFIXES:
        return None
    table = read_table(path, tree.read(str(path)), tree.encoding)
    return TableSource(tree, path.relative_to(tree.root).as_posix(), (Part(table, path.parent),))


def recognise(tree: Tree) -> list[TableSource]:
    """The tables that lie in the root folder, name files by a column and say a class by another."""
    found = []
    for entry in tree.entries(str(tree.root)):
        suffix = suffix_of(entry.name)
        if not entry.folder and suffix in SUFFIXES - {".txt"} and entry.name.lower() not in METADATA:
            try:
                source = recognise_file(tree, Path(entry.place))
            except StudioError:
                continue  # a file of another program
            if source is not None and {"path", "class"} <= set(mapping(source.parts[0].table, {}, guess=False)):
                found.append(source)
    return found


def recognise_huggingface(tree: Tree) -> TableSource | None:
    """metadata.csv or metadata.jsonl with a column file_name, in the root or in the folders of the parts.

    Raises FileTrouble where one folder holds both.
    """
    parts: list[Part] = []
    folders = [(tree.root, "")]
    folders += [
        (Path(e.place), e.name) for e in tree.entries(str(tree.root)) if e.folder and e.name.lower() in SPLIT_NAMES
    ]
    for folder, split in folders:
        there = [folder / name for name in METADATA if tree.has(str(folder / name))]
        if len(there) > 1:
            raise FileTrouble(
                "The folder holds both metadata.csv and metadata.jsonl.",
                remedy="Choose one of the two files instead of the folder.",
                path=folder,
            )
        parts += [part for path in there if (part := _metadata(tree, path, split)) is not None]
    return TableSource(tree, "metadata", tuple(parts), *HUGGINGFACE) if parts else None


def recognise_huggingface_file(tree: Tree, path: Path) -> TableSource | None:
    """The same for one such file, chosen by itself."""
    part = _metadata(tree, path, "")
    return None if part is None else TableSource(tree, path.name, (part,), *HUGGINGFACE)


def _metadata(tree: Tree, path: Path, split: str) -> Part | None:
    table = read_table(path, tree.read(str(path)), tree.encoding)
    if FILE_NAME not in table.columns:
        return None
    named = replace(table, name=path.relative_to(tree.root).as_posix())
    return Part(named, path.parent, split, folders_speak=True)


def _under(table: Table, columns: Sequence[str], row: int) -> list[str]:
    index = {name: i for i, name in enumerate(table.columns)}
    return [table.cell(row, index[c]) if c in index else "" for c in columns]


def _folders(file: str) -> tuple[str, str]:
    """Part and class by the folders of a name: `train/dog/1.png` -> `train`, `dog`; empty where there is none."""
    folders = [p for p in file.replace("\\", "/").split("/")[:-1] if p not in ("", ".", "..")]
    split = folders.pop(0) if folders and folders[0].lower() in SPLIT_NAMES else ""
    return split, folders[0] if folders else ""


def _no_path(table: Table) -> WrongUsage:
    return WrongUsage(
        f"No column of {table.name} is known to name the image files.",
        remedy=f"Say which one does: --columns path=NAME. {_listed(table)}",
    )


def _no_class(table: Table) -> WrongUsage:
    return WrongUsage(
        f"No column of {table.name} is known to say the class.",
        remedy=f"Say which one does: --columns class=NAME, or --columns class= for images without labels. {_listed(table)}",
    )


def _listed(table: Table) -> str:
    return "The columns are: " + ", ".join(f"“{c}”" for c in table.columns) + "."
