"""Classifying files: in order, one bad file costs itself, wherever the command was called from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.conftest import COLOURS, paint
from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.prepare import prepare
from tlstudio.inference.bundle import Bundle
from tlstudio.inference.predictor import BATCH, NO_ANSWER, NOTHING_TO_SEE, Status, predict_files

SPEC = PreprocessSpec(16)
CLASSES = ("red", "blue")


class Judge(Bundle):
    """Stands in for an opened model file: the redder, the surer. Keeps what it was shown."""

    def __init__(self) -> None:
        self.info = BundleInfo(CLASSES, SPEC, {"id": "net.tag"}, "ab12", {"tlstudio": "0.1"})
        self.seen: list[npt.NDArray[np.uint8]] = []
        self.batches: list[int] = []

    def run(self, pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        self.seen.extend(pixels)
        self.batches.append(len(pixels))
        red = (pixels[:, :, :, 0].mean((1, 2)) / 255).astype(np.float32)
        return np.stack([red, 1 - red], axis=1), np.zeros(len(pixels), np.float32)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """More than two batches, every third one blue, one cut off and one gone."""
    colours = [COLOURS["blue" if i % 3 == 0 else "red"] for i in range(2 * BATCH + 5)]
    paths = [paint(tmp_path, f"{i:02d}.png", colour, seed=i) for i, colour in enumerate(colours)]
    paths[4].write_bytes(paths[4].read_bytes()[:300])
    paths[7].unlink()
    return paths


def test_answers_come_in_order_and_a_bad_file_costs_itself(files: list[Path]) -> None:
    judge = Judge()
    answers = list(predict_files(judge, files, thumbnails=True))
    assert [answer.file for answer in answers] == files
    refused = {i: answer.message for i, answer in enumerate(answers) if answer.status is Status.REFUSED}
    assert set(refused) == {4, 7}
    assert "cut off" in refused[4]
    assert "not there" in refused[7]
    good = [i for i in range(len(files)) if i not in refused]
    assert [answers[i].label for i in good] == ["blue" if i % 3 == 0 else "red" for i in good]
    assert all(np.array_equal(seen, prepare(files[i], SPEC)) for seen, i in zip(judge.seen, good, strict=True))
    assert all((answers[i].small or b"").startswith(b"\xff\xd8") for i in good)


def test_files_named_from_where_the_user_stands(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoding processes may have been started elsewhere."""
    list(predict_files(Judge(), files[:1]))
    monkeypatch.chdir(tmp_path)
    (answer,) = predict_files(Judge(), [Path("00.png")])
    assert (answer.file, answer.label) == (Path("00.png"), "blue")


def test_a_page_is_a_file_of_its_own(tmp_path: Path) -> None:
    pages = [Image.open(paint(tmp_path, f"{name}.png", COLOURS[name], seed=1)) for name in ("red", "blue")]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    answers = list(predict_files(Judge(), [tmp_path / "stack.tif", tmp_path / "stack.tif#page=2"]))
    assert [answer.label for answer in answers] == ["red", "blue"]


@pytest.mark.parametrize(("deviation", "refused"), [(0.0, True), (1.9, True), (2.1, False)])
def test_a_picture_without_contrast_is_refused(tmp_path: Path, deviation: float, refused: bool) -> None:
    pixels = np.full((SPEC.size, SPEC.size, 3), 128, np.float64)
    pixels[::2] += deviation
    pixels[1::2] -= deviation
    # Not whole numbers: some places get one more grey level, so that the deviation is as wanted.
    rng = np.random.default_rng(0)
    Image.fromarray(np.floor(pixels + rng.uniform(size=pixels.shape[:2])[..., None]).astype(np.uint8)).save(
        tmp_path / "flat.png"
    )
    (answer,) = predict_files(Judge(), [tmp_path / "flat.png"])
    assert (answer.status is Status.REFUSED) is refused
    assert (answer.message == NOTHING_TO_SEE) is refused
    assert refused is (answer.confidence is None)
    (asked,) = predict_files(Judge(), [tmp_path / "flat.png"], whatever=True)
    assert asked.status is not Status.REFUSED


def test_colour_alone_is_contrast(tmp_path: Path) -> None:
    """A red and a green half of the same brightness are something to see."""
    pixels = np.zeros((SPEC.size, SPEC.size, 3), np.uint8)
    pixels[:, : SPEC.size // 2, 0] = 90
    pixels[:, SPEC.size // 2 :, 1] = 90
    Image.fromarray(pixels).save(tmp_path / "halves.png")
    (answer,) = predict_files(Judge(), [tmp_path / "halves.png"])
    assert answer.status is not Status.REFUSED


def test_pictures_are_shown_sixteen_at_a_time(tmp_path: Path) -> None:
    paths = [paint(tmp_path, f"{i:02d}.png", COLOURS["red"], seed=i) for i in range(35)]
    judge = Judge()
    answers = predict_files(judge, paths)
    next(answers)
    assert judge.batches == [16], "the first answers come before the last pictures are read"
    assert [answer.small for answer in answers] == [None] * 34, "no small pictures unless asked for"
    assert judge.batches == [16, 16, 3]
    assert list(predict_files(Judge(), [])) == []


def test_files_that_are_all_unreadable_show_the_model_nothing(tmp_path: Path) -> None:
    judge = Judge()
    answers = list(predict_files(judge, [tmp_path / f"{i}.png" for i in range(3)]))
    assert [answer.status for answer in answers] == [Status.REFUSED] * 3
    assert judge.batches == []
    assert answers[0].to_row(CLASSES) == {
        "file": str(tmp_path / "0.png"),
        "status": "refused",
        "label": "",
        "confidence": None,
        "novelty": None,
        "probabilities": {},
        "message": answers[0].message,
    }


class Broken(Judge):
    """Answers like `Judge`, but for every third picture with what is no answer, or always in another shape."""

    def __init__(self, *, columns: int = 2) -> None:
        super().__init__()
        self.columns = columns

    def run(self, pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        probabilities, novelty = super().run(pixels)
        probabilities[::3] = np.nan
        novelty[1::3] = np.inf
        return probabilities[:, : self.columns], novelty


def test_an_answer_that_is_none_refuses_its_image_alone(files: list[Path]) -> None:
    paths = files[10:16]
    answers = list(predict_files(Broken(), paths))
    assert [answer.status is Status.REFUSED for answer in answers] == [True, True, False] * 2
    assert {answer.message for answer in answers if answer.status is Status.REFUSED} == {NO_ANSWER}
    assert all(answer.confidence is None for answer in answers if answer.status is Status.REFUSED)


def test_answers_of_another_shape_refuse_every_image(files: list[Path]) -> None:
    answers = list(predict_files(Broken(columns=1), files[10:14]))
    assert [answer.message for answer in answers] == [NO_ANSWER] * 4
