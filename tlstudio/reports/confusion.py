"""The table of labels and answers, cut into parts that fit on a page, and the mistakes in it by frequency."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from tlstudio.domain.results import Evaluation
from tlstudio.reports import words
from tlstudio.reports.colours import LEVELS
from tlstudio.reports.content import Cell, Matrix

PART = 20  # columns on a page
NAMED = 7  # classes up to which the columns carry names instead of numbers
LONGEST = 14  # letters of a name that still fits over a column


@dataclass(frozen=True, slots=True)
class Mistake:
    """Images of one class that get the same wrong answer. of: all images of the class."""

    label: str
    answer: str
    count: int
    of: int


def frequent_mistakes(found: Evaluation) -> tuple[Mistake, ...]:
    """All kinds of mistakes, the most frequent first; in the order of the classes where equally frequent."""
    kinds = [
        Mistake(found.classes[i], found.classes[j], count, sum(row))
        for i, row in enumerate(found.confusion)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return tuple(sorted(kinds, key=lambda m: -m.count))


def is_numbered(found: Evaluation) -> bool:
    """Whether the classes are called by number over the columns, because their names would not fit."""
    return len(found.classes) > NAMED or max(len(words.clean(name)) for name in found.classes) > LONGEST


def row_names(found: Evaluation) -> list[str]:
    """The classes' names, with their numbers where the columns have numbers only."""
    names = [words.clean(name) for name in found.classes]
    return [f"{k}  {words.fenced(name)}" for k, name in enumerate(names, start=1)] if is_numbered(found) else names


def matrices(found: Evaluation) -> tuple[Matrix, ...]:
    """The whole table in parts of equal width, at most PART columns each."""
    size, rows = len(found.classes), row_names(found)
    columns = [str(k + 1) for k in range(size)] if is_numbered(found) else rows
    parts = math.ceil(size / PART)
    edges = [round(size * k / parts) for k in range(parts + 1)]
    return tuple(_part(found, rows, columns, range(*edge)) for edge in itertools.pairwise(edges))


def _part(found: Evaluation, names: list[str], heads: list[str], columns: range) -> Matrix:
    rows = []
    for i, counts in enumerate(found.confusion):
        total = sum(counts)
        rows.append((names[i], tuple(Cell(counts[j], _level(counts[j], total), i == j) for j in columns)))
    whole = len(columns) == len(names)
    title = "Answer" if whole else f"Answers {columns[0] + 1} to {columns[-1] + 1} of {len(names)}"
    return Matrix(title, tuple(heads[j] for j in columns), tuple(rows))


def _level(count: int, total: int) -> int:
    """The share in tenths, rounded up, so that no image is drawn as none."""
    return math.ceil(LEVELS * count / total) if count else 0
