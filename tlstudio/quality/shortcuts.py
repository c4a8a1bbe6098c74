"""What gives the class away without looking at the picture: its size, its file, its camera, colour where others are grey.

Each property is put to one question: how often does it alone name the class of images that were left out? The answer comes
from the simplest of learners, a table that gives each value of the property the class seen most with it (Holte 1993, "Very
simple classification rules perform well on most commonly used datasets", Machine Learning 11:63), cross-validated so that
images that belong together stay together. Every class counts the same, so a rare one is not drowned; and the same is done
with the classes of the groups shuffled, which shows what chance alone reaches.

Only what a model can see, and what can be changed, is asked about. How many bytes a file has follows from what the picture shows
and how fine its texture is; what does come from elsewhere is how strongly it was compressed, and that the file says itself. In
which folder a file lies, no model sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.images.splits import Units
from tlstudio.quality.evidence import Evidence, paths

Ints = npt.NDArray[np.int64]

FOLDS = 5
SHUFFLES = 30
BINS = 16  # a number with more values than this is cut into so many parts of equal count
RARE = 3  # values that fewer images have say nothing
LEAST_IMAGES = 40  # below this a table finds patterns anywhere
TELLING = 0.3  # of the way from chance to always right: what is worth telling
HARMFUL = 0.4
GREY = 12.0  # levels between the colour channels up to which a picture is grey

ONE_SOURCE = "Add images of every class from the same source, or bring all to one size before the import."
ONE_FORMAT = "Add images of every class from the same source: what compression left in a picture stays in it."


@dataclass(frozen=True, slots=True)
class Property:
    """words: how a sentence names it. advice: what can be done about it."""

    words: str
    advice: str


PROPERTIES = {
    "size": Property("picture's size", ONE_SOURCE),
    "aspect": Property("picture's shape", ONE_SOURCE),
    "format": Property("file format", ONE_FORMAT),
    "compression": Property("strength of the compression", ONE_FORMAT),
    "camera": Property("camera", "Add images of every class from the same camera."),
}


@dataclass(frozen=True, slots=True)
class Score:
    """How often a property alone names the class, every class counting the same, 0 … 1; and what shuffled classes reach.

    right: (n,) bool, the images whose class it named while they were left out.
    """

    value: float
    chance: float
    highest_chance: float
    right: npt.NDArray[np.bool_]

    @property
    def gain(self) -> float:
        """How much of the way from chance to always right: 0 … 1."""
        return (self.value - self.chance) / max(1.0 - self.chance, 1e-9)

    def holds(self, least: float) -> bool:
        """Whether it goes at least so far, and farther than any of the shuffles."""
        return self.gain >= least and self.value > self.highest_chance


def shortcuts(evidence: Evidence) -> Finding | None:
    """The strongest property of files and headers that names the class, with the others that do so too."""
    images = labeled(evidence)
    if len(images) < LEAST_IMAGES:
        return None
    labels, units = encode([i.label for i in images]), unit_numbers(images)
    found: list[tuple[Score, str]] = []
    for name, values in _properties(evidence, images).items():
        score = predict_alone(values, labels, units)
        if score is not None and score.holds(TELLING):
            found.append((score, name))
    if not found:
        return None
    found.sort(key=lambda pair: -pair[0].gain)
    best, name = found[0]
    images = _giving_away(images, best)
    more = [PROPERTIES[other].words for _, other in found[1:]]
    also = f" The {_listed(more)} {'does' if len(more) == 1 else 'do'} so too." if more else ""
    told = f"{best.value:.0%} of cases, chance {best.chance:.0%}".replace("%", " %")
    return Finding(
        "shortcut",
        Severity.HIGH if best.gain >= HARMFUL else Severity.MEDIUM,
        len(found),
        paths(images),
        f"The {PROPERTIES[name].words} alone tells the class right in {told}",
        f"The model may learn where pictures come from instead of what they show, and fail on new ones.{also}",
        advice=PROPERTIES[name].advice,
        page="images",
        notes=tuple(_value(name, image, evidence) for image in images),
        detail=name,
    )


def mixed_colour(evidence: Evidence) -> Finding | None:
    """Colour pictures in one class, grey ones in another."""
    images = [i for i in labeled(evidence) if i.content in evidence.measures]
    grey = np.array([evidence.measures[i.content].chroma <= GREY for i in images], dtype=bool)
    if len(images) < LEAST_IMAGES or grey.all() or not grey.any():
        return None
    score = predict_alone(grey.astype(np.int64), encode([i.label for i in images]), unit_numbers(images))
    if score is None or not score.holds(TELLING):
        return None
    shares = {
        label: np.mean([g for g, i in zip(grey, images, strict=True) if i.label == label])
        for label in sorted({str(i.label) for i in images})
    }
    most, least = max(shares, key=lambda name: shares[name]), min(shares, key=lambda name: shares[name])
    rare = bool(grey.mean() < 0.5)
    odd = [i for g, i in zip(grey, images, strict=True) if bool(g) == rare]
    return Finding(
        "mixed_colour",
        Severity.HIGH,
        len(odd),
        paths(odd),
        f"“{most}” is mostly grey pictures, “{least}” mostly in colour"
        if shares[least] < 0.5 <= shares[most]
        else f"Grey pictures: {shares[most]:.0%} of “{most}”, {shares[least]:.0%} of “{least}”".replace("%", " %"),
        "The model may tell the classes apart by colour alone, and fail where that is different.",
        advice="Bring all pictures to grey, or add grey and colour pictures of every class.",
        page="images",
    )


def predict_alone(values: Ints, labels: Ints, units: Ints, *, seed: int = 0) -> Score | None:
    """How well `values` (n,) name `labels` (n,) of images left out; those of one of `units` (n,) are left out together.

    None where fewer than two classes have the units that leaving some out takes. A value that the other images don't have
    names no class.
    """
    order = {int(k): len(np.unique(units[labels == k])) for k in np.unique(labels)}
    if sum(n >= FOLDS for n in order.values()) < 2 or len(np.unique(values)) < 2:
        return None
    rng = np.random.default_rng(seed)
    n_units = int(units.max()) + 1
    folds = rng.permutation(n_units)[units] % FOLDS
    kept = np.isin(labels, [k for k, n in order.items() if n >= FOLDS])
    right = _named(values, labels, folds) & kept
    value = _balanced(right, labels, kept)
    main = _main_labels(labels, units, n_units)
    chances = []
    for _ in range(SHUFFLES):
        shuffled = main[rng.permutation(n_units)][units]
        counted = np.isin(shuffled, labels[kept])
        chances.append(_balanced(_named(values, shuffled, folds), shuffled, counted))
    return Score(value, float(np.mean(chances)), float(np.max(chances)), right)


def _named(values: Ints, labels: Ints, folds: Ints) -> npt.NDArray[np.bool_]:
    """(n,) bool: whether the table of the other folds gives the image's value the image's class."""
    n_values, n_labels = int(values.max()) + 1, int(labels.max()) + 1
    cells = (folds * n_values + values) * n_labels + labels
    counts = np.bincount(cells, minlength=FOLDS * n_values * n_labels).reshape(FOLDS, n_values, n_labels)
    others = (counts.sum(axis=0) - counts).astype(np.float64)  # (folds, values, labels), seen by the table of each fold
    totals = others.sum(axis=1, keepdims=True)
    shares = others / np.maximum(totals, 1.0)  # every class counts the same
    best = shares.argmax(axis=2)
    known = others.sum(axis=2) > 0
    return np.asarray((best[folds, values] == labels) & known[folds, values])


def _balanced(right: npt.NDArray[np.bool_], labels: Ints, counted: npt.NDArray[np.bool_]) -> float:
    """Mean over the classes of the share that is right."""
    return float(np.mean([right[counted & (labels == k)].mean() for k in np.unique(labels[counted])]))


def _main_labels(labels: Ints, units: Ints, n_units: int) -> Ints:
    """The class most images of each unit carry, (n_units,)."""
    counts = np.zeros((n_units, int(labels.max()) + 1), dtype=np.int64)
    np.add.at(counts, (units, labels), 1)
    return np.asarray(counts.argmax(axis=1), dtype=np.int64)


# --- the properties -----------------------------------------------------------------------------------------------------


def labeled(evidence: Evidence) -> list[ImageRow]:
    return [image for image in evidence.images if image.label is not None]


def unit_numbers(images: Sequence[ImageRow]) -> Ints:
    """A number for each image, equal for those that belong together: 0, 1, 2 …"""
    units = Units(len(images))
    for i, image in enumerate(images):
        units.join(i, ("content", image.content))
        if image.group is not None:
            units.join(i, ("group", image.group))
        if image.alike is not None:
            units.join(i, ("alike", image.alike))
    return encode(units.all())


def encode(values: Sequence[Hashable]) -> Ints:
    """Numbers for values, in the order of their first appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _properties(evidence: Evidence, images: Sequence[ImageRow]) -> dict[str, Ints]:
    """The properties that are known of all images and differ between them, as small whole numbers."""
    origins = [evidence.origins.get(i.content) for i in images]
    found = {"size": _sizes(images), "aspect": _numbers(np.log2([i.width / i.height for i in images]))}
    if all(origin is not None for origin in origins):
        found["format"] = encode([origin.format if origin else "" for origin in origins])
        found["camera"] = encode([origin.camera if origin else "" for origin in origins])
        if all(origin.quality if origin else 0 for origin in origins):
            found["compression"] = _numbers([origin.quality if origin else 0 for origin in origins])
    return {name: values for name, values in found.items() if len(np.unique(values)) > 1}


