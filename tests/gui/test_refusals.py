"""What was refused to reach the network is told in the window, whichever process it was."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest

from tlstudio.gui.messages import Text
from tlstudio.gui.refusals_watch import RefusalsWatch
from tlstudio.storage import silence


def test_a_refusal_is_told_in_the_window(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "_told", set())
    watch = RefusalsWatch(studio.window)
    told: list[tuple[str, str]] = []
    studio.window.session.offer.connect(lambda text, tone, action, deed: told.append((text, action)))
    watch.look()
    assert told == []
    with contextlib.suppress(OSError):
        socket.create_connection(("example.invalid", 80), 1)
    watch.look()
    ((text, action),) = told
    assert "example.invalid" in text and "nothing was sent" in text
    assert action == Text.OPEN_LOG
    watch.look()
    assert len(told) == 1
