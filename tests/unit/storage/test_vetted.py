"""What was examined once is known by its content; a damaged memory costs only time."""

from __future__ import annotations

import pytest

from tlstudio.storage import vetted


@pytest.mark.parametrize("text", ["[", "{}", "[" * 50_000, '["x"]', "null"])
def test_a_damaged_memory_costs_only_time(text: str) -> None:
    vetted._file().parent.mkdir(parents=True, exist_ok=True)
    vetted._file().write_text(text)
    assert not vetted.is_known("model", "0")
    vetted.remember("model", "0")
    assert vetted.is_known("model", "0")


def test_it_is_known_for_one_kind_of_examination() -> None:
    vetted.remember("model-1", "0")
    assert vetted.is_known("model-1", "0")
    assert not vetted.is_known("model-2", "0")
    assert not vetted.is_known("model-1", "1")


def test_the_memory_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vetted, "REMEMBERED", 3)
    for content in ("0", "1", "2", "3", "3", "4"):
        vetted.remember("model", content)
    assert [vetted.is_known("model", str(i)) for i in range(5)] == [False, False, True, True, True]


def test_without_a_place_to_write_it_is_examined_again(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path / "file"))
    vetted.remember("model", "0")
    assert not vetted.is_known("model", "0")


def test_a_memory_of_endless_length_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    vetted.remember("model", "0")
    monkeypatch.setattr(vetted, "LONGEST", 10)
    assert not vetted.is_known("model", "0")


def test_limits() -> None:
    assert (vetted.REMEMBERED, vetted.LONGEST) == (2000, 1_000_000)
