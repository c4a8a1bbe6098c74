"""Networks that have learned nothing, as weights folders: the rivals that no recommendation may fall for."""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from timm.models import save_for_hf


def make_random(folder: Path, architecture: str, seed: int) -> str:
    """Writes `<architecture>.random<seed>` below `folder` with freshly drawn weights; returns its name."""
    torch.manual_seed(seed)
    model = timm.create_model(architecture, pretrained=False)
    name = f"{architecture}.random{seed}"
    save_for_hf(model, folder / name, model_config={"tag": f"random{seed}"}, safe_serialization=True)
    return name
