"""Properties that give the class away, told where they do and silent where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.quality.conftest import images_of, measures_of
from tlstudio.domain.findings import Severity
from tlstudio.domain.values import ImageRow
from tlstudio.images.origin import Origin
from tlstudio.quality import shortcuts as module
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.shortcuts import Score, by_turns, mixed_colour, predict_alone, shortcuts, unit_numbers

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


def test_of_classes_that_are_alike_the_first_is_named() -> None:
    names = ("zebra", "yak", "cat", "ant")
    rows = [row for k, name in enumerate(names) for row in images_of(name, 20, 100 * k)]
    finding = mixed_colour(Evidence(rows, measures_of(rows) | measures_of(rows[:40], chroma=1.0)))
    assert finding is not None
    assert finding.title == "“yak” is mostly grey pictures, “ant” mostly in colour"


def test_colour_and_grey_in_every_class_is_no_shortcut(animals: list[ImageRow]) -> None:
    measures = measures_of(animals) | measures_of(animals[::3], chroma=1.0)
    assert mixed_colour(Evidence(animals, measures)) is None
    assert mixed_colour(Evidence(animals, measures_of(animals))) is None


# --- the borders ---------------------------------------------------------------------------------------------------------


def scoring(monkeypatch: pytest.MonkeyPatch, value: float, n: int) -> None:
    """Every property is right in a share of `value`, where chance is a half."""
    score = Score(value, 0.5, 0.55, np.ones(n, dtype=bool))
    monkeypatch.setattr(module, "predict_alone", lambda *_, **__: score)


@pytest.mark.parametrize(
    ("value", "severity"),
    [(0.6499, None), (0.6501, Severity.MEDIUM), (0.6999, Severity.MEDIUM), (0.7001, Severity.HIGH)],
)
def test_how_telling_a_property_must_be(
    animals: list[ImageRow], monkeypatch: pytest.MonkeyPatch, value: float, severity: Severity | None
) -> None:
    rows = resized(animals, cat=(640, 480), dog=(1024, 1024), emu=(1024, 1024))
    scoring(monkeypatch, value, len(rows))
    finding = shortcuts(Evidence(rows))
    assert (None if finding is None else finding.severity) is severity
    grey = measures_of(rows) | measures_of(rows[:40], chroma=1.0)
    assert (mixed_colour(Evidence(rows, grey)) is not None) is (severity is not None)


@pytest.mark.parametrize(("value", "severity"), [(0.3, Severity.MEDIUM), (0.4, Severity.HIGH)])
def test_the_borders_themselves_belong_to_what_is_worse(
    animals: list[ImageRow], monkeypatch: pytest.MonkeyPatch, value: float, severity: Severity
) -> None:
    score = Score(value, 0.0, 0.1, np.ones(len(animals), dtype=bool))
    monkeypatch.setattr(module, "predict_alone", lambda *_, **__: score)
    finding = shortcuts(Evidence(resized(animals, cat=(640, 480), dog=(1024, 1024), emu=(1024, 1024))))
    assert finding is not None and finding.severity is severity


def test_chance_is_what_thirty_shuffles_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = iter([0.9, *(0.01 * k for k in range(1, 31))])
    monkeypatch.setattr(module, "_balanced", lambda *_: next(reached))
    labels = np.arange(20) % 2
    score = predict_alone(labels, labels, np.arange(20))
    assert score is not None
    assert (score.value, score.chance, score.highest_chance) == (0.9, pytest.approx(0.155), pytest.approx(0.3))
    assert next(reached, None) is None


@pytest.mark.parametrize(("n", "told"), [(40, True), (39, False)])
def test_how_many_images_it_takes(n: int, told: bool) -> None:
    rows = [*images_of("cat", 20, 0, width=640), *images_of("dog", n - 20, 100, width=320)]
    assert (shortcuts(Evidence(rows)) is not None) is told
    measures = measures_of(rows) | measures_of(rows[:20], chroma=1.0)
    assert (mixed_colour(Evidence(rows, measures)) is not None) is told


@pytest.mark.parametrize(("chroma", "grey"), [(12.0, True), (12.1, False)])
def test_what_counts_as_grey(chroma: float, grey: bool) -> None:
    rows = [*images_of("cat", 30, 0), *images_of("dog", 30, 100)]
    measures = measures_of(rows) | measures_of(rows[:30], chroma=chroma)
    assert (mixed_colour(Evidence(rows, measures)) is not None) is grey


def test_shares_where_no_class_is_mostly_grey() -> None:
    rows = [*images_of("cat", 100, 0), *images_of("dog", 100, 100)]
    measures = measures_of(rows) | measures_of(rows[:48], chroma=1.0)
    finding = mixed_colour(Evidence(rows, measures))
    assert finding is not None
    assert finding.title == "Grey pictures: 48 % of “cat”, 0 % of “dog”"
    half = mixed_colour(Evidence(rows, measures_of(rows) | measures_of(rows[:50], chroma=1.0)))
    assert half is not None
    assert half.title == "“cat” is mostly grey pictures, “dog” mostly in colour"
    mostly = [*rows[:100], *rows[140:]]
    found = mixed_colour(Evidence(rows, measures_of(rows) | measures_of(mostly, chroma=1.0)))
    assert found is not None
    assert found.title == "Grey pictures: 100 % of “cat”, 60 % of “dog”"
    assert (found.count, len(found.files)) == (40, 40), "the rarer kind is shown"


@pytest.mark.parametrize("field", ["content", "group", "alike"])
def test_what_belongs_together(field: str) -> None:
    rows = images_of("cat", 4, 0)
    same: dict[str, object] = {"content": "c" * 64, "group": "g", "alike": 3}
    tied = [replace(row, **{field: same[field]}) if i in (1, 3) else row for i, row in enumerate(rows)]
    assert unit_numbers(tied).tolist() == [0, 1, 2, 1]
    assert unit_numbers(rows).tolist() == [0, 1, 2, 3]


def test_numbers_in_parts_of_equal_count() -> None:
    few = [float(v) for v in range(16)] * 3
    assert len(set(module._numbers(few))) == 16
    assert module._numbers(few)[:16].tolist() == list(range(16)), "few values stay as they are"
    many = module._numbers(list(range(160)))
    assert sorted(set(many.tolist())) == list(range(16))
    assert set(np.bincount(many)) == {10}
    assert len(set(module._numbers([0.1231, 0.1234, 0.1241]))) == 2, "three digits count"


def test_sizes_that_several_images_share_count_as_they_are() -> None:
    sizes = [(100, 90)] * 3 + [(90, 100)] * 3 + [(300, 30)] * 2 + [(30, 300)] * 2
    rows = [replace(row, width=w, height=h) for row, (w, h) in zip(images_of("cat", 10, 0), sizes, strict=True)]
    assert module._sizes(rows).tolist() == [0] * 3 + [1] * 3 + [2] * 4, "equal areas of rare sizes are one"


@pytest.mark.parametrize(("units", "enough"), [(5, True), (4, False)])
def test_a_class_takes_so_many_units(units: int, enough: bool) -> None:
    labels = np.repeat([0, 1], 20)
    groups = np.concatenate([np.arange(20), 20 + np.arange(20) % units])
    assert (predict_alone(labels, labels, groups) is not None) is enough


def test_a_small_class_beside_others_is_not_counted() -> None:
    labels = np.array([0] * 20 + [1] * 20 + [2] * 4)
    score = predict_alone(labels, labels, np.arange(44))
    assert score is not None
    assert score.value == pytest.approx(1.0)
    assert not score.right[40:].any()
    assert predict_alone(np.zeros(44, dtype=np.int64), labels, np.arange(44)) is None, "one value says nothing"


def test_examples_come_by_turns_the_best_named_class_first() -> None:
    cats, dogs = images_of("cat", 3, 0), images_of("dog", 2, 100)
    assert by_turns([*cats, *dogs]) == [cats[0], dogs[0], cats[1], dogs[1], cats[2]]
    assert by_turns([*cats, *dogs], {"cat": 6, "dog": 2}) == [dogs[0], cats[0], dogs[1], cats[1], cats[2]]


def test_several_properties_in_one_sentence(animals: list[ImageRow]) -> None:
    rows = resized(animals, cat=(640, 480), dog=(1024, 1024), emu=(800, 500))
    named = {
        "cat": Origin("JPEG", quality=60),
        "dog": Origin("JPEG", "Fuji X", quality=80),
        "emu": Origin("JPEG", "Ricoh", quality=95),
    }
    finding = shortcuts(Evidence(rows, origins={r.content: named[str(r.label)] for r in rows}))
    assert finding is not None
    assert finding.count == 4
    assert "The picture's shape, camera and strength of the compression do so too." in finding.harm
    cameras = shortcuts(Evidence(animals, origins={r.content: replace(named[str(r.label)], quality=0) for r in rows}))
    assert cameras is not None
    assert set(cameras.notes) == {"no camera named", "Fuji X", "Ricoh"}
    assert cameras.harm.endswith("fail on new ones.")


def test_a_score_holds_above_every_shuffle_only() -> None:
    right = np.ones(2, dtype=bool)
    assert Score(0.8, 0.5, 0.79, right).holds(0.3)
    assert not Score(0.8, 0.5, 0.8, right).holds(0.3)
    assert Score(0.8, 0.5, 0.6, right).gain == pytest.approx(0.6)
    assert Score(1.0, 1.0, 1.0, right).gain == 0.0


def test_the_strongest_property_is_told_first(animals: list[ImageRow]) -> None:
    rows = resized(animals, cat=(640, 480), dog=(1024, 1024), emu=(1024, 1024))
    origins = {r.content: Origin("PNG", f"camera of {r.label}") for r in rows}
    finding = shortcuts(Evidence(rows, origins=origins))
    assert finding is not None
    assert finding.detail == "camera"
    assert "The picture's size and picture's shape do so too." in finding.harm


def test_every_class_counts_the_same() -> None:
    right, labels = np.array([True, True, False, False, True]), np.array([0, 0, 1, 2, 2])
    assert module._balanced(right, labels, np.ones(5, dtype=bool)) == pytest.approx(0.5)
    assert module._balanced(right, labels, labels > 0) == pytest.approx(0.25)
