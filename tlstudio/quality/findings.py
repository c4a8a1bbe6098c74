"""Every check that needs no model, in one list, and the order in which findings are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.quality import changed, classes, copies, edges, grouping, pictures, shortcuts
from tlstudio.quality.evidence import Evidence, counted, paths
from tlstudio.quality.shortcuts import LEAST_IMAGES, TELLING, encode, predict_alone, unit_numbers

Check = Callable[[Evidence], Finding | None]

# Among findings of one severity, the earlier one is told first.
CHECKS: tuple[Check, ...] = (
    changed.changed,
    copies.leaks,
    grouping.groups,
    copies.conflicting_labels,
    shortcuts.shortcuts,
    edges.same_places,
    shortcuts.mixed_colour,
    classes.similar_classes,
    classes.small_classes,
    classes.imbalance,
    *pictures.CHECKS,
    copies.near_duplicates,
    copies.exact_duplicates,
)
# Of findings that are set aside file by file: what is said of some of the files.
TITLES: dict[str, Callable[[int], str]] = {
    changed.KIND: changed.counted_changes,
    "label_suspect": lambda n: f"{n:,} label{'' if n == 1 else 's'} may be wrong",
}
ORDER = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}


def all_findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, most harmful first."""
    return in_order(finding for check in CHECKS if (finding := check(evidence)) is not None)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Most harmful first; those that are set aside at the end."""
    return tuple(sorted(findings, key=lambda f: (f.ignored, ORDER[f.severity])))


def burned_in_text(evidence: Evidence) -> Finding | None:
    """Text written into pictures; worse where it goes with the class."""
    texts = frozenset(evidence.text)
    written = [image for image in evidence.images if image.content in texts]
    if not written:
        return None
    harm = "It may name a patient or a place, and the model may read it instead of looking at the picture."
    severity = Severity.MEDIUM
    images = shortcuts.labeled(evidence)
    if len(images) >= LEAST_IMAGES:
        has = encode([image.content in texts for image in images])
        score = predict_alone(has, encode([image.label for image in images]), unit_numbers(images))
        if score is not None and score.holds(TELLING):
            severity = Severity.HIGH
            harm = "It is found far more often in some classes than in others, so the model may go by the text alone."
    title = counted(len(written), "has text written into the picture", "have text written into the picture")
    return Finding(
        "burned_in_text",
        severity,
        len(written),
        paths(written),
        title,
        harm,
        repair=Repair.LEAVE_OUT,
        advice="Crop or cover the text and import the images again, or leave them out.",
        page="images",
    )


def set_aside(findings: Sequence[Finding], reasons: Mapping[tuple[str, str], str]) -> tuple[Finding, ...]:
    """The findings, with their reason where the user set them aside. reasons: {(kind, key): reason}.

    A finding that is set aside file by file falls into two when only some of its files were.
    """
    told: list[Finding] = []
    for finding in findings:
        found = [reasons.get((finding.kind, key), "") for key in finding.dismissal_keys()]
        if finding.single:
            told += _parts(finding, found)
        else:
            told.append(replace(finding, reason=found[0]))
    return in_order(told)


def _parts(finding: Finding, reasons: Sequence[str]) -> list[Finding]:
    """The files of a finding that count, and those set aside for `reasons` (empty where one is not)."""
    parts = []
    for aside in (False, True):
        places = [i for i, reason in enumerate(reasons) if bool(reason) == aside]
        n = len(places)
        if not n:
            continue
        parts.append(
            replace(
                finding,
                files=tuple(finding.files[i] for i in places),
                notes=tuple(finding.notes[i] for i in places) if finding.notes else (),
                count=n,
                states=tuple(finding.states[i] for i in places) if finding.states else (),
                title=finding.title if n == finding.count else TITLES[finding.kind](n),
                reason=reasons[places[0]],
            )
        )
    return parts
