"""What belongs together in an import: what was asked for, what an earlier import was told, or what has to be asked first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tlstudio.domain.errors import GroupsNotStated
from tlstudio.domain.events import Note, Progress, Reporter
from tlstudio.domain.importing import GroupGuess, ImportRequest
from tlstudio.domain.values import ImageRow, Refusal, Split
from tlstudio.images import dicom
from tlstudio.images.group_guess import as_found, guess_groups, guessed_groups
from tlstudio.images.groups import ALONE, COLUMN, DICOM, grouping, outcome
from tlstudio.images.guard import DECODERS
from tlstudio.images.paging import may_be_dicom
from tlstudio.images.scan import Found, Steps
from tlstudio.storage.project import Project
from tlstudio.storage.secret import group_secret

STATED = "group_from"  # the project's note of the rule that was given last
TAGS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
STAGE = "Looking what belongs together"
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
    if rule is not None and rule.startswith(DICOM):
        groups = _by_tag(rule.removeprefix(DICOM).strip(), found, reporter)
    else:
        group_of = grouping(rule)
        steps = Steps(STAGE, reporter, len(found))
        groups = []
        for item in found:
            steps.step()
            groups.append(group_of(item))
    if rule not in (None, ALONE) and found and (rule == request.group_from or any(groups)):
        reporter.report(Note(outcome(str(rule), groups, [item.name for item in found])))
    return {item.place: group or item.sheet for group, item in zip(groups, found, strict=True)}


def _by_tag(keyword: str, found: Sequence[Found], reporter: Reporter) -> list[str | None]:
    """What a tag of each DICOM file says, as a keyed hash; the files are looked into by the decoding processes."""
    dicom.check_keyword(keyword)
    look = partial(dicom.group_keys, keywords=(keyword,), secret=group_secret())
    groups: list[str | None] = []
    results = DECODERS.in_order(look, [item.path for item in found], waiting=reporter.check_cancelled)
    for done, (_, keys) in enumerate(results, start=1):
        groups.append(None if isinstance(keys, Refusal) else keys[0])
        reporter.report(Progress(STAGE, done, len(found)))
    return groups


def need_an_answer(
    request: ImportRequest, rule: str | None, found: Sequence[Found], known: Sequence[ImageRow], reporter: Reporter
) -> None:
    """Raises GroupsNotStated where new images seem to belong together, or to images in the project, and nobody said a word.

    Where the source itself names all three parts, nothing is divided and nothing has to be asked; the check tells it.
    """
    said = rule is not None or any(item.group is not None for item in found)
    if said or not request.may_ask or not found or set(Split) <= {item.split for item in found}:
        return
    tag = patients(found, reporter)
    if tag is not None:
        raise GroupsNotStated(
            f"These are DICOM files, and several of them say the same {tag}.",
            remedy=_remedy(f"{DICOM}{tag}"),
            path=request.source,
        )
    older = [as_found(row) for row in known if row.group is None]
    guess = guess_groups([*older, *found])
    if guess is not None and any(
        places[-1] >= len(older) for places in guessed_groups(guess, [*older, *found]).values()
    ):
        raise GroupsNotStated(in_words(guess), remedy=_remedy(guess.rule), path=request.source)


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


def tags_of(found: Sequence[Found], reporter: Reporter) -> tuple[str, ...]:
    """The tags that can group DICOM files, as far as the first files carry them."""
    files = _dicom_files(found)[:TASTED]
    told = [keys for keys in _told(files, reporter) if keys]
    return tuple(tag for k, tag in enumerate(TAGS) if any(keys[k] is not None for keys in told))


def patients(found: Sequence[Found], reporter: Reporter) -> str | None:
    """The first of TAGS that two images of the source share; None where no two images do."""
    seen: dict[str, set[str]] = {tag: set() for tag in tags_of(found, reporter)}
    shared: set[str] = set()
    for keys in _told(_dicom_files(found), reporter) if seen else ():
        for tag, key in zip(TAGS, keys, strict=False):
            if tag in seen and key is not None:
                shared |= {tag} if key in seen[tag] else set()
                seen[tag].add(key)
        if next(iter(seen)) in shared:
            break  # the others need not be looked into
    return next((tag for tag in seen if tag in shared), None)


def _told(files: Sequence[Path], reporter: Reporter) -> Iterator[tuple[str | None, ...]]:
    """What each of these files says under TAGS, as hashes; nothing for one that can't be read."""
    look = partial(dicom.group_keys, keywords=TAGS, secret=b"")
    for done, (_, keys) in enumerate(DECODERS.in_order(look, files, waiting=reporter.check_cancelled), start=1):
        reporter.report(Progress(STAGE, done, len(files)))
        yield () if isinstance(keys, Refusal) else keys


def _dicom_files(found: Sequence[Found]) -> list[Path]:
    return [item.path for item in found if may_be_dicom(item.name)]