def _sizes(images: Sequence[ImageRow]) -> Ints:
    """Width and height where several images share them, else a band of the area."""
    pairs = [(i.width, i.height) for i in images]
    common = Counter(pairs)
    bands = _numbers(np.log2([w * h for w, h in pairs]))
    return encode([pair if common[pair] >= RARE else int(band) for pair, band in zip(pairs, bands, strict=True)])


def _numbers(values: npt.ArrayLike) -> Ints:
    """A number's values as they are while they are few, else BINS parts of equal count."""
    exact = np.round(np.asarray(values, dtype=np.float64), 3)
    if len(np.unique(exact)) <= BINS:
        return np.unique(exact, return_inverse=True)[1].astype(np.int64)
    edges = np.unique(np.quantile(exact, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(edges, exact, side="right").astype(np.int64)


def _giving_away(images: Sequence[ImageRow], score: Score) -> list[ImageRow]:
    """The images whose class was named right, a few of each class by turns, the class that is named best first."""
    named = [image for right, image in zip(score.right, images, strict=True) if right]
    return by_turns(named, Counter(image.label for image in images))


def by_turns(images: Sequence[ImageRow], sizes: Mapping[str | None, int] | None = None) -> list[ImageRow]:
    """Images of the classes by turns, the class first of which most is here: of `sizes`, or by number."""
    shares = {
        label: n / (sizes[label] if sizes else 1) for label, n in Counter(image.label for image in images).items()
    }
    seen = Counter[str | None]()
    turns = []
    for image in images:
        turns.append((seen[image.label], -shares[image.label], image.id, image))
        seen[image.label] += 1
    return [image for *_, image in sorted(turns)]


def _value(name: str, image: ImageRow, evidence: Evidence) -> str:
    """An image's value of a property, for people."""
    origin = evidence.origins.get(image.content)
    return {
        "size": f"{image.width} × {image.height}",
        "aspect": f"{image.width / image.height:.2f} : 1",
        "format": origin.format if origin else "",
        "camera": (origin.camera if origin else "") or "no camera named",
        "compression": f"quality {origin.quality if origin else 0}",
    }[name]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
