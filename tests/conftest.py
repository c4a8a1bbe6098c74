"""Fixtures that every test may use: a home of its own, tiny pictures, and the developers' real material where it is."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

# The same examples each time, and no folder of examples in the checkout.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
# A network so small that tests can train it, on 100,000 photographs of 64 pixels (Tiny ImageNet: 35 % of its 200 classes right).
# It comes first of all in every test: users have the bundled ones, which take three to five times as long.
TEST_WEIGHTS = ROOT / "tests" / "weights"
TEST_MODEL = "mobilenetv3_small_100.test"
BUNDLED = "tf_efficientnet_lite0.in1k"
os.environ["TLSTUDIO_WEIGHTS"] = str(TEST_WEIGHTS)
COLOURS = {"red": (190, 60, 50), "green": (60, 170, 70), "blue": (50, 80, 190)}


@pytest.fixture(autouse=True, scope="session")
def _home_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For what the tests of a module share; each test then has a home of its own.

    The weights of the tests need not be vetted in each of them: that takes a process which loads torch for seconds.
    """
    from tlstudio.catalog import weights

    known = weights.is_vetted
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TLSTUDIO_WEIGHTS", str(TEST_WEIGHTS))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setattr(weights, "is_vetted", lambda folder: folder.parent == TEST_WEIGHTS or known(folder))
        yield


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's is read or written: data folder, weights and network are the test's own."""
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", str(TEST_WEIGHTS))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """A test fails that leaves a thread of ours or a child process behind."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and not t.daemon and t.is_alive()]
    for thread in left:
        thread.join(5.0)
    alive = [t.name for t in left if t.is_alive()]
    assert not alive, f"threads left running: {alive}"
    # Decoding processes stay warm for the next test; tests/unit/images/test_guard.py looks after their end.
    children = [child for child in multiprocessing.active_children() if child.name != "tlstudio-decoder"]
    assert not children, f"processes left running: {children}"


@pytest.fixture(autouse=True, scope="session")
def _decoders_end_with_the_session() -> Iterator[None]:
    yield
    for module, pool in (("tlstudio.images.guard", "DECODERS"), ("tlstudio.training.vetting", "GUARD")):
        if module in sys.modules:
            getattr(sys.modules[module], pool).close()
    end = time.monotonic() + 60
    while multiprocessing.active_children() and time.monotonic() < end:  # a pool may be ending idle ones at this moment
        time.sleep(0.05)
    children = multiprocessing.active_children()
    assert not children, f"processes left running: {children}"


@pytest.fixture
def shared() -> Path:
    """The developers' real weights and images; a user has none of it."""
    if not SHARED.is_dir():
        pytest.skip("needs the developers' real weights and images in ../shared")
    return SHARED


def paint(folder: Path, name: str, colour: tuple[int, int, int], seed: int, size: tuple[int, int] = (40, 32)) -> Path:
    """A noisy patch of one colour, as PNG: easy to tell apart, never twice the same."""
    rng = np.random.default_rng(seed)
    pixels = np.clip(np.array(colour) + rng.normal(0, 25, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def make_images(tmp_path: Path) -> Callable[..., Path]:
    """Writes class folders of small pictures: `make_images(12)` gives 12 of red, green and blue each."""

    def make(
        count: int = 12, *, classes: tuple[str, ...] = tuple(COLOURS), groups: int = 0, name: str = "images"
    ) -> Path:
        source = tmp_path / name
        for k, label in enumerate(classes):
            for i in range(count):
                group = f"part{k}{i % groups:02d}_" if groups else ""
                paint(source / label, f"{group}{label}_{i:03d}.png", COLOURS[label], seed=1000 * k + i)
        return source

    return make


class Recorder:
    """A reporter that keeps every event, and can cancel or stop when a condition on an event holds."""

    def __init__(
        self, *, cancel: Callable[[object], bool] | None = None, stop: Callable[[object], bool] | None = None
    ) -> None:
        self.events: list[object] = []
        self._cancel, self._stop, self._stopping = cancel, stop, False

    def report(self, event: object) -> None:
        from tlstudio.domain.errors import Cancelled

        self.events.append(event)
        if self._cancel is not None and self._cancel(event):
            raise Cancelled
        if self._stop is not None and self._stop(event):
            self._stopping = True

    def check_cancelled(self) -> None:
        pass

    def stop_requested(self) -> bool:
        return self._stopping

    def of(self, kind: type) -> list[object]:
        return [e for e in self.events if isinstance(e, kind)]


@pytest.fixture
def recorder() -> Callable[..., Recorder]:
    return Recorder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was printed and logged can hold names that are no text, and tests that run side by side tell each other in UTF-8."""
    report = yield
    report.sections = [(title, text.encode("utf-8", "replace").decode("utf-8")) for title, text in report.sections]
    return report
