"""What is told of images that are unlike those of the pretraining, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.conftest import content_of
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.looking import Measures
from tlstudio.quality.mismatch import FAR, Pretrained, mismatches

MODEL = Pretrained("MobileNetV2", 224)


def evidence(sizes: list[tuple[int, int]], chroma: float = 80.0) -> Evidence:
    images = [
        ImageRow(i, Path(f"/pictures/{i}.png"), content_of(str(i)), w, h, "a", None, Split.TRAIN)
        for i, (w, h) in enumerate(sizes)
    ]
    measures = {image.content: Measures(120, 40, 0, 0, -0.5, chroma) for image in images}
    return Evidence(images, measures)


def kinds(found: Evidence, model: Pretrained = MODEL) -> list[str]:
    return [finding.kind for finding in mismatches(found, model)]


def test_ordinary_photographs_are_no_finding() -> None:
    assert kinds(evidence([(640, 480)] * 10)) == []


def test_grey_images_are_told_with_what_to_do() -> None:
    (finding,) = mismatches(evidence([(640, 480)] * 10, chroma=0.0), MODEL)
    assert (finding.kind, finding.count, finding.repair, finding.page) == ("grey", 10, None, "model")
    assert "MobileNetV2" in finding.title and "balanced" in finding.advice


def test_a_few_grey_images_among_colour_ones_are_another_matter() -> None:
    found = evidence([(640, 480)] * 10)
    grey = {image.content: Measures(120, 40, 0, 0, -0.5, 0.0) for image in list(found.images)[:8]}
    assert kinds(Evidence(found.images, {**found.measures, **grey})) == []


@pytest.mark.parametrize(
    ("size", "told"), [((60, 60), ["small"]), ((112, 300), []), ((900, 4000), ["large"]), ((896, 896), [])]
)
def test_resolution_is_told_far_from_the_input_size(size: tuple[int, int], told: list[str]) -> None:
    found = mismatches(evidence([size] * 5), MODEL)
    assert [(f.kind, f.detail) for f in found] == [("resolution", detail) for detail in told]
    assert all(f.count == 5 for f in found)


def test_single_small_images_are_no_property_of_the_collection() -> None:
    assert kinds(evidence([(640, 480)] * 6 + [(40, 40)] * 4)) == []


@pytest.mark.parametrize(("distance", "told"), [(None, []), (FAR - 0.01, []), (FAR, ["unlike_pretraining"])])
def test_distance_counts_from_the_limit_on(distance: float | None, told: list[str]) -> None:
    assert kinds(evidence([(640, 480)] * 5), Pretrained("MobileNetV2", 224, distance)) == told


def test_no_images_no_finding() -> None:
    assert kinds(Evidence([]), Pretrained("MobileNetV2", 224, 2.0)) == []
