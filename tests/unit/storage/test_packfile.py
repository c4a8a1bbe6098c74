"""The file of a packed training: what is written is read, and nothing else is."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tlstudio.domain.errors import FileTrouble, PackRefused
from tlstudio.storage import packfile
from tlstudio.storage.packfile import Kind, reading, writing

PARTS = {"images.json": b'{"a": 1}', "runs/r-1/model.safetensors": bytes(range(256)) * 3, "empty.bin": b""}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "a.tlpack"
    with writing(path, Kind.TRAINING, {"pack": "p"}) as writer:
        for name, data in PARTS.items():
            writer.add(name, [data[:100], memoryview(data[100:])])
    return path


def read(path: Path, kind: Kind = Kind.TRAINING) -> dict[str, bytes]:
    with reading(path, kind) as file:
        return {name: file.read(name, 10_000) for name in file.parts}


def forge(path: Path, change: Callable[[dict[str, Any]], object], **more: bytes) -> Path:
    """The file anew, with another manifest and more parts; any program can write such a one."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    change(manifest)
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (*parts.items(), *more.items()):
            new.writestr(name, data)
        new.writestr("manifest.json", json.dumps(manifest))
    return path


def test_what_is_written_is_read(packed: Path, tmp_path: Path) -> None:
    assert read(packed) == PARTS
    with reading(packed, Kind.TRAINING) as file:
        assert file.told("pack") == "p"
        assert file.read_json("images.json", 100) == {"a": 1}
        file.copy("images.json", tmp_path / "sub" / "x.json")
        with pytest.raises(PackRefused, match="does not say"):
            file.told("parts")
        with pytest.raises(PackRefused, match="missing"):
            file.read("other.json", 100)
        with pytest.raises(PackRefused, match="too long"):
            file.read("images.json", 7)
        assert file.read("images.json", 8) == PARTS["images.json"]
    assert (tmp_path / "sub" / "x.json").read_bytes() == PARTS["images.json"]


def test_any_program_reads_it_and_it_says_nothing_of_when_it_was_made(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert (entry.compress_type, entry.date_time) == (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))


def test_each_flipped_bit_is_noticed_or_changes_nothing(packed: Path, tmp_path: Path) -> None:
    data, path, refused = packed.read_bytes(), tmp_path / "flipped", 0
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        try:
            assert read(path) == PARTS, place
        except PackRefused as error:
            refused += 1
            assert error.path == str(path) and error.remedy
    assert refused > 0.8 * len(data)  # the rest are times and rights of the parts, which nobody asks for


def test_a_cut_off_file_is_refused(packed: Path, tmp_path: Path) -> None:
    data, path = packed.read_bytes(), tmp_path / "cut"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(PackRefused):
            read(path)


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        (lambda m: m.update(format="else"), {}, "is not a packed training"),
        (lambda m: m.update(format="tlstudio-run"), {}, "not a packed training"),
        (lambda m: m.update(version=2), {}, "newer version"),
        (lambda m: m.update(version="1"), {}, "version can't be read"),
        (lambda m: m["parts"].pop(), {}, "not those of its list"),
        (lambda m: m["parts"][0].update(bytes=7), {}, "not those of its list"),
        (lambda m: m["parts"][0].update(sha256="0" * 64), {}, "not what was written"),
        (lambda m: m.update(parts=3), {}, "list of parts"),
        (lambda m: m["parts"][0].pop("sha256"), {}, "list of parts"),
        (lambda m: m["parts"][0].update(name=7), {}, "list of parts"),
        (lambda m: m["parts"][0].update(bytes="8"), {}, "list of parts"),
        (lambda m: m["parts"][0].update(bytes=True), {}, "list of parts"),
        (lambda m: m["parts"][0].update(sha256=None), {}, "list of parts"),
        (lambda m: None, {"more": b"x"}, "not those of its list"),
        (lambda m: None, {"../up": b"x"}, "not allowed"),
        (lambda m: None, {"/etc/x": b"x"}, "not allowed"),
        (lambda m: None, {"a/../../b": b"x"}, "not allowed"),
        (lambda m: None, {"C:x": b"x"}, "not allowed"),
        (lambda m: None, {"a\\b": b"x"}, "not allowed"),
        (lambda m: None, {"a//b": b"x"}, "not allowed"),
        (lambda m: None, {".hidden": b"x"}, "not allowed"),
        (lambda m: None, {"a" * 201: b"x"}, "not allowed"),
        (lambda m: None, {"IMAGES.json": b"x"}, "not allowed"),
        (lambda m: None, {"images.JSON": b"x"}, "the same name"),
    ],
)
def test_what_no_pack_writes_is_refused(
    packed: Path, change: Callable[[dict[str, Any]], object], more: dict[str, bytes], words: str
) -> None:
    with pytest.raises(PackRefused, match=words):
        read(forge(packed, change, **more))


def test_bombs_and_secrets_are_refused_before_anything_is_read(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.bin", bytes(10**6))
    with pytest.raises(PackRefused, match="compressed or encrypted"):
        read(packed)
    monkeypatch.setattr(packfile, "MOST_PARTS", 3)
    with pytest.raises(PackRefused, match="more parts"):
        read(packed)


@pytest.mark.parametrize(("parts", "refused"), [(999, False), (1000, True)])
def test_a_file_of_more_than_a_thousand_parts_is_none_of_ours(tmp_path: Path, parts: int, refused: bool) -> None:
    """The list of the parts is one of them."""
    path = tmp_path / "many"
    with writing(path, Kind.RUN, {}) as writer:
        for number in range(parts):
            writer.add(f"{number}.bin", [b""])
    if refused:
        with pytest.raises(PackRefused, match="more parts"):
            read(path, Kind.RUN)
    else:
        assert len(read(path, Kind.RUN)) == parts


def test_what_is_no_such_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileTrouble):
        read(tmp_path / "gone")
    with pytest.raises(FileTrouble):
        read(tmp_path)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(PackRefused, match="is not a packed training"):
        read(tmp_path / "other.zip")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(PackRefused, match="comes back"):
        read(tmp_path / "text", Kind.RUN)


def test_a_failure_leaves_no_file_and_the_one_before(packed: Path) -> None:
    before = packed.read_bytes()
    with pytest.raises(ZeroDivisionError), writing(packed, Kind.RUN, {}) as writer:
        writer.add("a.json", [b"x"])
        raise ZeroDivisionError
    assert packed.read_bytes() == before
    assert [p.name for p in packed.parent.iterdir()] == [packed.name]
