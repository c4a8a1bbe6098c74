"""Pictures that show nothing, or are not like the others: blank, clipped, blurred, tiny, odd in size or brightness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tlstudio.domain.findings import FIND, Finding, Repair, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.quality.evidence import Evidence, counted, paths
from tlstudio.quality.looking import Measures

BLANK_SPREAD = 2.0  # standard deviation of grey values, 0 … 255
SATURATED = 0.5  # share of pixels that are pure black or white
SATURATED_MORE = 0.4  # and how much above the usual share: dark or white grounds are no damage where they are the rule
BLURRED = -1.2  # a Gaussian of about two pixels at the size that a model sees; sharp photographs lie above -0.95
BLURRED_LESS = 0.4  # and how much below the usual: where everything is soft, nothing is told
TINY = 32  # pixels; models see at least three times as many
# A robust z-score (Iglewicz and Hoaglin 1993, by median and median absolute deviation); 3.5 is their limit for normal data,
# which sizes and brightness of real collections are not.
FAR = 6.0
FLOORS = (0.25, 0.25, 4.0)  # least deviations that count: half an octave in area and shape, 4 grey levels
MOST_OUTLIERS = 0.05  # a larger share is a second kind of images, not odd ones

Seen = list[tuple[ImageRow, Measures]]
Floats = npt.NDArray[np.float64]


def blanks(evidence: Evidence) -> Finding | None:
    """Pictures of nearly one colour."""
    found = sorted((m.spread, i.id, i) for i, m in _seen(evidence) if m.spread < BLANK_SPREAD)
    return _left_out(
        "blank",
        Severity.MEDIUM,
        [image for *_, image in found],
        ("is blank", "are blank"),
        "A picture without content shows nothing of its class and teaches the model noise.",
    )


def saturated(evidence: Evidence) -> Finding | None:
    """Pictures that are mostly pure black or pure white, where the others are not."""
    seen = _not_blank(evidence)
    found = {}
    for share in (_black, _white):
        usual = float(np.median([share(m) for _, m in seen])) if seen else 0.0
        for image, measures in seen:
            if share(measures) >= max(SATURATED, usual + SATURATED_MORE):
                found[image.id] = (-share(measures), image.id, image)
    return _left_out(
        "saturated",
        Severity.LOW,
        [image for *_, image in sorted(found.values())],
        ("is over- or underexposed", "are over- or underexposed"),
        "Where a picture is pure white or black, what it showed is lost.",
    )


def _black(measures: Measures) -> float:
    return measures.black


def _white(measures: Measures) -> float:
    return measures.white


def blurred(evidence: Evidence) -> Finding | None:
    """Pictures far less sharp than the others."""
    seen = [(i, m) for i, m in _not_blank(evidence) if np.isfinite(m.detail)]
    usual = float(np.median([m.detail for _, m in seen])) if seen else 0.0
    found = sorted((m.detail, i.id, i) for i, m in seen if m.detail < min(BLURRED, usual - BLURRED_LESS))
    return _left_out(
        "blurred",
        Severity.LOW,
        [image for *_, image in found],
        ("is blurred", "are blurred"),
        "The model may learn the blur, or miss what only sharp pictures show.",
    )


def tiny(evidence: Evidence) -> Finding | None:
    """Pictures with fewer than TINY pixels along an edge."""
    found = sorted((min(i.width, i.height), i.id, i) for i in evidence.images if min(i.width, i.height) < TINY)
    return _left_out(
        "tiny",
        Severity.LOW,
        [image for *_, image in found],
        (f"is smaller than {TINY} pixels", f"are smaller than {TINY} pixels"),
        "What is this small is enlarged for the model and shows little of what it should learn.",
    )


def outliers(evidence: Evidence) -> Finding | None:
    """Pictures whose size, shape or brightness is far from all the others."""
    seen = _not_blank(evidence)
    if len(seen) < 20:
        return None
    values = np.array(
        [(np.log2(i.width * i.height), np.log2(i.width / i.height), m.mean) for i, m in seen], dtype=np.float64
    )
    far = np.stack([_far(values[:, c], floor) for c, floor in enumerate(FLOORS)], axis=1)
    odd = np.flatnonzero(far.max(axis=1) > FAR)
    worst = sorted(odd, key=lambda row: (-far[row].max(), seen[row][0].id))
    words = ("size", "shape", "brightness")
    kinds = [words[c] for c in range(len(words)) if (far[odd, c] > FAR).any()]
    told = " and ".join(kinds)
    return _left_out(
        "outlier",
        Severity.LOW,
        [seen[row][0] for row in worst],
        (f"is unlike the others in {told}", f"are unlike the others in {told}"),
        "What differs that much may not belong here, such as a screenshot among photographs.",
    )


def _far(values: Floats, floor: float) -> Floats:
    """How many robust deviations each value is from the median; all 0 where too many are for single odd ones."""
    distance = np.abs(values - np.median(values))
    deviation = max(1.4826 * float(np.median(distance)), floor)
    far = distance / deviation
    return far if (far > FAR).mean() <= MOST_OUTLIERS else np.zeros_like(far)


def unreadable(evidence: Evidence) -> Finding | None:
    """Files that could not be imported, and images whose file has gone since."""
    gone = [image for image in evidence.images if image.id in evidence.missing]
    files = tuple(dict.fromkeys([*paths(gone), *(refusal.path for refusal in evidence.refused)]))
    if not files:
        return None
    title = f"{len(files):,} {'file' if len(files) == 1 else 'files'} can't be read"
    lost = 2 * len(gone) > len(evidence.images)  # then the drive is away, and nobody wants to leave everything out
    advice = "What can't be read is not part of the project. The Images page says why, file by file."
    if gone:
        others = "find them in another folder" if lost else "find them in another folder, or leave them out"
        advice = f"Connect the drive that holds them, {'or ' if lost else ''}{others}."
    return Finding(
        "unreadable",
        Severity.MEDIUM if gone else Severity.LOW,
        len(files),
        files,
        title,
        "What can't be read is not learned from; if one class misses more than another, the figures shift.",
        repair=Repair.LEAVE_OUT if gone and not lost else None,
        advice=advice,
        page=FIND if gone else "images",
    )


def _left_out(
    kind: str, severity: Severity, images: Sequence[ImageRow], words: tuple[str, str], harm: str
) -> Finding | None:
    if not images:
        return None
    title = counted(len(images), *words)
    return Finding(kind, severity, len(images), paths(images), title, harm, repair=Repair.LEAVE_OUT)


def _seen(evidence: Evidence) -> Seen:
    return [(i, evidence.measures[i.content]) for i in evidence.images if i.content in evidence.measures]


def _not_blank(evidence: Evidence) -> Seen:
    return [(i, m) for i, m in _seen(evidence) if m.spread >= BLANK_SPREAD]


CHECKS: tuple[Callable[[Evidence], Finding | None], ...] = (blanks, saturated, blurred, tiny, outliers, unreadable)
