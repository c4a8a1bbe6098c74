"""The grid of thumbnails by itself: geometry, selection, keys, and staying small with ten thousand images."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.gui.conftest import hit, wait_until
from tlstudio.domain.values import ImageRow, Split
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.widgets.section_layout import SectionLayout
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore, read_thumbnail

SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
CLASSES = ["crack", "corrosion", "pit"]


def rows_of(count: int) -> list[ImageRow]:
    return [
        ImageRow(i, Path(f"/images/{i:05}.png"), f"{i:064x}", 64, 48, CLASSES[i % 3], None, Split.TRAIN)
        for i in range(count)
    ]


@pytest.fixture
def store(tmp_path: Path, qapp: QApplication) -> ThumbnailStore:
    """Two files stand for all contents; the store can't tell."""
    for name in ("0", "1"):
        Image.new("RGB", (208, 156), (200, 90, int(name) * 120)).save(tmp_path / f"{name}.jpg")
    return ThumbnailStore(lambda content: tmp_path / f"{int(content, 16) % 2}.jpg")


@pytest.fixture
def grid(store: ThumbnailStore) -> Iterator[ThumbnailGrid]:
    view = ThumbnailGrid(store)
    view.set_styles(ClassStyles(CLASSES))
    view.resize(700, 500)
    view.set_rows(rows_of(60), CLASSES)
    view.show()
    QTest.qWait(1)
    yield view
    view.close()
    view.deleteLater()
    QTest.qWait(1)


class TestLayout:
    """Arithmetic of cells under headings."""

    def test_every_cell_is_found_where_it_lies(self) -> None:
        rng = random.Random(0)
        for _ in range(30):
            counts = [rng.randint(0, 40) for _ in range(rng.randint(1, 6))]
            layout = SectionLayout(counts, rng.randint(90, 900), QSize(100, 120), rng.choice([0, 40]), 30)
            assert layout.total == sum(counts)
            for row in range(layout.total):
                assert layout.row_at(layout.rect(row).center()) == row
            seen = [row for y in range(0, layout.height, 50) for row in layout.rows_between(y, y + 50)]
            assert set(seen) == set(range(layout.total))

    def test_cells_do_not_overlap_and_stay_inside(self) -> None:
        layout = SectionLayout([7, 0, 5], 350, QSize(100, 120), 40, 30)
        rects = [layout.rect(row) for row in range(12)]
        assert all(not a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])
        assert all(r.left() >= 0 and r.right() < 350 and r.bottom() < layout.height for r in rects)

    def test_nothing_beside_the_cells(self) -> None:
        layout = SectionLayout([2], 350, QSize(100, 120), 40)
        assert layout.row_at(QPoint(20, 10)) == -1  # heading
        assert layout.row_at(QPoint(349, 100)) == -1
        assert layout.row_at(QPoint(20, 5000)) == -1
        assert layout.rect(99) == QRect()

    def test_down_and_up_cross_headings(self) -> None:
        layout = SectionLayout([4, 0, 3], 350, QSize(100, 120), 40, 30)  # 3 columns
        assert layout.beside(0, 1) == 3
        assert layout.beside(1, 1) == 3  # the last line is short
        assert layout.beside(3, 1) == 4
        assert layout.beside(5, -1) == 3
        assert layout.beside(6, 1) == 6


def test_sections_in_class_order_with_empty_ones(grid: ThumbnailGrid) -> None:
    grid.set_rows(rows_of(30), [*CLASSES, "new class"])
    assert [(s.label, s.count) for s in grid.images.sections] == [
        ("crack", 10),
        ("corrosion", 10),
        ("pit", 10),
        ("new class", 0),
    ]


def test_two_classes_never_share_a_mark() -> None:
    styles = ClassStyles(["crack", "corrosion", "c", "rust", *(f"class {i}" for i in range(40))])
    marks = [styles[name].mark for name in styles.names]
    assert len(set(marks)) == len(marks)
    assert marks[:2] == ["C", "O"]


