"""This program's training on a graphics processor: against bare stepping, against fastai, and against itself when broken off.

    python -m tests.bench.gpu IMAGES [IMAGES …] --weights FOLDER [--seeds 3] [--device cuda|cpu] [--out FOLDER]

For a machine without a window. It needs torch, torchvision, timm, numpy, Pillow, scikit-learn and safetensors, and what these
bring along. Qt must not be loaded, which is checked. fastai is left out where it is not installed. IMAGES and FOLDER are those
of `tests.bench.peers`; `--device cpu` is for trying it out. Prints JSON: the throughput from the second epoch on, a comparison
as `tests.bench.peers` makes it, and how far a training that was broken off and resumed ends from one that was not.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.bare import stand_in
from tests.bench.peers.results import STUDIO

NEEDED = ("torch", "torchvision", "timm", "numpy", "PIL", "sklearn", "safetensors")
QT = ("PySide6", "shiboken6")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="+", metavar="IMAGES")
    parser.add_argument("--weights", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--modes", nargs="*", default=["quick", "balanced", "thorough"])
    parser.add_argument("--peers", nargs="*", default=["sklearn", "fastai"])
    parser.add_argument("--epochs-limit", type=int, default=0, choices=range(6))
    parser.add_argument("--per-class", nargs="+", default=["all"])
    parser.add_argument("--test-cap", type=int, default=0)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--breaks", type=int, default=3, help="of the training that is resumed")
    parser.set_defaults(rates=[1e-4], group_from=None, compile=None)
    return parser.parse_args()


def against_fastai(peers: dict[str, Any]) -> list[dict[str, Any]]:
    """For each set of images, the fastest mode that is at least as good as fastai, and whether a third of its time was enough."""
    found = []
    for cell in peers["summary"]["cells"]:
        methods = cell["methods"]
        theirs = methods.get("fastai", {}).get("error")
        ratios = [
            methods[mode]["seconds_over_fastai"]
            for mode in STUDIO
            if theirs is not None and mode in methods and methods[mode].get("error", 1.0) <= theirs
        ]
        least = min(ratios, default=None)
        told = {"data": cell["data"], "per_class": cell["per_class"], "seconds_over_fastai": least}
        found.append({**told, "within": least is not None and least <= 1 / 3})
    return found


def main() -> None:
    given = options()
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise SystemExit(f"Not installed here: {', '.join(lacking)}.")
    missing = stand_in()
    with tempfile.TemporaryDirectory(prefix="gpu-") as name:
        work = Path(name).resolve()
        os.environ |= {
            "TLSTUDIO_HOME": str(work / "home"),
            "TLSTUDIO_WEIGHTS": str(given.weights.resolve().parent),
            "HF_HUB_OFFLINE": "1",
        }
        import torch

        if given.device == "cuda" and not torch.cuda.is_available():
            raise SystemExit("There is no CUDA device here; --device cpu tries the benchmark itself.")
        from tests.bench.peers.__main__ import Bench, same_threads
        from tests.bench.peers.throughput import throughput
        from tests.bench.resume import resumed

        given.threads = same_threads(given.threads)
        given.out = given.out or work / "out"
        given.out.mkdir(parents=True, exist_ok=True)
        found = {
            "bench": "gpu",
            "stand_ins": missing,
            "throughput": throughput(given, work),
            "resume": resumed(given.weights, work, given.device, breaks=given.breaks, seed=0),
            "peers": Bench(given, work).run(),
        }
        found["third_of_fastai"] = against_fastai(found["peers"])
        found["device"] = torch.cuda.get_device_name() if given.device == "cuda" else "cpu"
    loaded = [name for name in QT if name in sys.modules]
    if loaded:
        raise SystemExit(f"The training loaded {', '.join(loaded)}; it has to work without.")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
