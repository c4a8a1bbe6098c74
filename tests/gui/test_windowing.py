"""Images of more than 8 bits in the viewer: the right mouse button, sliders, presets, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QSlider

from tests.gui.conftest import draw, hit, wait_until
from tests.unit.images.dicoms import make, save
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.labels import LabelsPage
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.window_bar import Text

RIGHT = Qt.MouseButton.RightButton
VIEWER = "labels.viewer"


@pytest.fixture(scope="module")
def project(studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ramps of 16 bits, scans in Hounsfield units, and photographs of 8 bits."""
    source = tmp_path_factory.mktemp("deep") / "scans"
    for name in ("ramp", "scan", "photo"):
        (source / name).mkdir(parents=True)
    ramp = np.linspace(1000, 50_000, 200 * 150).reshape(150, 200)
    values = np.add.outer(np.arange(120), 20 * np.arange(140))
    for i in range(4):
        Image.fromarray((ramp + 10 * i).astype(np.uint16)).save(source / "ramp" / f"{i}.png")
        scan = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024}
        save(
            make((values + i).astype(np.uint16), WindowCenter=[40, 300], WindowWidth=[400, 1500], **scan),
            source / "scan" / f"{i}.dcm",
        )
        draw(source / "photo" / f"{i}.png", "disc", i)
    return studio.import_folder(source)


@pytest.fixture
def viewer(studio, project: Path) -> Iterator[ImageViewer]:
    studio.window.go("labels")
    page = studio.page("labels")
    assert isinstance(page, LabelsPage)
    yield page.viewer
    page.viewer.close_viewer()
    studio.wait(lambda: not studio.window.bridge.jobs())


def look(studio, label: str) -> None:
    """Opens the viewer on the first image of a class; returns when all that is known of it has come."""
    page = studio.page("labels")
    page.grid.show_section(None)
    place = next(n for n, row in enumerate(page.grid.images.rows()) if row.label == label)
    page.grid.go_to_row(place)
    page.grid.setFocus()
    hit(page.grid, Qt.Key.Key_Space)
    studio.wait(lambda: page.viewer.canvas.pixmap is not None and not studio.window.bridge.jobs())


def grey(viewer: ImageViewer) -> np.ndarray:
    """What the canvas shows, as grey values."""
    assert viewer.canvas.pixmap is not None
    image = viewer.canvas.pixmap.toImage().convertToFormat(viewer.canvas.pixmap.toImage().Format.Format_Grayscale8)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, : image.width()].astype(int)


