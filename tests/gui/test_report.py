"""The Report tab in the real window: what the report would hold, and saving it in both formats with real workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel, QPushButton

from tests.gui.conftest import Studio
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui.pages.inspect import InspectPage
from tlstudio.gui.pages.inspect.report import ReportTab, Text
from tlstudio.workflow.reporting import outline

TEST_MODEL = "mobilenetv3_small_100.test"


@pytest.fixture(scope="module")
def tab(studio: Studio, make_folder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ReportTab:
    """The tab of a project with one quick training."""
    project = studio.import_folder(make_folder(tmp_path_factory.mktemp("report") / "shapes", each=18))
    settings = TrainSettings(TEST_MODEL, Mode.QUICK, device="cpu", input_size=32)
    job = studio.window.bridge.submit("train", project=project, settings=settings, resume=None)
    studio.wait(lambda: job.over)
    page = studio.page("inspect")
    assert isinstance(page, InspectPage)
    studio.inspect()
    page.tabs.setCurrentWidget(page.report)
    return page.report


@pytest.fixture(autouse=True)
def ready(studio: Studio, tab: ReportTab) -> None:
    studio.wait(tab.pdf_button.isEnabled)


def saved(studio: Studio, tab: ReportTab, button: str, file: Path) -> None:
    studio.click(button)
    studio.choose_in_dialog("inspect.report_dialog", file)
    studio.wait(lambda: tab.job is not None)
    assert tab.spinner.isVisible()
    assert not studio.find("inspect.report_pdf", QPushButton).isEnabled()
    studio.wait(lambda: tab.job is None)


def test_the_list_is_the_engines(studio: Studio, tab: ReportTab) -> None:
    lines = outline(studio.window.session.project)
    shown = [label.text() for label in tab.sections.findChildren(QLabel)]
    assert shown == [words for k, line in enumerate(lines, 1) for words in (str(k), line.title, line.holds)]
    assert lines[2].holds in tab.sections.accessibleDescription()
    assert not tab.grab().isNull()


def test_one_primary_button(studio: Studio, tab: ReportTab) -> None:
    page = studio.page("inspect")
    assert tab.pdf_button.property("role") == "primary"
    assert page.primary.property("role") == ""
    page.tabs.setCurrentIndex(0)
    assert page.primary.property("role") == "primary"
    page.tabs.setCurrentWidget(tab)


@pytest.mark.parametrize(
    "kind", [("pdf", "r.pdf", b"%PDF-"), ("web", "r.html", b"<!doctype html>")], ids=["pdf", "web"]
)
def test_saving_a_report(
    studio: Studio, tab: ReportTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: tuple[str, str, bytes]
) -> None:
    button, name, begins = kind
    saved(studio, tab, f"inspect.report_{button}", tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert studio.find("inspect.report_message_what", QLabel).text().startswith(f"Saved as {name} (")
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    studio.click("inspect.report_show")
    assert opened == [str(tmp_path)]
    assert not tab.grab().isNull()


def test_a_place_that_can_not_be_written_is_told(studio: Studio, tab: ReportTab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    tab.save(tmp_path / "file" / "r.pdf")
    studio.wait(lambda: tab.job is None)
    assert studio.find("inspect.report_message_remedy", QLabel).text()
    assert not studio.find("inspect.report_show").isVisible()
    assert tab.pdf_button.isEnabled()


def test_stopping_it(studio: Studio, tab: ReportTab, tmp_path: Path) -> None:
    tab.save(tmp_path / "r.pdf")
    assert tab.job is not None
    tab.job.cancel()
    studio.wait(lambda: tab.job is None)
    assert studio.find("inspect.report_message_what", QLabel).text() == Text.stopped
    assert list(tmp_path.iterdir()) == []


def test_a_project_without_runs_has_no_report(studio: Studio, tab: ReportTab, shapes: Path) -> None:
    here = studio.window.session.project
    studio.window.session.close_project()
    assert not tab.pdf_button.isEnabled()
    studio.window.session.open_project(here)
    studio.window.go("inspect")
    studio.page("inspect").tabs.setCurrentWidget(tab)
    studio.wait(tab.pdf_button.isEnabled)
