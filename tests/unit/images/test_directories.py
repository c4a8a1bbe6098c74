"""Finding the pages of TIFF files, and which of them are channels of one picture."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.unit.images.kinds import GREY, HEIGHT, RNG, WIDTH, assert_reads, grey, levels
from tlstudio.images import directories
from tlstudio.images.address import join, pages, sheets
from tlstudio.images.decode import load_rgb

PAGES = RNG.integers(0, 255, (5, HEIGHT, WIDTH), np.uint8)


@pytest.mark.parametrize(
    "options", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"byteorder": ">", "bigtiff": True}, {"compression": "zlib"}]
)
def test_every_page_is_found_and_read(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PAGES, photometric="minisblack", metadata=None, **options)
    with tifffile.TiffFile(path) as tiff:
        assert directories.places(path) == tuple(page.offset for page in tiff.pages)
    assert sheets(path) == directories.Sheets((1, 2, 3, 4, 5))
    for k, values in enumerate(PAGES, start=1):
        assert_reads(join(path, k), grey(values))


def test_reduced_copies_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for k, kind in enumerate((0, 1, 0, 1, 2)):
            writer.write(PAGES[k], subfiletype=kind, photometric="minisblack", metadata=None)
    assert pages(path) == 3
    assert [
        np.array_equal(np.asarray(load_rgb(join(path, n)))[:, :, 0], PAGES[k]) for n, k in ((1, 0), (2, 2), (3, 4))
    ] == [True] * 3


def chain(path: Path, count: int, *, bite: bool = False) -> None:
    """Pages that say nothing; the last one points back to the first where it bites its tail."""
    step = 2 + 12 + 4
    body = b"".join(
        struct.pack("<HHHIII", 1, 256, 4, 1, 10, 8 + step * (k + 1) if k + 1 < count else (8 if bite else 0))
        for k in range(count)
    )
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + body)


def test_a_hundred_thousand_pages_are_counted_at_once(tmp_path: Path) -> None:
    chain(tmp_path / "a.tif", 100_000)
    begun = time.process_time()  # other programs may keep the computer busy
    assert pages(tmp_path / "a.tif") == 100_000
    assert time.process_time() - begun < 5


def test_a_page_says_so_much_and_no_more(tmp_path: Path) -> None:
    for entries, number in ((directories.MAX_ENTRIES, 2), (directories.MAX_ENTRIES + 1, 1)):
        second = 8 + 2 + 12 + 4
        first = struct.pack("<HHHIII", 1, 256, 4, 1, 10, second)
        tags = b"".join(struct.pack("<HHII", 300 + k, 4, 1, 0) for k in range(entries))
        (tmp_path / "a.tif").write_bytes(
            b"II*\0" + struct.pack("<I", 8) + first + struct.pack("<H", entries) + tags + bytes(4)
        )
        assert pages(tmp_path / "a.tif") == number


def test_broken_chains_end(tmp_path: Path) -> None:
    chain(tmp_path / "bite.tif", 7, bite=True)
    assert pages(tmp_path / "bite.tif") == 7
    chain(tmp_path / "cut.tif", 7)
    whole = (tmp_path / "cut.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[:-20])
    assert pages(tmp_path / "cut.tif") == 5
    for name, data in (
        ("no.tif", b"II*\0"),
        ("far.tif", b"II*\0\xff\xff\xff\xff"),
        ("text.tif", b"hello"),
        ("empty.tif", b""),
    ):
        (tmp_path / name).write_bytes(data)
        assert sheets(tmp_path / name) == directories.Sheets((1,))


def test_a_file_that_is_written_anew_is_looked_at_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    chain(path, 3)
    assert pages(path) == 3
    chain(path, 4)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert pages(path) == 4


STACK = RNG.integers(0, 4000, (2, 3, 4, HEIGHT, WIDTH), np.uint16)  # time, depth, channel


def imagej(path: Path) -> None:
    tifffile.imwrite(path, STACK, imagej=True, metadata={"axes": "TZCYX"})


def ome(order: str) -> Any:
    """OME-TIFF with the pages in another order: `order` names the axes from the slowest to the fastest."""

    def write(path: Path) -> None:
        axes = "TZC"
        moved = np.moveaxis(STACK, [axes.index(axis) for axis in order], [0, 1, 2])
        tifffile.imwrite(
            path, np.ascontiguousarray(moved), ome=True, photometric="minisblack", metadata={"axes": f"{order}YX"}
        )

    return write


@pytest.mark.parametrize("write", [imagej, ome("TZC"), ome("TCZ"), ome("CTZ"), ome("ZCT")])
def test_channels_that_are_pages_are_one_image(tmp_path: Path, write: Any) -> None:
    path = tmp_path / "a.ome.tif"
    write(path)
    found = sheets(path)
    assert (len(found.pages), found.channels) == (6, 4)
    assert list(found.pages) == sorted(found.pages)
    seen = set()
    for page in found.pages:
        group = directories.channel_pages(path, page)
        assert group[0] == page and len(group) == 4
        pictures = [np.asarray(tifffile.imread(path, key=k - 1)) for k in group]
        place = next((t, z) for t in range(2) for z in range(3) if np.array_equal(pictures[0], STACK[t, z, 0]))
        assert all(np.array_equal(pictures[c], STACK[*place, c]) for c in range(4))
        seen.add(place)
        assert_reads(join(path, page), grey(levels(pictures[0])))
    assert len(seen) == 6


def test_words_that_can_not_be_true_are_passed_over(tmp_path: Path) -> None:
    for k, text in enumerate(
        ("ImageJ=1\nchannels=3\n", "ImageJ=1\nchannels=0\n", "ImageJ=1\nchannels=99999999999999\n", "<OME", "")
    ):
        path = tmp_path / f"{k}.tif"
        tifffile.imwrite(path, PAGES[:4], photometric="minisblack", description=text, metadata=None)
        assert sheets(path) == directories.Sheets((1, 2, 3, 4))
        assert directories.channel_pages(path, 2) == (2,)


def test_colours_of_a_pixel_are_no_channels_of_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        path, np.stack([np.dstack([GREY] * 3)] * 3), ome=True, photometric="rgb", metadata={"axes": "ZYXS"}
    )
    assert sheets(path) == directories.Sheets((1, 2, 3))
    Image.fromarray(GREY).save(tmp_path / "b.png")
    assert not directories.is_tiff(tmp_path / "b.png") and directories.places(tmp_path / "b.png") == ()
