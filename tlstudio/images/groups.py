"""What must stay on one side of a split: rules that give a file its group, and what a rule came to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tlstudio.domain.errors import WrongUsage
from tlstudio.images.scan import Found

ALONE, FOLDER, NAME, COLUMN, DICOM = "none", "folder", "name:", "column:", "dicom:"


def check_rule(rule: str | None) -> None:
    """Raises WrongUsage for a rule that can't be followed, before anything is read."""
    if rule is None or rule in (ALONE, FOLDER):
        return
    if rule.startswith((COLUMN, DICOM)):
        if not rule.partition(":")[2].strip():
            raise WrongUsage(f"“{rule}” names nothing after the colon.", remedy="Write column:NAME or dicom:KEYWORD.")
        return
    group_pattern(rule)


def column_of(rule: str | None) -> str:
    """The column that a `column:` rule names; empty for another rule."""
    return rule.removeprefix(COLUMN).strip() if rule is not None and rule.startswith(COLUMN) else ""


def grouping(rule: str | None) -> Callable[[Found], str | None]:
    """The function that gives a file its group by its names, None where the rule says none.

    `column:` has been followed by the scan already; for `dicom:` files have to be opened, see `dicom.group_keys`. Raises
    WrongUsage for a rule that it does not know.
    """
    check_rule(rule)
    if rule is None or rule.startswith(COLUMN):
        return lambda found: found.group
    if rule == ALONE:
        return lambda found: None
    if rule == FOLDER:
        return _folder
    pattern = group_pattern(rule)
    return lambda found: _by_name(found, pattern)


def outcome(rule: str, groups: Sequence[str | None], names: Sequence[str]) -> str:
    """What a rule came to, as a sentence: `12 of 150 names matched, which makes 4 groups.`

    groups: what it gave each of the files of these `names`. Raises WrongUsage where it gave none of them a group.
    """
    made, total = sum(group is not None for group in groups), len(groups)
    if total and not made:
        raise WrongUsage(
            _nothing(rule, names),
            remedy="Choose another way to tell what belongs together, or none to treat every image on its own.",
        )
    different = len(set(groups) - {None})
    makes = "which makes 1 group" if different == 1 else f"which makes {different:,} groups"
    return f"{made:,} of {total:,} {_MATCHED[_kind(rule)].format(_value(rule))}, {makes}."


# What is said of the files that a rule gives a group.
_MATCHED = {
    NAME: "names matched",
    FOLDER: "images lie in a folder inside their class folder",
    COLUMN: "images have something in the column “{}”",
    DICOM: "images have the DICOM tag {}",
}


def _nothing(rule: str, names: Sequence[str]) -> str:
    kind = _kind(rule)
    if kind == FOLDER:
        return "No image lies in a folder inside its class folder."
    if kind == COLUMN:
        return f"The column “{_value(rule)}” is empty for every image."
    if kind == DICOM:
        return f"None of the images has the DICOM tag {_value(rule)}."
    examples = " or ".join(f"“{name}”" for name in names[:2])
    count = "the name" if len(names) == 1 else f"any of the {len(names):,} names, such as"
    return f"The expression “{_value(rule)}” does not match {count} {examples}."


def _kind(rule: str) -> str:
    return next(kind for kind in _MATCHED if rule.startswith(kind))


def _value(rule: str) -> str:
    return rule.partition(":")[2].strip()


def _folder(found: Found) -> str | None:
    if not found.inner:
        return None
    return found.inner if found.label is None else f"{found.label}/{found.inner}"


def _by_name(found: Found, pattern: re.Pattern[str]) -> str | None:
    match = pattern.search(found.name)
    return None if match is None else match.group(1 if match.re.groups else 0)


def group_pattern(rule: str) -> re.Pattern[str]:
    """The compiled expression of a `name:` rule; raises WrongUsage for another rule, or with the place of the mistake."""
    if not rule.startswith(NAME):
        raise WrongUsage(
            f"“{rule}” is not a way to find groups.",
            remedy="Use folder, none, column:NAME, dicom:KEYWORD, or name: and a regular expression.",
        )
    try:
        return re.compile(rule.removeprefix(NAME))
    except re.error as error:
        raise WrongUsage(f"The expression for groups can't be read: {error}.", remedy="Check its brackets.") from error
