"""Checkpoints: what can't be read is named and keeps nobody waiting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from tlstudio.domain.errors import RunNotReady
from tlstudio.training import checkpoint


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path) is None and not checkpoint.there(tmp_path)
    checkpoint.save(tmp_path, {"a": torch.arange(3.0)}, {"epoch": 2})
    tensors, state = checkpoint.load(tmp_path)
    assert tensors["a"].tolist() == [0, 1, 2] and state == {"epoch": 2}
    assert checkpoint.read_tensors(tmp_path / checkpoint.NAME)["a"].tolist() == [0, 1, 2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / checkpoint.NAME)
    with pytest.raises(RunNotReady, match="damaged"):
        checkpoint.load(tmp_path)
    with pytest.raises(OSError, match="not an ordinary file"):
        checkpoint.read_tensors(tmp_path / checkpoint.NAME)