def test_click_shift_click_and_control_click(grid: ThumbnailGrid) -> None:
    def click(row: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        where = grid.visualRect(grid.images.index(row)).center()
        QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, where)

    click(1)
    assert grid.selected_count() == 1
    click(6, SHIFT)
    assert [grid.images.index_of(i).row() for i in grid.selected_ids()] == [1, 2, 3, 4, 5, 6]
    click(3, CONTROL)
    assert grid.selected_count() == 5
    click(0)
    assert grid.selected_count() == 1


def test_rubber_band_takes_what_it_touches(grid: ThumbnailGrid) -> None:
    gap = grid.visualRect(grid.images.index(0)).topLeft() - QPoint(3, 2)
    end = grid.visualRect(grid.images.index(5)).center()
    QTest.mousePress(grid.viewport(), Qt.MouseButton.LeftButton, pos=gap)
    QTest.mouseMove(grid.viewport(), gap + QPoint(30, 30))
    QTest.mouseMove(grid.viewport(), end)
    QTest.mouseRelease(grid.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert {0, 1, 4, 5} <= {grid.images.index_of(i).row() for i in grid.selected_ids()}


def test_arrow_keys_walk_and_extend(grid: ThumbnailGrid) -> None:
    grid.setFocus()
    grid.go_to_row(0)
    columns = grid._layout.columns
    hit(grid, Qt.Key.Key_Right)
    hit(grid, Qt.Key.Key_Down)
    assert grid.currentIndex().row() == 1 + columns
    hit(grid, Qt.Key.Key_Right, SHIFT)
    hit(grid, Qt.Key.Key_Right, SHIFT)
    assert grid.selected_count() == 3
    hit(grid, Qt.Key.Key_End)
    assert grid.currentIndex().row() == 59
    hit(grid, Qt.Key.Key_A, CONTROL)
    assert grid.selected_count() == 60


def test_number_keys_and_space_are_told(grid: ThumbnailGrid, qtbot: object) -> None:
    heard: list[object] = []
    grid.digit.connect(heard.append)
    grid.look.connect(lambda row: heard.append(row.id))
    grid.setFocus()
    grid.go_to_row(0)
    hit(grid, Qt.Key.Key_3)
    hit(grid, Qt.Key.Key_Space)
    where = grid.visualRect(grid.images.index(1)).center()
    QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert heard == ["3", 0, 3]


def test_selection_survives_new_rows(grid: ThumbnailGrid) -> None:
    grid.go_to_row(4)
    chosen = grid.selected_ids()
    grid.set_rows(rows_of(60)[::-1], CLASSES)
    assert grid.selected_ids() == chosen
    assert grid.current_image() is not None and grid.current_image().id == chosen[0]


def test_ten_thousand_images_load_only_what_is_seen(grid: ThumbnailGrid, store: ThumbnailStore) -> None:
    asked: set[str] = set()
    locate = store._locate

    def count(content: str) -> Path:
        asked.add(content)
        return locate(content)

    store.set_locate(count)
    grid.set_rows(rows_of(10_000), CLASSES)
    bar = grid.verticalScrollBar()
    for step in range(0, bar.maximum(), bar.maximum() // 40):
        bar.setValue(step)
        QApplication.processEvents()
    wait_until(lambda: not store._timer.isActive())
    assert 0 < len(asked) < 1500
    assert store.bytes_kept < 50 * 1024 * 1024


def test_missing_and_damaged_thumbnails_are_no_trouble(grid: ThumbnailGrid, tmp_path: Path) -> None:
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8 no picture")
    store = grid.painter_of_cells.store
    store.set_locate(lambda content: tmp_path / ("damaged.jpg" if int(content, 16) % 2 else "nowhere.jpg"))
    grid.viewport().update()
    wait_until(lambda: all(store.is_missing(row.content) for row in grid.images.rows()[:4]))
    assert not grid.grab().isNull()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_the_place_of_a_thumbnail_keeps_no_window_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert read_thumbnail(tmp_path / "pipe.jpg", 96) is None


@pytest.mark.parametrize("edge", [96, 144, 208])
def test_every_size_is_painted(grid: ThumbnailGrid, edge: int) -> None:
    grid.set_edge(edge)
    QTest.qWait(1)
    assert grid._layout.cell.width() == edge + 12
    assert not grid.grab().isNull()
