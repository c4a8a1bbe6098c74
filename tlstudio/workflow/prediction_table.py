"""The table of predictions as CSV: one form for the command line and the window. Imports nothing heavy.

Columns: file, status, label, confidence, novelty, p_<class> …, message.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


class PredictionTable:
    """Collects rows of `Predicted` events and gives them as CSV text."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = tuple(classes)
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        chances = (f"p_{name}" for name in self._classes)
        self._writer.writerow(["file", "status", "label", "confidence", "novelty", *chances, "message"])

    def add(self, row: dict[str, Any]) -> None:
        """Adds one image; a refused one has empty numbers."""
        chances = row.get("probabilities") or {}
        cells = [row["file"], row["status"], row["label"], _number(row["confidence"]), _number(row["novelty"])]
        self._writer.writerow([*cells, *(_number(chances.get(name)) for name in self._classes), row["message"]])

    def to_bytes(self) -> bytes:
        """UTF-8 with the mark that lets spreadsheets recognise it."""
        return self._text.getvalue().encode("utf-8-sig")


def table_bytes(rows: Iterable[dict[str, Any]], classes: Sequence[str]) -> bytes:
    """The whole file for rows that are at hand."""
    table = PredictionTable(classes)
    for row in rows:
        table.add(row)
    return table.to_bytes()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
