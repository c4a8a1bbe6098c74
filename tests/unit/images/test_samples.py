"""The sample data sets: complete, deterministic, honest about what is wrong with them, never half written."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlstudio.domain.errors import Cancelled, CantWrite, FileTrouble
from tlstudio.domain.events import Event, Progress, SilentReporter
from tlstudio.images.samples.digits import write_digits
from tlstudio.images.samples.metal import GROUP_RULE, PARTS, MetalSample, write_metal
from tlstudio.images.samples.planted import read_planted

SMALL = {"crack": 2, "inclusion": 2, "pit": 2, "scratch": 2, "stain": 2}


class Recorder(SilentReporter):
    def __init__(self, stop_after: int | None = None) -> None:
        self.events: list[Event] = []
        self._stop_after = stop_after

    def report(self, event: Event) -> None:
        self.events.append(event)
        if self._stop_after is not None and len(self.events) > self._stop_after:
            raise Cancelled


@pytest.fixture(scope="module")
def metal(tmp_path_factory: pytest.TempPathFactory) -> MetalSample:
    return write_metal(tmp_path_factory.mktemp("sample") / "metal", SilentReporter(), parts=SMALL)


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def grey(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), np.float32)


def test_digits_are_class_folders_of_readable_pictures(tmp_path):
    recorder = Recorder()
    sample = write_digits(tmp_path / "digits", recorder)
    assert sample.written
    assert list(sample.classes) == [str(digit) for digit in range(10)]
    assert sum(sample.classes.values()) == len(sample.images) == 1797
    assert (tmp_path / "digits/3/digit_0003.png") in sample.images
    assert grey(sample.images[0]).shape == (32, 32)
    assert not sample.group_rule
    last = recorder.events[-1]
    assert isinstance(last, Progress)
    assert last.done == last.total == 1797
    again = write_digits(tmp_path / "digits", Recorder(stop_after=0))
    assert not again.written
    assert again.images == sample.images


def test_metal_has_classes_parts_and_a_description(metal):
    assert set(metal.sample.classes) == set(SMALL)
    pattern = re.compile(GROUP_RULE.removeprefix("name:"))
    parts = {match[1] for path in metal.images if (match := pattern.search(path.name))}
    assert parts == {f"part{number:03d}" for number in range(1, 11)}
    assert all(pattern.search(path.name) for path in metal.images)
    assert "synthetic" in (metal.folder / "description.txt").read_text(encoding="utf-8")
    assert sum(PARTS.values()) == 40


def test_every_other_picture_can_be_read_and_shows_something(metal):
    spoiled = {metal.folder / name for name in (*metal.planted.truncated, *metal.planted.blank)}
    for path in metal.images:
        if path not in spoiled:
            picture = grey(path)
            assert picture.shape == (200, 200)
            assert picture.std() > 3


def test_the_list_tells_the_truth_about_twins(metal):
    planted = metal.planted
    for twins in planted.exact_duplicates:
        assert (metal.folder / twins.original).read_bytes() == (metal.folder / twins.copy).read_bytes()
        assert twins.original.split("_")[0] != twins.copy.split("_")[0], "another part"
    for twins in planted.conflicting_labels:
        assert (metal.folder / twins.original).read_bytes() == (metal.folder / twins.copy).read_bytes()
        assert twins.original.split("/")[0] == twins.true_class != twins.copy.split("/")[0]
    assert {twins.change for twins in planted.near_duplicates} == {"brightness", "jpeg", "crop"}
    for twins in planted.near_duplicates:
        first, second = grey(metal.folder / twins.original), grey(metal.folder / twins.copy)
        assert not np.array_equal(first, second)
        assert np.corrcoef(first[20:-20, 20:-20].ravel(), second[20:-20, 20:-20].ravel())[0, 1] > 0.6


def test_the_list_tells_the_truth_about_files_and_labels(metal):
    planted = metal.planted
    for wrong in planted.wrong_labels:
        assert (metal.folder / wrong.file).is_file()
        assert wrong.file.startswith(f"{wrong.given}/")
        assert wrong.true != wrong.given
        assert planted.true_class(wrong.file) == wrong.true
    for name in planted.truncated:
        with Image.open(metal.folder / name) as image, pytest.raises(OSError, match=r"truncated|broken|unrecognized"):
            image.load()
    for name in planted.blank:
        assert grey(metal.folder / name).std() == 0
    listed = [
        *(twins.copy for twins in (*planted.near_duplicates, *planted.exact_duplicates, *planted.conflicting_labels)),
        *(wrong.file for wrong in planted.wrong_labels),
        *planted.truncated,
        *planted.blank,
    ]
    assert len(listed) == len(set(listed)) == 9 + 4 + 2 + 10 + 1 + 1


def test_each_part_shows_one_class_when_the_labels_are_right(metal):
    classes: dict[str, set[str]] = {}
    for path in metal.images:
        name = path.relative_to(metal.folder).as_posix()
        classes.setdefault(path.name[:7], set()).add(metal.planted.true_class(name))
    assert all(len(found) == 1 for found in classes.values())


def test_the_list_survives_reading(metal):
    assert read_planted(metal.folder) == metal.planted


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1}'])
def test_a_damaged_list_is_named(tmp_path, text):
    (tmp_path / "planted.json").write_text(text, encoding="utf-8")
    with pytest.raises(FileTrouble):
        read_planted(tmp_path)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(FileTrouble):
        read_planted(tmp_path)


def test_the_seed_decides_every_byte(metal, tmp_path):
    same = write_metal(tmp_path / "same", SilentReporter(), parts=SMALL)
    other = write_metal(tmp_path / "other", SilentReporter(), parts=SMALL, seed=1)
    assert contents(same.folder) == contents(metal.folder)
    assert contents(other.folder) != contents(metal.folder)


def test_a_complete_sample_is_kept(metal):
    again = write_metal(metal.folder, Recorder(stop_after=0), parts=SMALL)
    assert not again.sample.written
    assert again.planted == metal.planted


def test_a_damaged_sample_is_repaired_and_foreign_files_stay(tmp_path):
    parts = {"pit": 2, "stain": 2}
    folder = tmp_path / "metal"
    before = contents(write_metal(folder, SilentReporter(), parts=parts).folder)
    names = [name for name in before if name.endswith(".png")]
    (folder / names[0]).unlink()
    (folder / names[1]).write_bytes(b"half")
    (folder / "my own.txt").write_text("keep", encoding="utf-8")
    sample = write_metal(folder, SilentReporter(), parts=parts)
    assert sample.sample.written
    assert (folder / "my own.txt").read_text(encoding="utf-8") == "keep"
    (folder / "my own.txt").unlink()
    assert contents(folder) == before


def test_cancelling_leaves_nothing(tmp_path):
    with pytest.raises(Cancelled):
        write_metal(tmp_path / "metal", Recorder(stop_after=2), parts=SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_is_swept_up(tmp_path):
    (tmp_path / ".digits.part").mkdir()
    (tmp_path / ".digits.part" / "rest.png").write_bytes(b"x")
    write_digits(tmp_path / "digits", SilentReporter())
    assert [path.name for path in tmp_path.iterdir()] == ["digits"]


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "beach.jpg").write_bytes(b"x")
    with pytest.raises(CantWrite):
        write_digits(folder, SilentReporter())
    assert [path.name for path in folder.iterdir()] == ["beach.jpg"]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "digits").write_text("x", encoding="utf-8")
    with pytest.raises(CantWrite):
        write_digits(tmp_path / "digits", SilentReporter())


def test_the_list_is_plain_json_with_relative_paths(metal):
    data = json.loads((metal.folder / "planted.json").read_text(encoding="utf-8"))
    assert data["format"] == 1
    assert all((metal.folder / entry["file"]).is_file() for entry in data["wrong_labels"])
