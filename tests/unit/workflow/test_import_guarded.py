"""Before anything is decoded, files are looked into by the decoding processes alone, and it is told how far that is."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.conftest import COLOURS, Recorder, paint
from tests.unit.images.dicoms import make, save
from tests.unit.images.kinds import GREY
from tlstudio.domain.errors import Cancelled, GroupsNotStated, WrongUsage
from tlstudio.domain.events import Progress, SilentReporter
from tlstudio.domain.importing import ImportRequest
from tlstudio.images import dicom, directories
from tlstudio.images.guard import DECODERS
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.previewing import preview_import


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two patients with two scans each, in two classes, beside pictures that hold one page for sure."""
    for k, name in enumerate(("a/1.dcm", "a/2.IMA", "b/3", "b/4.dc3")):
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        save(make(GREY + k, PatientID=f"P{k // 2}"), tmp_path / "scans" / name)
    for label, colour in zip("ab", COLOURS.values(), strict=False):
        for i in range(4):
            paint(tmp_path / "scans" / label, f"{label}{i}.png", colour, seed=i)
    return tmp_path / "scans"


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process can't look into files; the decoding processes can."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a file was looked into outside the decoding processes")

    for module, name in ((dicom, "read_elements"), (dicom, "opened"), (directories, "_read"), (dicom, "_text")):
        monkeypatch.setattr(module, name, forbidden)


def told(recorder: Recorder, stage: str) -> list[tuple[int, int]]:
    return [(e.done, e.total) for e in recorder.of(Progress) if e.stage == stage]  # type: ignore[attr-defined]


def test_pages_are_counted_by_the_decoders(scans: Path, tmp_path: Path, blind: None) -> None:
    watch = Recorder()
    preview = preview_import(scans, reporter=watch)
    assert preview.tags == ("PatientID",)
    assert told(watch, "Counting pages") == [(1, 4), (2, 4), (3, 4), (4, 4)]
    watch = Recorder()
    done = import_images(ImportRequest(scans, tmp_path / "p", pages="all", group_from="dicom:PatientID"), watch)
    assert (done.images, done.groups) == (12, 2)
    assert told(watch, "Counting pages")[-1] == (4, 4)
    assert told(watch, "Looking what belongs together")[-1] == (12, 12)


def test_shared_tags_are_found_by_the_decoders(scans: Path, tmp_path: Path, blind: None) -> None:
    with pytest.raises(GroupsNotStated, match="PatientID"):
        import_images(ImportRequest(scans, tmp_path / "p"))
    with pytest.raises(WrongUsage, match="not a DICOM keyword"):
        import_images(ImportRequest(scans, tmp_path / "p", group_from="dicom:Nonsense"))
    assert not (tmp_path / "p").exists()


def test_a_file_of_very_many_pages_costs_itself_alone(scans: Path, tmp_path: Path) -> None:
    step = 2 + 12 + 4
    pages = b"".join(struct.pack("<HHHIII", 1, 256, 4, 1, 10, 8 + step * (k + 1)) for k in range(100_000))
    (scans / "a" / "endless.tif").write_bytes(b"II*\0" + struct.pack("<I", 8) + pages)
    done = import_images(ImportRequest(scans, tmp_path / "p", group_from="none"))
    assert done.images == 12
    assert [Path(refusal.path).name for refusal in done.refused] == ["endless.tif"]


class Impatient(SilentReporter):
    """The user cancels as soon as anything is waited for."""

    def check_cancelled(self) -> None:
        raise Cancelled


def test_cancelling_is_heard_while_pages_are_counted(scans: Path) -> None:
    DECODERS.close()  # to start one takes long enough to be waited for
    with pytest.raises(Cancelled):
        preview_import(scans, reporter=Impatient())
