"""Properties that give the class away, told where they do and silent where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.quality.conftest import images_of, measures_of
from tlstudio.domain.findings import Severity
from tlstudio.domain.values import ImageRow
from tlstudio.images.origin import Origin
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.shortcuts import mixed_colour, predict_alone, shortcuts

CLASSES = ("cat", "dog", "emu")


@pytest.fixture
def animals() -> list[ImageRow]:
    """Three classes of forty images, all of one size."""
    return [row for k, label in enumerate(CLASSES) for row in images_of(label, 40, 100 * k)]


def resized(rows: list[ImageRow], **sizes: tuple[int, int]) -> list[ImageRow]:
    return [replace(r, width=sizes[str(r.label)][0], height=sizes[str(r.label)][1]) for r in rows]


def test_a_size_that_names_one_class(animals: list[ImageRow]) -> None:
    rows = resized(animals, cat=(640, 480), dog=(1024, 1024), emu=(1024, 1024))
    finding = shortcuts(Evidence(rows))
    assert finding is not None
    assert finding.detail == "size"
    assert "picture's size alone tells the class right in 67 % of cases, chance 3" in finding.title
    assert "picture's shape does so too" in finding.harm
    assert finding.severity is Severity.HIGH
    assert finding.repair is None and finding.advice
    assert {str(r.path) for r in rows if r.label == "cat"} <= set(finding.files)
    assert set(finding.notes[:2]) == {"640 × 480", "1024 × 1024"}, "an example of each first"


def test_sizes_that_vary_by_chance_say_nothing(animals: list[ImageRow]) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rows = [replace(r, width=int(rng.integers(100, 900)), height=int(rng.integers(100, 900))) for r in animals]
        origins = {r.content: Origin("JPEG", quality=int(rng.integers(60, 100))) for r in rows}
        assert shortcuts(Evidence(rows, origins=origins)) is None


@pytest.mark.parametrize(
    ("origins", "detail"),
    [
        ({"cat": Origin("JPEG", "Ricoh WG-6"), "dog": Origin("JPEG", "Fuji X"), "emu": Origin("JPEG")}, "camera"),
        ({"cat": Origin("JPEG"), "dog": Origin("PNG"), "emu": Origin("TIFF")}, "format"),
    ],
)
def test_cameras_and_formats(animals: list[ImageRow], origins: dict[str, Origin], detail: str) -> None:
    finding = shortcuts(Evidence(animals, origins={r.content: origins[str(r.label)] for r in animals}))
    assert finding is not None
    assert finding.detail == detail
    assert "100 %" in finding.title


def test_the_strength_of_the_compression(animals: list[ImageRow]) -> None:
    quality = {"cat": 60, "dog": 85, "emu": 95}
    origins = {r.content: Origin("JPEG", quality=quality[str(r.label)]) for r in animals}
    finding = shortcuts(Evidence(animals, origins=origins))
    assert finding is not None
    assert (finding.detail, finding.notes[:3]) == ("compression", ("quality 60", "quality 85", "quality 95"))
    assert "strength of the compression alone tells the class right in 100 %" in finding.title
    origins[animals[0].content] = Origin("PNG")
    found = shortcuts(Evidence(animals, origins=origins))
    assert found is None, "not known of all, and one odd format says nothing"


def test_what_no_model_sees_is_no_shortcut(animals: list[ImageRow]) -> None:
    rows = [replace(r, path=r.path.parent / "export" / r.name) if r.label == "dog" else r for r in animals]
    assert shortcuts(Evidence(rows)) is None


def test_groups_are_left_out_together(animals: list[ImageRow]) -> None:
    """Each patient has a scanner of its own, which names the class only because it names the patient."""
    rows = [replace(r, group=f"patient {i // 8}") for i, r in enumerate(animals)]
    origins = {r.content: Origin("JPEG", f"scanner {r.group}") for r in rows}
    assert shortcuts(Evidence(rows, origins=origins)) is None
    alone = [replace(r, group=None) for r in rows]
    assert shortcuts(Evidence(alone, origins=origins)) is not None


def test_a_rare_class_counts_as_much_as_the_others() -> None:
    values = np.array([0] * 500 + [1] * 20)
    labels = np.array([0] * 500 + [1] * 20)
    score = predict_alone(values, labels, np.arange(520))
    assert score is not None
    assert score.value == pytest.approx(1.0)
    assert score.chance == pytest.approx(0.5, abs=0.1)
    useless = predict_alone(np.tile([0, 1], 260), labels, np.arange(520))
    assert useless is not None
    assert not useless.holds(0.2)


def test_too_little_to_say_anything(animals: list[ImageRow]) -> None:
    rows = resized(animals, cat=(640, 480), dog=(1024, 1024), emu=(1024, 1024))
    few = [*rows[:4], *rows[40:44]]
    assert shortcuts(Evidence(few)) is None
    assert predict_alone(np.array([0, 1]), np.array([0, 1]), np.array([0, 1])) is None


def test_colour_in_one_class_and_grey_in_another(animals: list[ImageRow]) -> None:
    grey = {r.content for r in animals if r.label == "cat"}
    measures = measures_of(animals) | measures_of([r for r in animals if r.content in grey], chroma=1.0)
    finding = mixed_colour(Evidence(animals, measures))
    assert finding is not None
    assert finding.title == "“cat” is mostly grey pictures, “dog” mostly in colour"
    assert finding.count == 40
    assert set(finding.files) == {str(r.path) for r in animals if r.content in grey}


def test_colour_and_grey_in_every_class_is_no_shortcut(animals: list[ImageRow]) -> None:
    measures = measures_of(animals) | measures_of(animals[::3], chroma=1.0)
    assert mixed_colour(Evidence(animals, measures)) is None
    assert mixed_colour(Evidence(animals, measures_of(animals))) is None
