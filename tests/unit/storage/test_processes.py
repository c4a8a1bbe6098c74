"""Whether a process lives, for those who left a mark with its number."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from tlstudio.storage.processes import started_at


def test_this_one_lives_and_one_that_never_was_does_not() -> None:
    assert started_at(os.getpid()) == pytest.approx(psutil.Process().create_time())
    assert started_at(2**30) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no ended process for its parent")
def test_a_killed_one_is_gone_before_its_parent_takes_note() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert started_at(child.pid) is not None
    child.kill()
    end = time.monotonic() + 60
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end, "it never ends"
        time.sleep(0.01)
    assert started_at(child.pid) is None
    child.communicate()
