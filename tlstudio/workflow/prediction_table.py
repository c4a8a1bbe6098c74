"""The table of predictions as CSV: one form for the command line and the window. Imports nothing heavy.

Columns: file, status, label, confidence, novelty, p_<class> …, message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tlstudio.domain import safe_text


class PredictionTable:
    """Collects rows of `Predicted` events and gives them as CSV text."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = tuple(classes)
        self._lines: list[str] = []
        chances = (f"p_{name}" for name in self._classes)
        self._add(["file", "status", "label", "confidence", "novelty", *chances, "message"])

    def add(self, row: dict[str, Any]) -> None:
        """Adds one image; a refused one has empty numbers."""
        chances = row.get("probabilities") or {}
        cells = [row["file"], row["status"], row["label"], _number(row["confidence"]), _number(row["novelty"])]
        self._add([*cells, *(_number(chances.get(name)) for name in self._classes), row["message"]])

    def _add(self, cells: Sequence[str | float | None]) -> None:
        self._lines.append(safe_text.table([cells]))

    def to_bytes(self) -> bytes:
        """UTF-8 with the mark that lets spreadsheets recognise it."""
        return "".join(self._lines).encode("utf-8-sig")


def table_bytes(rows: Iterable[dict[str, Any]], classes: Sequence[str]) -> bytes:
    """The whole file for rows that are at hand."""
    table = PredictionTable(classes)
    for row in rows:
        table.add(row)
    return table.to_bytes()


def _number(value: float | None) -> float | None:
    """A figure with six digits, which is what a table shows."""
    return None if value is None else float(f"{value:.6g}")