def sweep(viewer: ImageViewer, right: int, down: int) -> None:
    """Drags with the right mouse button, in several small moves."""
    start = viewer.canvas.rect().center()
    QTest.mousePress(viewer.canvas, RIGHT, pos=start)
    for k in range(1, 6):
        QTest.mouseMove(viewer.canvas, start + QPoint(right * k // 5, down * k // 5))
    QTest.mouseRelease(viewer.canvas, RIGHT, pos=start + QPoint(right, down))
    drawn(viewer)


def drawn(viewer: ImageViewer) -> None:
    """Waits until the canvas shows the window that was chosen last."""
    wait_until(lambda: not viewer.deep._timer.isActive())


def test_the_bar_is_there_for_more_than_8_bits_only(studio, viewer: ImageViewer) -> None:
    look(studio, "photo")
    assert not viewer.window_bar.isVisible()
    before = grey(viewer)
    sweep(viewer, 100, 40)
    assert viewer.deep.window is None
    assert np.array_equal(grey(viewer), before)
    viewer.close_viewer()
    look(studio, "ramp")
    assert viewer.window_bar.isVisible()
    assert "never what is trained" in Text.hint
    assert any(label.text() == Text.hint and label.isVisible() for label in viewer.findChildren(QLabel))


def test_dragging_with_the_right_button_changes_the_view(studio, viewer: ImageViewer) -> None:
    look(studio, "ramp")
    before = grey(viewer)
    sweep(viewer, -300, 0)
    narrow = viewer.deep.window
    assert narrow is not None
    assert narrow.width == pytest.approx(49_030 / 4, rel=0.01), "300 pixels to the left: two halvings"
    now = grey(viewer)
    assert (now == 0).mean() > 0.3
    assert (now == 255).mean() > 0.3
    assert "width 12," in studio.find(f"{VIEWER}_window_numbers", QLabel).text()
    sweep(viewer, 0, -200)
    assert viewer.deep.window is not None
    assert viewer.deep.window.centre < narrow.centre
    assert grey(viewer).mean() > now.mean(), "up is lighter"
    studio.click(f"{VIEWER}_window_automatic")
    assert viewer.deep.window is None
    assert np.array_equal(grey(viewer), before)
    assert not studio.find(f"{VIEWER}_window_automatic", QAbstractButton).isEnabled()


def test_no_file_is_read_while_the_mouse_moves(studio, viewer: ImageViewer) -> None:
    look(studio, "ramp")
    started: list[str] = []

    def note(job: Job) -> None:
        if job.task.startswith("view"):  # the check of a project that was just imported may begin at any time
            started.append(job.task)

    studio.window.bridge.job_started.connect(note)
    sweep(viewer, 150, 30)
    sweep(viewer, -80, 0)
    studio.window.bridge.job_started.disconnect(note)
    assert started == []


def test_sliders_by_keyboard(studio, viewer: ImageViewer) -> None:
    look(studio, "ramp")
    centre = studio.find(f"{VIEWER}_window_centre", QSlider)
    width = studio.find(f"{VIEWER}_window_width", QSlider)
    centre.setFocus()
    hit(centre, Qt.Key.Key_Home)
    studio.wait(lambda: grey(viewer).mean() > 128)
    assert viewer.deep.window is not None
    assert viewer.deep.window.centre == pytest.approx(1000, abs=40)
    width.setFocus()
    hit(width, Qt.Key.Key_Home)
    studio.wait(lambda: (grey(viewer) == 255).mean() > 0.99)
    assert viewer.deep.window.width < 60
    hit(width, Qt.Key.Key_Escape)
    assert viewer.image is None, "Escape still leads back to the grid"


def test_presets_of_a_scan(studio, viewer: ImageViewer) -> None:
    look(studio, "scan")
    actions = {action.text(): action for action in viewer.window_bar.menu.actions()}
    assert list(actions)[:2] == ["From the file: 40 / 400", "From the file: 300 / 1,500"]
    assert {"Lung", "Bone", "Soft tissue", "Brain", "Full range"} <= set(actions)
    actions["Lung"].trigger()
    drawn(viewer)
    assert studio.find(f"{VIEWER}_window_numbers", QLabel).text() == "Centre −600 HU, width 1,500 HU"
    lung = grey(viewer)
    actions["Bone"].trigger()
    drawn(viewer)
    assert grey(viewer).mean() < lung.mean()
    actions["From the file: 40 / 400"].trigger()
    drawn(viewer)
    chosen = grey(viewer)
    studio.click(f"{VIEWER}_window_automatic")
    assert np.abs(grey(viewer) - chosen).max() <= 8, "the copy that is shown by itself, but for its compression"


def test_zoom_stays_and_the_next_image_begins_automatic(studio, viewer: ImageViewer) -> None:
    look(studio, "ramp")
    viewer.canvas.zoom_by(2)
    sweep(viewer, -60, 0)
    assert viewer.canvas.zoom == pytest.approx(2)
    hit(viewer, Qt.Key.Key_Right)
    studio.wait(lambda: not studio.window.bridge.jobs() and viewer.window_bar.isVisible())
    assert viewer.deep.window is None
    assert studio.find(f"{VIEWER}_window_numbers", QLabel).text() == Text.now_automatic
