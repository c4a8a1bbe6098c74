"""Very many images changed at once: by the worker, the window goes on, and the way back is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from tests.gui.conftest import hit, labels_page
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages import relabel
from tlstudio.gui.pages.labels import LabelsPage
from tlstudio.workflow import browsing, labeling

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="module")
def project(studio, shapes: Path) -> Path:
    return studio.import_folder(shapes)


@pytest.fixture
def page(studio, project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabelsPage]:
    monkeypatch.setattr(relabel, "MANY", 5)
    with labels_page(studio, project) as shown:
        shown.grid.setFocus()
        yield shown
        studio.wait(lambda: not studio.window.bridge.jobs())


def labels(project: Path) -> dict[int, str | None]:
    return {row.id: row.label for row in browsing.images(project)}


def toast(studio) -> str:
    return studio.find("window.toast_text", QLabel).text()


def done(studio) -> None:
    """Waits until the worker has changed the images and every page has heard of it."""
    studio.wait(lambda: studio.window.bridge.running("edit_many") is None)
    QTest.qWait(20)


def test_all_images_with_one_key_and_back(studio, page: LabelsPage, project: Path) -> None:
    before = labels(project)
    moved = sum(label != "square" for label in before.values())
    hit(page.grid, Qt.Key.Key_A, CONTROL)
    assert page.grid.selected_count() == len(before)
    number = str(1 + page.gallery.names.index("square"))
    QTest.keyClicks(page.grid, number)
    assert studio.window.bridge.running("edit_many") is not None
    assert labels(project) == before, "the window did not wait for it"
    done(studio)
    assert set(labels(project).values()) == {"square"}
    assert toast(studio) == f"{moved} images moved to square"
    assert {s.label: s.count for s in page.grid.images.sections if s.count} == {"square": len(before)}
    assert page.grid.selected_count() == len(before)
    summary = studio.window.session.summary
    assert {c.name: c.count for c in summary.classes}["square"] == len(before)
    studio.click("window.toast_action")
    assert studio.window.bridge.running("edit_many") is not None
    done(studio)
    assert labels(project) == before
    assert toast(studio).startswith(f"{moved} images back in")
    hit(page.grid, Qt.Key.Key_Z, CONTROL | SHIFT)
    done(studio)
    assert set(labels(project).values()) == {"square"}
    hit(page.grid, Qt.Key.Key_Z, CONTROL)
    done(studio)
    assert labels(project) == before


def test_nothing_else_is_changed_meanwhile(studio, page: LabelsPage, project: Path) -> None:
    before = labels(project)
    everyone = list(before)
    page.assign(everyone, "disc")
    page.assign(everyone[:1], "cross")
    assert toast(studio) == f"One moment: {len(everyone)} images are being changed."
    page.relabeler.undo()
    page.assign(everyone, "cross")
    done(studio)
    assert set(labels(project).values()) == {"disc"}
    assert labeling.size_of_undo(project) == sum(label != "disc" for label in before.values())


def test_marks_of_many_images(studio, page: LabelsPage, project: Path) -> None:
    hit(page.grid, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(page.grid, "u")
    done(studio)
    assert all(row.unsure for row in browsing.images(project))
    assert all(row.unsure for row in page.grid.images.rows())
    studio.click("window.toast_action")
    done(studio)
    assert not any(row.unsure for row in browsing.images(project))


def test_a_large_class_is_merged_and_back(studio, page: LabelsPage, project: Path) -> None:
    before = labels(project)
    moved = sum(label == "disc" for label in before.values())
    page.panel.merge_wanted.emit("disc", "square")
    assert studio.window.bridge.running("edit_many").title == f"Changing {moved} images"
    page.panel.merge_wanted.emit("cross", "square")
    assert toast(studio) == f"One moment: {moved} images are being changed."
    done(studio)
    assert labels(project) == {i: "square" if label == "disc" else label for i, label in before.items()}
    assert page.gallery.names == ["cross", "square"]
    assert page.panel.buckets.current_label() == "square"
    assert toast(studio) == f"disc merged into square, {moved} images"
    studio.click("window.toast_action")
    done(studio)
    assert labels(project) == before
    assert page.gallery.names == ["cross", "disc", "square"]


def test_a_large_class_is_deleted_and_back(studio, page: LabelsPage, project: Path) -> None:
    before = labels(project)
    started: list[str] = []

    def note(job: Job) -> None:
        started.append(job.task)

    page.panel.remove_wanted.emit("disc")
    studio.window.bridge.job_started.connect(note)
    studio.click(page.panel.question.let_go_button)
    done(studio)
    studio.window.bridge.job_started.disconnect(note)
    assert "edit_many" in started
    assert labels(project) == {i: None if label == "disc" else label for i, label in before.items()}
    assert "disc" not in page.gallery.names
    hit(page.grid, Qt.Key.Key_Z, CONTROL)
    done(studio)
    assert labels(project) == before


def test_what_the_filter_asks_for_meanwhile_is_shown(studio, page: LabelsPage, project: Path) -> None:
    page.assign(list(labels(project)), "disc")
    page.filter_bar.search.setText("P000")
    done(studio)
    studio.wait(lambda: page.grid.images.rowCount() < page.gallery.total)
    assert all(row.name.startswith("P000") and row.label == "disc" for row in page.grid.images.rows())


def test_a_project_that_is_left_meanwhile_is_changed_all_the_same(studio, page: LabelsPage, project: Path) -> None:
    page.assign(list(labels(project)), "disc")
    studio.window.session.close_project()
    done(studio)
    assert set(labels(project).values()) == {"disc"}
    studio.window.session.open_project(project)
    studio.wait(lambda: not studio.window.bridge.jobs())


def test_what_fails_is_said(studio, page: LabelsPage, project: Path) -> None:
    before = labels(project)
    page.assign(list(before), "no such class")
    done(studio)
    assert "no such class" in toast(studio)
    assert labels(project) == before
