"""ZIP files: read like folders, and nothing in them can reach out or fill the disk."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.sources.conftest import scan, told
from tests.unit.images.sources.test_table import labels
from tlstudio.domain.errors import ArchiveRefused, Cancelled
from tlstudio.domain.values import Refusal
from tlstudio.images.scan import Wishes
from tlstudio.images.sources import archive as archives
from tlstudio.images.sources.archive import Archive
from tlstudio.images.sources.registry import recognise

Content = bytes | str


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    """`pack({"cat/1.png": b"..."})` writes a ZIP file; names are taken as they are."""

    def make(files: dict[str, Content], name: str = "a.zip", compress: int = zipfile.ZIP_DEFLATED) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", compress) as archive:
            for path, content in files.items():
                archive.writestr(zipfile.ZipInfo(path), content, compress)
        return tmp_path / name

    return make


Pack = Callable[..., Path]
PAIR: dict[str, Content] = {"cat/1.png": b"one", "dog/2.png": b"two"}


def test_folders_inside_are_classes_and_paths_name_the_archive(pack: Pack) -> None:
    path = pack({**PAIR, "__MACOSX/cat/._1.png": b"", "cat/.hidden.png": b"", "readme.txt": "x"})
    found = scan(path)
    assert labels(found) == {"1.png": "cat", "2.png": "dog"}
    assert found.found[0].path == path / "cat" / "1.png"
    assert found.refused == ()


@pytest.mark.parametrize("top", ["welds/", "welds/inner/"])
def test_the_one_folder_that_holds_the_others(pack: Pack, top: str) -> None:
    if top == "welds/inner/":
        assert scan(pack({top + name: data for name, data in PAIR.items()})).classes() == {"inner": 2}
    else:
        assert scan(pack({top + name: data for name, data in PAIR.items()})).classes() == {"cat": 1, "dog": 1}


@pytest.mark.usefixtures("however_asked")
def test_a_table_inside_names_files_inside_only(pack: Pack, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"")
    text = f"file,class\na/1.png,cat\n../secret.png,dog\n{tmp_path}/secret.png,dog\na/../a/2.png,dog\n"
    found = scan(pack({"labels.csv": text, "a/1.png": b"", "a/2.png": b""}))
    assert labels(found) == {"1.png": "cat", "2.png": "dog"}
    assert [r.reason for r in found.refused] == ["Row 3: the file is not there.", "Row 4: the file is not there."]


@pytest.mark.parametrize(
    "name",
    ["../evil.png", "cat/../../evil.png", "/etc/evil.png", "C:/evil.png", "C:\\evil.png", "\\\\h\\evil.png", "a\\..\\..\\e.png"],
)  # fmt: skip
def test_names_that_lead_out_are_refused(pack: Pack, tmp_path: Path, name: str) -> None:
    path = pack({**PAIR, name: b"evil"})
    found = scan(path)
    assert labels(found) == {"1.png": "cat", "2.png": "dog"}
    assert [r.reason for r in found.refused] == ["Its name leads out of the archive."]
    Archive(path).take_out([f.place for f in found.found], tmp_path / "out" / "in", lambda: None)
    assert sorted(p.name for p in tmp_path.rglob("*.png")) == ["1.png", "2.png"]


def test_links_are_refused(pack: Pack, tmp_path: Path) -> None:
    path = pack(PAIR)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("cat/link.png")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert told(scan(path)) == {"link.png": "It is a link or a device, not a file."}


def test_encrypted_files_are_refused_by_name(pack: Pack) -> None:
    path = pack(PAIR, compress=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(bytes(data))
    found = scan(path)
    assert labels(found) == {"2.png": "dog"}
    assert told(found) == {"1.png": "The file is encrypted. Make an archive without a password."}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name(pack: Pack, tmp_path: Path) -> None:
    path = pack(PAIR)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("cat/1.png", b"again")
    assert told(scan(path)) == {"1.png": "The archive holds another file of this name."}


def test_what_this_disk_can_not_hold_gets_another_name(pack: Pack, tmp_path: Path) -> None:
    long = "x" * 300
    names = ["grade: 2/1.png", "grade: 2/1.PNG", "grade_ 2/1.png", f"{long}/{long}.png", "con/a?.png", "ende. /2.png"]
    path = pack({name: name.encode() for name in names})
    found = scan(path)
    assert found.refused == ()
    assert found.classes() == {long: 1, "con": 1, "ende.": 1, "grade: 2": 2, "grade_ 2": 1}
    taken = Archive(path).take_out([f.place for f in found.found], tmp_path / "out", lambda: None)
    written = [place for place in taken.values() if isinstance(place, Path)]
    assert sorted(place.read_bytes().decode() for place in written) == sorted(names)
    assert all(len(part.encode()) <= 255 and not set('<>:"|?*') & set(part) for p in written for part in p.parts[-2:])
    assert len({str(p).casefold() for p in written}) == len(names)


def unflagged(path: Path, names: list[bytes], extra: bytes = b"") -> Path:
    """A ZIP file whose names are these bytes, without a word on what they are."""

    class Unflagged(zipfile.ZipInfo):
        raw: bytes

        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own
            return self.raw, self.flag_bits

    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            info = Unflagged(f"x{number}")
            info.raw, info.extra = name, extra
            archive.writestr(info, name)
    return path


@pytest.mark.parametrize(
    ("encoding", "classes"),
    [
        ("utf-8", ("grün", "größer")),
        ("cp932", ("正常", "異常")),
        ("cp932", ("表裏", "ソ連")),  # letters whose second byte is a backslash
        ("gb18030", ("正常合格", "裂纹划痕", "生锈缺陷", "健康")),
        ("cp866", ("трещина", "норма")),
        ("cp437", ("größer", "weiß", "schön", "Übermaß")),
    ],
)
def test_names_without_a_word_on_their_encoding(tmp_path: Path, encoding: str, classes: tuple[str, ...]) -> None:
    path = unflagged(tmp_path / "a.zip", [f"{c}/{i}.png".encode(encoding) for c in classes for i in range(2)])
    found = recognise(path)
    assert set(found.scan(Wishes()).classes()) == set(classes)
    assert found.encoding is None or (found.encoding.sure and found.encoding.key == encoding)
    places = [f.place for f in found.scan(Wishes()).found]
    taken = Archive(path).take_out(places, tmp_path / "out", lambda: None)
    assert all(isinstance(place, Path) and place.is_file() for place in taken.values())


def test_names_that_may_be_several_things(tmp_path: Path) -> None:
    path = unflagged(tmp_path / "a.zip", ["ł/1.png".encode("cp852"), b"b/2.png"])
    found = recognise(path)
    assert found.encoding is not None and not found.encoding.sure
    assert "cp852" in [way.key for way in found.encoding.ways if way.sample]
    said = recognise(path, encoding="CP852")
    assert set(said.scan(Wishes()).classes()) == {"ł", "b"}
    assert said.encoding is not None and said.encoding.sure


@pytest.mark.parametrize("text", ["utf-8", "utf-8-sig", "cp932"])
def test_what_is_said_of_names_does_not_spoil_a_list_in_utf_8(tmp_path: Path, text: str) -> None:
    class Unflagged(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own
            return "表/1.png".encode("cp932"), self.flag_bits

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(Unflagged("x"), b"")
        archive.writestr("list.csv", "file,class\n表/1.png,異常\n".encode(text))
    assert recognise(tmp_path / "a.zip", "list.csv", "cp932").scan(Wishes()).classes() == {"異常": 1}


def test_a_name_in_a_field_of_its_own(tmp_path: Path) -> None:
    field = b"\x01" + struct.pack("<L", zlib.crc32(b"a/1.png")) + "ж/1.png".encode()
    path = unflagged(tmp_path / "a.zip", [b"a/1.png"], struct.pack("<HH", 0x7075, len(field)) + field)
    assert scan(path).classes() == {"ж": 1}
    stale = unflagged(tmp_path / "b.zip", [b"b/1.png"], struct.pack("<HH", 0x7075, len(field)) + field)
    assert scan(stale).classes() == {"b": 1}, "the field belongs to another name"


def test_bombs_are_refused_before_anything_is_written(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE_RATIO_BYTES", 1024**2)
    with pytest.raises(ArchiveRefused, match="far more"):
        scan(pack({"cat/1.png": b"\0" * 8 * 1024**2, "dog/2.png": b"x"}))
    monkeypatch.setattr(archives, "MAX_ENTRIES", 1)
    with pytest.raises(ArchiveRefused, match="more than 1 files"):
        scan(pack(PAIR))
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    monkeypatch.setattr(archives, "MAX_BYTES", 5)
    with pytest.raises(ArchiveRefused, match="would unpack to"):
        scan(pack(PAIR))


def test_one_body_under_many_names(pack: Pack) -> None:
    """All entries point to one compressed body: the sum of what they hold is more than the archive has."""
    path = pack({f"cat/{i}.png": bytes(range(256)) * 40 for i in range(30)}, compress=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<I", data, end + 16)[0]
    first_end = data.index(b"PK\x03\x04", 4)
    directory, offset = data[start:end], 0
    while offset < len(directory):
        struct.pack_into("<I", directory, offset + 42, 0)
        name, extra, comment = struct.unpack_from("<HHH", directory, offset + 28)
        offset += 46 + name + extra + comment
    tail = bytearray(data[end:])
    struct.pack_into("<I", tail, 16, first_end)
    path.write_bytes(bytes(data[:first_end] + directory + tail))
    with pytest.raises(ArchiveRefused, match="far more"):
        scan(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive at all" * 100])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="no ZIP file"):
        scan(tmp_path / "a.zip")


def test_taking_out_costs_a_damaged_file_alone(pack: Pack, tmp_path: Path) -> None:
    path = pack({"cat/1.png": b"a" * 1000, "dog/2.png": b"b" * 1000}, compress=zipfile.ZIP_STORED)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"a" * 1000, b"a" * 500 + b"c" * 500))
    archive = Archive(path)
    taken = archive.take_out([f"{path}/cat/1.png", f"{path}/dog/2.png"], tmp_path / "out", lambda: None)
    assert isinstance(taken[f"{path}/cat/1.png"], Refusal)
    assert (tmp_path / "out" / "dog" / "2.png").read_bytes() == b"b" * 1000
    assert not (tmp_path / "out" / "cat" / "1.png").exists()


def test_an_entry_that_lies_about_its_size_writes_no_more_than_it_says(pack: Pack, tmp_path: Path) -> None:
    path = pack({"cat/1.png": b"a" * 100_000})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 10)
    path.write_bytes(bytes(data))
    Archive(path).take_out([f"{path}/cat/1.png"], tmp_path / "out", lambda: None)
    written = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert all(p.stat().st_size <= 10 for p in written)


def test_taking_out_can_be_cancelled(pack: Pack, tmp_path: Path) -> None:
    path = pack(PAIR)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Archive(path).take_out([f"{path}/cat/1.png", f"{path}/dog/2.png"], tmp_path / "out", stop)
    assert [p.name for p in (tmp_path / "out").rglob("*.png")] == ["1.png"]


def test_files_without_a_telling_name(pack: Pack) -> None:
    dicom = b"\0" * 128 + b"DICM" + b"\0" * 50
    found = scan(pack({"sick/IM000001": dicom, "well/IM000002": dicom, "well/README": b"text"}))
    assert labels(found) == {"IM000001": "sick", "IM000002": "well"}
    assert set(told(found)) == {"README"}


def test_a_name_that_is_not_what_its_flag_says(pack: Pack) -> None:
    path = pack({**PAIR, "cat/\u00fc.png": b"x"})
    data = path.read_bytes()
    assert data.count("\u00fc".encode()) == 2
    path.write_bytes(data.replace("\u00fc".encode(), b"\xa3\xff"))
    with pytest.raises(ArchiveRefused, match="damaged"):
        scan(path)
