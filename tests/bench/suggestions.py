"""Whether labels given in the suggested order teach more than as many given at random.

    python -m tests.bench.suggestions IMAGES … --weights FOLDER [--start 3 5] [--labels 20 50] [--draws 10] [--most 1500]

IMAGES: folders of class folders, or `digits` and `metal-surfaces`. FOLDER: a timm local directory. Three tenths of a set are
tested on; of the rest, so many images of each class have a label at first, and the order of the others is made once. Prints the
mean over the draws: balanced accuracy and accuracy in %, at first, with random labels and with suggested ones.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from tests.bench.heads import Seen, see
from tlstudio.evaluation.selection import teaching_order
from tlstudio.workflow.suggesting import fit_head

TESTED = 0.3
LEAST_TESTED = 60


def reached(seen: Seen, learn: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    """Balanced accuracy and accuracy on the test images after learning from those."""
    classes = int(seen.labels.max()) + 1
    units = [str(i) for i in range(len(learn))]
    head = fit_head(seen.features[learn], seen.labels[learn], classes, views=seen.views, units=units)
    hits = head.probabilities(seen.features[test]).argmax(axis=1) == seen.labels[test]
    present = np.unique(seen.labels[test])
    return float(np.mean([hits[seen.labels[test] == k].mean() for k in present])), float(hits.mean())


def draw(seen: Seen, start: int, labels: list[int], seed: int) -> dict[str, tuple[float, float]]:
    random = np.random.default_rng(1000 * start + seed)
    shuffled = random.permutation(len(seen.labels))
    tested = max(LEAST_TESTED, round(TESTED * len(shuffled)))
    test, rest = shuffled[:tested], shuffled[tested:]
    classes = int(seen.labels.max()) + 1
    known = np.concatenate([rest[seen.labels[rest] == k][:start] for k in range(classes)])
    waiting = random.permutation(np.setdiff1d(rest, known))
    units = [str(i) for i in range(len(known))]
    head = fit_head(seen.features[known], seen.labels[known], classes, views=seen.views, units=units)
    own = seen.features[known]
    order = teaching_order(
        head.probabilities(seen.features[waiting]),
        lambda rows: seen.features[waiting[rows]],
        own,
        seen.views.importance(own.shape[1]),
    )
    found = {"first": reached(seen, known, test)}
    for more in labels:
        found[f"random {more}"] = reached(seen, np.concatenate([known, waiting[:more]]), test)
        found[f"suggested {more}"] = reached(seen, np.concatenate([known, waiting[order[:more]]]), test)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("images", nargs="+")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--start", type=int, nargs="+", default=[3, 5])
    parser.add_argument("--labels", type=int, nargs="+", default=[20, 50])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--most", type=int, default=1500)
    given = parser.parse_args()
    gains = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TLSTUDIO_HOME": folder, "TLSTUDIO_WEIGHTS": str(given.weights.resolve().parent)}
        for source in given.images:
            seen = see(source, given.weights.name, given.most, Path(folder))
            for start in given.start:
                draws = [draw(seen, start, given.labels, seed) for seed in range(given.draws)]
                mean = {key: 100 * np.mean([each[key] for each in draws], axis=0) for key in draws[0]}
                told = "  ".join(f"{key} {both[0]:.1f}/{both[1]:.1f}" for key, both in mean.items())
                print(f"{seen.name}, from {start} a class: {told}", flush=True)
                gains += [mean[f"suggested {more}"] - mean[f"random {more}"] for more in given.labels]
    balanced, plain = np.array(gains).T
    for name, all_of_them in (("balanced accuracy", balanced), ("accuracy", plain)):
        print(f"{name}: {all_of_them.mean():+.1f} points in the mean, at worst {all_of_them.min():+.1f}")


if __name__ == "__main__":
    main()
