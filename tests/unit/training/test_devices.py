"""What a processor is told to do when a job is over."""

from __future__ import annotations

import pytest
import torch

from tlstudio.training import devices


def test_memory_of_a_graphics_processor_is_given_back_only_where_one_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr(devices, "release", lambda device: given.append(device.type))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    devices.release_all()
    assert given == []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    devices.release_all()
    assert given == ["cuda"]
