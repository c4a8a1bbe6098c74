"""What belongs together in an import: what was asked for, what an earlier import was told, or what has to be asked first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tlstudio.domain.errors import GroupsNotStated
from tlstudio.domain.events import Note, Reporter
from tlstudio.domain.importing import GroupGuess, ImportRequest
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images import dicom
from tlstudio.images.group_guess import as_found, guess_groups, guessed_groups
from tlstudio.images.groups import ALONE, COLUMN, DICOM, grouping, outcome
from tlstudio.images.scan import Found, Steps, suffix_of
from tlstudio.storage.project import Project
from tlstudio.storage.secret import group_secret

STATED = "group_from"  # the project's note of the rule that was given last
TAGS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
TASTED = 8  # DICOM files that are asked which tags there are


def stated_rule(project: Project) -> str | None:
    """The rule that an import of this project was given last, `none` included; None where nobody said anything."""
    return project.meta(STATED) or None


def rule_for(request: ImportRequest, found: Sequence[Found], project: Project) -> str | None:
    """The rule to follow: the request's, else an earlier import's, as far as the source says nothing itself."""
    if request.group_from is not None or any(item.group is not None for item in found):
        return request.group_from
    earlier = stated_rule(project)
    return None if earlier is None or earlier.startswith(COLUMN) else earlier


def keep_rule(project: Project, request: ImportRequest) -> None:
    if request.group_from is not None:
        project.set_meta(STATED, request.group_from)


def groups_of(
    request: ImportRequest, rule: str | None, found: Sequence[Found], reporter: Reporter
) -> dict[str, str | None]:
    """{place: group} of the files; pages of one file are one where the rule says nothing of them.

    Tells how many files the rule fits. Raises WrongUsage where a rule that was asked for fits none of them.
    """
    group_of = grouping(rule, group_secret)
    groups: list[str | None] = []
    steps = Steps("Looking what belongs together", reporter, len(found))
    for item in found:
        steps.step()
        groups.append(group_of(item))
    if rule not in (None, ALONE) and found and (rule == request.group_from or any(groups)):
        reporter.report(Note(outcome(str(rule), groups, [item.name for item in found])))
    return {item.place: group or item.sheet for group, item in zip(groups, found, strict=True)}


def need_an_answer(
    request: ImportRequest, rule: str | None, found: Sequence[Found], known: Sequence[ImageRow], source: Path
) -> None:
    """Raises GroupsNotStated where new images seem to belong together, or to images in the project, and nobody said a word.

    Where the source itself names all three parts, nothing is divided and nothing has to be asked; the check tells it.
    """
    said = rule is not None or any(item.group is not None for item in found)
    if said or not request.may_ask or not found or set(Split) <= {item.split for item in found}:
        return
    tag = patients(found)
    if tag is not None:
        raise GroupsNotStated(
            f"These are DICOM files, and several of them say the same {tag}.",
            remedy=_remedy(f"{DICOM}{tag}"),
            path=source,
        )
    older = [as_found(row) for row in known if row.group is None]
    guess = guess_groups([*older, *found])
    if guess is not None and any(
        places[-1] >= len(older) for places in guessed_groups(guess, [*older, *found]).values()
    ):
        raise GroupsNotStated(in_words(guess), remedy=_remedy(guess.rule), path=source)


def in_words(guess: GroupGuess) -> str:
    """`The file names suggest that images belong together: “p1_1.png” and “p1_2.png” to “p1”. 8 such groups hold 64 images.`"""
    what = "folders" if guess.rule == "folder" else "file names"
    shown = " and ".join(f"“{name}”" for name in guess.examples[:2])
    groups = "1 such group holds" if guess.shared == 1 else f"{guess.shared:,} such groups hold"
    return (
        f"The {what} suggest that images belong together: {shown} to “{guess.example_group}”. "
        f"{groups} {guess.images:,} images."
    )


def _remedy(rule: str) -> str:
    return (
        f'Say whether they do: --group-from "{rule}" keeps each group on one side of the division, --group-from none treats '
        "every image on its own."
    )


def tags_of(found: Sequence[Found]) -> tuple[str, ...]:
    """The tags that can group DICOM files, as far as the first files carry them."""
    files = [item.path for item in found if _may_be_dicom(item)][:TASTED]
    return tuple(tag for tag in TAGS if any(dicom.group_key(path, tag, b"") is not None for path in files))


def patients(found: Sequence[Found]) -> str | None:
    """The first of TAGS that two images of the source share; None where no two images do."""
    for tag in tags_of(found):
        seen: set[str] = set()
        for item in found:
            key = dicom.group_key(item.path, tag, b"") if _may_be_dicom(item) else None
            if key is not None and key in seen:
                return tag
            seen |= {key} if key is not None else set()
    return None


def _may_be_dicom(item: Found) -> bool:
    return suffix_of(item.name) in (*dicom.SUFFIXES, "")
