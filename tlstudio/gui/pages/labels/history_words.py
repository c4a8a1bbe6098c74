"""The history of an image in words: who did what, and when."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tlstudio.domain.labels import Deed
from tlstudio.gui import messages


class Text:
    """Words of the history."""

    imported = "Imported as {after}"
    given = "{after}"
    moved = "{before} → {after}"
    taken = "{before} taken away"
    kept = "{after} kept"
    set_to: ClassVar = {
        ("unsure", "1"): "Marked as unsure",
        ("unsure", "0"): "No longer unsure",
        ("excluded", "1"): "Left out",
        ("excluded", "0"): "Taken back",
    }
    note, no_note = "Note: {after}", "Note removed"
    split = "Split: {before} → {after}"
    group, no_group = "Group: {after}", "No group any more"
    alike = "Near-duplicates changed"
    undone, redone = "undone", "done again"
    nobody = "unknown"


def what(deed: Deed) -> str:
    """One deed in a few words: `crack → corrosion`."""
    if deed.field == "class":
        return _class(deed)
    found = Text.set_to.get((deed.field, deed.after or ""))
    if found is not None:
        return found
    if deed.field == "note":
        return Text.note.format(after=deed.after) if deed.after else Text.no_note
    if deed.field == "group_name":
        return Text.group.format(after=deed.after) if deed.after else Text.no_group
    if deed.field == "split":
        return Text.split.format(before=deed.before, after=deed.after)
    return Text.alike


def who_and_when(deed: Deed) -> str:
    """`ann · 12 May 2026, 14:03`, and whether it was an undo."""
    turned = {"undo": Text.undone, "redo": Text.redone}.get(deed.kind, "")
    author = deed.author or ("" if deed.kind == "import" else Text.nobody)
    return " · ".join(part for part in (author, moment(deed.at), turned) if part)


def moment(at: float) -> str:
    """`12 May 2026, 14:03`."""
    return f"{messages.day(at)}, {datetime.fromtimestamp(at):%H:%M}"


def _class(deed: Deed) -> str:
    if deed.after is None:
        words = Text.taken
    elif deed.before == deed.after:
        words = Text.kept
    elif deed.before is not None:
        words = Text.moved
    else:
        words = Text.imported if deed.kind == "import" else Text.given
    return words.format(before=deed.before, after=deed.after)
