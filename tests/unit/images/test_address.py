"""How a page of a file is addressed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.images.kinds import GREY, RGB
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images.address import join, pages, split
from tlstudio.images.copies import try_prepare
from tlstudio.images.inspect import Inspected, content_key, inspect
from tlstudio.images.prepare import prepare

FOLDER = Path("/pictures")


@pytest.mark.parametrize("page", [1, 2, 3, 120])
def test_there_and_back(page: int) -> None:
    assert split(join(FOLDER / "a b#c.tif", page)) == (FOLDER / "a b#c.tif", page)


def test_the_first_page_is_the_file() -> None:
    assert join(FOLDER / "a.tif", 1) == FOLDER / "a.tif"
    assert join(FOLDER / "a.tif", 3) == FOLDER / "a.tif#page=3"
    assert split(FOLDER / "a.tif#page=1") == (FOLDER / "a.tif", 1)


@pytest.mark.parametrize(
    "name", ["a.tif", "a#page=0", "a#page=03", "a#page=", "a#page=-1", "a#page=2x", "#page=2", "a#Page=2"]
)
def test_other_names_are_files(name: str) -> None:
    assert split(FOLDER / name) == (FOLDER / name, 1)


def test_an_existing_file_of_that_name_wins(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.tif")
    Image.fromarray(RGB).save(tmp_path / "a.tif#page=2", "PNG")
    assert split(tmp_path / "a.tif#page=2") == (tmp_path / "a.tif#page=2", 1)
    assert np.array_equal(prepare(tmp_path / "a.tif#page=2", PreprocessSpec(8)).shape, (8, 8, 3))
    assert (
        content_key(tmp_path / "a.tif#page=2") == hashlib.sha256((tmp_path / "a.tif#page=2").read_bytes()).hexdigest()
    )


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    images = [Image.new("L", (20 + k, 10), 40 * k) for k in range(5)]
    images[0].save(tmp_path / "stack.tif", save_all=True, append_images=images[1:])
    return tmp_path / "stack.tif"


def test_every_page_is_an_image_of_its_own(stack: Path) -> None:
    assert pages(stack) == 5
    seen = [inspect(join(stack, page)) for page in range(1, 6)]
    assert all(isinstance(one, Inspected) for one in seen)
    assert [one.width for one in seen if isinstance(one, Inspected)] == [20, 21, 22, 23, 24]
    assert [one.path for one in seen if isinstance(one, Inspected)] == [join(stack, page) for page in range(1, 6)]
    assert [one.size for one in seen if isinstance(one, Inspected)] == [stack.stat().st_size] * 5
    found = [prepare(join(stack, page), PreprocessSpec(8))[0, 0, 0] for page in range(1, 6)]
    assert found == [0, 40, 80, 120, 160]


def test_keys_of_pages_follow_the_file(stack: Path) -> None:
    whole = hashlib.sha256(stack.read_bytes()).hexdigest()
    keys = [content_key(join(stack, page)) for page in range(1, 6)]
    assert keys[0] == whole
    assert keys[2] == hashlib.sha256(f"{whole}#page=3".encode()).hexdigest()
    assert len(set(keys)) == 5
    images = [Image.new("L", (20, 10), 7)] * 5
    images[0].save(stack, save_all=True, append_images=images[1:])
    assert not set(keys) & {content_key(join(stack, page)) for page in range(1, 6)}


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.jpg", "a.webp"])
def test_other_formats_have_one_page(tmp_path: Path, name: str) -> None:
    options = {} if name == "a.jpg" else {"save_all": True, "append_images": [Image.new("RGB", (9, 9), "red")] * 2}
    Image.new("RGB", (9, 9)).save(tmp_path / name, **options)
    assert pages(tmp_path / name) == 1
    answer = try_prepare(join(tmp_path / name, 2), PreprocessSpec(8))
    assert answer == Refusal(str(join(tmp_path / name, 2)), "The file has no page 2.")


def test_what_can_not_be_read_has_one_page(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    assert pages(tmp_path / "a.tif") == 1
    assert pages(tmp_path / "gone.tif") == 1
    assert pages(tmp_path) == 1


def test_a_page_of_a_file_that_is_gone(tmp_path: Path) -> None:
    answer = inspect(tmp_path / "gone.tif#page=2")
    assert answer == Refusal(str(tmp_path / "gone.tif#page=2"), "The file is not there any more.")
