"""What one click does about a finding, and setting findings aside. Imports nothing heavy: the window calls these itself.

Every repair is one change in the journal, taken back like any other edit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.findings import Finding, Repair, Repaired, merged_names
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.splits import Units, divide
from tlstudio.storage import classes, dismissals, images, journal, queries
from tlstudio.storage.journal import Edit, Value
from tlstudio.storage.project import Project
from tlstudio.workflow.checking_together import TEST_FOLDERS, Together
from tlstudio.workflow.labeling import author_name

MOST_HELD_OUT = 0.9  # share of the images: training keeps at least the rest

Fields = list[tuple[int, str, Value]]


def repair(project: Path, finding: Finding, reporter: Reporter = SILENT) -> Repaired:
    """Does what the finding offers, to the images as they are now. Raises WrongUsage for a finding without a repair.

    TAKE_NEW reads files: to be left to the worker.
    """
    if finding.repair is None:
        raise WrongUsage(f"There is no repair for “{finding.title}”.", remedy=finding.advice)
    if finding.repair is Repair.TAKE_NEW:
        from tlstudio.workflow.replaced import take_changed

        return take_changed(project, finding.files, reporter)
    opened = Project(project)
    if finding.repair is Repair.MERGE_CLASSES:
        return _merge_classes(opened, finding)
    fields, sentence = REPAIRS[finding.repair](finding, _rows(opened, finding))
    touched = journal.record(opened, Edit(sentence, fields=fields), author_name())
    return Repaired(finding.kind, touched, sentence)


def _rows(project: Project, finding: Finding) -> dict[str, ImageRow]:
    """The images that a repair looks at, by path: those of the finding, or all where whole groups may have to move."""
    if finding.repair in (Repair.KEEP_TOGETHER, Repair.REGROUP):
        rows = images.list_images(project)
    else:
        files = {*finding.files, *(file for kin in finding.sets for file in kin)}
        rows = queries.rows_of(project, list(queries.ids_of_paths(project, files).values()))
    return {str(row.path): row for row in rows if not row.excluded}


def _merge_classes(project: Project, finding: Finding) -> Repaired:
    """The classes that are still there; see `similar_classes`."""
    there = {each.name for each in classes.list_classes(project)}
    merged = {name: kept for name, kept in merged_names(finding).items() if {name, kept} <= there}
    moved = classes.merge_classes(project, merged, author_name()) if merged else 0
    what = ", ".join(f"“{name}” merged into “{kept}”" for name, kept in merged.items())
    return Repaired(finding.kind, moved, f"{what}, {_images(moved)}" if merged else "Nothing to merge")


def _leave_out(finding: Finding, rows: dict[str, ImageRow]) -> tuple[Fields, str]:
    gone = [rows[file] for file in finding.files if file in rows]
    return [(row.id, "excluded", 1) for row in gone], f"{_images(len(gone))} left out"


def _look_again(finding: Finding, rows: dict[str, ImageRow]) -> tuple[Fields, str]:
    marked = [rows[file] for file in finding.files if file in rows]
    return [(row.id, "unsure", 1) for row in marked], f"{_images(len(marked))} marked to look again"


def _leave_copies_out(finding: Finding, rows: dict[str, ImageRow]) -> tuple[Fields, str]:
    """Keeps one of each set: one that has a class, and among those one of the test part, so that the figures stay comparable.

    A set under two classes stays as it is: nobody but the user can say which of them is right.
    """
    gone: list[ImageRow] = []
    for kin in _sets(finding, rows):
        if len({row.label for row in kin if row.label is not None}) <= 1:
            kept = min(kin, key=lambda row: (row.label is None, row.split is not Split.TEST, row.id))
            gone += [row for row in kin if row is not kept]
    copies = "1 copy" if len(gone) == 1 else f"{len(gone):,} copies"
    return [(row.id, "excluded", 1) for row in gone], f"{copies} left out"


def _keep_together(finding: Finding, rows: dict[str, ImageRow]) -> tuple[Fields, str]:
    """See `Together`."""
    together = Together(list(rows.values()))
    together.settle(_sets(finding, rows))
    fields: Fields = [(number, "split", part.value) for number, part in together.moved().items()]
    fields += [(number, "excluded", 1) for number in sorted(together.gone)]
    moved, gone = len(together.moved()), len(together.gone)
    parts = [f"{_images(moved)} moved to the rest of their kind"] if moved or not gone else []
    if gone:
        parts.append(f"{_images(gone)} left out")
    return fields, ", ".join(parts)


def _regroup(finding: Finding, rows: dict[str, ImageRow]) -> tuple[Fields, str]:
    """Each set is a group under the name that the finding notes, and what it tears is dealt out anew in the same shares.

    To bring each group where most of it lies would empty the small parts: most of every group lies in training. A test part that
    came with the data stays as it is; see `Together`.
    """
    named = dict(zip(finding.files, finding.notes, strict=True))
    grouped = {file: replace(row, group=named.get(file, row.group)) for file, row in rows.items()}
    fields: Fields = [(row.id, "group_name", named[file]) for file, row in rows.items() if file in named]
    moved, gone = (
        _settle(finding, grouped) if _came_divided(rows.values()) else (_deal(list(grouped.values())), set[int]())
    )
    fields += [(number, "split", part.value) for number, part in moved.items()]
    fields += [(number, "excluded", 1) for number in sorted(gone)]
    groups = "1 group" if len(finding.sets) == 1 else f"{len(finding.sets):,} groups"
    told = [f"{_images(len(named))} in {groups}, {_images(len(moved))} moved to another part"]
    return fields, ", ".join(told + ([f"{_images(len(gone))} left out"] if gone else []))


def _settle(finding: Finding, rows: dict[str, ImageRow]) -> tuple[dict[int, Split], set[int]]:
    together = Together(list(rows.values()))
    together.settle(_sets(finding, rows))
    return together.moved(), together.gone


def _came_divided(rows: Iterable[ImageRow]) -> bool:
    """Whether a test part came with the data, in a folder of that name."""
    return any(row.split is Split.TEST and TEST_FOLDERS & {p.lower() for p in row.path.parts[:-1]} for row in rows)


def _deal(rows: Sequence[ImageRow]) -> dict[int, Split]:
    """{image id: its new part}: what is tied and torn is divided again; everything else stays."""
    numbers = _units(rows)
    parts: dict[int, set[Split]] = defaultdict(set)
    for row, number in zip(rows, numbers, strict=True):
        parts[number].add(row.split)
    torn = [(row, number) for row, number in zip(rows, numbers, strict=True) if len(parts[number]) > 1]
    test, val = (sum(row.split is split for row in rows) / max(len(rows), 1) for split in (Split.TEST, Split.VAL))
    scale = min(1.0, MOST_HELD_OUT / max(test + val, MOST_HELD_OUT))
    labels, units = [row.label for row, _ in torn], [number for _, number in torn]
    dealt = divide(labels, units, test=scale * test, val=scale * val, seed=0)
    return {row.id: part for (row, _), part in zip(torn, dealt, strict=True) if part is not row.split}


def _units(rows: Sequence[ImageRow]) -> list[int]:
    """A number for each image, equal for those tied by their group, by copies or as near-duplicates."""
    units = Units(len(rows))
    for i, row in enumerate(rows):
        for key in (("content", row.content), ("group", row.group), ("alike", row.alike)):
            if key[1] is not None:
                units.join(i, key)
    return units.all()


def _sets(finding: Finding, rows: dict[str, ImageRow]) -> list[list[ImageRow]]:
    found = [[rows[file] for file in kin if file in rows] for kin in finding.sets]
    return [kin for kin in found if len(kin) > 1]


def _images(n: int) -> str:
    return "1 image" if n == 1 else f"{n:,} images"


REPAIRS: dict[Repair, Callable[[Finding, dict[str, ImageRow]], tuple[Fields, str]]] = {
    Repair.LEAVE_COPIES_OUT: _leave_copies_out,
    Repair.LEAVE_OUT: _leave_out,
    Repair.KEEP_TOGETHER: _keep_together,
    Repair.REGROUP: _regroup,
    Repair.LOOK_AGAIN: _look_again,
}


# --- setting aside -----------------------------------------------------------------------------------------------------


def set_aside(project: Path, finding: Finding, reason: str) -> None:
    """The user has looked at the finding and lets it be. Raises WrongUsage without a reason."""
    clean = reason.strip()
    if not clean:
        raise WrongUsage("Give a reason, so that others can follow it later.")
    dismissals.set_aside(Project(project), finding.kind, finding.dismissal_keys(), clean, author_name())


def consider_again(project: Path, finding: Finding) -> None:
    """Takes a finding back that was set aside."""
    dismissals.take_back(Project(project), finding.kind, finding.dismissal_keys())
