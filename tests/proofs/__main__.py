"""Runs the proofs and prints their table; the exit status is 1 when a claim does not hold.

    python -m tests.proofs [TOPIC …] [--scale 1.0] [--seed 0] [--images FOLDER …] [--weights FOLDER]

TOPIC: a module of this folder with a function `prove(trial) -> iterator of Proof`; all of them without one. IMAGES: folders of
class folders, for the claims that need photographs; those are left out, and said to be, without them.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from tests.proofs.table import Proof, Trial, markdown

NO_TOPICS = ("table", "sets")


def topics() -> list[str]:
    """Names of the modules that prove something."""
    found = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(name for name in found if not name.startswith(("_", "test_")) and name not in NO_TOPICS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="*", metavar="TOPIC")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=Path, nargs="+", default=[])
    parser.add_argument("--weights", type=Path)
    given = parser.parse_args()
    if unknown := set(given.topics) - set(topics()):
        parser.error(f"no such topic: {', '.join(sorted(unknown))}. There are: {', '.join(topics())}")
    trial = Trial(given.scale, given.seed, tuple(given.images), given.weights)
    proofs: list[Proof] = []
    for name in given.topics or topics():
        for proof in importlib.import_module(f"tests.proofs.{name}").prove(trial):
            print(f"{name}: {proof.claim}: {proof.measured:.4g} ({proof.bound})", file=sys.stderr, flush=True)
            proofs.append(proof)
    print(markdown(proofs))
    return 0 if all(proof.holds for proof in proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
