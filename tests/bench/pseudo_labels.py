"""What images without a class bring: errors with pseudo-labels where they are taken, and always, against none.

    python -m tests.bench.pseudo_labels IMAGES … --weights FOLDER [--start 5 10] [--draws 6] [--most 1500]

IMAGES: folders of class folders, or `digits` and `metal-surfaces`. FOLDER: a timm local directory. A set is tested on three
tenths; of the rest so many images of each class have a label. Prints the errors in % as means over the draws, and by how much the
figure that a training without validation images tells is better than what the test images say.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from tests.bench.heads import Seen, see
from tests.bench.suggestions import LEAST_TESTED, TESTED
from tlstudio.domain.events import SILENT
from tlstudio.training.pseudo_labels import MOST, fit_with, try_pseudo_labels
from tlstudio.training.views import fit_views


def draw(seen: Seen, start: int, seed: int) -> dict[str, float]:
    random = np.random.default_rng(1000 * start + seed)
    shuffled = random.permutation(len(seen.labels))
    tested = max(LEAST_TESTED, round(TESTED * len(shuffled)))
    test, rest = shuffled[:tested], shuffled[tested:]
    classes = int(seen.labels.max()) + 1
    known = np.concatenate([rest[seen.labels[rest] == k][:start] for k in range(classes)])
    features, labels = seen.features[known], seen.labels[known]
    others = seen.features[np.setdiff1d(rest, known)][:MOST]
    first = fit_views(features, labels, classes, views=seen.views, seed=seed)
    tried = try_pseudo_labels(
        features,
        labels,
        classes,
        others,
        views=seen.views,
        units=[str(i) for i in range(len(known))],
        first=first,
        seed=seed,
        reporter=SILENT,
    )
    always = fit_with(features, labels, classes, others, views=seen.views, first=first)
    kept = tried.head or first

    def wrong(chances: np.ndarray, truth: np.ndarray) -> float:
        return 100 * float((chances.argmax(axis=1) != truth).mean())

    found = {
        name: wrong(head.probabilities(seen.features[test]), seen.labels[test])
        for name, head in (("none", first.head), ("where they help", kept.head), ("always", always))
    }
    judged = kept.judged
    figure = found["where they help"] - wrong(kept.held_out[judged], labels[judged])
    return {**found, "taken": float(tried.head is not None), "figure better by": figure}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("images", nargs="+")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--start", type=int, nargs="+", default=[5, 10])
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--most", type=int, default=1500)
    given = parser.parse_args()
    ratios: dict[int, list[list[float]]] = {start: [] for start in given.start}
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TLSTUDIO_HOME": folder, "TLSTUDIO_WEIGHTS": str(given.weights.resolve().parent)}
        for source in given.images:
            seen = see(source, given.weights.name, given.most, Path(folder))
            for start in given.start:
                draws = [draw(seen, start, seed) for seed in range(given.draws)]
                mean = {key: float(np.mean([each[key] for each in draws])) for key in draws[0]}
                told = ", ".join(f"{key} {value:.2f}" for key, value in mean.items())
                print(f"{seen.name}, {start} a class: {told}", flush=True)
                ratios[start].append([mean[key] / max(mean["none"], 0.1) for key in ("where they help", "always")])
    for start, found in ratios.items():
        helped, always = np.array(found).T
        print(
            f"{start} a class: {helped.mean():.2f} of the errors, at most {helped.max():.2f}; "
            f"taken always {always.mean():.2f}, at most {always.max():.2f}"
        )


if __name__ == "__main__":
    main()
