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

from tests.bench.bare import stand_in

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
        found["device"] = torch.cuda.get_device_name() if given.device == "cuda" else "cpu"
    loaded = [name for name in QT if name in sys.modules]
    if loaded:
        raise SystemExit(f"The training loaded {', '.join(loaded)}; it has to work without.")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
