"""Which column of a table says what: by its name, by what is in it, or by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.importing import ROLES
from tlstudio.images.decode import SUFFIXES
from tlstudio.images.scan import SPLIT_NAMES, Wishes
from tlstudio.images.sources.text import Table

# Names in the order of trust, written without case, spaces and signs.
NAMES: dict[str, tuple[str, ...]] = {
    "path": (
        "path", "filepath", "imagepath", "imgpath", "filename", "file", "imagefile", "imagefilename", "imagename", "imgname",
        "image", "img", "picture", "imageid", "imgid", "imageindex", "idcode", "isicid", "name", "id",
    ),
    "class": (
        "classname", "labelname", "class", "label", "category", "categoryname", "diagnosis", "target", "finding",
        "findinglabels", "dx", "defect", "species",
    ),
    "group": (
        "group", "groupid", "groupname", "patient", "patientid", "subject", "subjectid", "participant", "participantid",
        "case", "caseid", "part", "partid", "batch", "batchid", "lot", "specimen", "specimenid", "lesion", "lesionid",
    ),
    "split": ("split", "set", "subset", "partition", "fold"),
}  # fmt: skip
# `path` in this order may be guessed from a weak name only when its cells look like files.
WEAK = frozenset({"name", "id"})
LOOK = 50  # rows that a column is judged by


def parse(texts: Sequence[str]) -> dict[str, str]:
    """`path=FILE,class=LABEL` as {role: column}; column names may hold commas. Raises WrongUsage."""
    found: dict[str, str] = {}
    for text in texts:
        for part in re.split(rf",(?=(?:{'|'.join(ROLES)})=)", text):
            role, sign, column = part.partition("=")
            if not sign or role.strip() not in ROLES:
                raise WrongUsage(
                    f"“{part}” does not say a column.", remedy=f"Write ROLE=COLUMN with a role of {', '.join(ROLES)}."
                )
            found[role.strip()] = column.strip()
    return found


def mapping(table: Table, wished: Mapping[str, str], *, guess: bool = True) -> dict[str, str]:
    """{role: column} for the roles that a column is known for. A wish for no column (empty) is kept to.

    guess: where names say nothing, a column full of file names is the path, and the only other one the class.
    Raises WrongUsage for a column that the table does not have, with the list of those it has.
    """
    found = {role: named(table.columns, name) for role, name in wished.items() if name}
    for role in ROLES:
        if role not in wished:
            taken = set(found.values())
            free = [c for c in table.columns if c not in taken]
            column = _by_name(role, table, free)
            if column is None and role == "path" and guess:
                column = next((c for c in free if _holds_files(table, c)), None)
            if column is not None:
                found[role] = column
    if guess and "class" not in found and "class" not in wished:
        # A table of two columns, one of which names the files: the other says the class.
        rest = [c for c in table.columns if c not in found.values()]
        if len(table.columns) == 2 and len(rest) == 1 and "path" in found:
            found["class"] = rest[0]
    return {role: found[role] for role in ROLES if role in found}


def named(columns: Sequence[str], name: str) -> str:
    """The column of that name, small and large letters alike if it must be. Raises WrongUsage listing the columns."""
    if name in columns:
        return name
    alike = [c for c in columns if c.casefold() == name.casefold()]
    if len(alike) == 1:
        return alike[0]
    there = ", ".join(f"“{c}”" for c in columns) or "none"
    raise WrongUsage(f"There is no column “{name}”.", remedy=f"The columns are: {there}.")


def group_column(columns: Sequence[str], wishes: Wishes) -> str:
    """The column for groups that is wished of a source whose other fields have fixed names; empty for none. Raises WrongUsage."""
    if set(wishes.columns) - {"group"}:
        raise WrongUsage("The fields of this export have fixed names.", remedy="Name a column for groups only.")
    return named(columns, wishes.columns["group"]) if wishes.columns.get("group") else ""


def _by_name(role: str, table: Table, free: Sequence[str]) -> str | None:
    plain = {re.sub(r"[^a-z0-9]", "", c.lower()): c for c in reversed(free)}
    for name in NAMES[role]:
        column = plain.get(name)
        if column is not None and not (name in WEAK and not _holds_files(table, column)):
            if name == "fold" and not _holds_parts(table, column):
                continue
            return column
    return None


def _cells(table: Table, column: str) -> list[str]:
    index = table.columns.index(column)
    return [text for row in range(min(LOOK, len(table.rows))) if (text := table.cell(row, index))]


def _holds_files(table: Table, column: str) -> bool:
    """Whether most cells end like an image file."""
    cells = _cells(table, column)
    return bool(cells) and sum(_suffix(text) in SUFFIXES for text in cells) > 0.5 * len(cells)


def _holds_parts(table: Table, column: str) -> bool:
    return all(text.lower() in SPLIT_NAMES for text in _cells(table, column))


def _suffix(text: str) -> str:
    return PurePosixPath(text.replace("\\", "/").partition("#page=")[0]).suffix.lower()
