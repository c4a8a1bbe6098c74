"""The table of predictions as CSV, cell for cell as `tlstudio predict --csv` writes it.

The rows are already in the window, also those of a prediction that was stopped half-way, so nothing is computed again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def text(rows: Iterable[dict[str, Any]], classes: Sequence[str]) -> str:
    """rows: of `Predicted` events. One line an image: file, status, label, confidence, novelty, p_<class> …, message."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["file", "status", "label", "confidence", "novelty", *(f"p_{name}" for name in classes), "message"])
    for row in rows:
        chances = row.get("probabilities") or {}
        cells = [row["file"], row["status"], row["label"], _number(row["confidence"]), _number(row["novelty"])]
        writer.writerow([*cells, *(_number(chances.get(name)) for name in classes), row["message"]])
    return table.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
