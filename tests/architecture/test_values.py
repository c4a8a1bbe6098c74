"""What is handed from room to room can't be changed on its way, and has no attribute that nobody wrote down."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.conftest import ROOT

ROOMS = (
    "catalog",
    "domain",
    "evaluation",
    "explain",
    "export",
    "inference",
    "quality",
    "reports",
    "training",
    "workflow",
)
# These stay where they are made, and count or keep something there.
AT_WORK = {
    "explaining.py: _Asked",
    "keeping.py: Position",
    "pace.py: Pace",
    "pace.py: _Cost",
    "run_context.py: RunContext",
    "schedule.py: BudgetClock",
    "schedule.py: Clock",
    "schedule.py: StepClock",
    "schedule.py: Stopwatch",
}


@cache
def decorators(room: str) -> list[tuple[str, str]]:
    """The dataclasses of a room by file and name, and how each is declared."""
    found = []
    for file in sorted((ROOT / "tlstudio" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                written = [ast.unparse(each) for each in node.decorator_list]
                found += [(f"{file.name}: {node.name}", each) for each in written if each.startswith("dataclass")]
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_values_are_frozen_and_have_no_other_attributes(room: str) -> None:
    loose = {name for name, how in decorators(room) if how != "dataclass(frozen=True, slots=True)"}
    assert loose - AT_WORK == set()


def test_there_are_values_and_those_at_work() -> None:
    names = [name for room in ROOMS for name, _ in decorators(room)]
    assert len(names) > 100
    assert set(names) >= AT_WORK
