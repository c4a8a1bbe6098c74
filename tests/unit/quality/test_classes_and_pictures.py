"""Small classes and imbalance; pictures that show nothing, or are not like the others."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
from scipy import ndimage

from tests.unit.quality.conftest import ENOUGH, SHARP, images_of, measures_of, paths
from tlstudio.domain.findings import Repair, Severity, merged_names
from tlstudio.domain.values import ImageRow, Refusal, Split
from tlstudio.quality.classes import imbalance, similar_classes, small_classes
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.looking import WIDTH, Measures, measure
from tlstudio.quality.pictures import blanks, blurred, outliers, saturated, tiny, unreadable


def test_small_classes_are_named_smallest_first(clean: list[ImageRow]) -> None:
    rare = [*images_of("emu", 19, 400), *images_of("fox", 5, 500), *images_of("elk", 9, 600, split=Split.TEST)]
    finding = small_classes(Evidence([*clean, *rare]))
    assert finding is not None
    assert (finding.severity, finding.count) == (Severity.MEDIUM, 3)
    assert "elk (0), fox (5), emu (19)" in finding.title
    assert set(finding.files) == set(paths(rare))
    assert (finding.repair, finding.page) == (None, "images")


def test_imbalance_only_beyond_ten_to_one(clean: list[ImageRow]) -> None:
    cats = sum(i.label == "cat" for i in clean)
    assert imbalance(Evidence([*clean, *images_of("cat", 10 * cats - cats, 1000)])) is None
    finding = imbalance(Evidence([*clean, *images_of("cat", 10 * cats - cats + 1, 1000)]))
    assert finding is not None
    assert finding.files == paths([i for i in clean if i.label == "dog"])
    assert f"“cat” has {10 * (ENOUGH + 3) + 1}" in finding.title


def with_some(clean: list[ImageRow], *odd: Measures) -> Evidence:
    """Ordinary pictures, but for the first few."""
    measures = measures_of(clean)
    measures.update({image.content: m for image, m in zip(clean, odd, strict=False)})
    return Evidence(clean, measures)


def test_blank_images_blankest_first(clean: list[ImageRow]) -> None:
    evidence = with_some(clean, *(replace(SHARP, spread=s) for s in (1.9, 0.0, 2.0)))
    finding = blanks(evidence)
    assert finding is not None
    assert (finding.files, finding.count) == (paths([clean[1], clean[0]]), 2)
    assert finding.repair is Repair.LEAVE_OUT
    assert blanks(Evidence(clean)) is None, "an image without a small picture is not called blank"


def test_saturated_only_where_the_others_are_not(clean: list[ImageRow]) -> None:
    finding = saturated(with_some(clean, replace(SHARP, white=0.6), replace(SHARP, black=0.9)))
    assert finding is not None
    assert finding.files == paths([clean[1], clean[0]])
    on_white = {image.content: replace(SHARP, white=0.7) for image in clean}
    assert saturated(Evidence(clean, on_white)) is None, "a white ground is no damage"


def test_blurred_only_where_the_others_are_sharp(clean: list[ImageRow]) -> None:
    finding = blurred(with_some(clean, replace(SHARP, detail=-1.4), replace(SHARP, detail=float("nan"))))
    assert finding is not None
    assert finding.files == paths(clean[:1])
    soft = {image.content: replace(SHARP, detail=-1.4) for image in clean}
    assert blurred(Evidence(clean, soft)) is None


def test_tiny(clean: list[ImageRow]) -> None:
    rows = [replace(clean[0], width=200, height=31), replace(clean[1], width=32, height=32), *clean[2:]]
    finding = tiny(Evidence(rows))
    assert finding is not None
    assert finding.files == paths(rows[:1])


def test_outliers_in_brightness_size_and_shape(clean: list[ImageRow]) -> None:
    dark = outliers(with_some(clean, replace(SHARP, mean=3.0)))
    assert dark is not None
    assert (dark.files, dark.title) == (paths(clean[:1]), "1 image is unlike the others in brightness")
    rows = [replace(clean[0], width=4000, height=60), *clean[1:]]
    odd = outliers(Evidence(rows, measures_of(rows)))
    assert odd is not None
    assert "size and shape" in odd.title
    many = outliers(with_some(clean, *[replace(SHARP, mean=3.0)] * 10))
    assert many is None, "so many are a second kind, not odd ones"


def test_unreadable_files_and_files_that_have_gone(clean: list[ImageRow]) -> None:
    refused = [Refusal("/a.png", "damaged"), Refusal("/b.png", "empty")]
    finding = unreadable(Evidence(clean, refused=refused))
    assert finding is not None
    assert (finding.files, finding.severity, finding.repair) == (("/a.png", "/b.png"), Severity.LOW, None)
    gone = unreadable(Evidence(clean, missing=frozenset({clean[3].id}), refused=refused[:1]))
    assert gone is not None
    assert gone.files == (*paths(clean[3:4]), "/a.png")
    assert (gone.severity, gone.repair) == (Severity.MEDIUM, Repair.LEAVE_OUT)
    everything = unreadable(Evidence(clean, missing=frozenset(i.id for i in clean)))
    assert everything is not None
    assert everything.repair is None, "the drive is not there: nobody wants to leave everything out"


# --- what is measured -------------------------------------------------------------------------------------------------


@pytest.fixture
def scene() -> np.ndarray:
    """A picture with detail at all scales, about as natural ones have it, uint8 (160, 200, 3)."""
    rng = np.random.default_rng(3)
    octaves = [
        ndimage.zoom(rng.normal(0, 12, (5 * 2**k, 5 * 2**k + 2**k)), (32 / 2**k,) * 2, order=1) for k in range(6)
    ]
    grey = sum(np.asarray(octave)[:160, :192] for octave in octaves)
    return np.repeat(np.clip(128 + grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def test_blur_lowers_the_detail_whatever_the_light(scene: np.ndarray) -> None:
    sharp = measure(scene)
    soft = measure(ndimage.gaussian_filter(scene, (2.5, 2.5, 0)))
    dim = measure((scene * 0.4).astype(np.uint8))
    assert soft.detail < sharp.detail - 0.4
    assert abs(dim.detail - sharp.detail) < 0.15
    assert np.isnan(measure(np.full((50, 60, 3), 90, np.uint8)).detail)


def test_clipping_and_colour(scene: np.ndarray) -> None:
    scene[:40] = 255
    scene[40:60] = 0
    seen = measure(scene)
    assert seen.white == pytest.approx(0.25, abs=0.01)
    assert seen.black == pytest.approx(0.125, abs=0.01)
    assert seen.chroma == 0
    scene[80:, :, 0] = 250
    assert measure(scene).chroma > 50


def test_measures_survive_the_cache(scene: np.ndarray) -> None:
    seen = measure(scene)
    assert seen.to_row().shape == (WIDTH,)
    assert astuple(Measures.from_row(seen.to_row())) == pytest.approx(astuple(seen), rel=1e-5)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("Cat", "cat", "dog"), "“Cat” and “cat”"),
        (("no crack", "No_Crack", "crack"), "“No_Crack” and “no crack”"),
        (("crack", "cracks", "pore"), "“crack” and “cracks”"),
        (("cafe\u0301", "caf\u00e9s", "tea"), "“cafe\u0301” and “caf\u00e9s”"),
        (("cats", "dog", "cat "), "“cat ” and “cats”"),
        (("ox", "oxs"), ""),
        (("a", "as"), ""),
        (("class 1", "class 2"), ""),
        (("+", "-"), ""),
        (("grade -1", "grade +1", "grade 1"), ""),
        (("1.5 mm", "15 mm"), ""),
        (("1.5 mm", "1,5mm"), "“1,5mm” and “1.5 mm”"),
        (("grade-1", "Grade 1"), "“Grade 1” and “grade-1”"),
        (("cat", "cat\u200b"), "“cat” and “cat\u200b”"),
        (("ｃａｔ", "cat"), "“cat” and “ｃａｔ”"),
    ],
)
def test_classes_that_differ_only_in_how_they_are_written(names: tuple[str, ...], told: str) -> None:
    finding = similar_classes(Evidence([row for k, name in enumerate(names) for row in images_of(name, 5, 10 * k)]))
    assert (finding is not None) is bool(told)
    if finding is not None:
        assert finding.title == f"Classes that differ only in how they are written: {told}"
        assert (finding.count, finding.repair, finding.severity) == (1, Repair.MERGE_CLASSES, Severity.MEDIUM)
        assert len(finding.files) == len(finding.notes) == 10


def test_the_class_with_most_images_keeps_its_name() -> None:
    rows = [*images_of("cat", 5, 0), *images_of("Cat", 9, 100), *images_of("CAT", 2, 200), *images_of("dogs", 3, 300)]
    finding = similar_classes(Evidence([*rows, *images_of("dog", 4, 400)]))
    assert finding is not None
    assert finding.count == 2
    assert merged_names(finding) == {"cat": "Cat", "CAT": "Cat", "dogs": "dog"}
