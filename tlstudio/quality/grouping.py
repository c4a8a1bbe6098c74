"""What nobody said of what belongs together: groups that the names suggest and the division tears, or none known at all."""

from __future__ import annotations

from dataclasses import replace

from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.domain.importing import GroupGuess
from tlstudio.domain.values import ImageRow, Split
from tlstudio.images.group_guess import as_found, guess_groups, guessed_groups
from tlstudio.quality.evidence import Evidence, paths

Groups = list[tuple[str, list[ImageRow]]]

HARM = (
    "If images of one patient, part or batch lie on both sides, the model is tested on what it has seen, and its figures come "
    "out too good."
)
SET_ASIDE = "If every image stands on its own, set this aside and say so."


def groups(evidence: Evidence) -> Finding | None:
    """Groups that names suggest, torn or not; or that nothing is known of any. Silent once somebody has said what counts."""
    if not evidence.groups_open or len({image.split for image in evidence.images}) < 2:
        return None
    alone = [image for image in evidence.images if image.group is None]
    found = [as_found(image) for image in alone]
    guess = guess_groups(found)
    if guess is None:
        return _unknown(evidence) if len(alone) == len(evidence.images) else None
    named = [(name, [alone[i] for i in places]) for name, places in guessed_groups(guess, found).items()]
    torn = [(name, kin) for name, kin in named if len({image.split for image in kin}) > 1]
    return _torn(guess, named, torn) if torn else _suggested(guess, named)


def _torn(guess: GroupGuess, named: Groups, torn: Groups) -> Finding:
    torn = sorted(torn, key=lambda pair: (Split.TEST not in {i.split for i in pair[1]}, -len(pair[1])))
    whole = [pair for pair in named if pair[0] not in {name for name, _ in torn}]
    images = [image for _, kin in torn for image in kin]
    parts = {image.split for image in images}
    captions = [split.caption.lower() for split in Split if split in parts]
    spread = f"{'is' if len(torn) == 1 else 'are'} spread over {', '.join(captions[:-1])} and {captions[-1]}"
    title = f"{len(torn):,} of the {guess.shared:,} groups that the {_what(guess)} suggest {spread}"
    told = _suggested(guess, [*torn, *whole])
    return replace(told, kind="torn_groups", severity=Severity.HIGH, count=len(images), title=title)


def _suggested(guess: GroupGuess, named: Groups) -> Finding:
    images = [image for _, kin in named for image in kin]
    notes = {str(image.path): name for name, kin in named for image in kin}
    files = paths(images)
    shown = " and ".join(f"“{name}”" for name in guess.examples[:2])
    return Finding(
        "no_groups",
        Severity.LOW,
        guess.images,
        files,
        f"The {_what(guess)} suggest groups ({guess.shared:,}), and nobody said whether they count",
        f"For example {shown} seem to belong to “{guess.example_group}”. {HARM}",
        sets=tuple(paths(kin) for _, kin in named),
        notes=tuple(notes[file] for file in files),
        repair=Repair.REGROUP,
        advice=SET_ASIDE,
        detail=guess.rule,
    )


def _unknown(evidence: Evidence) -> Finding:
    return Finding(
        "no_groups",
        Severity.LOW,
        len(evidence.images),
        paths(evidence.images),
        "Nothing says which images belong together",
        HARM,
        advice=f"Where something does, import the images again with a rule for groups. {SET_ASIDE}",
        page="images",
    )


def _what(guess: GroupGuess) -> str:
    return "folders" if guess.rule == "folder" else "file names"
