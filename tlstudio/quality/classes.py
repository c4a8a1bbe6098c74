"""Classes that are too small, far from equal, or one class under two names."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.domain.values import Split
from tlstudio.quality.evidence import Evidence, paths

SMALL_CLASS = 20  # images for training below which a class's figures are mostly luck
_FIGURES = re.compile(r"(?<!\w)[-+](?=\d)|(?<=\d)[.,](?=\d)")  # signs of a number
LEAST_PLURAL = 3  # letters of a word that may have an s behind it
IMBALANCE = 10.0  # largest class over smallest


def similar_classes(evidence: Evidence) -> Finding | None:
    """Names that differ only in capitals, spaces and signs, or by the s of a plural. detail: see `findings.merged_names`."""
    counts = Counter(i.label for i in evidence.images if i.label is not None)
    sets = alike_names(sorted(counts, key=lambda name: (-counts[name], name)))
    if not sets:
        return None
    images = {name: [i for i in evidence.images if i.label == name] for names in sets for name in names}
    told = "; ".join(" and ".join(f"“{name}”" for name in names) for names in sets)
    files = paths(image for of_class in images.values() for image in of_class)
    notes = {str(image.path): name for name, of_class in images.items() for image in of_class}
    return Finding(
        "similar_classes",
        Severity.MEDIUM,
        len(sets),
        files,
        f"Classes that differ only in how they are written: {told}",
        "The model is asked to tell them apart, and each of them has only a part of the images.",
        notes=tuple(notes[file] for file in files),
        repair=Repair.MERGE_CLASSES,
        advice="If they mean different things, give them names that say so, or set this aside.",
        page="labels",
        detail="\n\n".join("\n".join(names) for names in sets),
    )


def alike_names(names: Iterable[str]) -> list[list[str]]:
    """Sets of two or more names that differ only in how they are written, each in the order given."""
    alike: dict[str, list[str]] = defaultdict(list)
    place = {name: i for i, name in enumerate(names)}
    for name in place:
        alike[_written(name)].append(name)
    for key in [key for key in alike if len(key) >= LEAST_PLURAL and key[-1].isalpha() and key + "s" in alike]:
        alike[key] = sorted(alike[key] + alike.pop(key + "s"), key=place.__getitem__)
    return [found for found in alike.values() if len(found) > 1]


def _written(name: str) -> str:
    """A name without what people write in different ways; as it is where nothing else is left.

    A sign that tells figures apart stays: `-1` is not `+1`, and `1.5` is not `15`.
    """
    folded = unicodedata.normalize("NFKC", name).casefold().replace("−", "-")
    signs = {found.start() for found in _FIGURES.finditer(folded)}
    return "".join(sign for i, sign in enumerate(folded) if sign.isalnum() or i in signs).replace(",", ".") or name


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
