"""The report on a trained model: measured, checked and written as a web page or as PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.openings import Way
from tlstudio.domain.results import ReportResult, SectionLine
from tlstudio.reports.compose import compose
from tlstudio.reports.compose import outline as lines_of
from tlstudio.reports.content import Report
from tlstudio.reports.material import Material
from tlstudio.storage import files, images, runs
from tlstudio.storage.project import Project
from tlstudio.workflow.checking import check
from tlstudio.workflow.held_out import held_out
from tlstudio.workflow.report_material import known
from tlstudio.workflow.run_data import read_samples, units_of


def outline(project: Path, run: str | None = None, reporter: Reporter = SILENT) -> tuple[SectionLine, ...]:
    """The sections that a report on this run would have; measures nothing. Raises what `report` raises for the run."""
    opened = Project.open(project)
    return lines_of(known(opened, runs.choose_run(opened, run)))


def report(project: Path, out: Path, run: str | None = None, reporter: Reporter = SILENT) -> ReportResult:
    """Measures the run on the test images, which opens them, or on the validation images where there are none, and writes the
    report.

    `out` ends in .html or .pdf. Raises WrongUsage for another suffix; RunNotFound, RunNotReady; NotEnoughImages without test
    and validation images, or when none of their files can be found; DiskFull …
    """
    write = _writer(out)
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    material = _measure(opened, row.id, reporter)
    reporter.report(Note("Writing the report."))
    with files.replacing(out.expanduser().absolute()) as temporary:
        notes = write(compose(material), temporary)
    for note in notes:
        reporter.report(Note(note))
    return ReportResult(out, out.expanduser().stat().st_size, row.id, notes)


def _measure(project: Project, run_id: str, reporter: Reporter) -> Material:
    from tlstudio.workflow.evaluating import evaluate  # loads torch, which an outline does not need

    row = runs.get_run(project, run_id)  # with its history
    facts = known(project, row)
    reporter.report(Note("Measuring the trained model."))
    evaluation = evaluate(project.folder, row.id, facts.measured_on, reporter, way=Way.REPORT)
    reporter.report(Note("Checking the images."))
    findings = check(project.folder, reporter).findings
    rows = held_out(project, row, facts.measured_on)
    units = {r.id: unit for r, unit in zip(rows, units_of(rows), strict=True)}
    labeled = len(images.list_images(project, split=facts.measured_on, labeled=True))
    learned = {s.content for s in read_samples(project, row.id) if s.part == "train"}
    return Material(
        known=facts,
        evaluation=evaluation,
        units=tuple(units[p.image] for p in evaluation.predictions),
        findings=findings,
        unknown=labeled - len(rows),
        seen=sum(1 for p in evaluation.predictions if p.content in learned),
    )


# --- the two formats: each writes the report to a path and says what its reader may have to know -----------------


def _html(report: Report, path: Path) -> tuple[str, ...]:
    from tlstudio.reports.html import render_html

    path.write_text(render_html(report), encoding="utf-8", newline="\n")
    return ()


def _pdf(report: Report, path: Path) -> tuple[str, ...]:
    from tlstudio.reports.pdf import write_pdf

    return write_pdf(report, path)


WRITERS: dict[str, Callable[[Report, Path], tuple[str, ...]]] = {".html": _html, ".pdf": _pdf}


def _writer(out: Path) -> Callable[[Report, Path], tuple[str, ...]]:
    """How to write a file of this name. Raises WrongUsage."""
    try:
        return WRITERS[out.suffix.lower()]
    except KeyError:
        raise WrongUsage("The file's name must end in .html or .pdf.", path=out) from None
