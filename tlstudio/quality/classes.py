"""Classes that are too small, or far from equal."""

from __future__ import annotations

from collections import Counter

from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.values import Split
from tlstudio.quality.evidence import Evidence, paths

SMALL_CLASS = 20  # images for training below which a class's figures are mostly luck
IMBALANCE = 10.0  # largest class over smallest


def small_classes(evidence: Evidence) -> Finding | None:
    """Classes with fewer than SMALL_CLASS images for training."""
    labels = {i.label for i in evidence.images if i.label is not None}
    training = Counter(i.label for i in evidence.images if i.label is not None and i.split is Split.TRAIN)
    small = sorted((training[name], name) for name in labels if training[name] < SMALL_CLASS)
    if not small:
        return None
    names = {name for _, name in small}
    told = ", ".join(f"{name} ({n})" for n, name in small[:5])
    more = f" and {len(small) - 5:,} more" if len(small) > 5 else ""
    return Finding(
        "small_class",
        Severity.MEDIUM,
        len(small),
        paths(i for i in evidence.images if i.label in names),
        f"Few images to learn from: {told}{more}",
        f"Below {SMALL_CLASS} images for training, a class is often missed and its figures vary by luck.",
        advice="Add images of these classes, or merge a class with one that it resembles.",
        page="images",
    )


def imbalance(evidence: Evidence) -> Finding | None:
    """The largest class has more than IMBALANCE times the images of the smallest."""
    counts = Counter(i.label for i in evidence.images if i.label is not None)
    if len(counts) < 2:
        return None
    (large, most), (rare, least) = counts.most_common()[0], counts.most_common()[-1]
    if most <= IMBALANCE * least:
        return None
    return Finding(
        "imbalance",
        Severity.MEDIUM,
        1,
        paths(i for i in evidence.images if i.label == rare),
        f"“{large}” has {most:,} images, “{rare}” only {least:,}",
        "Plain accuracy hides failures on rare classes.",
        advice=(
            "Add images of the rare class, let training allow for it (“Classes of unequal size”, Advanced on the Model page), "
            "and judge by the balanced accuracy, which counts every class the same."
        ),
        page="images",
    )
