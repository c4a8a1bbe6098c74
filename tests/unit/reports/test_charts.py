"""Drawings stay inside their frame and show what was counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tlstudio.domain.runs import EpochRow
from tlstudio.domain.values import Interval
from tlstudio.reports import charts
from tlstudio.reports.material import Material
from tlstudio.reports.scene import Box, Dot, Label, Line, Scene, Stroke


def inside(scene: Scene) -> bool:
    points: list[tuple[float, float]] = []
    for shape in scene.shapes:
        match shape:
            case Line(x1, y1, x2, y2):
                points += [(x1, y1), (x2, y2)]
            case Box(x, y, width, height):
                points += [(x, y), (x + width, y + height)]
            case Dot(x, y) | Label(x, y):
                points.append((x, y))
            case Stroke(found):
                points += found
    return all(0 <= x <= scene.width and 0 <= y <= scene.height for x, y in points)


@pytest.mark.parametrize("share", [Interval(0.5, 0.2, 0.7), Interval(0.0, 0.0, 0.1), Interval(1.0, 0.9, 1.0), None])
def test_a_bar_shows_the_share_on_its_interval(share: Interval | None) -> None:
    scene = charts.bar(share)
    assert inside(scene)
    dots = [s for s in scene.shapes if isinstance(s, Dot)]
    assert len(dots) == (share is not None)
    if share is not None:
        (line,) = [s for s in scene.shapes if isinstance(s, Line) and s.colour == "accent"]
        assert line.x1 <= dots[0].x <= line.x2


def test_each_answer_is_in_one_bin_of_its_confidence(make: Callable[..., Material]) -> None:
    material = make(("a", "b", "c"), 40)
    bins = charts.reliability(material.evaluation, material.units)
    assert sum(b.n for b in bins) == 120
    for each in bins:
        members = [p for p in material.evaluation.predictions if each.low <= p.confidence < each.high]
        assert len(members) == each.n
        assert each.right.value == pytest.approx(sum(p.correct for p in members) / each.n)
        assert each.low <= each.confidence <= each.high
    scene = charts.reliability_chart(bins)
    assert inside(scene)
    assert sum(isinstance(s, Dot) for s in scene.shapes) == len(bins)
    assert all(f"n = {b.n}" in scene.told for b in bins)


@pytest.mark.parametrize("values", [[0.9], [0.5, 0.6], [1.0, 1.0, 1.0], [0.02, 0.4, 0.99], [0.8] * 120])
def test_any_course_of_a_training_fits(values: list[float]) -> None:
    rows = [EpochRow(k, 1.0, 1.0, value, 1e-3, 1.0) for k, value in enumerate(values, start=1)]
    scene = charts.history_chart(rows)
    assert inside(scene)
    assert sum(isinstance(s, Dot) for s in scene.shapes) == len(values)
    numbers = [s for s in scene.shapes if isinstance(s, Label) and s.text.isdigit()]
    assert len(numbers) <= 16
