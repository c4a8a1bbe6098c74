"""Where the cells of a grid with headings lie: arithmetic only, so that ten thousand cells cost nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize


@dataclass(frozen=True)
class Band:
    """The vertical extent of one section in content coordinates: heading, then rows of cells."""

    top: int
    cells_top: int
    bottom: int
    start: int
    count: int


class SectionLayout:
    """Rows of equal cells under headings, in content coordinates (before scrolling).

    counts: cells per section. header: height of a heading, 0 for none. empty: height reserved under a heading without cells.
    """

    def __init__(self, counts: Sequence[int], width: int, cell: QSize, header: int = 0, empty: int = 0) -> None:
        self.cell = cell
        self.columns = max(1, width // max(1, cell.width()))
        self._pitch = max(cell.width(), width // self.columns)
        self.width = width
        self.header = header
        self.bands: list[Band] = []
        top = start = 0
        for count in counts:
            lines = -(-count // self.columns)
            cells_top = top + header
            bottom = cells_top + (lines * cell.height() if count else empty)
            self.bands.append(Band(top, cells_top, bottom, start, count))
            top, start = bottom, start + count
        self.height = top
        self.total = start
        self._starts = [band.start for band in self.bands]
        self._tops = [band.top for band in self.bands]

    def section_of(self, row: int) -> int:
        """The section that holds `row`; sections without cells hold none."""
        number = bisect_right(self._starts, row) - 1
        while number > 0 and self.bands[number].count == 0:
            number -= 1
        return number

    def section_at(self, y: int) -> int:
        """The section at a height; -1 below the last one."""
        if not self.bands or y >= self.height:
            return -1
        return max(0, bisect_right(self._tops, y) - 1)

    def rect(self, row: int) -> QRect:
        if not 0 <= row < self.total:
            return QRect()
        band = self.bands[self.section_of(row)]
        line, column = divmod(row - band.start, self.columns)
        x = column * self._pitch + (self._pitch - self.cell.width()) // 2
        return QRect(QPoint(x, band.cells_top + line * self.cell.height()), self.cell)

    def header_rect(self, section: int) -> QRect:
        return QRect(0, self.bands[section].top, self.width, self.header)

    def row_at(self, point: QPoint) -> int:
        """The cell at a point, -1 for none."""
        section = self.section_at(point.y())
        if section < 0 or point.x() < 0:
            return -1
        band = self.bands[section]
        column = point.x() // self._pitch
        if point.y() < band.cells_top or column >= self.columns:
            return -1
        row = band.start + (point.y() - band.cells_top) // self.cell.height() * self.columns + column
        return row if row < band.start + band.count and self.rect(row).contains(point) else -1

    def rows_between(self, top: int, bottom: int) -> list[int]:
        """The cells that are at least partly between two heights."""
        found: list[int] = []
        for band in self.bands:
            if band.bottom <= top or band.top >= bottom or not band.count:
                continue
            first = max(0, (top - band.cells_top) // self.cell.height()) * self.columns
            last = min(band.count, ((bottom - band.cells_top) // self.cell.height() + 1) * self.columns)
            found.extend(range(band.start + first, band.start + last))
        return found

    def rows_in(self, rect: QRect) -> list[int]:
        """The cells that a rubber band touches."""
        return [row for row in self.rows_between(rect.top(), rect.bottom() + 1) if self.rect(row).intersects(rect)]

    def beside(self, row: int, lines: int) -> int:
        """The cell `lines` rows of cells below (negative: above), crossing headings and staying near the column."""
        step = 1 if lines > 0 else -1
        current = row
        for _ in range(abs(lines)):
            following = self._one_line(current, step)
            if following == current:
                break
            current = following
        return current

    def _one_line(self, row: int, step: int) -> int:
        band = self.bands[self.section_of(row)]
        column = (row - band.start) % self.columns
        inside = row + step * self.columns
        if band.start <= inside < band.start + band.count:
            return inside
        last_line = (band.count - 1) // self.columns
        if step > 0 and (row - band.start) // self.columns < last_line:
            return band.start + band.count - 1
        neighbour = band.start + band.count if step > 0 else band.start - 1
        if not 0 <= neighbour < self.total:
            return row
        there = self.bands[self.section_of(neighbour)]
        line = 0 if step > 0 else (there.count - 1) // self.columns
        return min(there.start + line * self.columns + column, there.start + there.count - 1)
