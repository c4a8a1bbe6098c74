"""What a model takes for what, as a table that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tlstudio.cli.output import Output

MOST_PAIRS = 20  # of classes that are taken for each other, where all classes don't fit


def show_confusion(title: str, classes: Sequence[str], counts: Sequence[Sequence[int]], output: Output) -> None:
    """counts: labeled (rows) and predicted (columns). Where they don't fit side by side: the most frequent mistakes."""
    columns = ("Labeled", *classes)
    rows = [(name, *map(str, row)) for name, row in zip(classes, counts, strict=True)]
    if output.fits(columns, rows):
        output.table(title, columns, rows)
        return
    mistakes = sorted(
        ((n, i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if n and i != j),
        key=lambda m: (-m[0], m[1:]),
    )
    if not mistakes:
        output.text(f"{title}: no class was taken for another.")
        return
    told = [(classes[i], classes[j], f"{n:,}", f"{sum(counts[i]):,}") for n, i, j in mistakes[:MOST_PAIRS]]
    output.table(f"{title}: the most frequent mistakes", ("Labeled", "Predicted", "Images", "of"), told)
    if left := len(mistakes) - len(told):
        output.text(f"… and {left:,} more pairs of classes; --json has the whole matrix.")
