"""What the head is fitted to: final features, statistics of the stages, or both as they are weighted; test errors of each.

    python -m tests.bench.heads IMAGES … --weights FOLDER … [--per-class 5 10 20 0] [--seeds 4] [--most 1200]

IMAGES: folders of class folders, or `digits` and `metal-surfaces`. FOLDER: timm local directories. Of each class so many images
are learned from (0: six tenths of all), the others tested on; at most so many images of a set are looked at. Beside them
scikit-learn's logistic regression at its defaults, on standardised final features. Prints a line for each, and at the end how
the errors compare: the geometric mean of the ratios (three thousandths added to both, so that no set without errors decides) and
how much worse the worst one is.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tlstudio.catalog import weights
from tlstudio.domain.events import SILENT
from tlstudio.domain.importing import ImportRequest
from tlstudio.images.cache import fill_cache
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.features import frozen_features
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.probe import fit_probe
from tlstudio.training.views import Views, fit_views, views_of
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.samples import SAMPLES, import_sample

LEFT = 5  # images of each class that are tested on at least
ADDED = 0.003
WAYS = ("final", "stages", "weighted", "scikit-learn")

Features = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """features (n, d), labels (n,) of a set of images."""

    name: str
    features: Features
    labels: Ints
    views: Views


def see(source: str, model: str, most: int, folder: Path) -> Seen:
    project = folder / f"{Path(source).name}-{model}"
    sample = next((each for each in SAMPLES if each.key == source), None)
    if sample is not None:
        import_sample(sample, folder / f"{source}-images", project)
    else:
        import_images(ImportRequest(Path(source), project, may_ask=False))
    opened = Project(project)
    rows = images.list_images(opened, labeled=True)
    rows = [rows[i] for i in np.sort(np.random.default_rng(0).permutation(len(rows))[:most])]
    names = sorted({str(row.label) for row in rows})
    card, where = weights.describe(model), weights.require(model)
    network = load_pretrained(where, card, preprocess_for(card), tuple(names), weights.weights_hash(where))
    pixels, _ = fill_cache(opened, network.spec.preprocess, rows, SILENT)
    rows = [row for row in rows if row.content in pixels.keys]
    keys = [row.content for row in rows]
    found = frozen_features(opened, network, pixels, keys, device=devices.choose("cpu"), reporter=SILENT)
    labels = np.array([names.index(str(row.label)) for row in rows], dtype=np.int64)
    return Seen(Path(source).name, found, labels, views_of(network.spec, pixels, keys))


def divided(labels: Ints, per_class: int, seed: int) -> tuple[Ints, Ints]:
    random = np.random.default_rng(seed)
    learn: list[int] = []
    for label in np.unique(labels):
        own = random.permutation(np.flatnonzero(labels == label))
        wanted = per_class or max(2, round(0.6 * len(own)))
        learn += own[: min(wanted, max(2, len(own) - LEFT))].tolist()
    return np.array(learn), np.setdiff1d(np.arange(len(labels)), learn)


def errors(seen: Seen, per_class: int, seed: int) -> dict[str, float]:
    learn, test = divided(seen.labels, per_class, seed)
    truth, classes, final = seen.labels[test], int(seen.labels.max()) + 1, seen.views.final
    given, asked = seen.features[learn], seen.features[test]
    labels = seen.labels[learn]
    scaler = StandardScaler().fit(given[:, :final])
    theirs = LogisticRegression(max_iter=300).fit(scaler.transform(given[:, :final]), labels)
    parts = {"final": slice(0, final), "stages": slice(final, None)}
    said = {
        name: fit_probe(given[:, part], labels, classes, seed=seed).head.logits(asked[:, part]).argmax(axis=1)
        for name, part in parts.items()
    }
    both = fit_views(given, labels, classes, views=seen.views, seed=seed)
    said["weighted"] = both.head.logits(asked).argmax(axis=1)
    said["scikit-learn"] = theirs.predict(scaler.transform(asked[:, :final]))
    return {way: float((said[way] != truth).mean()) for way in WAYS} | {"share": both.share}


def table(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, float]]:
    for place in options.weights:
        os.environ["TLSTUDIO_WEIGHTS"] = str(place.resolve().parent)
        for source in options.images:
            seen = see(source, place.name, options.most, folder)
            for per_class in options.per_class:
                found = [errors(seen, per_class, seed) for seed in range(options.seeds)]
                mean = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
                few = f"{per_class} a class" if per_class else "60 %"
                told = "  ".join(f"{way} {100 * mean[way]:.1f} %" for way in WAYS)
                print(f"{place.name}, {seen.name}, {few}: {told}  (stages {mean['share']:.2f})", flush=True)
                yield mean


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("images", nargs="+")
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--per-class", type=int, nargs="+", default=[5, 10, 20, 0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--most", type=int, default=1200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TLSTUDIO_HOME"] = folder
        rows = list(table(options, Path(folder)))
    theirs = np.array([row["scikit-learn"] for row in rows])
    for way in WAYS[:-1]:
        ours = np.array([row[way] for row in rows])
        ratio = float(np.exp(np.log((ours + ADDED) / (theirs + ADDED)).mean()))
        worst = 100 * float((ours - theirs).max())
        print(f"{way}: {ratio:.3f} times the errors of scikit-learn's, at worst {worst:+.1f} points", flush=True)


if __name__ == "__main__":
    main()
