"""Damaged, malicious and exotic files: each is read or refused with a reason, and no decoder crashes or hangs over any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.hostile.pictures import mutated, seeds, wrong_with
from tests.unit.images.looking import Look, look
from tlstudio.domain.values import Refusal
from tlstudio.images.guard import Guard

ROOT = Path(__file__).resolve().parents[3]
COPIES = 500


@pytest.fixture(scope="module")
def pool() -> Iterator[Guard]:
    with Guard(seconds=20) as guard:
        yield guard


@pytest.fixture(autouse=True)
def _known_to_the_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def looks(pool: Guard, files: Sequence[Path]) -> dict[str, Look]:
    """What each file is, after checking what must hold for all of them."""
    found: dict[str, Look] = {}
    for path, answer in pool.in_order(look, files):
        assert not isinstance(answer, Refusal), f"{path.name}: {answer.reason}"
        assert wrong_with(answer) == "", path.name
        found[path.name] = answer
    return found


@pytest.mark.shared
def test_the_developers_collection(shared: Path, pool: Guard) -> None:
    files = sorted((shared / "data" / "hostile").iterdir())
    found = looks(pool, files)
    refused = [name for name, answer in found.items() if answer.inspected is not None]
    assert len(found) == len(files) > 100
    assert 0 < len(refused) < len(files) / 2


def test_hundreds_of_damaged_copies(tmp_path: Path, pool: Guard) -> None:
    good = seeds(tmp_path)
    rng = np.random.default_rng(20)
    files = []
    for i in range(COPIES):
        name = list(good)[i % len(good)]
        files.append(tmp_path / f"{i:04d}-{name}")
        files[-1].write_bytes(mutated(good[name], rng))
    found = looks(pool, files)
    assert len(found) == COPIES
    refused = Counter(name.split("-")[1] for name, answer in found.items() if answer.inspected is not None)
    assert COPIES / 5 < sum(refused.values()) < COPIES * 0.9
    assert set(refused) == set(good), "every kind was hurt somewhere"


def test_the_copies_were_good_before(tmp_path: Path, pool: Guard) -> None:
    good = seeds(tmp_path)
    for name, data in good.items():
        (tmp_path / name).write_bytes(data)
    assert {answer.inspected for answer in looks(pool, [tmp_path / name for name in good]).values()} == {None}
