"""Writes `layouts.json`: which architectures timm knows, and a short digest of the tensors that the backbone of each is made of.

`python models/write_layouts.py` again whenever the version of timm changes; a test compares some of them. The program reads it
where it must not load torch: to know a name of timm's, and to know at once whether a weights file belongs to the network that it
names.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import timm
import torch

from tlstudio.catalog.layouts import FILE, Shape, digest

_KINDS = {torch.bool: "B"}


def layout(architecture: str) -> dict[str, Shape]:
    """Names, kinds (`F` floating point, `I` whole numbers, `B` yes or no) and shapes of the backbone's tensors."""
    with torch.device("meta"):
        backbone = timm.create_model(architecture, pretrained=False, num_classes=0)
    return {
        name: ("F" if tensor.is_floating_point() else _KINDS.get(tensor.dtype, "I"), tuple(tensor.shape))
        for name, tensor in backbone.state_dict().items()
    }


def main() -> None:
    warnings.simplefilter("ignore")
    found = {}
    for architecture in timm.list_models():
        try:
            found[architecture] = digest(layout(architecture))
        except (
            Exception
        ) as error:  # some need libraries that the program does not have, some can't be built without numbers
            print(f"{architecture}: {type(error).__name__}: {error}"[:150], file=sys.stderr)
            found[architecture] = ""
    data = {"timm": timm.__version__, "layouts": found}
    (Path(__file__).parent / FILE).write_text(json.dumps(data, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
