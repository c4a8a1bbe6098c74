"""What must stay on one side of a split: rules that give a file its group, and the rule that file names suggest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.importing import GroupGuess
from tlstudio.images import dicom
from tlstudio.images.scan import Found

ALONE, FOLDER, NAME, COLUMN, DICOM = "none", "folder", "name:", "column:", "dicom:"

# What the front of a name can tell: a word with a number, or a number, before the last counter.
GUESSES = (
    (r"name:^([A-Za-z]+[-_ ]?\d+)[-_ ]", "word and number"),
    (r"name:^(\d{2,})[-_ ]", "number"),
    (r"name:^([A-Za-z]+\d*)[-_ ]\d+\.", "word"),
)


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


def grouping(rule: str | None, secret: Callable[[], bytes]) -> Callable[[Found], str | None]:
    """The function that gives a file its group, None where it stays alone. `column:` has been followed by the scan already.

    Pages of one file are one group where nothing else is known. secret: the key of the hash that `dicom:` keeps instead of the
    value; asked for only then. Raises WrongUsage for a rule that it does not know.
    """
    check_rule(rule)
    if rule is None or rule.startswith(COLUMN):
        return lambda found: found.group or found.sheet
    if rule == ALONE:
        return lambda found: found.sheet
    if rule == FOLDER:
        return lambda found: _folder(found) or found.sheet
    if rule.startswith(DICOM):
        keyword, key = rule.removeprefix(DICOM).strip(), secret()
        return lambda found: dicom.group_key(found.path, keyword, key) or found.sheet
    pattern = group_pattern(rule)
    return lambda found: _by_name(found, pattern) or found.sheet


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


def guess_groups(found: Sequence[Found]) -> GroupGuess | None:
    """The rule that puts most files into groups of two or more, if it covers nearly all files; None otherwise.

    A rule that finds one group per class says nothing new and is passed over.
    """
    classes = len({f.label for f in found})
    rules = [FOLDER] if sum(bool(f.inner) for f in found) > 0.9 * len(found) else []
    for rule in [*rules, *(r for r, _ in GUESSES)]:
        group_of = grouping(rule, bytes)
        groups: dict[str, list[Found]] = {}
        for item in found:
            name = group_of(item)
            if name is not None:
                groups.setdefault(name, []).append(item)
        shared = {name: items for name, items in groups.items() if len(items) > 1}
        covered = sum(len(items) for items in shared.values())
        if covered >= 0.8 * len(found) and len(groups) > max(classes, 4):
            name, items = max(shared.items(), key=lambda pair: len(pair[1]))
            return GroupGuess(rule, len(groups), name, tuple(i.name for i in items[:3]))
    return None
